"""What goes out with a request to the API, and what never does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import requests_oauthlib
from oauthlib.oauth2 import WebApplicationClient

from nb_oauth import InsecureTransportError, OAuth2Session
from tests.unit.session_stage import Stage, ending

if TYPE_CHECKING:
    from requests.structures import CaseInsensitiveDict

THEIRS = requests_oauthlib.OAuth2Session
THEIRS_FAILS = pytest.param(THEIRS, marks=pytest.mark.xfail(strict=True, raises=AssertionError))


# -- transport (row 14) -------------------------------------------------------------------------


def test_loopback_http_needs_no_environment_variable(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT", raising=False)
    before = dict(os.environ)
    session = stage.open(token=ending(-1))
    session.authorization_url(f"{stage.issuer}/authorize")
    session.fetch_token(stage.token_endpoint, code="code")
    session.refresh_token(stage.token_endpoint)
    assert session.get(stage.api).status_code == 200
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "address", ["http://api.example/", "http://127.0.0.1.example/", "ftp://a/"]
)
@pytest.mark.parametrize("variable", [None, "1"])
def test_no_token_goes_over_plain_http_to_another_machine(
    address: str, variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", variable)
    session: Any = OAuth2Session("app", token=ending(100))
    session.send = pytest.fail
    for ask in (
        session.get,
        session.authorization_url,
        lambda url: session.fetch_token(url, code="code"),
        session.refresh_token,
    ):
        with pytest.raises(InsecureTransportError):
            ask(address)


# -- timeout (row 15) ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sent"),
    [({}, (10, 60)), ({"timeout": 3}, 3), ({"timeout": (1, 2)}, (1, 2)), ({"timeout": None}, None)],
)
@pytest.mark.parametrize("with_token", [True, False])
def test_a_request_has_a_timeout_unless_the_caller_says_otherwise(
    given: dict[str, Any], sent: object, *, with_token: bool
) -> None:
    session: Any = OAuth2Session("app", token=ending(100) if with_token else None)
    seen: list[Any] = []
    session.send = lambda _, **kwargs: seen.append(kwargs["timeout"])
    session.get("https://api.example/", **given)
    assert seen == [sent]


# -- headers (row 22) ---------------------------------------------------------------------------


class OwnWay(WebApplicationClient):
    """Attaches as all do, in a method of its own."""

    def _add_bearer_token(self, *arguments: Any, **keywords: Any) -> Any:
        return super()._add_bearer_token(*arguments, **keywords)  # type: ignore[misc]


@pytest.mark.parametrize("kind", [OAuth2Session, THEIRS_FAILS])
@pytest.mark.parametrize("client", [WebApplicationClient, OwnWay])
def test_the_callers_headers_are_left_as_they_are(kind: type, client: type) -> None:
    session, sent = recording(kind, ending(100), client("app"))
    mine = {"Accept": "text/csv"}
    session.get("https://api.example/", headers=mine)
    assert sent[0]["Authorization"] == "Bearer access-0"
    assert mine == {"Accept": "text/csv"}


@pytest.mark.parametrize("kind", [OAuth2Session, THEIRS_FAILS])
@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_an_authorization_of_the_callers_own_is_sent_instead(kind: type, name: str) -> None:
    session, sent = recording(kind, ending(100))
    session.get("https://api.example/", headers={name: "ApiKey mine"})
    assert sent[0]["Authorization"] == "ApiKey mine"
    assert "access-0" not in str(sent[0])


def test_a_request_with_its_own_authorization_needs_no_token_that_lives(stage: Stage) -> None:
    session = stage.open(token=ending(-1))
    session.get(stage.api, headers={"Authorization": "ApiKey mine"})
    assert not stage.token_requests
    assert stage.sent_tokens == ["ApiKey mine"]


def test_no_authorization_at_all_is_sent_where_the_caller_wants_none() -> None:
    session, sent = recording(OAuth2Session, ending(100))
    session.get("https://api.example/", headers={"Authorization": None})
    assert "Authorization" not in sent[0]


def test_the_callers_authorization_leaves_room_for_a_token_in_the_address() -> None:
    session, _ = recording(OAuth2Session, ending(100))
    session._client.default_token_placement = "query"
    addresses: list[str] = []
    session.send = lambda request, **_: addresses.append(request.url)
    session.get("https://api.example/", headers={"Authorization": "Basic gateway"})
    assert addresses == ["https://api.example/?access_token=access-0"]


@pytest.mark.parametrize("token", [None, ending(100)])
def test_a_token_is_withheld_where_there_is_none_or_where_told_to(token: Any) -> None:
    session, sent = recording(OAuth2Session, token)
    session.get("https://api.example/", withhold_token=token is not None)
    assert "Authorization" not in sent[0]


def recording(
    kind: type, token: object, client: object = None
) -> tuple[Any, list[CaseInsensitiveDict[str]]]:
    """A session that sends nothing, and the headers of what it would have sent."""
    session, sent = kind("app", client, token=token), []
    session.send = lambda request, **_: sent.append(request.headers)
    return session, sent
