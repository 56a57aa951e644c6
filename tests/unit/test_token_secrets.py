"""A token that cannot be sent, and secrets that a server repeats, are shown to nobody."""

from __future__ import annotations

import base64
import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from oauthlib.oauth2 import WebApplicationClient
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from nb_oauth import Client, ConfigurationError, OAuth2Session, TokenError
from nb_oauth.client_authentication import secrets_in
from tests.unit.session_stage import Reply, Request, Stage, ending, reply

if TYPE_CHECKING:
    pass

SPACES = "s3c ret"
UNSENDABLE = ["s3c\nret", "s3c\r\nX-Other: ret", "s3c\x00ret", "s3crét", "\ufeffs3cret"]
SECRET = "s3cr+t/%:é €"
CODE = "c0de-123"


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


# -- white space around a token, and inside -----------------------------------------------------


@pytest.mark.parametrize("around", [" {}", "{}\n", "\t{}\r\n"])
def test_white_space_around_a_token_is_left_out(stage: Stage, around: str) -> None:
    token = {name: around.format(name) for name in ("access_token", "refresh_token")}
    opened, classic = stage.open(token=token), stage.classic(token=token)
    for session in (opened, classic):
        session.get(stage.api)
        assert session.token == {name: name for name in token}
    assert stage.sent_tokens == ["Bearer access_token"] * 2
    classic.access_token = around.format("changed")
    classic.get(stage.api)
    assert stage.sent_tokens[-1] == "Bearer changed"


def test_white_space_around_a_token_that_was_fetched_is_left_out(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token=" a\n", refresh_token="r\n", token_type="Bearer")
    for session in (stage.open(), stage.classic()):
        token = session.fetch_token(stage.token_endpoint, code="code")
        assert (token["access_token"], token["refresh_token"]) == ("a", "r")
        session.get(stage.api)
    assert stage.sent_tokens == ["Bearer a"] * 2


@pytest.mark.parametrize("access_token", ["00D!AQ.~_-+/==", "app|secret", 12345])
def test_a_token_with_signs_of_its_own_is_sent(stage: Stage, access_token: object) -> None:
    stage.open(token={"access_token": access_token}).get(stage.api)
    assert stage.sent_tokens == [f"Bearer {access_token}"]


@pytest.mark.parametrize("access_token", [*UNSENDABLE, SPACES, b"s3cret"])
def test_an_opened_session_takes_no_token_that_cannot_be_sent(
    stage: Stage, access_token: object
) -> None:
    session = stage.open(token=ending(100))
    with pytest.raises(ConfigurationError, match="cannot be sent") as raised:
        session.token = {"access_token": access_token}
    assert "s3c" not in str(raised.value) + repr(raised.value)
    assert session.token["access_token"] == "access-0"
    with pytest.raises(ConfigurationError, match="cannot be sent"):
        stage.open(token={"access_token": access_token})


class OwnWay(WebApplicationClient):
    """Attaches as all do, in a method of its own."""

    def _add_bearer_token(self, *arguments: Any, **keywords: Any) -> Any:
        return super()._add_bearer_token(*arguments, **keywords)  # type: ignore[misc]


@pytest.mark.parametrize("access_token", UNSENDABLE)
@pytest.mark.parametrize("client", [WebApplicationClient, OwnWay])
def test_a_classic_session_does_not_show_a_token_that_cannot_be_sent(
    stage: Stage, access_token: str, client: Any
) -> None:
    session = stage.classic(
        OAuth2Session, None, client("app"), token={"access_token": access_token}
    )
    with pytest.raises(ValueError, match="cannot be sent") as raised:
        session.get(stage.api)
    assert "s3c" not in shown(raised.value)
    assert not stage.api_requests


def test_spaces_inside_a_token_are_for_classic_sessions_alone(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token=SPACES, token_type="Bearer")
    classic, opened = stage.classic(), stage.open()
    classic.fetch_token(stage.token_endpoint, code="code")
    classic.get(stage.api)
    assert stage.sent_tokens == [f"Bearer {SPACES}"]
    with pytest.raises(TokenError, match="no request header can hold"):
        opened.fetch_token(stage.token_endpoint, code="code")
    assert not opened.authorized


@pytest.mark.parametrize("client", [WebApplicationClient, OwnWay])
def test_a_token_that_was_set_on_its_own_is_sent_without_white_space(
    stage: Stage, client: Any
) -> None:
    token = {"access_token": "a", "token_type": "Bearer"}
    session = stage.classic(OAuth2Session, None, client("app"), token=token)
    session.access_token = "b\n"
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer b"]


def test_a_token_that_goes_into_the_address_may_be_any(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token="a\nb", token_type="Bearer")
    client: Any = WebApplicationClient("app", default_token_placement="query")  # type: ignore[arg-type]
    session = stage.classic(OAuth2Session, None, client)
    session.fetch_token(stage.token_endpoint, code="code")
    session.get(stage.api)
    assert stage.api_requests[0].query == {"access_token": "a\nb"}


@pytest.mark.parametrize("access_token", UNSENDABLE)
def test_an_answer_with_a_token_that_cannot_be_sent_leaves_the_one_before(
    stage: Stage, access_token: str
) -> None:
    stage.at_token = lambda _: reply(access_token=access_token, token_type="Bearer")
    for session in (stage.open(token=ending(100)), stage.classic(token=ending(100))):
        with pytest.raises(TokenError, match="no request header can hold") as raised:
            session.fetch_token(stage.token_endpoint, code="code")
        assert raised.value.status == 200
        assert "s3c" not in shown(raised.value)
        session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-0"] * 2


def test_an_answer_whose_token_is_white_space_is_no_token(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token=" \n", token_type="Bearer")
    with pytest.raises(TokenError, match="did not answer with a token"):
        stage.open().fetch_token(stage.token_endpoint, code="code")


# -- secrets that a careless server repeats -----------------------------------------------------


def all_of(request: Request) -> str:
    """What a debugging page shows: the headers, decoded too, and the form."""
    header = request.headers.get("Authorization", "").removeprefix("Basic ")
    return f"got {header} is {base64.b64decode(header).decode()} and {SECRET} with {request.form}"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("as_error", [True, False])
def test_the_clients_secret_is_masked_however_it_was_sent(
    stage: Stage, method: str, *, as_error: bool
) -> None:
    def repeat(request: Request) -> Reply:
        said = all_of(request)
        return (
            reply(401, error="invalid_client", error_description=said) if as_error else Reply(said)
        )

    stage.at_token = repeat
    session = stage.open(
        Client("app", SECRET, token_endpoint_auth_method=method), token=ending(100)
    )
    for ask in (
        lambda: session.fetch_token(stage.token_endpoint, code=CODE),
        lambda: session.refresh_token(stage.token_endpoint),
    ):
        with pytest.raises(TokenError) as raised:
            ask()
        assert "got" in str(raised.value)
        for part in ("s3cr", "czNjc", "c0de", "refresh-0"):
            assert part not in shown(raised.value), str(raised.value)


@pytest.mark.parametrize("auth", [("user", "pass word"), HTTPBasicAuth("user", "pass word")])
def test_a_password_of_the_caller_is_masked(stage: Stage, auth: Any) -> None:
    stage.at_token = lambda request: reply(
        401, error="invalid_client", error_description=all_of(request)
    )
    session = stage.classic()
    for arguments in ({"auth": auth}, {}):
        with pytest.raises(TokenError) as raised:
            session.fetch_token(
                stage.token_endpoint, code="code", include_client_id=True, **arguments
            )
        assert "pass word" not in shown(raised.value)
        session.auth = auth  # the second time it is the session's


def test_what_is_secret_in_how_a_client_authenticates() -> None:
    client = Client("app", "a b")
    pair = base64.b64encode(b"app:a+b").decode()
    assert secrets_in(HTTPBasicAuth("app", "a+b"), client) == ["a b", "a+b", "a b", pair]
    assert secrets_in(("app", "a+b"), None) == ["a+b", "a b", pair]
    assert secrets_in(HTTPDigestAuth("app", "a+b"), None) == ["a+b", "a b", pair]
    assert secrets_in(None, Client("app")) == [None]
    assert secrets_in(lambda request: request, None) == []


def test_a_body_that_a_hook_made_text_is_no_error(stage: Stage) -> None:
    session: Any = stage.open()
    session.register_compliance_hook(
        "access_token_request",
        lambda url, headers, _: (url, headers, {"data": "grant_type=x&code=c"}),
    )
    session.fetch_token(stage.token_endpoint, code="code")
    assert json.loads(json.dumps(session.token))["access_token"] == "access-1"


def test_the_state_of_a_request_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for state in (None, "a-fixed-one", lambda: "a-made-one"):
        session = OAuth2Session("app", state=state)
        url, made = session.authorization_url("https://as.example/authorize")
        assert made in url
        assert made == session._state
        assert made not in caplog.text
