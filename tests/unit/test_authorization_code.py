"""The authorization code grant, driven by hand: no server, no widget, no clock."""

from typing import Any

import pytest
import requests

from nb_oauth.exceptions import AuthorizationError, ConfigurationError, TokenError, in_terms_of
from nb_oauth.grants import AuthorizationCodeGrant
from nb_oauth.prompts import Answer, OpenPage, RawAnswer, Rejection
from nb_oauth.providers import Provider

PROVIDER = Provider(
    "Example",
    authorization_endpoint="https://example.test/authorize",
    token_endpoint="https://example.test/token",
)


class Session:
    """Makes numbered links, and exchanges the codes it is told to."""

    redirect_uri = "http://127.0.0.1:8123/callback"

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.links = 0
        self.asked: list[tuple[str, str | None]] = []
        self.extra: dict[str, Any] = {}

    def authorization_url(
        self, url: str, state: str | None = None, **kwargs: Any
    ) -> tuple[str, str]:
        self.links += 1
        self.extra = kwargs
        state = f"state-{self.links}"
        return f"{url}?state={state}&code_challenge=c", state

    def fetch_token(self, token_url: str, code: str | None = None) -> dict[str, str]:
        self.asked.append((token_url, code))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def answer(prompt: OpenPage[Any], text: str) -> Answer[Any]:
    outcome = prompt.accept(RawAnswer(text, pasted=True))
    assert isinstance(outcome, Answer), outcome
    return outcome


def test_yields_the_page_and_returns_the_token() -> None:
    session = Session({"access_token": "t"})
    flow = AuthorizationCodeGrant(PROVIDER, {"prompt": "login"}).flow(session)
    prompt = next(flow)
    assert prompt.url.startswith("https://example.test/authorize?state=state-1")
    assert session.extra == {"prompt": "login"}
    with pytest.raises(StopIteration) as done:
        flow.send(answer(prompt, "code=abcdef&state=state-1"))
    assert done.value.value == {"access_token": "t"}
    assert session.asked == [("https://example.test/token", "abcdef")]


def test_denied_consent_is_explained_with_a_new_link() -> None:
    session = Session({"access_token": "t"})
    flow = AuthorizationCodeGrant(PROVIDER).flow(session)
    prompt = next(flow)
    prompt = flow.send(answer(prompt, "error=access_denied&state=state-1"))
    assert prompt.rejection is not None
    assert "access_denied" in prompt.rejection.reason
    assert "state-2" in prompt.url
    assert session.asked == []


FINAL = ["invalid_scope", "unauthorized_client", "unsupported_response_type"]


@pytest.mark.parametrize("error", FINAL)
def test_what_another_link_would_ask_for_just_so_ends_it(error: str) -> None:
    flow = AuthorizationCodeGrant(PROVIDER).flow(Session())
    refusal = answer(next(flow), f"error={error}&state=state-1")
    with pytest.raises(
        AuthorizationError, match=rf"Example answered: {error}\. .* run it again\.$"
    ) as e:
        flow.send(refusal)
    assert (e.value.error, str(e.value)) == (error, refusal.remark)


def test_a_refused_code_leads_to_a_new_link() -> None:
    refusal = TokenError("no", error="invalid_grant")
    session = Session(refusal, {"access_token": "t"})
    flow = AuthorizationCodeGrant(PROVIDER).flow(session)
    prompt = flow.send(answer(next(flow), "code=abcdef&state=state-1"))
    assert prompt.rejection is not None
    assert "A code works once" in prompt.rejection.reason
    assert "state-2" in prompt.url
    older = prompt.accept(RawAnswer("code=ghijkl&state=state-1", pasted=True))
    assert isinstance(older, Rejection)
    assert "older link" in older.reason
    again = prompt.accept(RawAnswer("code=abcdef&state=state-2", pasted=True))
    assert isinstance(again, Rejection)
    assert "tried already" in again.reason


def test_a_miscopied_bare_code_leaves_the_link_as_it_is() -> None:
    session = Session(TokenError("no", error="invalid_grant"), {"access_token": "t"})
    flow = AuthorizationCodeGrant(PROVIDER).flow(session)
    prompt = flow.send(answer(next(flow), "Abcde1"))
    assert "state-1" in prompt.url
    with pytest.raises(StopIteration):
        flow.send(answer(prompt, "Abcdef2"))


@pytest.mark.parametrize(
    "error",
    [
        TokenError("no", error="invalid_client"),
        TokenError("no", error="redirect_uri_mismatch"),
        TokenError("a page that is no token", status=200),
    ],
)
def test_what_no_code_mends_ends_the_flow(error: TokenError) -> None:
    flow = AuthorizationCodeGrant(PROVIDER).flow(Session(error))
    with pytest.raises(TokenError):
        flow.send(answer(next(flow), "code=abcdef&state=state-1"))


@pytest.mark.parametrize(
    "error",
    [
        TokenError("no", error="bad_verification_code", status=200),
        TokenError("out of order", status=502),
        in_terms_of(TokenError, requests.ConnectionError(), "out of reach"),
    ],
)
def test_what_may_pass_leads_to_a_new_link(error: TokenError) -> None:
    flow = AuthorizationCodeGrant(PROVIDER).flow(Session(error))
    prompt = flow.send(answer(next(flow), "code=abcdef&state=state-1"))
    assert prompt.rejection is not None
    assert str(error) in prompt.rejection.reason
    assert "state-2" in prompt.url


@pytest.mark.parametrize("name", ["state", "redirect_uri", "code_challenge", "scope"])
def test_extra_cannot_undo_the_protection(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        AuthorizationCodeGrant(PROVIDER, {name: "mine"})


@pytest.mark.parametrize("missing", ["authorization_endpoint", "token_endpoint"])
def test_a_provider_without_the_endpoints_is_refused_at_once(missing: str) -> None:
    endpoints = {
        "authorization_endpoint": "https://example.test/authorize",
        "token_endpoint": "https://example.test/token",
    }
    del endpoints[missing]
    with pytest.raises(ConfigurationError, match=missing):
        AuthorizationCodeGrant(Provider("Example", **endpoints))  # type: ignore[arg-type]
