"""Asking the token endpoint: what is sent, how the client authenticates, what is kept."""

from __future__ import annotations

import base64
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import requests_oauthlib
from oauthlib.oauth2 import (
    BackendApplicationClient,
    LegacyApplicationClient,
    MismatchingStateError,
)

from nb_oauth import (
    AuthorizationError,
    Client,
    OAuth2Session,
    StateMismatchError,
    TokenError,
)
from tests.unit.session_stage import Reply, Stage, ending, let_theirs_use_http, reply

if TYPE_CHECKING:
    pass

THEIRS = requests_oauthlib.OAuth2Session
SECRET = "s3cr+t/%:é €"  # what a password generator comes up with


def ours_and_theirs(error: Any = AssertionError) -> pytest.MarkDecorator:
    """Run with both classes; theirs fails with ``error``."""
    theirs = pytest.param(THEIRS, marks=pytest.mark.xfail(strict=True, raises=error))
    return pytest.mark.parametrize("kind", [OAuth2Session, theirs], ids=["ours", "theirs"])


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def both_requests(stage: Stage, client: Client) -> list[Any]:
    """A code exchanged and the token renewed; returns the two requests."""
    session = stage.open(client)
    session.fetch_token(stage.token_endpoint, code="code")
    session.refresh_token(stage.token_endpoint)
    return stage.token_requests


# -- client authentication (rows 3, 20, 21) -----------------------------------------------------


def test_client_secret_basic_is_form_urlencoded(stage: Stage) -> None:
    for request in both_requests(stage, Client("a b:c", SECRET)):
        assert request.headers["Authorization"] == basic(
            "a+b%3Ac", "s3cr%2Bt%2F%25%3A%C3%A9+%E2%82%AC"
        )
        assert not {"client_id", "client_secret"} & request.form.keys()


def test_client_secret_post_goes_in_the_body(stage: Stage) -> None:
    client = Client("app", SECRET, token_endpoint_auth_method="client_secret_post")
    for request in both_requests(stage, client):
        assert "Authorization" not in request.headers
        assert (request.form["client_id"], request.form["client_secret"]) == ("app", SECRET)


def test_a_public_client_names_itself_in_the_body_and_sends_no_basic(stage: Stage) -> None:
    for request in both_requests(stage, Client("app")):
        assert "Authorization" not in request.headers
        assert request.form["client_id"] == "app"
        assert "client_secret" not in request.form


@pytest.mark.parametrize(
    ("arguments", "header", "in_body"),
    [
        ({"auth": ("x", "y")}, basic("x", "y"), {}),
        ({"client_secret": "y"}, basic("app", "y"), {}),
        ({"include_client_id": False}, basic("app", ""), {}),
        ({"include_client_id": True}, None, {"client_id": "app"}),
        (
            {"include_client_id": True, "client_secret": "y"},
            None,
            {"client_id": "app", "client_secret": "y"},
        ),
        (
            {"auth": ("x", "y"), "include_client_id": True},
            basic("x", "y"),
            {"client_id": "app"},
        ),
    ],
)
def test_an_argument_decides_for_one_fetch(
    stage: Stage, arguments: dict[str, Any], header: str | None, in_body: dict[str, str]
) -> None:
    stage.open(Client("app", "registered")).fetch_token(
        stage.token_endpoint, code="code", **arguments
    )
    (request,) = stage.token_requests
    assert request.headers.get("Authorization") == header
    named = {k: v for k, v in request.form.items() if k.startswith("client_")}
    assert named == in_body


def test_auth_decides_for_one_renewal(stage: Stage) -> None:
    session = stage.open(Client("app", "registered"), token=ending(9))
    session.refresh_token(stage.token_endpoint, auth=("x", "y"))
    assert stage.token_requests[0].headers["Authorization"] == basic("x", "y")


def test_a_classic_session_authenticates_as_requests_oauthlib_does(stage: Stage) -> None:
    stage.classic().fetch_token(stage.token_endpoint, code="code", client_secret="a+b")
    stage.classic().fetch_token(stage.token_endpoint, code="code")
    sent = [request.headers["Authorization"] for request in stage.token_requests]
    assert sent == [basic("app", "a+b"), basic("app", "")]


def test_a_session_without_client_id_sends_no_basic(stage: Stage) -> None:
    session = OAuth2Session(token=ending(1))
    session.trust_env = False
    session.fetch_token(stage.token_endpoint, code="code")
    assert "Authorization" not in stage.token_requests[0].headers


# -- the code and its proof (row 13) ------------------------------------------------------------


@pytest.mark.parametrize("method", ["S256", "plain"])
@ours_and_theirs(AttributeError)
def test_no_verifier_is_needed_where_this_session_made_no_url(
    stage: Stage, kind: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    stage.classic(kind, pkce=method).fetch_token(stage.token_endpoint, code="code")
    assert "code_verifier" not in stage.token_requests[0].form


def test_the_verifier_of_the_newest_url_is_sent(stage: Stage) -> None:
    session = stage.open()
    session.authorization_url(f"{stage.issuer}/authorize")
    verifiers = [session._code_verifier]
    session.authorization_url(f"{stage.issuer}/authorize")
    verifiers.append(session._code_verifier)
    session.fetch_token(stage.token_endpoint, code="code")
    assert verifiers[0] != verifiers[1] == stage.token_requests[0].form["code_verifier"]


def test_a_whole_answer_is_taken_over_loopback_http(stage: Stage) -> None:
    session = stage.open()
    _, state = session.authorization_url(f"{stage.issuer}/authorize")
    answer = f"http://127.0.0.1/callback?code=abc&state={state}"
    session.fetch_token(stage.token_endpoint, authorization_response=answer)
    form = stage.token_requests[0].form
    assert (form["code"], form["redirect_uri"]) == ("abc", "http://127.0.0.1/callback")


def test_an_answer_with_another_state_is_refused_and_nothing_is_sent(stage: Stage) -> None:
    session = stage.open()
    session.authorization_url(f"{stage.issuer}/authorize")
    answer = "http://127.0.0.1/callback?code=abc&state=another"
    with pytest.raises(StateMismatchError, match="newest") as raised:
        session.fetch_token(stage.token_endpoint, authorization_response=answer)
    assert isinstance(raised.value, MismatchingStateError)
    assert not stage.token_requests


@pytest.mark.parametrize("whole", [True, False])
def test_an_opened_session_forgets_the_request_once_it_was_answered(
    stage: Stage, *, whole: bool
) -> None:
    session: Any = stage.open()
    _, state = session.authorization_url(f"{stage.issuer}/authorize")
    answer = {"authorization_response": f"http://127.0.0.1/callback?code=abc&state={state}"}
    session.fetch_token(stage.token_endpoint, **(answer if whole else {"code": "abc"}))
    assert "code_verifier" in stage.token_requests[0].form
    client = session._client
    assert not any((session._state, session._code_verifier, client.code, client.code_verifier))
    assert not client.code_challenge
    with pytest.raises(StateMismatchError, match="waits for no answer"):
        session.fetch_token(stage.token_endpoint, **answer)
    with pytest.raises(ValueError, match="authorization_response"):
        session.fetch_token(stage.token_endpoint)
    session.fetch_token(stage.token_endpoint, code="another")
    assert "code_verifier" not in stage.token_requests[1].form


def test_an_exchange_that_failed_may_be_tried_again(stage: Stage) -> None:
    session = stage.open()
    session.authorization_url(f"{stage.issuer}/authorize")
    stage.at_token = lambda _: reply(503, error="temporarily_unavailable")
    with pytest.raises(TokenError):
        session.fetch_token(stage.token_endpoint, code="abc")
    stage.at_token = stage.rotate
    session.fetch_token(stage.token_endpoint, code="abc")
    first, second = (request.form["code_verifier"] for request in stage.token_requests)
    assert first == second


def test_a_classic_session_keeps_what_requests_oauthlib_keeps(stage: Stage) -> None:
    session = stage.classic(pkce="S256")
    _, state = session.authorization_url(f"{stage.issuer}/authorize")
    session.fetch_token(stage.token_endpoint, code="abc")
    assert (session._state, bool(session._code_verifier)) == (state, True)


def test_an_opened_session_waits_for_no_answer_before_it_made_a_url(stage: Stage) -> None:
    answer = "http://127.0.0.1/callback?code=abc&state=another"
    with pytest.raises(StateMismatchError, match="waits for no answer"):
        stage.open().fetch_token(stage.token_endpoint, authorization_response=answer)
    assert not stage.token_requests


def test_a_state_of_the_callers_own_is_checked_too(stage: Stage) -> None:
    session = stage.open()
    session.authorization_url(f"{stage.issuer}/authorize", state="mine")
    answer = "http://127.0.0.1/callback?code=abc&state="
    with pytest.raises(StateMismatchError, match="newest"):
        session.fetch_token(stage.token_endpoint, authorization_response=f"{answer}another")
    session.fetch_token(stage.token_endpoint, authorization_response=f"{answer}mine")
    assert len(stage.token_requests) == 1


def test_a_code_that_the_client_holds_already_is_used(stage: Stage) -> None:
    session = stage.classic()
    session._client.code = "held"
    session.fetch_token(stage.token_endpoint)
    assert stage.token_requests[0].form["code"] == "held"


# -- other grants, and what is missing ----------------------------------------------------------


def test_client_credentials_need_no_code(stage: Stage) -> None:
    session = stage.classic(OAuth2Session, None, BackendApplicationClient("app"))
    session.fetch_token(stage.token_endpoint, client_secret="s")
    assert stage.token_requests[0].form == {"grant_type": "client_credentials"}


def test_a_password_goes_in_the_body(stage: Stage) -> None:
    session = stage.classic(OAuth2Session, None, LegacyApplicationClient("app"))
    session.fetch_token(stage.token_endpoint, username="ada", password="p w")
    form = stage.token_requests[0].form
    assert (form["username"], form["password"]) == ("ada", "p w")


@pytest.mark.parametrize("owner", [{}, {"username": "ada"}, {"password": "p"}])
def test_the_password_grant_names_what_is_missing(owner: dict[str, Any]) -> None:
    session = OAuth2Session(client=LegacyApplicationClient("app"))
    with pytest.raises(ValueError, match="needs both username"):
        session.fetch_token("https://as.example/token", **owner)


def test_fetching_without_a_code_says_what_to_give() -> None:
    with pytest.raises(ValueError, match="authorization_response"):
        OAuth2Session("app").fetch_token("https://as.example/token")


def test_a_method_other_than_post_or_get_is_refused() -> None:
    with pytest.raises(ValueError, match="POST or GET"):
        OAuth2Session("app").fetch_token("https://as.example/token", code="c", method="PUT")


def test_refreshing_nowhere_says_what_to_give() -> None:
    with pytest.raises(ValueError, match="token_url"):
        OAuth2Session("app").refresh_token("")


@pytest.mark.parametrize(
    ("arguments", "place"),
    [({}, "form"), ({"method": "GET"}, "query"), ({"force_querystring": True}, "query")],
)
def test_parameters_go_in_the_body_unless_told_otherwise(
    stage: Stage, arguments: dict[str, Any], place: str
) -> None:
    stage.classic().fetch_token(stage.token_endpoint, code="abc", **arguments)
    (request,) = stage.token_requests
    assert getattr(request, place)["code"] == "abc"


# -- what goes along ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sent"), [({}, (10, 60)), ({"timeout": 3}, 3), ({"timeout": (1, 2)}, (1, 2))]
)
def test_a_token_request_has_a_timeout(
    stage: Stage, given: dict[str, Any], sent: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, seen = stage.open(token=ending(9)), []
    send = session.send

    def watch(request: Any, **arguments: Any) -> Any:
        seen.append(arguments["timeout"])
        return send(request, **arguments)

    monkeypatch.setattr(session, "send", watch)
    session.fetch_token(stage.token_endpoint, code="code", **given)
    session.refresh_token(stage.token_endpoint, **given)
    assert seen == [sent, sent]


def test_no_token_goes_to_the_token_endpoint(stage: Stage) -> None:
    session = stage.open(token=ending(9))
    session.refresh_token(stage.token_endpoint)
    assert "Authorization" not in stage.token_requests[0].headers


def test_a_redirect_of_the_token_endpoint_is_not_followed(stage: Stage) -> None:
    stage.at_token = lambda _: Reply("", 307, {"Location": stage.api})
    with pytest.raises(TokenError, match="HTTP 307"):
        stage.open().fetch_token(stage.token_endpoint, code="code")
    assert not stage.api_requests


@pytest.mark.parametrize("hook_type", ["access_token_request", "refresh_token_request"])
def test_the_callers_headers_are_left_as_they_are(stage: Stage, hook_type: str) -> None:
    def hook(url: str, headers: dict[str, str], body: object) -> tuple[str, Any, Any]:
        headers["X-Hook"] = "1"
        return url, headers, body

    session: Any = stage.open(token=ending(9))
    mine = {"X-Mine": "1"}
    session.register_compliance_hook(hook_type, hook)
    session.fetch_token(stage.token_endpoint, code="code", headers=mine)
    session.refresh_token(stage.token_endpoint, headers=mine)
    assert all(request.headers["X-Mine"] == "1" for request in stage.token_requests)
    assert sum("X-Hook" in request.headers for request in stage.token_requests) == 1
    assert mine == {"X-Mine": "1"}


@pytest.mark.parametrize("hook_type", ["access_token_response", "refresh_token_response"])
def test_a_hook_may_mend_the_answer(stage: Stage, hook_type: str) -> None:
    class Mended:
        text = '{"access_token": "mended", "refresh_token": "r"}'

    session: Any = stage.open(token=ending(9))
    session.register_compliance_hook(hook_type, lambda _: Mended())
    if hook_type == "access_token_response":
        session.fetch_token(stage.token_endpoint, code="code")
    else:
        session.refresh_token(stage.token_endpoint)
    assert session.token["access_token"] == "mended"


def test_github_is_asked_for_json(stage: Stage) -> None:
    stage.open().fetch_token(stage.token_endpoint, code="code")
    assert stage.token_requests[0].headers["Accept"] == "application/json"


# -- what is kept (row 17) ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        reply(400, error="invalid_grant"),
        reply(500, access_token="bad", token_type="bearer"),
        reply(200, access_token="", token_type="bearer"),
        reply(200, access_token=None, token_type="bearer"),
        Reply("<html>", 200, {"Content-Type": "text/html"}),
        Reply("[]"),
        Reply("null"),
    ],
)
@pytest.mark.parametrize("method", ["fetch_token", "refresh_token"])
def test_a_good_token_survives_a_failed_request(stage: Stage, answer: Reply, method: str) -> None:
    stage.at_token = lambda _: answer
    session = stage.open(token=ending(100))
    before = dict(session.token)
    arguments = {"code": "code"} if method == "fetch_token" else {}
    with pytest.raises(TokenError):
        getattr(session, method)(stage.token_endpoint, **arguments)
    assert session.token == before
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-0"]


@ours_and_theirs()
def test_a_good_token_survives_a_refused_code(
    stage: Stage, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    session = stage.classic(kind, token=ending(100))
    with pytest.raises(Exception, match="invalid_grant"):
        session.fetch_token(stage.token_endpoint, code="code")
    assert session.token.get("access_token") == "access-0"


def test_an_end_that_the_provider_names_without_a_life_is_kept(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token="a", expires_at=4102444800)
    session = stage.open()
    session.fetch_token(stage.token_endpoint, code="code")
    assert session.token["expires_at"] == 4102444800


def test_what_a_client_learns_from_its_answer_stays_with_it(stage: Stage) -> None:
    session = stage.classic()
    session.fetch_token(stage.token_endpoint, code="code")
    assert session._client.access_token == "access-1"
    assert session._client.refresh_token == "refresh-1"


ISSUED = "https://as.example"


@pytest.mark.parametrize(
    ("named", "always", "is_taken"),
    [
        (ISSUED, True, True),
        (None, False, True),
        (None, True, False),
        ("https://other.example", False, False),
        ("", False, False),
    ],
)
def test_an_answer_of_another_issuer_is_refused(
    stage: Stage, named: str | None, *, always: bool, is_taken: bool
) -> None:
    provider = dataclasses.replace(
        stage.provider, issuer=ISSUED, authorization_response_iss_parameter_supported=always
    )
    session = OAuth2Session.open(provider, Client("app", redirect_uri="http://127.0.0.1/callback"))
    session.trust_env = False
    _, state = session.authorization_url(provider.require("authorization_endpoint"))
    answer = f"http://127.0.0.1/callback?code=c&state={state}"
    answer += "" if named is None else f"&iss={named}"
    if is_taken:
        session.fetch_token(stage.token_endpoint, authorization_response=answer)
    else:
        with pytest.raises(AuthorizationError, match="does not come from Stage"):
            session.fetch_token(stage.token_endpoint, authorization_response=answer)
    assert (len(stage.token_requests), session.authorized) == (int(is_taken), is_taken)


@pytest.mark.parametrize("given", [None, "", "bot", "BearerToken", "Bearer", "bearer"])
def test_a_type_that_a_provider_made_up_is_bearer(stage: Stage, given: str | None) -> None:
    stage.at_token = lambda _: reply(access_token="a", token_type=given)
    session = stage.open(token=ending(-1))
    assert session.get(stage.api).status_code == 200
    assert stage.sent_tokens == ["Bearer a"]


@pytest.mark.parametrize("given", ["DPoP", "mac"])
def test_a_token_of_another_type_is_refused(stage: Stage, given: str) -> None:
    stage.at_token = lambda _: reply(access_token="a", token_type=given)
    session = stage.open()
    with pytest.raises(TokenError, match=f"type {given}"):
        session.fetch_token(stage.token_endpoint, code="c")
    assert not session.authorized


@pytest.mark.parametrize("members", [{"refresh_token": None}, {"refresh_token": ""}, {}])
def test_the_refresh_token_stays_where_no_new_one_comes(
    stage: Stage, members: dict[str, Any]
) -> None:
    stage.at_token = lambda _: reply(access_token="a", expires_in=3600, **members)
    session = stage.open(token=ending(-1))
    session.get(stage.api)
    assert session.token["refresh_token"] == "refresh-0"


def test_a_provider_that_takes_no_pkce_can_say_so(stage: Stage) -> None:
    provider = dataclasses.replace(stage.provider, code_challenge_methods_supported=())
    client = Client("app", redirect_uri="http://127.0.0.1/callback")
    url, _ = OAuth2Session.open(provider, client).authorization_url(f"{stage.issuer}/authorize")
    assert "code_challenge" not in url
