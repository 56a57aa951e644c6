"""The password grant, driven by hand: no server, no widget, no clock."""

import gc
import weakref
from typing import Any

import pytest
import requests

from nb_oauth.exceptions import ConfigurationError, TokenError, in_terms_of
from nb_oauth.grants import PasswordGrant
from nb_oauth.prompts import Answer, AskPassword, Credentials, Rejection
from nb_oauth.providers import Provider

PROVIDER = Provider("Example", token_endpoint="https://example.test/token")
TOKEN = {"access_token": "t"}


class Session:
    """Answers as it is told to, and counts what it is asked."""

    redirect_uri = None

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[tuple[str, str | None, str | None]] = []

    def fetch_token(
        self,
        token_url: str,
        code: str | None = None,
        *,
        username: str | None = None,
        password: str | None = None,
    ) -> dict[str, str]:
        assert code is None
        self.asked.append((token_url, username, password))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def flow_of(*outcomes: Any) -> Any:
    return PasswordGrant(PROVIDER).flow(Session(*outcomes))  # type: ignore[arg-type]


def typed(prompt: AskPassword[Any], username: str = "ada", password: str = "love") -> Answer[Any]:
    outcome = prompt.accept(Credentials(username, password))
    assert isinstance(outcome, Answer), outcome
    return outcome


def test_asks_for_name_and_password_and_returns_the_token() -> None:
    session = Session(TOKEN)
    flow = PasswordGrant(PROVIDER).flow(session)  # type: ignore[arg-type]
    prompt = next(flow)
    assert isinstance(prompt, AskPassword)
    assert prompt.rejection is None
    with pytest.raises(StopIteration) as done:
        flow.send(typed(prompt))
    assert done.value.value == TOKEN
    assert session.asked == [("https://example.test/token", "ada", "love")]


@pytest.mark.parametrize(("username", "password"), [("", "love"), ("ada", ""), ("", "")])
def test_half_of_it_is_asked_for_again_and_sent_nowhere(username: str, password: str) -> None:
    outcome = next(flow_of()).accept(Credentials(username, password))
    assert isinstance(outcome, Rejection)
    assert "both your name and your password" in outcome.reason


@pytest.mark.parametrize(("described", "words"), [("too late", " (too late)"), (None, "")])
def test_a_wrong_password_is_explained_and_asked_for_again(
    described: str | None, words: str
) -> None:
    refusal = TokenError(
        "The token endpoint answered…", error="invalid_grant", error_description=described
    )
    flow = flow_of(refusal, TOKEN)
    prompt = flow.send(typed(next(flow)))
    assert prompt.rejection.reason == (
        f"Wrong name or password. The provider said invalid_grant{words}. Check the name and the "
        "password, and type the password again."
    )
    with pytest.raises(StopIteration):
        flow.send(typed(prompt))


@pytest.mark.parametrize(
    "error",
    [
        TokenError("Out of order.", status=503),
        TokenError("Too many.", status=429),
        TokenError("Not now.", error="temporarily_unavailable", status=400),
        in_terms_of(TokenError, requests.ConnectionError(), "Out of reach."),
    ],
)
def test_what_may_pass_is_explained_and_asked_for_again(error: TokenError) -> None:
    flow = flow_of(error)
    prompt = flow.send(typed(next(flow)))
    assert prompt.rejection.reason == f"{error} Type the password again to try once more."


@pytest.mark.parametrize(
    "error",
    [
        TokenError("no", error="invalid_client", status=401),
        TokenError("no", error="unsupported_grant_type", status=400),
        TokenError("a page that is no token", status=200),
    ],
)
def test_what_no_other_password_mends_ends_the_flow(error: TokenError) -> None:
    flow = flow_of(error)
    with pytest.raises(TokenError):
        flow.send(typed(next(flow)))


def test_nothing_is_kept_of_what_was_typed_while_it_waits() -> None:
    session = Session(TokenError("no", error="invalid_grant"))
    flow = PasswordGrant(PROVIDER).flow(session)  # type: ignore[arg-type]
    answer = typed(next(flow))
    answers = [weakref.ref(answer), weakref.ref(answer.value)]
    flow.send(answer)
    del answer
    gc.collect()
    assert [one() for one in answers] == [None, None]


def test_neither_name_nor_password_is_in_a_repr() -> None:
    prompt = next(flow_of())
    answer = typed(prompt, "a-name", "a-password")
    assert "a-name" not in repr((prompt, answer, answer.value))
    assert "a-password" not in repr((prompt, answer, answer.value))


def test_it_needs_the_token_endpoint() -> None:
    with pytest.raises(ConfigurationError, match="token_endpoint"):
        PasswordGrant(Provider("Example", authorization_endpoint="https://example.test/a"))


def test_it_advises_what_to_use_instead() -> None:
    assert "RFC 9700" in PasswordGrant.advice
    assert "DeviceLogin" in PasswordGrant.advice
