"""login(…, wait=False), and where that is the default: Voilà and marimo."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import nb_oauth
from nb_oauth import (
    Client,
    ConfigurationError,
    LoginPending,
    LoginRequired,
    OAuth2Session,
    place,
    sign_in,
)
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.logins import ClientCredentialsLogin, Login, followers
from nb_oauth.place import Cell, Place
from nb_oauth.prompts import RawAnswer
from nb_oauth.surfaces import NewLinkWanted, SignOutWanted
from nb_oauth.surfaces import output as output_module
from tests.polling import wait_until
from tests.unit.fake_marimo import FakeMarimo, Kernel
from tests.unit.session_stage import reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.session_stage import Stage

APP = Client("app", redirect_uri="https://app.test/cb")
SERVICE = Client("app", client_secret="s3cret/+")
CALLED = "nb_oauth.login(…, wait=False).on_signed_in(function)"
NO_WAITING = [Place.REACTIVE, Place.APP]
WITH_WIDGETS = [Place.NOTEBOOK, *NO_WAITING]


@pytest.fixture(autouse=True)
def where(monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], None]:
    """A Voilà page, unless the test says otherwise; nothing is remembered from before."""

    def be(there: Place) -> None:
        monkeypatch.setattr(place, "here", lambda: there)
        for module in ("waiting.delivery", "waiting.gate"):
            monkeypatch.setattr(f"nb_oauth.{module}.here", lambda: there)

    be(Place.APP)
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    return be


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Everything that the running cell has shown, or has had replaced."""
    bundles: list[dict[str, Any]] = []

    def publish(
        data: dict[str, str], metadata: dict[str, str], transient: object, *, update: bool
    ) -> None:
        assert metadata == {}  # None makes a notebook invalid where the kernel is xeus-python
        bundles.append({**data, "update": update})

    monkeypatch.setattr("IPython.display.publish_display_data", publish)
    return bundles


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Run a cell, as far as the place is asked."""

    def run(execution: str) -> None:
        monkeypatch.setattr(place, "running_cell", lambda: Cell("cell-1", execution))

    run("first")
    return run


@pytest.fixture
def ended() -> Any:
    """Cancel what a test leaves."""
    logins: list[Login] = []
    yield logins.append
    for login in logins:
        login.cancel()


def ask(stage: Stage, ended: Any = None, **arguments: Any) -> Any:
    came = nb_oauth.login(stage.provider, **{"client": APP, "scope": "read", **arguments})
    if ended is not None and isinstance(came, Login):
        ended(came)
    return came


def answer(login: Login, code: str = "a-code") -> OAuth2Session:
    """Bring the code that the stage takes, as the browser would."""
    wait_until(lambda: login.status == "waiting", "it waits")
    assert login._view is not None
    state = str(login._view.link).partition("state=")[2].partition("&")[0]
    assert login._attempt is not None
    login._attempt.put(RawAnswer(f"https://app.test/cb?code={code}&state={state}"))
    return login._attempt.future.result(10)


def sign_out(login: Login) -> None:
    session = login.session
    login._take(SignOutWanted())
    wait_until(lambda: not session.is_alive, "the session has ended")


def answer_again(stage: Stage, login: Login) -> OAuth2Session:
    """Sign in once more, by the button of a widget whose session was signed out."""
    stage.at_token = lambda _: reply(access_token="another", expires_in=60)
    wait_until(lambda: login.status == "signed_out", "it says so")
    login._take(NewLinkWanted())
    return answer(login, "another-code")


def lines(published: list[dict[str, Any]]) -> list[str]:
    return [one["text/plain"] for one in published if output_module._WIDGET_VIEW not in one]


# -- wait=False ------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", WITH_WIDGETS)
def test_the_widget_is_shown_and_returned_at_once(
    stage: Stage,
    there: Place,
    where: Callable[[Place], None],
    published: list[dict[str, Any]],
    ended: Any,
) -> None:
    where(there)
    called: list[OAuth2Session] = []
    login = ask(stage, ended, wait=False)
    assert isinstance(login, Login)
    login.on_signed_in(called.append)
    assert login.status in {"preparing", "waiting"}
    assert published[0][output_module._WIDGET_VIEW]["model_id"] == login.model_id
    assert lines(published) == []  # who says so need not be told
    session = answer(login)
    wait_until(lambda: called == [session], "the function is called")
    assert login.session is session
    assert ask(stage) is session


@pytest.mark.parametrize("there", WITH_WIDGETS)
def test_with_a_session_at_hand_it_is_done(
    stage: Stage, there: Place, where: Callable[[Place], None], published: list[dict[str, Any]]
) -> None:
    where(there)
    session = answer(ask(stage, wait=False))
    published.clear()
    called: list[OAuth2Session] = []
    login = ask(stage, wait=False)
    login.on_signed_in(called.append)
    assert called == [session]
    assert login.session is session
    assert login.status == "signed_in"
    [shown] = published
    assert shown["text/plain"].startswith("Signed in to ")
    assert shown[output_module._WIDGET_VIEW]["model_id"] == login.model_id
    assert ask(stage) is session  # which the kernel goes on to remember


def test_the_session_is_as_the_call_has_it(stage: Stage, ended: Any) -> None:
    first = ask(stage, ended, wait=False)
    again = ask(stage, allowed_hosts=["api.test"], wait=False)
    assert again is first
    assert answer(first).allowed_hosts == ("api.test",)


def test_as_the_last_expression_of_its_cell_it_is_shown_once(
    stage: Stage, published: list[dict[str, Any]], cell: Callable[[str], None], ended: Any
) -> None:
    login = ask(stage, ended, wait=False)
    login._ipython_display_()
    assert len(published) == 1
    cell("second")
    login._ipython_display_()
    assert len(published) == 2


def test_at_a_terminal_it_says_how_to_begin(
    stage: Stage, where: Callable[[Place], None], capsys: pytest.CaptureFixture[str]
) -> None:
    where(Place.TERMINAL)
    login = ask(stage, wait=False)
    assert "call its wait()" in capsys.readouterr().err
    assert not login.is_under_way


@pytest.mark.parametrize("there", [Place.UNATTENDED, Place.ELSEWHERE])
def test_with_nobody_there_it_is_no_way_out(
    stage: Stage, there: Place, where: Callable[[Place], None]
) -> None:
    where(there)
    with pytest.raises(LoginRequired, match="NB_OAUTH_"):
        ask(stage, wait=False)


@pytest.mark.parametrize("there", [Place.ELSEWHERE, Place.TERMINAL])
def test_an_app_that_acts_as_itself_is_waited_for_where_no_widget_is_shown(
    stage: Stage, there: Place, where: Callable[[Place], None]
) -> None:
    where(there)
    login = ask(stage, client=SERVICE, grant="client_credentials", wait=False)
    assert isinstance(login, ClientCredentialsLogin)
    assert login.is_done


def test_what_is_neither_yes_nor_no_is_refused(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match=r"^wait=0 will not do: pass True or False"):
        ask(stage, wait=0)


def test_who_signs_out_and_in_again_in_the_widget_is_followed(stage: Stage) -> None:
    early: list[OAuth2Session] = []
    late: list[OAuth2Session] = []
    login = ask(stage, wait=False, allowed_hosts=["api.test"])
    login.on_signed_in(early.append)
    first = answer(login)
    wait_until(lambda: early == [first], "the function is called")
    login.on_signed_in(late.append)
    sign_out(login)
    second = answer_again(stage, login)
    wait_until(lambda: late == [first, second], "both functions are called again")
    assert early == [first, second]
    assert second.allowed_hosts == ("api.test",)
    assert ask(stage) is second


def test_so_is_who_does_where_there_was_a_session(stage: Stage) -> None:
    first = answer(ask(stage, wait=False))
    login = ask(stage, wait=False)
    sign_out(login)
    second = answer_again(stage, login)
    assert second is not first
    assert ask(stage) is second


def test_a_cell_that_runs_again_follows_in_place_of_what_it_said_before(
    stage: Stage, cell: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def follow(name: str) -> None:
        login.on_signed_in(lambda _: told.append(name))

    login = ask(stage, wait=False)
    for execution in ("first", "again"):
        cell(execution)
        assert ask(stage, wait=False) is login  # which is remembered nevertheless
        follow(f"{execution} one")
        follow(f"{execution} other")
    monkeypatch.setattr(place, "running_cell", lambda: Cell("cell-2", "its first"))
    follow("another cell's")
    monkeypatch.setattr(place, "running_cell", lambda: None)
    follow("a thread's")
    session = answer(login)
    expected = ["again one", "again other", "another cell's", "a thread's"]
    wait_until(lambda: told == expected, "they are called")
    assert ask(stage) is session


def test_who_follows_just_as_somebody_signs_in_is_told_once(stage: Stage) -> None:
    login = ask(stage, wait=False)
    told: list[OAuth2Session] = []
    tell = login._tell_followers

    def follow_first(future: Any) -> None:
        login.on_signed_in(told.append)
        tell(future)

    login._attempt.future._done_callbacks.insert(0, follow_first)
    login._attempt.future._done_callbacks.remove(tell)
    session = answer(login)
    wait_until(lambda: told != [], "the function is called")
    login.on_signed_in(told.append)
    assert told == [session, session]  # once each


def test_what_has_to_be_done_is_done_before_anybody_goes_on(stage: Stage) -> None:
    login = ask(stage, wait=False)
    can_go_on: list[bool] = []
    login.prepare(lambda _: can_go_on.append(login._attempt.future.done()))
    session = answer(login)
    assert can_go_on == [False]
    assert ask(stage) is session
    login.prepare(lambda _: can_go_on.append(True))  # what comes later is done at once
    assert can_go_on == [False, True]


# -- where it is the default -----------------------------------------------------------------------


@pytest.mark.parametrize("there", NO_WAITING)
def test_where_no_cell_can_wait_it_is_the_default_and_one_line_says_so(
    stage: Stage,
    there: Place,
    where: Callable[[Place], None],
    published: list[dict[str, Any]],
    ended: Any,
) -> None:
    where(there)
    login = ask(stage, ended)
    assert isinstance(login, Login)
    [line] = lines(published)
    assert line.startswith(f"No cell can wait here: {CALLED} calls function(session)")
    assert line.endswith("Or run this cell again after that.") is (there is Place.REACTIVE)
    session = answer(login)
    published.clear()
    assert ask(stage) is session
    assert lines(published) == ["Signed in to Stage. Run this cell to sign in as yourself."]


def test_a_call_that_finds_the_widget_there_is_heeded_as_one_that_waits(
    stage: Stage, ended: Any
) -> None:
    login = ask(stage, ended)
    assert ask(stage, allowed_hosts=["api.test"]) is login
    assert answer(login).allowed_hosts == ("api.test",)


def test_who_wants_to_wait_is_told_that_no_cell_can(
    stage: Stage, published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nb_oauth.waiting.kernels.is_foreign", lambda: True)
    with pytest.raises(LoginPending, match=r"No cell can wait here: .*wait=False"):
        ask(stage, wait=True)
    assert output_module._WIDGET_VIEW in published[0]
    login = ask(stage, wait=False)
    with pytest.raises(LoginPending, match="No cell can wait here"):
        _ = login.session
    login.cancel()


def test_an_app_that_acts_as_itself_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nb_oauth.waiting.kernels.is_foreign", lambda: True)
    session = ask(stage, client=SERVICE, grant="client_credentials")
    assert isinstance(session, OAuth2Session)


@pytest.mark.parametrize(
    ("there", "advice"), [(Place.APP, CALLED), (Place.NOTEBOOK, "its .session waits for somebody")]
)
def test_used_as_a_session_it_says_what_to_do_and_then_is_one(
    stage: Stage, there: Place, advice: str, where: Callable[[Place], None]
) -> None:
    where(there)
    login = ask(stage, wait=False)
    for name in ("get", "headers", "userinfo"):
        assert not hasattr(login, name)
    with pytest.raises(LoginPending) as caught:
        login.get(stage.api)
    assert str(caught.value).startswith("Nobody has signed in yet, so there is no session.get. ")
    assert type(caught.value).__name__ == "LoginPending"
    assert caught.value._render_traceback_() == [f"LoginPending: {caught.value}"]
    assert advice in str(caught.value)
    session = answer(login)
    assert login.get(stage.api).ok
    assert login.headers is session.headers


def test_what_no_session_has_it_has_not_either(stage: Stage, ended: Any) -> None:
    login = ask(stage, ended, wait=False)
    for name in ("fetch", "_client_of_nobody", "__len__"):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'") as caught:
            getattr(login, name)
        assert not isinstance(caught.value, LoginPending)


def test_the_widget_is_late_there_and_nothing_takes_its_place(
    stage: Stage, published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, ended: Any
) -> None:
    begun: list[object] = []
    monkeypatch.setattr("threading.Timer", lambda *_: begun.append(1))
    login = ask(stage, ended, wait=False)
    wait_until(lambda: login.status == "waiting", "it waits")
    assert begun == []
    assert not any(one["update"] for one in published)


def test_visitors_are_not_asked_for_the_app(where: Callable[[Place], None], ended: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"Client\(client_id\) here, or NB_OAUTH_GITHUB_CLIENT_ID"
    ):
        nb_oauth.login("github", wait=False)
    where(Place.REACTIVE)
    ended(nb_oauth.login("github", wait=False))


# -- marimo ----------------------------------------------------------------------------------------


@pytest.fixture
def marimo(monkeypatch: pytest.MonkeyPatch) -> FakeMarimo:
    return FakeMarimo(monkeypatch, "run")


def test_in_marimo_the_cell_shows_the_widget_and_the_line(
    stage: Stage, marimo: FakeMarimo, published: list[dict[str, Any]], ended: Any
) -> None:
    login = ask(stage, ended)
    assert marimo.shown[0] is login
    assert marimo.shown[1].startswith(f"<p>No cell can wait here: {CALLED}")
    answer(login)
    assert ask(stage) is login.session
    assert marimo.shown[2:] == ["<p>Signed in to Stage. Run this cell to sign in as yourself.</p>"]
    assert published == []


def test_in_marimo_the_function_is_called_as_the_cell_would(
    stage: Stage, marimo: FakeMarimo, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[Any] = []

    def fail(_: OAuth2Session) -> None:
        raise RuntimeError

    login = ask(stage, wait=False)
    for function in (called.append, fail):
        login.on_signed_in(function)
    first, second = marimo.threads  # its own: what the kernel remembers needs none
    session = answer(login)
    wait_until(lambda: called == [session], "the function is called")
    wait_until(lambda: "A function that follows a login failed" in caplog.text, "it is logged")
    first.join()
    second.join()


def test_in_marimo_it_is_called_so_again_after_the_next_sign_in(
    stage: Stage, marimo: FakeMarimo
) -> None:
    callers: list[threading.Thread] = []
    login = ask(stage, wait=False)
    login.on_signed_in(lambda _: callers.append(threading.current_thread()))
    for number in range(2):
        if number:
            sign_out(login)
        answer_again(stage, login) if number else answer(login)
        wait_until(lambda: len(callers) > number, "the function is called")  # noqa: B023 - now
        callers[-1].join()
    assert callers == marimo.threads[:2]
    assert len(marimo.threads) == 3


def test_in_marimo_it_is_called_even_where_no_thread_is_to_be_had(marimo: FakeMarimo) -> None:
    called: list[Any] = []
    going_on = threading.Event()
    follower: Any = followers.as_if_here(called.append)
    made = marimo.module.Thread
    marimo.module.Thread = lambda **named: going_on.wait(10) and made(**named)
    follower("first")  # whose thread has not come as far as making the next
    follower("second")
    assert called == ["second"]
    going_on.set()
    marimo.threads[0].join()
    assert called == ["second", "first"]


def test_in_marimo_each_visitor_signs_in_as_themselves(stage: Stage, marimo: FakeMarimo) -> None:
    alice = marimo.kernel
    session = answer(ask(stage))
    assert ask(stage) is session
    assert [*nb_oauth.sessions] == [session]
    marimo.kernel = Kernel()
    assert len(nb_oauth.sessions) == 0
    login = ask(stage)
    assert isinstance(login, Login)
    other = answer(login)
    assert other is not session
    assert [*nb_oauth.sessions] == [other]
    marimo.kernel = alice
    assert ask(stage) is session
    assert [*nb_oauth.sessions] == [session]


@pytest.mark.usefixtures("marimo")
def test_in_a_pool_of_a_marimo_app_nobody_is_signed_in_as_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_OAUTH_STAGE_ACCESS_TOKEN", "the-owners-token")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, stage)
        with pytest.raises(LoginPending, match=r"login\(\) in a cell or in a marimo\.Thread, and"):
            asked.result(10)


def test_in_marimo_a_session_that_was_opened_is_its_visitors(
    stage: Stage, marimo: FakeMarimo
) -> None:
    session = stage.open(token={"access_token": "a-token"})
    assert [*nb_oauth.sessions] == [session]
    marimo.kernel = Kernel()
    assert [*nb_oauth.sessions] == []


def test_in_marimo_what_was_typed_is_not_for_the_next_visitor(
    stage: Stage, marimo: FakeMarimo
) -> None:
    sign_in._memory_here()._clients[stage.provider] = APP
    assert sign_in._memory_here().client_for(stage.provider) is APP
    marimo.kernel = Kernel()
    assert sign_in._memory_here().client_for(stage.provider) is None


def test_in_marimo_a_cell_that_runs_again_begins_anew(
    stage: Stage, marimo: FakeMarimo, ended: Any
) -> None:
    comm = SimpleNamespace(kernel="marimo", comm_id="c", _closed=False, on_msg=print, close=print)
    first = ask(stage, wait=False)
    first.send = print
    first.comm = comm
    assert ask(stage, wait=False) is first
    comm._closed = True  # what its cell made goes as the cell runs again
    assert first.is_closed
    assert ask(stage, ended, wait=False) is not first
    wait_until(lambda: first.status == "cancelled", "nobody would know which of the two to answer")
