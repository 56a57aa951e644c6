"""What comes of a token for less than was asked for: it is kept, and somebody is told."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests_oauthlib
from oauthlib.oauth2 import MobileApplicationClient

from nb_oauth import Client, OAuth2Session, TokenError
from tests.unit.session_stage import Request, Stage, ending, let_theirs_use_http, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = "the-" + "code"  # so that no line of code shows it
SECRET = Client("app", client_secret="a-secret")
LESS = {"access_token": "access-1", "refresh_token": "r", "token_type": "bearer", "scope": "read"}


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        stage.at_token = lambda _: reply(200, **LESS, expires_in=3600)
        yield stage


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(OAuth2Session, id="ours"),
        pytest.param(
            requests_oauthlib.OAuth2Session,
            id="theirs",
            marks=pytest.mark.xfail(strict=True, reason="row 10 of what requests-oauthlib does"),
        ),
    ],
)
def test_less_scope_loses_no_token(
    stage: Stage, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    session = stage.classic(kind, scope=["read", "write"])
    with pytest.warns(UserWarning, match="Not granted: write") as caught:
        token = session.fetch_token(stage.token_endpoint, code="a-code")
    assert session.token["access_token"] == token["access_token"] == "access-1"
    assert [one.filename for one in caught] == [__file__]
    assert session.missing_scope == ["write"]


def test_an_opened_session_says_so_too(stage: Stage) -> None:
    session = stage.open(SECRET, scope="read write")
    with pytest.warns(UserWarning, match="Not granted: write") as caught:
        session.fetch_token(stage.token_endpoint, code="a-code")
    assert [one.filename for one in caught] == [__file__]
    assert (session.scope, session.missing_scope) == (["read"], ["write"])


@pytest.mark.parametrize("scope", [None, "read", ["read"]])
def test_nothing_is_said_where_all_is_granted(stage: Stage, scope: Any) -> None:
    session = stage.open(SECRET, scope=scope, strict_scope=True)
    session.fetch_token(stage.token_endpoint, code="a-code")
    assert session.authorized


def test_nothing_is_said_of_a_renewal(stage: Stage) -> None:
    token = ending(-1, scope="read", refresh_token="refresh-0")
    session = stage.open(SECRET, scope="read write", strict_scope=True, token=token)
    session.renew()
    assert session.missing_scope == ["write"]


def test_an_implicit_answer_that_grants_less(stage: Stage) -> None:
    session = stage.classic(
        OAuth2Session, client=MobileApplicationClient("app"), scope="read write"
    )
    _, state = session.authorization_url("https://as.example/authorize")
    answer = f"https://app.example/#{urlencode({**LESS, 'state': state})}"
    with pytest.warns(UserWarning, match="Not granted: write") as caught:
        session.token_from_fragment(answer)
    assert [one.filename for one in caught] == [__file__]


@pytest.mark.parametrize("opened", ["opened", "classic"])
def test_strict_scope_raises_and_keeps_the_token(stage: Stage, opened: str) -> None:
    if opened == "opened":
        session = stage.open(SECRET, scope="read write", strict_scope=True)
    else:
        session = stage.classic(OAuth2Session, scope="read write")
        session.strict_scope = True
    with pytest.raises(TokenError, match=r"Not granted: write\. .* sign in again") as refused:
        session.fetch_token(stage.token_endpoint, code="a-code")
    assert refused.value.error == "missing_scope"
    assert session.token["access_token"] == "access-1"
    assert session.get(stage.api).ok
    with pytest.raises(TokenError, match="Not granted: write"):  # once more
        session.fetch_token(stage.token_endpoint, code="another-code")


def test_the_next_request_asks_for_all_of_it(stage: Stage) -> None:
    session = stage.open(SECRET, scope="read write", token=ending(100, scope="read"))
    url, _ = session.authorization_url("https://as.example/authorize")
    assert parse_qs(urlsplit(url).query)["scope"] == ["read write"]
    assert session.scope == ["read"]


def test_an_app_that_asks_again_is_told_once(stage: Stage) -> None:
    session = stage.open(SECRET, scope="read write", grant="client_credentials")
    with pytest.warns(UserWarning, match="Not granted: write"):
        session.fetch_token(stage.token_endpoint)
    session.token = {**session.token, "expires_at": 1}
    session.get(stage.api)  # renews by asking again
    assert len(stage.token_requests) == 2
    stage.at_token = lambda _: reply(200, **LESS | {"scope": "write"})
    with pytest.warns(UserWarning, match="Not granted: read"):
        session.fetch_token(stage.token_endpoint)


def test_an_app_that_asks_strictly_goes_on_with_what_it_has(stage: Stage) -> None:
    session = stage.open(SECRET, scope="read write", grant="client_credentials", strict_scope=True)
    with pytest.raises(TokenError, match="Not granted: write"):
        session.fetch_token(stage.token_endpoint)
    session.token = {**session.token, "expires_at": 1}
    assert session.get(stage.api).ok
    assert len(stage.token_requests) == 2


def test_a_failed_request_shows_no_code_in_its_traceback(stage: Stage) -> None:
    """Some front ends show the variables of every frame."""
    import traceback

    def refuse(_: Request) -> Any:
        return reply(400, error="invalid_grant")

    stage.at_token = refuse
    session = stage.open(SECRET)

    def fetch() -> None:
        session.fetch_token(stage.token_endpoint, code=CODE)

    with pytest.raises(TokenError) as refused:
        fetch()
    shown = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    text = "".join(shown.format())
    assert CODE not in text
    assert "a-secret" not in text
    assert "fetch()" in text


def test_a_login_may_speak_for_itself(stage: Stage) -> None:
    session = stage.open(SECRET, scope="read write")
    session.warns_of_scope = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session.fetch_token(stage.token_endpoint, code="a-code")
