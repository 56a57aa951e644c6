"""The implicit grant, driven by hand: no server, no widget, no clock."""

from typing import Any

import pytest
import requests

from nb_oauth.exceptions import AuthorizationError, ConfigurationError, TokenError, in_terms_of
from nb_oauth.grants import ImplicitGrant
from nb_oauth.prompts import Answer, OpenPage, RawAnswer, Rejection
from nb_oauth.providers import Provider

ISSUER = "https://example.test"
PROVIDER = Provider("Example", issuer=ISSUER, authorization_endpoint=f"{ISSUER}/authorize")
REDIRECT_URI = "http://127.0.0.1:8123/callback"
GOOD = "#access_token=abcdef&token_type=Bearer&state=state-1"


class Session:
    """Makes numbered links, and takes the addresses it is told to."""

    redirect_uri = REDIRECT_URI

    def __init__(self, response_type: str = "token", error: TokenError | None = None) -> None:
        self.response_type = response_type
        self.error = error
        self.links = 0
        self.extra: dict[str, Any] = {}
        self.read: list[str] = []

    def authorization_url(
        self, url: str, state: str | None = None, **kwargs: Any
    ) -> tuple[str, str]:
        self.links += 1
        self.extra = kwargs
        asked = f"response_type={self.response_type}&state=state-{self.links}"
        return f"{url}?{asked}", f"state-{self.links}"

    def token_from_fragment(self, authorization_response: str) -> dict[str, str]:
        self.read.append(authorization_response)
        if self.error is not None:
            raise self.error
        return {"access_token": "t"}


def flow_of(session: Session, provider: Provider = PROVIDER) -> Any:
    return ImplicitGrant(provider).flow(session)  # type: ignore[arg-type]


def answer(prompt: OpenPage[Any], text: str) -> Answer[Any]:
    outcome = prompt.accept(RawAnswer(text, pasted=True))
    assert isinstance(outcome, Answer), outcome
    return outcome


def rejection(prompt: OpenPage[Any], text: str) -> str:
    outcome = prompt.accept(RawAnswer(text, pasted=True))
    assert isinstance(outcome, Rejection), outcome
    return outcome.reason


def test_yields_the_page_and_returns_the_token() -> None:
    session = Session()
    flow = ImplicitGrant(PROVIDER, {"prompt": "login"}).flow(session)  # type: ignore[arg-type]
    prompt = next(flow)
    assert prompt.url == f"{ISSUER}/authorize?response_type=token&state=state-1"
    assert session.extra == {"prompt": "login"}
    with pytest.raises(StopIteration) as done:
        flow.send(answer(prompt, REDIRECT_URI + GOOD))
    assert done.value.value == {"access_token": "t"}
    assert session.read == [REDIRECT_URI + GOOD]


@pytest.mark.parametrize("text", [GOOD, GOOD.removeprefix("#"), f"  <{REDIRECT_URI}{GOOD}>\n"])
def test_what_people_copy_becomes_the_whole_address(text: str) -> None:
    session = Session()
    flow = flow_of(session)
    with pytest.raises(StopIteration):
        flow.send(answer(next(flow), text))
    assert session.read == [REDIRECT_URI + GOOD]


def test_a_scope_that_is_refused_ends_it() -> None:
    flow = flow_of(Session())
    refused = answer(next(flow), f"{REDIRECT_URI}#error=invalid_scope&state=state-1")
    with pytest.raises(AuthorizationError, match="change scope=…, and run it again"):
        flow.send(refused)


def test_denied_consent_is_explained_with_a_new_link() -> None:
    session = Session()
    flow = flow_of(session)
    denied = answer(next(flow), f"{REDIRECT_URI}#error=access_denied&state=state-1")
    assert "Access was not granted" in str(denied.remark)
    prompt = flow.send(denied)
    assert "access_denied" in prompt.rejection.reason
    assert "state-2" in prompt.url
    assert session.read == []
    assert "older link" in rejection(prompt, REDIRECT_URI + GOOD)
    with pytest.raises(StopIteration):
        flow.send(answer(prompt, (REDIRECT_URI + GOOD).replace("state-1", "state-2")))


def test_what_another_try_may_mend_is_explained_with_a_new_link() -> None:
    session = Session(error=in_terms_of(TokenError, requests.ConnectionError(), "no keys now."))
    flow = flow_of(session)
    prompt = flow.send(answer(next(flow), GOOD))
    assert prompt.rejection.reason.startswith("no keys now. Open the sign-in page again")
    session.error = None
    with pytest.raises(StopIteration):
        flow.send(answer(prompt, GOOD.replace("abcdef", "another").replace("state-1", "state-2")))


def test_a_token_that_is_not_what_was_asked_for_ends_the_flow() -> None:
    flow = flow_of(Session(error=TokenError("not good", error="invalid_id_token")))
    with pytest.raises(TokenError, match="not good"):
        flow.send(answer(next(flow), REDIRECT_URI + GOOD))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abcdef123", "A token alone is not safe to take here"),
        (f"{REDIRECT_URI}?code=abcdef&state=state-1", "holds no token"),
        (f"{REDIRECT_URI}#access_token=abcdef&state=another", "belongs to another sign-in"),
        (f"{REDIRECT_URI}#access_token=abcdef", "holds no state"),
        (REDIRECT_URI, "holds no token"),
        (f"{REDIRECT_URI}{GOOD}&iss=https%3A%2F%2Fevil.test", "comes from https://evil.test"),
        (f"{REDIRECT_URI}{GOOD}&access_token=another", "a parameter twice"),
        ("hello", "neither an address nor a token"),
    ],
)
def test_what_is_no_answer_is_explained(text: str, words: str) -> None:
    assert words in rejection(next(flow_of(Session())), text)


NAMES_ITSELF = Provider(
    "Example",
    issuer=ISSUER,
    authorization_endpoint=f"{ISSUER}/authorize",
    authorization_response_iss_parameter_supported=True,
)


def test_an_id_token_names_the_issuer_in_place_of_iss() -> None:
    """oidc-provider leaves ``iss`` out beside an ID token, which holds it and is checked."""
    prompt = next(flow_of(Session("id_token+token"), NAMES_ITSELF))
    answer(prompt, f"{REDIRECT_URI}{GOOD}&id_token=x.y.z")


@pytest.mark.parametrize(
    ("response_type", "text"),
    [
        ("token", f"{REDIRECT_URI}{GOOD}"),
        ("token", f"{REDIRECT_URI}{GOOD}&id_token=x.y.z"),  # nobody would check that one
        ("id_token+token", f"{REDIRECT_URI}{GOOD}"),
        ("id_token+token", f"{REDIRECT_URI}#error=access_denied&state=state-1"),
    ],
)
def test_nothing_else_does(response_type: str, text: str) -> None:
    prompt = next(flow_of(Session(response_type), NAMES_ITSELF))
    assert "always names itself" in rejection(prompt, text)


@pytest.mark.parametrize("name", ["state", "redirect_uri", "response_type", "response_mode"])
def test_extra_cannot_undo_the_protection(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        ImplicitGrant(PROVIDER, {name: "mine"})


def test_it_needs_one_endpoint_alone() -> None:
    with pytest.raises(ConfigurationError, match="authorization_endpoint"):
        ImplicitGrant(Provider("Example", token_endpoint=f"{ISSUER}/token"))


def test_it_advises_what_to_use_instead() -> None:
    assert "RFC 9700" in ImplicitGrant.advice
    assert "AuthorizationCodeLogin" in ImplicitGrant.advice
