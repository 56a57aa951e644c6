"""The question for an app that nobody has named, and the sign-in that goes on with the answer."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import nb_oauth
from nb_oauth import (
    Client,
    ConfigurationError,
    LoginCancelled,
    OAuth2Session,
    Provider,
    place,
    sign_in,
)
from nb_oauth.app_registrations import ClientsFile
from nb_oauth.asking import after, as_shown, judge
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.logins import RegistrationLogin, page_question
from nb_oauth.logins.client_question import ClientQuestion
from nb_oauth.place import Place
from nb_oauth.prompts import Answer, AskClient, Page, RawAnswer, Rejection, TypedClient
from nb_oauth.providers import KnownProvider, known_provider
from nb_oauth.surfaces import Appeared, Cancelled, NewLinkWanted, SignOutWanted, Status, View
from tests.polling import wait_until
from tests.providers.visitor import query_of

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 10.0
SECRET = "s3cr+t/%:of-mine"
EXAMPLE = Provider(
    "Example",
    authorization_endpoint="https://as.example/authorize",
    token_endpoint="https://as.example/token",
)


@pytest.fixture(autouse=True)
def where(monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], None]:
    def be(there: Place) -> None:
        monkeypatch.setattr(place, "here", lambda: there)

    be(Place.NOTEBOOK)
    monkeypatch.setattr(page_question, "_PATIENCE", 0.0)  # no page says anything
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: None)
    return be


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the token endpoint answers, one after the other; a token where there is no more."""
    answers: list[Any] = []

    def fetch(session: OAuth2Session, *_: Any, **__: Any) -> Any:
        if answers:
            raise answers.pop(0)
        session._keep({"access_token": "t", "expires_in": 3600})
        return session.token

    monkeypatch.setattr(OAuth2Session, "fetch_token", fetch)
    return answers


def asked(provider: Any = EXAMPLE, **arguments: Any) -> Any:
    given = {"client": None, "scope": "read", "extra": None, "account": None} | arguments
    return sign_in._request(provider, **given)


def found(provider: Any = EXAMPLE, **arguments: Any) -> Any:
    return sign_in._memory.find(asked(provider, **arguments))


def shown(widget: Any, status: Status = Status.WAITING) -> View:
    def view() -> Any:
        seen = widget._view
        return seen if seen is not None and seen.status is status else None

    return wait_until(view, f"the widget is {status}", seconds=PATIENCE)


def typed(widget: Any, client_id: str = "mine", secret: str = "", *, keep: bool = False) -> None:
    widget._take(TypedClient(client_id, secret, keep))


def form(widget: Any) -> Any:
    return wait_until(lambda: shown(widget).registration, "the form", seconds=PATIENCE)


def link(widget: Any) -> str:
    return wait_until(lambda: shown(widget).link, "the link", seconds=PATIENCE)


def sign_in_by(widget: Any, client_id: str = "mine", **how: Any) -> OAuth2Session:
    widget._take(Appeared())
    form(widget)
    typed(widget, client_id, **how)
    link(widget)
    widget._take(RawAnswer("a-code", pasted=True))
    return widget.wait(PATIENCE)


# -- the question ------------------------------------------------------------------------------


def question(provider: Any = EXAMPLE, **arguments: Any) -> ClientQuestion:
    made = asked(provider, **arguments).question
    assert isinstance(made, ClientQuestion)
    return made


def judged(typed: TypedClient, provider: Any = EXAMPLE, **arguments: Any) -> Any:
    return judge(question(provider, **arguments).prompt(), typed)


def test_it_names_the_page_the_redirect_uri_and_whom_the_answer_goes_to() -> None:
    prompt = question("github").prompt()
    assert prompt.page == "https://github.com/settings/applications/new"
    assert prompt.redirect_uri == "http://127.0.0.1/callback"  # with a secret; without, a code
    assert not prompt.needs_secret
    shown = as_shown(prompt, "GitHub", "")
    assert "github.com and to no other server" in shown["notice"]
    assert shown["registration"].kept_in == str(ClientsFile().path)
    assert after(prompt) == "Preparing…"


def test_the_file_is_named_as_people_write_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert question().prompt().kept_in == str(Path("~", "own-configuration", "clients.toml"))


def test_where_a_secret_is_needed_it_says_so() -> None:
    assert question("google").needs_secret
    assert not question(EXAMPLE).needs_secret
    assert question(EXAMPLE, grant="client_credentials").needs_secret


def test_where_nobody_is_sent_back_there_is_no_redirect_uri_but_the_entry_s() -> None:
    assert question(EXAMPLE, grant="password").redirect_uri is None
    assert question("github", grant="device_code").redirect_uri == "http://127.0.0.1/callback"


@pytest.mark.parametrize(
    ("client_id", "secret", "words"),
    [
        ("", "", "Type the client ID that Google"),
        (" \t\n", SECRET, "Type the client ID that Google"),
        ("mine", "  ", "Google lets in no app without a secret"),
        ("Client ID: mine", SECRET, "The client ID has a space or a character"),
        ("mïne", SECRET, "The client ID has a space or a character"),
        ("mine", "to\u200bken", "The client secret has a space or a character"),
        (SECRET, SECRET, "The ID and the secret are the same"),
    ],
)
def test_an_odd_answer_is_explained(client_id: str, secret: str, words: str) -> None:
    outcome = judged(TypedClient(client_id, secret), "google")
    assert isinstance(outcome, Rejection)
    assert outcome.reason.startswith(words)
    assert SECRET not in outcome.reason


def test_what_is_around_an_answer_is_left_out() -> None:
    outcome = judged(TypedClient(" mine\n", f"\t{SECRET} "))
    assert isinstance(outcome, Answer)
    assert outcome.value.chosen.client.client_id == "mine"
    assert outcome.value.chosen.client.client_secret == SECRET


def test_what_only_the_provider_s_entry_forbids_is_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asking = question()

    def refuse(_: Client) -> Any:
        raise ConfigurationError("not so")

    object.__setattr__(asking, "choose", refuse)
    assert judge(asking.prompt(), TypedClient("mine", "")) == Rejection("not so")


def test_what_cannot_be_kept_is_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: ClientsFile) -> None:
        raise ConfigurationError("The disk is full.")

    monkeypatch.setattr(ClientsFile, "require_writable", refuse)
    outcome = judged(TypedClient("mine", "", keep=True))
    assert isinstance(outcome, Rejection)
    assert outcome.reason == "The disk is full. Or go on without keeping them."
    assert isinstance(judged(TypedClient("mine", "")), Answer)


def test_nothing_else_answers_it() -> None:
    prompt: AskClient[Any] = question().prompt()
    assert judge(prompt, RawAnswer("mine")) is None


def test_no_secret_is_in_a_repr() -> None:
    answer = judged(TypedClient("mine", SECRET))
    for one in (TypedClient("mine", SECRET), answer, answer.value, answer.value.chosen, question()):
        assert SECRET not in repr(one)


# -- who is asked ------------------------------------------------------------------------------


def test_nobody_is_asked_for_what_could_go_to_two_servers() -> None:
    split = Provider(
        "Example",
        authorization_endpoint="https://as.example/authorize",
        token_endpoint="https://as.example/token",
        revocation_endpoint="https://elsewhere.example/revoke",
    )
    with pytest.raises(ConfigurationError, match=r"needs client=Client\(client_id\)") as caught:
        nb_oauth.login(split)
    assert "NB_OAUTH" not in str(caught.value)


def test_nobody_is_asked_where_no_app_would_do() -> None:
    with pytest.raises(ConfigurationError, match="No grant of Provider"):
        nb_oauth.login(
            Provider(
                "Example",
                token_endpoint="https://as.example/token",
                grant_types_supported=("password",),
            )
        )


def test_the_environment_and_the_file_ask_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ClientsFile().keep(known_provider("gitlab"), Client("kept"))
    request = asked("gitlab")
    assert (request.client.client_id, request.question) == ("kept", None)
    assert asked("gitlab", client=Client("passed")).client.client_id == "passed"
    monkeypatch.setenv("NB_OAUTH_GITLAB_CLIENT_ID", "named")
    assert asked("gitlab").client.client_id == "named"


def test_one_s_own_app_comes_before_everybody_s(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked("copernicus").client.client_id == "cdse-public"
    monkeypatch.setenv("NB_OAUTH_COPERNICUS_CLIENT_ID", "mine")
    assert (asked("copernicus").client.client_id, asked("copernicus").grant) == (
        "mine",
        "authorization_code",
    )


def test_the_demo_has_an_app_for_each_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NB_OAUTH_DEMO_CLIENT_ID", "mine")
    shared = known_provider("demo").client
    assert shared is not None
    assert asked("demo").client.client_id == shared.client_id


# -- the sign-in -------------------------------------------------------------------------------


def test_the_same_card_goes_on_with_the_answer(answers: list[Any]) -> None:
    widget = found()
    assert isinstance(widget, RegistrationLogin)
    widget._take(Appeared())
    assert form(widget).redirect_uri == "http://127.0.0.1/callback"
    typed(widget, "")
    assert wait_until(lambda: shown(widget).error, "an explanation").startswith(
        "Type the client ID"
    )
    typed(widget)
    assert "client_id=mine&" in link(widget)
    widget._take(RawAnswer("a-code", pasted=True))
    session = widget.wait(PATIENCE)
    assert session.client_id == "mine"
    assert widget._attempt is not None


HUB = "https://hub.example/services/nb-oauth/callback"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_question, "_PATIENCE", PATIENCE)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("provider", ["github", EXAMPLE])
def test_on_a_page_it_names_what_will_be_used_there(answers: list[Any], provider: Any) -> None:
    widget = found(provider)
    widget._take(Appeared())
    widget._take(Page(HUB))
    assert form(widget).redirect_uri == HUB
    typed(widget, "mine", SECRET, keep=True)
    assert query_of(link(widget))["redirect_uri"] == HUB
    assert f"{HUB} among its registered" in shown(widget).remarks[-1]
    widget._take(Page("https://other.example/nb-oauth/callback"))  # it is registered, come what may
    widget._take(RawAnswer("a-code", pasted=True))
    widget.wait(PATIENCE)
    kept = asked(provider)
    assert (kept.question, kept.client.redirect_uri) == (None, HUB)


@pytest.mark.usefixtures("patient")
def test_where_no_page_brings_it_back_a_loopback_address_is_registered(answers: list[Any]) -> None:
    widget = found("gitlab")
    widget._take(Appeared())
    widget._take(Page())
    assert form(widget).redirect_uri == "http://127.0.0.1:8917/callback"
    typed(widget)
    assert query_of(link(widget))["redirect_uri"] == "http://127.0.0.1:8917/callback"
    assert "cannot come back by itself" in shown(widget).remarks[-1]
    widget.cancel()


def test_a_page_that_comes_late_has_the_question_asked_anew(answers: list[Any]) -> None:
    widget = found()
    widget._take(Appeared())
    assert form(widget).redirect_uri == "http://127.0.0.1/callback"
    widget._take(Page(HUB))
    wait_until(
        lambda: (there := shown(widget).registration) and there.redirect_uri == HUB, "another URI"
    )
    widget.cancel()


def test_login_waits_for_the_question_and_the_sign_in(answers: list[Any]) -> None:
    with pytest.raises(nb_oauth.LoginTimeout):
        nb_oauth.login(EXAMPLE, scope="read", timeout=0)
    session = sign_in_by(found())
    assert nb_oauth.login(EXAMPLE, scope="read") is session


def test_a_secret_decides_which_grant_it_is(answers: list[Any]) -> None:
    widget = found("github")
    widget._take(Appeared())
    form(widget)
    typed(widget, "mine", SECRET)
    assert link(widget).startswith("https://github.com/login/oauth/authorize?")
    widget.cancel()


def test_a_double_click_is_one_answer(answers: list[Any]) -> None:
    widget = found()
    widget._take(Appeared())
    form(widget)
    typed(widget)
    typed(widget)
    assert link(widget)
    widget._take(RawAnswer("a-code", pasted=True))
    assert widget.wait(PATIENCE).authorized


def test_cancel_ends_the_question() -> None:
    widget = found()
    widget._take(Appeared())
    form(widget)
    widget._take(Cancelled())
    with pytest.raises(LoginCancelled):
        widget.wait(PATIENCE)


def test_a_new_link_of_an_old_panel_asks_again() -> None:
    widget = found()
    widget._take(Appeared())
    form(widget)
    widget._take(NewLinkWanted())
    typed(widget)
    assert link(widget)
    widget.cancel()


def test_a_wrong_id_is_mended_by_a_new_link(answers: list[Any]) -> None:
    widget = found()
    widget._take(Appeared())
    form(widget)
    typed(widget, "wrong", keep=True)
    assert "client_id=wrong&" in link(widget)
    widget._take(NewLinkWanted())
    form(widget)
    typed(widget, "right")
    wait_until(lambda: "client_id=right&" in (shown(widget).link or ""), "the other link")
    widget._take(RawAnswer("a-code", pasted=True))
    assert widget.wait(PATIENCE).client_id == "right"
    assert not ClientsFile().path.exists()


def test_an_answer_that_did_not_work_is_asked_for_again(answers: list[Any]) -> None:
    answers.append(nb_oauth.TokenError("refused", error="invalid_client"))
    widget = found()
    with pytest.raises(nb_oauth.TokenError):
        sign_in_by(widget, "wrong", keep=True)
    assert ClientsFile().find(KnownProvider(EXAMPLE)) is None
    assert asked().question is not None
    widget._take(NewLinkWanted())
    form(widget)
    typed(widget, "right")
    assert "client_id=right&" in link(widget)
    widget.cancel()


def test_what_worked_is_not_asked_for_again_after_signing_out(answers: list[Any]) -> None:
    widget = found()
    sign_in_by(widget)
    widget._take(SignOutWanted())
    shown(widget, Status.SIGNED_OUT)
    widget._take(NewLinkWanted())
    assert "client_id=mine&" in link(widget)
    widget.cancel()


# It was told what to register, so it is sent back there wherever it runs next.
AS_REGISTERED = Client("mine", client_secret=SECRET, redirect_uri="http://127.0.0.1/callback")


def test_what_is_not_kept_is_remembered_in_this_kernel_alone(
    answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_by(found(), secret=SECRET)
    assert not ClientsFile().path.exists()
    request = asked(scope="another")
    assert request.client == AS_REGISTERED
    elsewhere = Provider("Example", **{**_endpoints(), "token_endpoint": "https://evil.example/t"})
    assert asked(elsewhere).question is not None
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    assert asked().question is not None


def _endpoints() -> dict[str, str]:
    return {
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
    }


def test_what_is_kept_is_there_for_the_next_kernel(
    answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_by(found(), secret=SECRET, keep=True)
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    assert asked().client == AS_REGISTERED


def test_a_failure_to_keep_costs_no_session(
    answers: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ClientsFile, "keep", fail)
    session = sign_in_by(found(), secret=SECRET, keep=True)
    assert session.authorized
    assert "could not be kept for next time: [Errno 28]" in caplog.text
    assert SECRET not in caplog.text
    assert asked().client.client_id == "mine"  # remembered here at least


def test_the_answer_is_in_no_trait_no_message_and_no_log(
    answers: list[Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    widget = found()
    sent: list[Any] = []
    monkeypatch.setattr(widget, "send", lambda content, *_: sent.append(content))
    widget._take_message(widget, {"type": "hello", "id": "1"}, [])
    form(widget)
    buffers = [b"mine-and-mine", SECRET.encode(), b"1"]
    widget._take_message(widget, {"type": "registration", "id": "2"}, buffers)
    link(widget)
    widget._take(RawAnswer("a-code", pasted=True))
    widget.wait(PATIENCE)
    everything = [json.dumps(sent), repr(widget), repr(widget.get_state()), caplog.text]
    assert not [one for one in everything if SECRET in one]
    assert ClientsFile().find(KnownProvider(EXAMPLE)) is not None


def test_nobody_signs_in_by_a_grant_that_is_not_chosen() -> None:
    widget = found()
    with pytest.raises(NotImplementedError):
        widget._grant.flow(None)
