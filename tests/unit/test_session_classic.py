"""A session made by its constructor behaves as requests-oauthlib's, without its accidents."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests_oauthlib
from oauthlib.oauth2 import TokenExpiredError as OAuthlibTokenExpiredError
from oauthlib.oauth2 import WebApplicationClient

from nb_oauth import OAuth2Session, TokenExpiredError, TokenUpdated
from tests.unit.session_stage import Stage, at_once, ending, let_theirs_use_http

if TYPE_CHECKING:
    pass

THEIRS = requests_oauthlib.OAuth2Session


ours_and_theirs = pytest.mark.parametrize("kind", [OAuth2Session, THEIRS], ids=["ours", "theirs"])
"""What both do; where theirs fails, see the comparison."""


def renewing(stage: Stage, kind: type, **keywords: Any) -> Any:
    keywords = {"token": ending(-1), "auto_refresh_url": stage.token_endpoint, **keywords}
    return stage.classic(kind, **keywords)


def test_threads_that_meet_token_updated_renew_once(stage: Stage) -> None:
    stage.delay = 0.1
    session = renewing(stage, OAuth2Session)
    results = at_once(8, lambda: session.get(stage.api).status_code)
    assert sorted(map(str, results))[:7] == ["200"] * 7
    assert sum(isinstance(result, TokenUpdated) for result in results) == 1
    assert len(stage.token_requests) == 1


@ours_and_theirs
def test_an_ended_token_without_auto_refresh_url_is_an_error(
    stage: Stage, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    with pytest.raises(OAuthlibTokenExpiredError):
        stage.classic(kind, token=ending(-1)).get(stage.api)
    assert not stage.api_requests


def test_the_error_is_one_of_ours_too(stage: Stage) -> None:
    with pytest.raises(TokenExpiredError, match="Sign in again"):
        stage.classic(token=ending(-1)).get(stage.api)


@ours_and_theirs
def test_a_token_that_lives_is_not_renewed_early(
    stage: Stage, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    renewing(stage, kind, token=ending(2)).get(stage.api)
    assert stage.sent_tokens == ["Bearer access-0"]


@ours_and_theirs
def test_client_id_and_secret_of_the_request_authenticate_the_renewal(
    stage: Stage, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    session = renewing(stage, kind, token_updater=lambda _: None)
    session.get(stage.api, client_id="foo", client_secret="bar")
    assert stage.token_requests[0].headers["Authorization"] == "Basic Zm9vOmJhcg=="


@ours_and_theirs
def test_auth_of_the_request_authenticates_the_renewal_alone(
    stage: Stage, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    session = renewing(stage, kind, token_updater=lambda _: None)
    session.get(stage.api, auth=("foo", "bar"))
    assert stage.token_requests[0].headers["Authorization"] == "Basic Zm9vOmJhcg=="
    assert stage.sent_tokens == ["Bearer access-1"]


def test_timeout_of_the_request_goes_along_to_its_renewal(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = renewing(stage, OAuth2Session, token_updater=lambda _: None)
    seen: list[Any] = []
    send = session.send

    def watch(request: Any, **arguments: Any) -> Any:
        seen.append(arguments["timeout"])
        return send(request, **arguments)

    monkeypatch.setattr(session, "send", watch)
    session.get(stage.api, timeout=7)
    assert seen == [7, 7]


@pytest.mark.parametrize(
    ("expires_in", "left"),
    [("3600.5", 3600.5), ("-30", -30), (-30, -30), (60.5, 60.5), (0, 0)],
)
def test_a_token_says_when_it_ends_however_its_life_is_written(
    expires_in: object, left: float
) -> None:
    session = OAuth2Session("app", token={"access_token": "a", "expires_in": expires_in})
    assert session.token["expires_at"] == pytest.approx(time.time() + left, abs=5)


def test_the_token_that_is_set_is_the_token_that_is_there() -> None:
    token = {"access_token": "a"}
    session = OAuth2Session("app", token=token)
    assert session.token is token


def test_every_argument_of_the_constructor_may_be_positional() -> None:
    token = {"access_token": "a"}
    arguments = (
        "app",
        None,
        "https://x/t",
        {"a": "b"},
        ["s"],
        "https://x/c",
        token,
        "state",
        print,
    )
    ours, theirs = OAuth2Session(*arguments, "S256"), THEIRS(*arguments, "S256")
    names = (
        "client_id",
        "auto_refresh_url",
        "auto_refresh_kwargs",
        "scope",
        "redirect_uri",
        "state",
    )
    for name in (*names, "token", "token_updater", "_pkce"):
        assert getattr(ours, name) == getattr(theirs, name), name


def test_the_access_token_set_on_its_own_is_sent(stage: Stage) -> None:
    session = stage.classic(token={"access_token": "a", "token_type": "Bearer"})
    session.access_token = "b"
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer b"]


@pytest.mark.parametrize("place", ["query", "body"])
def test_a_token_goes_where_the_client_says_also_over_loopback_http(
    stage: Stage, place: str
) -> None:
    client = WebApplicationClient("app", default_token_placement=place)  # type: ignore[arg-type]
    session = stage.classic(OAuth2Session, "app", client, token={"access_token": "a"})
    response = session.post(stage.api)
    (request,) = stage.api_requests
    assert {"query": request.query, "body": request.form}[place] == {"access_token": "a"}
    assert response.request.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "change",
    [
        {"add_token": lambda *_, **__: ("https://127.0.0.1", {"X-Own": "1"}, None)},
        {"_add_bearer_token": lambda *_, **__: ("https://127.0.0.1", {"X-Own": "1"}, None)},
        {
            "token_types": property(
                lambda _: {"Bearer": lambda *_, **__: ("https://127.0.0.1", {"X-Own": "1"}, None)}
            )
        },
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_client_that_attaches_tokens_in_its_own_way_is_asked(change: dict[str, Any]) -> None:
    client = type("Own", (WebApplicationClient,), change)("app")
    token = {"access_token": "a", "token_type": "Bearer"}
    session: Any = OAuth2Session(client=client, token=token)
    sent: list[Any] = []
    session.send = lambda request, **_: sent.append(request)
    session.get("https://127.0.0.1")
    assert sent[0].headers["X-Own"] == "1"
    assert "Authorization" not in sent[0].headers


def test_a_token_type_that_nobody_knows_is_an_error() -> None:
    session = OAuth2Session("app", token={"access_token": "a", "token_type": "riddle"})
    with pytest.raises(ValueError, match="Unsupported token type"):
        session.get("https://127.0.0.1")


def test_a_hook_sees_the_request_and_leaves_the_callers_headers_alone(stage: Stage) -> None:
    def hook(url: str, headers: dict[str, str], data: object) -> tuple[str, Any, Any]:
        headers["X-Hook"] = "1"
        return url + "/hooked", headers, data

    session = stage.classic(token={"access_token": "a"})
    session.register_compliance_hook("protected_request", hook)
    mine = {"X-Mine": "1"}
    session.get(stage.api, headers=mine)
    (request,) = stage.api_requests
    assert (request.path, request.headers["X-Hook"]) == ("/api/hooked", "1")
    assert mine == {"X-Mine": "1"}
