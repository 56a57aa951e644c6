"""The …Login widgets and login(): when they begin, what they wait for, what they tell."""

import asyncio
import re
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

import nb_oauth
from nb_oauth import place, sign_in
from nb_oauth.exceptions import (
    AuthorizationError,
    ConfigurationError,
    LoginCancelled,
    LoginError,
    LoginRequired,
    LoginTimeout,
    TokenError,
)
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.logins import AuthorizationCodeLogin, ImplicitLogin, Login, PasswordLogin
from nb_oauth.place import Place
from nb_oauth.prompts import Page, RawAnswer
from nb_oauth.session import OAuth2Session
from nb_oauth.stores import MemoryTokenStore
from nb_oauth.surfaces import (
    Appeared,
    Cancelled,
    NewLinkWanted,
    RenewWanted,
    SignOutWanted,
    Status,
    View,
)
from nb_oauth.tokens import TokenKey
from tests.polling import wait_until

PATIENCE = 10.0
PROVIDER = nb_oauth.Provider(
    "Example",
    authorization_endpoint="https://example.test/authorize",
    token_endpoint="https://example.test/token",
)
CLIENT = nb_oauth.Client("my-app", redirect_uri="https://app.test/cb")


@pytest.fixture(autouse=True)
def where(monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], None]:
    """A notebook, unless the test says otherwise; the kernel remembers nothing from before."""

    def be(there: Place) -> None:
        monkeypatch.setattr(place, "here", lambda: there)

    be(Place.NOTEBOOK)
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: None)
    return be


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the token endpoint answers; an ``error`` in it is raised."""
    token: dict[str, Any] = {"access_token": "t", "expires_in": 3600, "scope": "read"}

    def fetch(session: OAuth2Session, *_: Any, **__: Any) -> Any:
        if "error" in token:
            raise TokenError("refused", error=token["error"])
        session._keep({**token})
        return session.token

    monkeypatch.setattr(OAuth2Session, "fetch_token", fetch)
    return token


def new_login(**options: Any) -> AuthorizationCodeLogin:
    return AuthorizationCodeLogin(PROVIDER, CLIENT, **{"scope": "read", **options})


def answer_with_code(login: AuthorizationCodeLogin) -> None:
    login._take(RawAnswer("a-code", pasted=True))


def signed_in(login: AuthorizationCodeLogin) -> OAuth2Session:
    login._take(Appeared())
    answer_with_code(login)
    return login.wait(PATIENCE)


def test_wait_returns_the_session(token: dict[str, Any]) -> None:
    login = new_login()
    session = signed_in(login)
    assert session.token["access_token"] == "t"
    assert login.session is session
    assert login.status == "signed_in"


def test_await_returns_the_session(token: dict[str, Any]) -> None:
    login = new_login()

    async def wait() -> OAuth2Session:
        asyncio.get_running_loop().call_later(0.01, answer_with_code, login)
        return await login

    assert asyncio.run(wait()).authorized


def test_wait_shows_the_widget_if_nobody_has(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    monkeypatch.setattr(
        "IPython.display.publish_display_data", lambda data, **_: shown.append(data)
    )
    login = new_login()
    with pytest.raises(LoginTimeout):
        login.wait(0)
    with pytest.raises(LoginTimeout):
        login.wait(0)
    assert len(shown) == 1
    login._take(Cancelled())


def test_a_timeout_leaves_everything_usable(token: dict[str, Any]) -> None:
    login = new_login()
    with pytest.raises(LoginTimeout):
        login.wait(0.01)
    assert login.is_under_way
    assert signed_in(login).authorized


def test_an_interrupt_leaves_everything_usable_and_says_so(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    login = new_login()
    with monkeypatch.context() as pressed:
        pressed.setattr("nb_oauth.waiting.wait", interrupt)
        with pytest.raises(KeyboardInterrupt, match="goes on") as ended:
            login.wait()
    said = "The sign-in goes on: finish it, then use this login's .session in another cell."
    assert type(ended.value).__name__ == "KeyboardInterrupt"
    assert ended.value._render_traceback_() == [f"KeyboardInterrupt: {said}"]  # type: ignore[attr-defined]
    assert signed_in(login).authorized


def test_a_cell_that_finds_its_login_again_is_to_be_run_again(
    token: dict[str, Any],
) -> None:
    with pytest.raises(LoginTimeout, match=r"finish it, then run this cell again\.$"):
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read", timeout=0)
    with pytest.raises(LoginTimeout, match=r"finish it, then use this login's \.session in "):
        new_login().wait(0)


def test_a_scope_that_the_provider_refuses_ends_it_and_says_what_to_do() -> None:
    login = nb_oauth.login("demo", scope="everything", wait=False)
    login._take(Appeared())
    with closing(requests.Session()) as browser:
        browser.trust_env = False
        page = browser.get(shown_link(login), timeout=PATIENCE).text
    assert "change scope=…, and run it again" in page
    with pytest.raises(AuthorizationError, match=r"demo.* answered: invalid_scope") as refusal:
        login.wait(PATIENCE)
    assert login.status == "failed"
    assert login._view is not None
    assert login._view.error == str(refusal.value)
    assert nb_oauth.login("demo", scope="everything", wait=False) is not login


def shown_link(login: Login) -> str:
    wait_until(lambda: login._view is not None and login._view.link, "a link is shown")
    assert login._view is not None
    return str(login._view.link)


@pytest.mark.parametrize(
    "sign_in_by",
    [
        partial(nb_oauth.login, "demo"),
        partial(nb_oauth.login, PROVIDER, client=CLIENT, wait=False),
        partial(AuthorizationCodeLogin, PROVIDER, CLIENT),
        nb_oauth.demo.start,
    ],
)
def test_in_a_browser_one_line_says_where_to_run_it_instead(
    where: Callable[[Place], None], sign_in_by: Callable[[], object]
) -> None:
    where(Place.BROWSER)
    with pytest.raises(LoginRequired, match="Run this with a kernel on a computer") as refusal:
        sign_in_by()
    assert len(refusal.value._render_traceback_()) == 1


def test_cancel_is_told_and_the_next_wait_begins_anew(token: dict[str, Any]) -> None:
    login = new_login()
    login._take(Appeared())
    login._take(Cancelled())
    with pytest.raises(LoginCancelled):
        login.wait(PATIENCE)
    login._take(Cancelled())  # pressed late: nothing to cancel
    with pytest.raises(LoginTimeout):
        login.wait(0)
    assert signed_in(login).authorized


def test_cancel_before_anything_began_is_nothing() -> None:
    login = new_login()
    login.cancel()
    assert not login.is_under_way
    assert not login.has_failed


def test_a_new_link_after_cancel_begins_another_attempt(token: dict[str, Any]) -> None:
    login = new_login()
    login._take(Appeared())
    login._take(Cancelled())
    with pytest.raises(LoginCancelled):
        login.wait(PATIENCE)
    login._take(Appeared())
    assert login.has_failed  # a reloaded page alone begins nothing
    login._take(NewLinkWanted())
    answer_with_code(login)
    assert login.wait(PATIENCE).authorized


def test_a_refusal_of_the_token_endpoint_is_told(token: dict[str, Any]) -> None:
    token["error"] = "invalid_client"
    login = new_login()
    with pytest.raises(TokenError):
        signed_in(login)
    assert login.status == "failed"


def test_showing_it_begins(token: dict[str, Any]) -> None:
    login = new_login()
    assert not login.is_under_way
    login.display()
    assert login.is_under_way
    login.display()
    assert signed_in(login).authorized


def test_on_signed_in_is_called_once_before_or_after(token: dict[str, Any]) -> None:
    login = new_login()
    told: list[OAuth2Session] = []
    login.on_signed_in(told.append)
    login._take(Appeared())
    login.on_signed_in(told.append)
    session = signed_in(login)
    login.on_signed_in(told.append)
    wait_until(lambda: told == [session] * 3, "each is called once")


def test_on_signed_in_that_fails_harms_nobody(
    token: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    login = new_login()
    told: list[OAuth2Session] = []
    login.on_signed_in(lambda _: 1 / 0)
    login.on_signed_in(told.append)
    session = signed_in(login)
    wait_until(lambda: told == [session], "the other function is called")
    assert "follows a login failed" in caplog.text


def test_on_signed_in_is_not_called_for_a_failure(token: dict[str, Any]) -> None:
    login = new_login()
    told: list[OAuth2Session] = []
    login.on_signed_in(told.append)
    login._take(Appeared())
    login._take(Cancelled())
    with pytest.raises(LoginCancelled):
        login.wait(PATIENCE)
    assert told == []


@pytest.mark.parametrize("there", [Place.UNATTENDED, Place.ELSEWHERE])
def test_nobody_is_never_waited_for(there: Place, where: Callable[[Place], None]) -> None:
    where(there)
    login = new_login()
    login.display()
    assert not login.is_under_way
    with pytest.raises(LoginRequired, match="Example"):
        login.wait()


def test_what_was_not_granted_is_named(token: dict[str, Any]) -> None:
    with pytest.warns(UserWarning, match="Not granted: write"):
        signed_in(new_login(scope="read write"))


# -- login() -------------------------------------------------------------------------------


def sign_in_with(monkeypatch: pytest.MonkeyPatch) -> list[AuthorizationCodeLogin]:
    """Let somebody sign in as soon as a widget waits; return the widgets that waited."""
    widgets: list[AuthorizationCodeLogin] = []
    wait = AuthorizationCodeLogin.wait

    def answer_and_wait(login: AuthorizationCodeLogin, timeout: float | None = None) -> Any:
        widgets.append(login)
        login._begin()
        answer_with_code(login)
        return wait(login, PATIENCE)

    monkeypatch.setattr(AuthorizationCodeLogin, "wait", answer_and_wait)
    return widgets


def test_login_asks_once(token: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    widgets = sign_in_with(monkeypatch)
    first = nb_oauth.login(PROVIDER, client=CLIENT, scope="read")
    second = nb_oauth.login(PROVIDER, client=CLIENT, scope=["read"])
    assert first is second
    assert len(widgets) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"scope": "read write"},
        {"account": "work"},
        {"client": nb_oauth.Client("another-app", redirect_uri="https://app.test/cb")},
    ],
)
def test_login_asks_again_for_anything_else(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    widgets = sign_in_with(monkeypatch)
    usual: dict[str, Any] = {"client": CLIENT, "scope": "read"}
    nb_oauth.login(PROVIDER, **usual)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # not all of it is granted
        nb_oauth.login(PROVIDER, **{**usual, **other})
    assert len(widgets) == 2


def test_login_asks_again_when_the_token_has_ended(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    widgets = sign_in_with(monkeypatch)
    token["expires_in"] = -1
    nb_oauth.login(PROVIDER, client=CLIENT, scope="read")
    nb_oauth.login(PROVIDER, client=CLIENT, scope="read")
    assert len(widgets) == 2


def found(request: Any) -> AuthorizationCodeLogin:
    widget = sign_in._memory.find(request)
    assert isinstance(widget, AuthorizationCodeLogin)
    return widget


def test_login_knows_a_session_that_no_cell_waited_for(token: dict[str, Any]) -> None:
    with pytest.raises(LoginTimeout):
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read", timeout=0)
    request = sign_in._request(PROVIDER, CLIENT, "read", None, None)
    answer_with_code(found(request))
    wait_until(lambda: isinstance(sign_in._memory.find(request), OAuth2Session), "it is remembered")


def test_a_sign_in_that_was_replaced_leaves_the_newer_one_alone(token: dict[str, Any]) -> None:
    older_request = sign_in._request(PROVIDER, CLIENT, "read", None, None)
    older = found(older_request)
    older.display()
    request = sign_in._request(PROVIDER, CLIENT, "write", None, None)
    newer = found(request)
    session = OAuth2Session.open(PROVIDER, CLIENT, token=token)
    sign_in._memory._remember(older_request, session, older)
    sign_in._memory._serve_others(older_request, session, older)
    assert sign_in._memory._logins[request.key][1] is newer


@pytest.mark.parametrize("begun", [True, False], ids=["under way", "not begun"])
def test_who_waits_at_a_newer_widget_goes_on_with_what_an_older_one_brings(
    token: dict[str, Any], *, begun: bool
) -> None:
    older = nb_oauth.login(PROVIDER, client=CLIENT, scope="read", wait=False)
    older._take(Cancelled())
    wait_until(lambda: older.has_failed, "it is cancelled")
    newer = found(sign_in._request(PROVIDER, CLIENT, "read", None, None))
    other = nb_oauth.login(PROVIDER, client=CLIENT, scope="read", account="work", wait=False)
    assert newer is not older
    if begun:
        newer.display()
        wait_until(lambda: newer._view is not None and newer._view.link, "somebody can sign in")
    told: list[OAuth2Session] = []
    newer.on_signed_in(told.append)
    older._take(NewLinkWanted())
    answer_with_code(older)
    session = older.wait(PATIENCE)
    assert newer.wait(PATIENCE) is session
    wait_until(lambda: told == [session], "its followers are told")
    assert newer.status == "signed_in"
    assert found_session(sign_in._request(PROVIDER, CLIENT, "read", None, None)) is session
    assert not sign_in._memory._logins.keys() - {key_of(other)}
    assert other.is_under_way


def test_who_follows_a_newer_widget_holds_up_nobody_at_the_older_one(
    token: dict[str, Any],
) -> None:
    request = sign_in._request(PROVIDER, CLIENT, "read", None, None)
    older = nb_oauth.login(PROVIDER, client=CLIENT, scope="read", wait=False)
    older._take(Cancelled())
    wait_until(lambda: older.has_failed, "it is cancelled")
    newer = found(request)
    goes_on: list[bool] = []
    newer.on_signed_in(lambda _: goes_on.append(older.is_done))
    older._take(NewLinkWanted())
    answer_with_code(older)
    session = older.wait(PATIENCE)
    wait_until(lambda: goes_on == [True], "its follower is told")
    sign_in._memory._logins[request.key] = request, newer
    sign_in._memory._serve_others(request, session, older)
    assert goes_on == [True]  # once


def test_what_has_to_be_done_and_fails_loses_no_session(token: dict[str, Any]) -> None:
    told: list[OAuth2Session] = []

    def stop(session: OAuth2Session) -> None:
        told.append(session)
        raise SystemExit

    login = nb_oauth.login(PROVIDER, client=CLIENT, scope="read", wait=False)
    login.prepare(stop)
    answer_with_code(login)
    assert [login.wait(PATIENCE)] == told


def test_nobody_waits_for_the_store_of_another(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = OAuth2Session.open(PROVIDER, CLIENT, token=token)
    store = MemoryTokenStore()
    request = sign_in._request(PROVIDER, CLIENT, "read", None, None, store=store)
    store.save(request.key, token)
    load, is_locked = store.load, list[bool]()

    def another_is_quicker(key: TokenKey) -> Any:
        def look() -> None:
            is_locked.append(not sign_in._memory._lock.acquire(timeout=5))
            if not is_locked[0]:
                sign_in._memory._put(request.key, session)
                sign_in._memory._lock.release()

        if not is_locked:
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        return load(key)

    monkeypatch.setattr(store, "load", another_is_quicker)
    assert sign_in._memory.find(request) is session
    assert is_locked == [False]


def test_a_newer_widget_asks_on_for_what_an_older_one_does_not_bring(
    token: dict[str, Any],
) -> None:
    older = nb_oauth.login(PROVIDER, client=CLIENT, scope="read", wait=False)
    newer = nb_oauth.login(PROVIDER, client=CLIENT, scope="read write", wait=False)
    wait_until(lambda: older.has_failed, "it was replaced")
    older._take(NewLinkWanted())
    answer_with_code(older)
    older.wait(PATIENCE)
    assert newer.is_under_way


def test_what_an_older_widget_brings_is_limited_as_the_newer_one_was_told_to(
    token: dict[str, Any],
) -> None:
    older = nb_oauth.login(PROVIDER, client=CLIENT, scope="read", wait=False)
    hosts, store = ["api.example"], MemoryTokenStore()
    request = sign_in._request(
        PROVIDER, CLIENT, "read", None, None, store=store, allowed_hosts=hosts
    )
    older._take(Cancelled())
    wait_until(lambda: older.has_failed, "it is cancelled")
    newer = found(request)
    older._take(NewLinkWanted())
    seen: list[Any] = []
    newer.on_signed_in(lambda session: seen.append(session.allowed_hosts))
    answer_with_code(older)
    session = newer.wait(PATIENCE)
    wait_until(lambda: seen, "its followers are told")
    assert session is older.session
    assert seen == [tuple(hosts)]
    assert (store.load(request.key) or {})["access_token"] == session.access_token


def found_session(request: Any) -> OAuth2Session | Login:
    return sign_in._memory.find(request)


def key_of(login: Login) -> Any:
    return next(key for key, (_, one) in sign_in._memory._logins.items() if one is login)


def test_login_after_all_widgets_were_closed_makes_another(token: dict[str, Any]) -> None:
    with pytest.raises(LoginTimeout):
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read", timeout=0)
    closed = found(sign_in._request(PROVIDER, CLIENT, "read", None, None))
    closed.close()
    wait_until(lambda: not closed.is_under_way, "the attempt ends with its widget")
    with pytest.raises(LoginTimeout):
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read", timeout=0)
    with pytest.raises(LoginError, match="closed"):
        closed.wait()


def test_what_a_person_did_not_grant_is_asked_for_again(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    widgets = sign_in_with(monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read write")
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read write")
    assert len(widgets) == 2


def test_login_goes_on_with_what_an_interrupted_cell_began(token: dict[str, Any]) -> None:
    with pytest.raises(LoginTimeout):
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read", timeout=0)
    request = sign_in._request(PROVIDER, CLIENT, "read", None, None)
    widget = found(request)
    answer_with_code(widget)
    assert nb_oauth.login(PROVIDER, client=CLIENT, scope="read", timeout=PATIENCE).authorized
    assert widget.status == "signed_in"


def test_login_with_other_arguments_begins_anew(token: dict[str, Any]) -> None:
    first = found(sign_in._request(PROVIDER, CLIENT, "read", None, None))
    first.display()
    other = found(sign_in._request(PROVIDER, CLIENT, "write", None, None))
    assert first is not other
    with pytest.raises(LoginCancelled):  # nobody would know which of the two to answer
        first.wait(PATIENCE)


def test_login_after_cancel_asks_anew(token: dict[str, Any]) -> None:
    request = sign_in._request(PROVIDER, CLIENT, "read", None, None)
    widget = found(request)
    widget._begin()
    widget.cancel()
    with pytest.raises(LoginCancelled):
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read")
    assert found(request) is not widget


def test_login_says_which_names_are_known() -> None:
    with pytest.raises(ConfigurationError, match="demo"):
        nb_oauth.login("no-such-provider")


def test_a_mistyped_keyword_is_an_error_and_no_parameter() -> None:
    with pytest.raises(TypeError, match="scpoe"):
        nb_oauth.login(PROVIDER, client=CLIENT, scpoe="read")  # type: ignore[call-arg]


def link_of(login: Any) -> dict[str, str]:
    """The parameters of the link that is shown."""
    wait_until(lambda: login._view is not None and login._view.link, "a link is shown")
    return dict(parse_qsl(urlsplit(login._view.link).query))


UNSAID = nb_oauth.Client("my-app")
CALLBACK = "https://hub.test/user/ada/nb-oauth/callback"


@pytest.mark.parametrize("kind", [AuthorizationCodeLogin, ImplicitLogin])
def test_where_the_app_does_not_say_the_page_decides_where_it_is_sent_back_to(
    kind: type[Login],
) -> None:
    login = kind(PROVIDER, UNSAID, scope="read")
    login._take(Appeared())
    login._take(Page(CALLBACK))
    wait_until(lambda: login.status == "waiting", "the link is there")
    assert link_of(login)["redirect_uri"] == CALLBACK
    assert CALLBACK in login._view.remarks[-1]
    assert login._view.remarks[:-1] == login.remarks
    login.cancel()


def test_a_page_is_asked_of_nothing_that_the_app_says() -> None:
    login = new_login()
    login._take(Appeared())
    wait_until(lambda: login.status == "waiting", "the link is there")
    assert login._view.probe is None
    login.cancel()


@pytest.mark.parametrize("late", [False, True])
def test_a_page_is_not_asked_where_there_is_none(
    where: Callable[[Place], None], *, late: bool
) -> None:
    if not late:
        where(Place.TERMINAL)
    login = AuthorizationCodeLogin(PROVIDER, UNSAID, scope="read")
    login._take(Appeared())
    wait_until(lambda: login.status == "waiting", "the link is there", seconds=10)
    assert link_of(login)["redirect_uri"].startswith("http://127.0.0.1:")
    assert login._attempt is not None
    assert login._attempt._catcher.asks_page == late
    login.cancel()


def test_a_second_login_asks_for_its_own_scope_not_for_what_was_granted(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_with(monkeypatch)
    nb_oauth.login(PROVIDER, client=CLIENT, scope="read")
    second = found(sign_in._request(PROVIDER, CLIENT, "read write", None, None))
    second.display()
    assert link_of(second)["scope"] == "read write"
    second.cancel()


def test_what_login_is_given_reaches_the_provider_and_the_store(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = sign_in._request(PROVIDER, CLIENT, "read", {"prompt": "consent"}, "work")
    widget = found(request)
    widget.display()
    assert link_of(widget)["prompt"] == "consent"
    answer_with_code(widget)
    session = widget.wait(PATIENCE)
    assert session.account.label == "work"
    marked = {**session.token, "token_endpoint": "https://example.test/token"}
    assert sign_in._memory._store.load(request.key) == marked


def test_a_live_session_says_so_again(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_with(monkeypatch)
    nb_oauth.login(PROVIDER, client=CLIENT, scope="read")
    shown: list[str] = []
    monkeypatch.setattr(
        "IPython.display.publish_display_data", lambda data, **_: shown.append(data["text/plain"])
    )
    nb_oauth.login(PROVIDER, client=CLIENT, scope="read")
    assert shown == ["Signed in to Example. Run this cell to sign in as yourself."]


def test_where_nobody_is_a_live_session_is_returned_without_a_word(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch, where: Callable[[Place], None]
) -> None:
    sign_in_with(monkeypatch)
    session = nb_oauth.login(PROVIDER, client=CLIENT, scope="read")
    where(Place.UNATTENDED)
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: 1 / 0)
    assert nb_oauth.login(PROVIDER, client=CLIENT, scope="read") is session


def test_where_nobody_is_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, where: Callable[[Place], None]
) -> None:
    where(Place.ELSEWHERE)
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: 1 / 0)
    with pytest.raises(LoginRequired):
        nb_oauth.login(PROVIDER, client=CLIENT, scope="read")


@pytest.mark.parametrize(
    ("misuse", "words"),
    [
        ({"scope": 5}, "scope=5"),
        ({"scope": [1, 2]}, "no scope"),
        ({"client": "my-id"}, "Client("),
        ({"provider": None}, "Provider("),
        ({"extra": "prompt=consent"}, "a mapping"),
        ({"timeout": "soon"}, "seconds"),
        ({"timeout": -1}, "seconds"),
        ({"timeout": True}, "seconds"),
    ],
)
def test_what_is_of_another_kind_is_named_with_what_to_pass(
    misuse: dict[str, Any], words: str
) -> None:
    arguments = {"provider": PROVIDER, "client": CLIENT, "scope": "read", **misuse}
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        nb_oauth.login(**arguments)


def test_an_observer_that_waits_for_the_session_is_told_that_it_cannot(
    token: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    login = new_login()
    told: list[object] = []

    def follow(change: Any) -> None:
        try:
            told.append(login.session)
        except LoginError as error:
            told.append(error)

    login.observe(follow, "status")
    session = signed_in(login)
    wait_until(lambda: told and told[-1] is session, "the last observer gets the session")
    assert all("on_signed_in" in str(one) for one in told[:-1])


def test_a_widget_whose_session_has_ended_signs_in_again(token: dict[str, Any]) -> None:
    login = new_login()
    first = signed_in(login)
    first.token = {"access_token": "t", "expires_at": 1}
    assert not first.is_alive
    with pytest.raises(LoginTimeout):
        login.wait(0)
    login._take(RawAnswer("another-code", pasted=True))  # a code works once
    second = login.wait(PATIENCE)
    assert second is not first
    assert second.is_alive


def test_whoever_signed_out_before_anybody_waited_is_asked_again(token: dict[str, Any]) -> None:
    login = new_login()
    first = signed_in_unnoticed(login)
    nb_oauth.logout(first)
    with pytest.raises(LoginTimeout):
        login.wait(0)
    login._take(RawAnswer("another-code", pasted=True))
    second = login.session
    assert second is not first
    assert second.authorized


def test_on_signed_in_waits_for_the_next_where_somebody_signed_out(token: dict[str, Any]) -> None:
    login = new_login()
    nb_oauth.logout(signed_in_unnoticed(login))
    followed: list[OAuth2Session] = []
    login.on_signed_in(followed.append)
    assert followed == []
    login._take(NewLinkWanted())
    login._take(RawAnswer("another-code", pasted=True))
    assert followed_soon(followed).authorized


def signed_in_unnoticed(login: AuthorizationCodeLogin) -> OAuth2Session:
    """Sign in while no cell waits."""
    sessions: list[OAuth2Session] = []
    login.on_signed_in(sessions.append)
    login._take(Appeared())
    answer_with_code(login)
    return followed_soon(sessions)


def followed_soon(sessions: list[OAuth2Session]) -> OAuth2Session:
    wait_until(lambda: sessions, "somebody signs in", seconds=PATIENCE)
    return sessions[0]


def test_a_closed_login_begins_nothing(token: dict[str, Any]) -> None:
    login = new_login()
    login.close()
    with pytest.raises(LoginError, match="closed"):
        login.display()
    assert not login.is_under_way


# -- after signing in ------------------------------------------------------------------------


def shown_by(login: AuthorizationCodeLogin, monkeypatch: pytest.MonkeyPatch) -> list[View]:
    """What the login shows from now on."""
    views: list[View] = []
    show = login.show
    monkeypatch.setattr(login, "show", lambda view: (show(view), views.append(view)))
    return views


def test_the_token_is_renewed_at_a_click(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    login = new_login()
    session = signed_in(login)
    session.token = {**token, "refresh_token": "r"}
    monkeypatch.setattr(session, "renew", lambda: session._keep({**token, "access_token": "new"}))
    views = shown_by(login, monkeypatch)
    login._take(RenewWanted())
    view = wait_until(lambda: views and views[-1], "it was shown")
    assert session.token["access_token"] == "new"
    assert view.progress.startswith("The token was renewed. It is good until ")
    assert (view.status, view.error) == (Status.SIGNED_IN, None)


def test_a_renewal_without_a_date_says_no_more_than_it_knows(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    token.pop("expires_in")
    login = new_login()
    session = signed_in(login)
    monkeypatch.setattr(session, "renew", lambda: None)
    views = shown_by(login, monkeypatch)
    login._take(RenewWanted())
    view = wait_until(lambda: views and views[-1], "it was shown")
    assert view.progress == "The token was renewed."


def test_a_renewal_that_fails_is_explained(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    login = new_login()
    signed_in(login)  # nothing came to renew it with
    views = shown_by(login, monkeypatch)
    login._take(RenewWanted())
    view = wait_until(lambda: views and views[-1], "it was shown")
    assert "gave nothing to renew" in str(view.error)
    assert (view.status, view.progress) == (Status.SIGNED_IN, "Signed in to Example.")
    assert login.is_done


def test_signing_out_at_a_click_and_in_again(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    login = new_login()
    session = signed_in(login)
    views = shown_by(login, monkeypatch)
    login._take(SignOutWanted())
    view = wait_until(lambda: views and views[-1], "it was shown")
    assert view.status is Status.SIGNED_OUT
    assert view.progress.startswith("Signed out of Example: the tokens are forgotten here.")
    assert (session.authorized, login.is_done) == (False, False)
    login._take(NewLinkWanted())
    wait_until(lambda: login.status == "waiting", "somebody can sign in again")
    login._take(RawAnswer("another-code", pasted=True))
    assert login.wait(PATIENCE).authorized


def test_who_has_not_signed_in_has_nothing_to_renew(token: dict[str, Any]) -> None:
    login = new_login()
    login._take(RenewWanted())
    login._take(Appeared())
    login._take(SignOutWanted())
    assert login.is_under_way
    login.cancel()


def test_an_observer_that_fails_harms_no_account(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    login = new_login()
    signed_in(login)

    def fail(_: View) -> None:
        raise RuntimeError("an observer's own")

    monkeypatch.setattr(login, "show", fail)
    login._take(SignOutWanted())
    wait_until(lambda: "could not be shown" in caplog.text, "it was logged")


# -- what each login says of itself ----------------------------------------------------------


@pytest.mark.parametrize("kind", [ImplicitLogin, PasswordLogin])
def test_what_rfc_9700_advises_against_says_what_to_use(kind: type[Login]) -> None:
    (advice,) = kind(PROVIDER, CLIENT).remarks  # type: ignore[call-arg, arg-type]
    assert "RFC 9700" in advice
    assert "use AuthorizationCodeLogin" in advice


def test_remarks_are_shown(token: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    login = new_login()
    login.remarks = ("why this way",)
    views = shown_by(login, monkeypatch)
    signed_in(login)
    assert {view.remarks for view in views} == {("why this way",)}


def test_two_sign_ins_at_one_provider_differ_by_their_label(
    token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    login = new_login(account="work")
    views = shown_by(login, monkeypatch)
    signed_in(login)
    assert {view.heading for view in views} == {"Sign in to Example (work)"}
    assert views[-1].progress == "Signed in to Example (work)."
