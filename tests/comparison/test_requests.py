"""Where requests go, and with what: rows 13 to 15, 22 to 26."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from oauthlib.oauth2 import (
    DeviceClient,
    InsecureTransportError,
    MismatchingStateError,
)

from nb_oauth import Client, ConfigurationError
from tests.comparison.rows import row, same
from tests.comparison.sides import OPENED, OURS, REDIRECT_URI, Side, error_of
from tests.unit.session_stage import Reply, Stage, ending

VARIABLE = "OAUTHLIB_INSECURE_TRANSPORT"
SECRET = "the-client-secret"


@row(13, "^AttributeError: .*_code_verifier")
def test_a_code_from_elsewhere_is_exchanged_without_a_verifier(side: Side, stage: Stage) -> None:
    side.session(stage.provider, **side.pkce).fetch_token(stage.token_endpoint, code="code")
    (request,) = stage.token_requests
    assert request.form["code"] == "code"
    assert "code_verifier" not in request.form


@row(14, "^InsecureTransportError")
def test_loopback_http_needs_no_variable(
    side: Side, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    before = dict(os.environ)
    session = side.session(stage.provider)
    _, state = session.authorization_url(f"{stage.issuer}/authorize")
    answer = f"{REDIRECT_URI}?code=code&state={state}"
    session.fetch_token(stage.token_endpoint, authorization_response=answer)
    session.refresh_token(stage.token_endpoint)
    assert session.get(stage.api).ok
    assert dict(os.environ) == before


@pytest.mark.parametrize("address", ["http://api.example/", "http://127.0.0.1.example/"])
@row(14, "^with the variable set, sends the token to http://")
def test_no_variable_opens_http_to_another_machine(
    side: Side, stage: Stage, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    session, sent = recorded(side.session(stage.provider, ending(3000)))
    error = error_of(session.get, address)
    assert not sent, f"with the variable set, sends the token to {address}"
    assert isinstance(error, InsecureTransportError)


@row(15, r"^waits for ever for \['API', 'token'\]$")
def test_every_request_has_a_timeout(side: Side, stage: Stage) -> None:
    session, sent = recorded(side.session(stage.provider, ending(3000)))
    error_of(session.get, stage.api)
    error_of(session.fetch_token, stage.token_endpoint, code="code")
    error_of(session.refresh_token, stage.token_endpoint)
    endless = {urlsplit(one.url).path for one, options in sent if options["timeout"] is None}
    names = {"/api": "API", "/token": "token"}
    assert not endless, f"waits for ever for {sorted(names[path] for path in endless)}"
    assert [options["timeout"] for _, options in sent] == [(10, 60)] * 3


@same(15)
def test_a_timeout_of_the_callers_own_is_his(side: Side, stage: Stage) -> None:
    session, sent = recorded(side.session(stage.provider, ending(3000)))
    error_of(session.get, stage.api, timeout=7)
    assert [options["timeout"] for _, options in sent] == [7]


@row(22, "^adds Authorization to the caller's headers$")
def test_the_callers_headers_are_left_as_they_are(side: Side, stage: Stage) -> None:
    mine = {"Accept": "text/csv"}
    side.session(stage.provider, ending(3000)).get(stage.api, headers=mine)
    assert stage.sent_tokens == ["Bearer access-0"]
    assert mine == {"Accept": "text/csv"}, "adds Authorization to the caller's headers"


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
@row(22, "^overwrites the caller's Authorization$")
def test_an_authorization_of_the_callers_own_is_sent(side: Side, stage: Stage, name: str) -> None:
    side.session(stage.provider, ending(3000)).get(stage.api, headers={name: "ApiKey mine"})
    [request] = stage.api_requests
    [sent] = [value for key, value in request.headers.items() if key.lower() == "authorization"]
    assert sent == "ApiKey mine", "overwrites the caller's Authorization"


@row(23, "^a bare ValueError$")
def test_an_implicit_answer_to_another_request_is_named_as_such(side: Side, stage: Stage) -> None:
    session = side.session(stage.provider, grant="implicit")
    session.authorization_url(f"{stage.issuer}/authorize")
    answer = f"{REDIRECT_URI}#access_token=a&token_type=Bearer&state=of-another"
    error = error_of(session.token_from_fragment, answer)
    assert isinstance(error, MismatchingStateError), f"a bare {type(error).__name__}"
    assert not session.authorized


@pytest.fixture
def elsewhere() -> Iterator[Stage]:
    """A server of somebody else's: the same machine by another name."""
    with Stage() as stage:
        stage.issuer = stage.issuer.replace("127.0.0.1", "localhost")
        yield stage


@row(24, "^sends the token to a host that is none of the provider's$")
def test_the_token_goes_to_the_allowed_hosts_alone(
    side: Side, stage: Stage, elsewhere: Stage
) -> None:
    session = side.session(stage.provider, ending(3000))
    session.allowed_hosts = ["127.0.0.1"]  # theirs knows none
    assert session.get(stage.api).ok
    error = error_of(session.get, elsewhere.api)
    sent = elsewhere.sent_tokens
    assert not any(sent), "sends the token to a host that is none of the provider's"
    assert isinstance(error, ConfigurationError)
    assert stage.sent_tokens == ["Bearer access-0"]


@same(24)
def test_a_redirect_to_another_host_loses_the_token(
    side: Side, stage: Stage, elsewhere: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = side.session(stage.provider, ending(3000))
    away = Reply("", 302, {"Location": elsewhere.api})
    answer = stage.answer
    monkeypatch.setattr(stage, "answer", lambda request: answer(request) and away)
    assert session.get(stage.api).ok
    assert (stage.sent_tokens, elsewhere.sent_tokens) == (["Bearer access-0"], [None])


@row(25, "^the client secret is in the address$")
def test_a_device_code_is_asked_for_without_the_secret_in_the_address(
    side: Side, stage: Stage
) -> None:
    if side is OPENED:
        session = side.session(stage.provider, client=Client("app", SECRET), grant="device_code")
        error_of(session.device_authorization, stage.api, {})
        [address] = [str(one.query) for one in stage.api_requests]
    else:
        session = side.kind(client=DeviceClient("app", client_secret=SECRET))
        address, _ = session.authorization_url(stage.api)
    assert SECRET not in address, "the client secret is in the address"


@same(26, OURS)
@pytest.mark.parametrize("include_client_id", [None, False, True])
def test_a_backend_application_authenticates_as_its_arguments_say(
    side: Side, stage: Stage, *, include_client_id: bool | None
) -> None:
    session = side.session(stage.provider, grant="client_credentials")
    session.fetch_token(
        stage.token_endpoint,
        client_id="app",
        client_secret=SECRET,
        include_client_id=include_client_id,
    )
    (request,) = stage.token_requests
    seen = request.headers.get("Authorization"), request.form
    asked = {"grant_type": "client_credentials"}
    in_body = {**asked, "client_id": "app", "client_secret": SECRET}
    by_basic = "Basic YXBwOnRoZS1jbGllbnQtc2VjcmV0"
    assert seen == ((None, in_body) if include_client_id else (by_basic, asked))


def recorded(session: Any) -> tuple[Any, list[tuple[Any, dict[str, Any]]]]:
    """The session, and what it would send: nothing goes out."""
    sent: list[tuple[Any, dict[str, Any]]] = []

    def send(request: Any, **options: Any) -> Any:
        sent.append((request, options))
        raise ConnectionError

    session.send = send
    return session, sent
