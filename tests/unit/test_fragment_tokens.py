"""A token in the fragment of an address: the implicit grant's answer (RFC 6749 §4.2.2)."""

from __future__ import annotations

import dataclasses
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests_oauthlib
from oauthlib.oauth2 import (
    AccessDeniedError,
    InsecureTransportError,
    MismatchingStateError,
    MissingTokenError,
    MobileApplicationClient,
)

from nb_oauth import (
    AuthorizationError,
    Client,
    OAuth2Session,
    Provider,
    StateMismatchError,
    TokenError,
)
from tests.unit.session_stage import Reply, Request, Stage, let_theirs_use_http

PROVIDER = Provider("Example", authorization_endpoint="https://as.example/authorize")
CLIENT = Client("app", redirect_uri="http://127.0.0.1/callback")
BOTH = pytest.mark.parametrize("kind", [requests_oauthlib.OAuth2Session, OAuth2Session])
GOOD = {"access_token": "a-token", "token_type": "Bearer", "expires_in": "3600"}


def address(**members: str) -> str:
    return f"http://127.0.0.1:8123/callback#{urlencode(members)}"


def opened(**arguments: Any) -> tuple[OAuth2Session, str]:
    """A session that waits for an answer, and the state that the answer must carry."""
    session = OAuth2Session.open(PROVIDER, CLIENT, grant="implicit", **arguments)
    _, state = session.authorization_url(PROVIDER.require("authorization_endpoint"))
    return session, state


def test_the_token_is_taken_and_says_when_it_ends() -> None:
    session, state = opened(scope="read")
    before = time.time()
    token = session.token_from_fragment(address(**GOOD, state=state, scope="read"))
    assert token["access_token"] == session.access_token == "a-token"
    assert before + 3600 <= token["expires_at"] <= time.time() + 3600
    assert "state" not in token
    assert session.is_alive


def test_less_scope_than_asked_for_is_a_token() -> None:
    session, state = opened(scope="read write")
    with pytest.warns(UserWarning, match="Not granted: write"):
        session.token_from_fragment(address(**GOOD, state=state, scope="read"))
    assert session.missing_scope == ["write"]


def test_less_than_the_client_asks_for_is_a_token_too() -> None:
    oauth = OAuth2Session(client=MobileApplicationClient("app", scope=["read", "write"]))
    _, state = oauth.authorization_url("https://as.example/authorize")
    token = oauth.token_from_fragment(address(**GOOD, state=state, scope="read"))
    assert token["access_token"] == "a-token"


@pytest.mark.parametrize("lifetime", ["soon", "", "1e99"])
def test_a_life_that_cannot_be_read_is_unknown(lifetime: str) -> None:
    session, state = opened()
    token = session.token_from_fragment(address(**GOOD | {"expires_in": lifetime}, state=state))
    assert "expires_at" not in token


@pytest.mark.parametrize("given", [{"state": "another"}, {}])
def test_an_answer_to_another_request_is_refused(given: dict[str, str]) -> None:
    session, _ = opened()
    with pytest.raises(StateMismatchError, match="another authorization request") as refused:
        session.token_from_fragment(address(**GOOD, **given))
    assert isinstance(refused.value, MismatchingStateError)
    assert isinstance(refused.value, ValueError)  # what requests-oauthlib raises
    assert not session.authorized


def test_an_answer_is_taken_once() -> None:
    session, state = opened()
    good = address(**GOOD, state=state)
    session.token_from_fragment(good)
    with pytest.raises(StateMismatchError, match="waits for no answer"):
        session.token_from_fragment(good)


def test_the_providers_error_is_said(caplog: pytest.LogCaptureFixture) -> None:
    session, state = opened()
    with pytest.raises(AuthorizationError, match=r"access_denied \(Not today\)") as refused:
        session.token_from_fragment(
            address(error="access_denied", error_description="Not today", state=state)
        )
    assert isinstance(refused.value, AccessDeniedError)
    assert refused.value.error == "access_denied"


def test_an_address_without_a_token_leaves_the_one_before() -> None:
    session, state = opened(token={"access_token": "before"})
    with pytest.raises(TokenError, match="holds no token") as refused:
        session.token_from_fragment(address(state=state))
    assert isinstance(refused.value, MissingTokenError)
    assert session.token["access_token"] == "before"


def test_an_address_in_the_open_is_refused() -> None:
    session, state = opened()
    with pytest.raises(InsecureTransportError):
        session.token_from_fragment(f"http://app.example/#access_token=t&state={state}")


def test_an_address_of_the_apps_own_scheme_is_read() -> None:
    session, state = opened()
    answer = address(**GOOD, state=state).replace("http://127.0.0.1:8123/", "com.example.app:/")
    assert session.token_from_fragment(answer)["access_token"] == "a-token"


def test_an_implicit_session_sends_no_challenge_and_has_no_token_endpoint() -> None:
    session = OAuth2Session.open(PROVIDER, CLIENT, grant="implicit", scope="read")
    url, _ = session.authorization_url("https://as.example/authorize")
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["response_type"] == "token"
    assert not {name for name in query if name.startswith("code_challenge")}
    assert session.auto_refresh_url is None


def test_openid_asks_for_an_id_token_as_well() -> None:
    keys = "https://as.example/keys"
    provider = dataclasses.replace(PROVIDER, issuer="https://as.example", jwks_uri=keys)
    session = OAuth2Session.open(provider, CLIENT, grant="implicit", scope="openid")
    url, _ = session.authorization_url("https://as.example/authorize")
    assert dict(parse_qsl(urlsplit(url).query))["response_type"] == "id_token token"


@BOTH
def test_as_the_documentation_has_it(kind: type[requests_oauthlib.OAuth2Session]) -> None:
    oauth = kind(client=MobileApplicationClient("app"), scope=["read"])
    _, state = oauth.authorization_url("https://as.example/authorize")
    answer = address(**GOOD, state=state, scope="read").replace("http:", "https:")
    token = oauth.token_from_fragment(answer)
    assert token["access_token"] == oauth.token["access_token"] == "a-token"
    assert oauth.authorized
    with pytest.raises(ValueError, match="state"):
        oauth.token_from_fragment(answer.replace(state, "another"))


class ConsentingStage(Stage):
    """An authorization endpoint that asks nobody, and a page that it sends browsers back to."""

    def answer(self, request: Request) -> Reply:
        if request.path != "/authorize":
            return Reply("<h1>Thank you</h1>", headers={"Content-Type": "text/html"})
        fragment = urlencode({**GOOD, "state": request.query["state"]})
        return Reply("", 302, {"Location": f"{request.query['redirect_uri']}#{fragment}"})


@BOTH
def test_as_the_documentation_goes_to_the_page_itself(
    kind: type[requests_oauthlib.OAuth2Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    with ConsentingStage() as stage:
        oauth = stage.classic(
            kind,
            client=MobileApplicationClient("app"),
            redirect_uri=f"{stage.issuer}/back",
        )
        authorization_url, _ = oauth.authorization_url(f"{stage.issuer}/authorize")
        response = oauth.get(authorization_url)
        oauth.token_from_fragment(response.url)
    assert oauth.access_token == "a-token"
