"""One sign-in under way, driven with a grant and a surface made for the test."""

import contextlib
import dataclasses
import errno
import queue
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from nb_oauth import place
from nb_oauth.asking import AskFirst, Means
from nb_oauth.attempt import Attempt
from nb_oauth.exceptions import LoginCancelled, TokenError
from nb_oauth.grants import Flow, GrantSession
from nb_oauth.prompts import Answer, AskPage, Credentials, OpenPage, Page, RawAnswer, Rejection
from nb_oauth.surfaces import Cancelled, NewLinkWanted, Status, View
from tests.free_ports import free_port
from tests.polling import wait_until

PATIENCE = 10.0
LOOPBACK = "http://127.0.0.1/callback"
CALLBACK = "https://hub.test/nb-oauth/callback"


class Surface:
    """Keeps every view it is told to show."""

    def __init__(self) -> None:
        self.views: queue.Queue[View] = queue.Queue()
        self.told_observers = threading.Event()

    def show(self, view: View) -> None:
        self.views.put(view)

    @contextlib.contextmanager
    def observers_later(self) -> Iterator[None]:
        yield
        self.told_observers.set()

    def until(self, condition: Callable[[View], object]) -> View:
        while True:
            view = self.views.get(timeout=PATIENCE)
            if condition(view):
                return view

    def until_status(self, status: Status) -> View:
        return self.until(lambda view: view.status is status)


class NumberedPages:
    """Asks to open page 1, 2, …; takes any answer that begins with ``good``."""

    name: ClassVar[str] = "numbered"

    def __init__(
        self,
        failure: BaseException | None = None,
        remark: str | None = None,
        rejection: Rejection | None = None,
    ) -> None:
        self.pages = 0
        self.failure = failure
        self.remark = remark
        self.rejection = rejection

    def flow(self, session: GrantSession) -> Flow:
        self.pages += 1
        page = f"https://example.test/{self.pages}"
        answer = yield OpenPage(page, self._accept, self.rejection)
        if self.failure:
            raise self.failure from ValueError("with a cause")
        return {"access_token": answer.value}

    def _accept(self, raw: RawAnswer) -> Answer[Any] | Rejection:
        good = raw.text.partition("?")[2] or raw.text
        return (
            Answer(raw.text, self.remark)
            if good.startswith("good")
            else Rejection(f"not {raw.text}")
        )


class Bench:
    """An attempt with what it works with."""

    def __init__(
        self,
        redirect_uri: str = "https://app.test/cb",
        ask_first: Callable[[], AskFirst] | None = None,
        **grant: Any,
    ) -> None:
        self.surface = Surface()
        self.grant = NumberedPages(**grant)
        account = SimpleNamespace(renews=True)
        self.session = SimpleNamespace(redirect_uri=None, account=account)
        self.attempt = Attempt(
            grant=self.grant,
            open_session=self._open,
            redirect_uri=redirect_uri,
            surface=self.surface,
            provider_name="Example",
            scope=("read",),
            ask_first=ask_first,
            tell_first=lambda _: None,
        )

    def _open(self, redirect_uri: str) -> Any:
        return self.session

    @classmethod
    def whose_page_decides(cls, patience: float = PATIENCE) -> "Bench":
        """A bench where the page says where the answer goes: to its callback, or to a listener."""

        def ask() -> AskFirst:
            page = (yield AskPage(time.monotonic() + patience)).value
            redirect_uri = LOOPBACK if page is None or page.reaches_kernel else page.callback
            return Means(bench.grant.flow, redirect_uri, (f"by {redirect_uri}",))

        bench = cls(LOOPBACK, ask)
        return bench

    def begin(self) -> View:
        self.attempt.start()
        return self.surface.until_status(Status.WAITING)

    @property
    def future(self) -> "Future[Any]":
        return self.attempt.future


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.attempt.put(Cancelled())  # nobody's thread is left waiting


def test_shows_the_page_and_ends_with_the_session(bench: Bench) -> None:
    view = bench.begin()
    assert view.link == "https://example.test/1"
    assert (view.scope, view.box) == (("read",), True)
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE) is bench.session
    assert bench.session.redirect_uri == "https://app.test/cb"
    assert bench.attempt.has_succeeded
    assert bench.surface.until_status(Status.SIGNED_IN).progress == "Signed in to Example."


def test_a_wrong_answer_is_explained_and_no_end(bench: Bench) -> None:
    bench.begin()
    for text in ("rubbish", "more rubbish"):
        bench.attempt.put(RawAnswer(text))
        view = bench.surface.until_status(Status.WAITING)
        assert view.error == f"not {text}"
        assert view.link == "https://example.test/1"
    assert not bench.future.done()
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE)


@pytest.mark.parametrize(
    ("kernel", "advice"), [(object(), "Run the cell again"), (None, "Run it again")]
)
def test_cancel_ends_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kernel: object, advice: str
) -> None:
    monkeypatch.setattr(place, "kernel_of_this_process", lambda: kernel)
    bench.begin()
    bench.attempt.put(Cancelled())
    with pytest.raises(LoginCancelled, match=advice):
        bench.future.result(PATIENCE)
    assert bench.surface.until_status(Status.CANCELLED).link is None
    assert bench.attempt.has_failed


def test_an_answer_to_another_kind_of_question_is_none(bench: Bench) -> None:
    bench.begin()
    bench.attempt.put(Credentials("ada", "the-password"))
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE) is bench.session


def test_a_new_link_begins_again_in_the_same_attempt(bench: Bench) -> None:
    bench.begin()
    bench.attempt.put(NewLinkWanted())
    assert bench.surface.until_status(Status.WAITING).link == "https://example.test/2"
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE)


def test_what_the_grant_raises_is_shown_and_told() -> None:
    bench = Bench(failure=TokenError("the secret is wrong", error="invalid_client"))
    bench.begin()
    bench.attempt.put(RawAnswer("good"))
    with pytest.raises(TokenError):
        bench.future.result(PATIENCE)
    assert bench.surface.until_status(Status.FAILED).error == "the secret is wrong"


def test_an_error_without_words_is_shown_by_its_name() -> None:
    bench = Bench(failure=ZeroDivisionError())
    bench.begin()
    bench.attempt.put(RawAnswer("good"))
    assert bench.surface.until_status(Status.FAILED).error == "ZeroDivisionError"


def test_a_surface_that_fails_loses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.begin()

    def fail(_: View) -> None:
        raise OSError("the front end is gone")

    monkeypatch.setattr(bench.surface, "show", fail)
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE)
    assert "could not be shown" in caplog.text


def test_a_loopback_redirect_comes_back_by_itself() -> None:
    bench = Bench("http://127.0.0.1/callback")
    bench.begin()
    redirect_uri = bench.session.redirect_uri
    assert redirect_uri != "http://127.0.0.1/callback"
    with urllib.request.urlopen(f"{redirect_uri}?rubbish") as page:  # noqa: S310 - loopback
        assert "not http" in page.read().decode()
    with urllib.request.urlopen(f"{redirect_uri}?good") as page:  # noqa: S310 - loopback
        assert "You can close this tab" in page.read().decode()
    assert bench.future.result(PATIENCE)


def test_the_box_works_beside_the_listener_and_the_first_answer_wins() -> None:
    bench = Bench("http://127.0.0.1/callback")
    bench.begin()
    bench.attempt.put(RawAnswer("good"))
    bench.attempt.put(RawAnswer("good, but late"))
    assert bench.future.result(PATIENCE)


def test_nothing_listens_when_it_is_over(bench: Bench) -> None:
    bench = Bench("http://127.0.0.1/callback")
    bench.begin()
    bench.attempt.put(Cancelled())
    assert bench.future.exception(PATIENCE)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{bench.session.redirect_uri}?good")  # noqa: S310 - loopback


def test_a_port_in_use_leaves_the_box_until_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other_program:
        uri = f"http://127.0.0.1:{other_program.getsockname()[1]}/callback"
        bench = Bench(uri)
        assert "another program listens there" in bench.begin().notice
    bench.attempt.put(NewLinkWanted())
    assert "won't load" in bench.surface.until_status(Status.WAITING).notice
    with urllib.request.urlopen(f"{uri}?good"):  # noqa: S310 - loopback
        assert bench.future.result(PATIENCE)


def test_a_port_that_may_not_be_used_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr("nb_oauth.redirects.catching.LoopbackRedirect", refuse)
    bench = Bench("http://127.0.0.1:80/callback")
    assert "Permission denied" in bench.begin().notice
    bench.attempt.put(Cancelled())


def test_the_newest_sign_in_listens_at_a_fixed_address() -> None:
    uri = f"http://127.0.0.1:{free_port()}/callback"
    first, second = Bench(uri), Bench(uri)
    first.begin()
    second.begin()
    assert "newer sign-in" in (first.surface.until_status(Status.WAITING).error or "")
    with urllib.request.urlopen(f"{uri}?good"):  # noqa: S310 - loopback
        assert second.future.result(PATIENCE)
    assert not first.future.done()
    first.attempt.put(NewLinkWanted())
    first.surface.until_status(Status.WAITING)
    with urllib.request.urlopen(f"{uri}?good"):  # noqa: S310 - loopback
        assert first.future.result(PATIENCE)


def test_the_port_is_free_as_soon_as_somebody_is_told() -> None:
    port = free_port()
    for _ in range(5):
        bench = Bench(f"http://127.0.0.1:{port}/callback")
        bench.begin()
        bench.attempt.put(RawAnswer("good"))
        bench.future.result(PATIENCE)
        socket.create_server(("127.0.0.1", port)).close()


def test_a_late_answer_is_told_that_all_is_over(bench: Bench) -> None:
    bench.begin()
    bench.attempt.put(Cancelled())
    before = bench.attempt.deliver("http://127.0.0.1/?good")
    assert "over already" in str(before.result(PATIENCE))
    wait_until(lambda: bench.attempt._is_over, "the attempt is over")
    bench.attempt.put(Cancelled())  # pressed late
    after = bench.attempt.deliver("http://127.0.0.1/?good")
    assert "over already" in str(after.result(0))


def test_what_came_late_is_not_kept(bench: Bench) -> None:
    bench.begin()
    bench.attempt.put(Cancelled())
    wait_until(lambda: bench.attempt._is_over, "the attempt is over")
    bench.attempt.put(Credentials("ada", "the-password"))
    assert bench.attempt._inbox.remaining() == []


def test_what_an_accepted_answer_remarks_is_told_on_the_page() -> None:
    bench = Bench("http://127.0.0.1/callback", remark="Access was not granted.")
    bench.begin()
    with urllib.request.urlopen(f"{bench.session.redirect_uri}?good") as page:  # noqa: S310 - loopback
        assert "Access was not granted." in page.read().decode()
    assert bench.future.result(PATIENCE)


def test_the_rejection_that_a_grant_comes_with_is_shown() -> None:
    bench = Bench(rejection=Rejection("the code was refused"))
    assert bench.begin().error == "the code was refused"
    bench.attempt.put(Cancelled())


def test_waiting_in_the_attempts_own_thread_is_noticed(bench: Bench) -> None:
    seen: list[bool] = []
    show = bench.surface.show

    def look(view: View) -> None:
        seen.append(bench.attempt.waits_for_itself)
        show(view)

    bench.surface.show = look  # type: ignore[method-assign]
    bench.begin()
    assert seen == [True, True]
    assert not bench.attempt.waits_for_itself


class _CannotSayItError(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


@dataclasses.dataclass(frozen=True)
class _FrozenError(Exception):
    words: str = "frozen"


@pytest.mark.parametrize("failure", [_CannotSayItError(), _FrozenError()])
def test_an_odd_error_is_told_like_any_other(failure: Exception) -> None:
    bench = Bench(failure=failure)
    bench.begin()
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.exception(PATIENCE) is failure


def test_a_surface_that_fails_at_the_end_keeps_nobody_waiting(bench: Bench) -> None:
    def fail() -> Any:
        raise OSError("the front end is gone")

    bench.surface.observers_later = fail  # type: ignore[method-assign]
    bench.begin()
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE) is bench.session


def test_who_observes_the_end_may_wait_for_it(bench: Bench) -> None:
    """Observers are told in the attempt's thread: only once there is nothing left to wait for."""
    told: list[Any] = []

    @contextlib.contextmanager
    def observers_later() -> Iterator[None]:
        yield
        told.append(bench.future.result(0))
        bench.surface.told_observers.set()

    bench.surface.observers_later = observers_later  # type: ignore[method-assign]
    bench.begin()
    bench.attempt.put(RawAnswer("good"))
    assert bench.surface.told_observers.wait(PATIENCE)
    assert told == [bench.session]


def test_an_observer_that_fails_harms_nobody(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    @contextlib.contextmanager
    def observers_later() -> Iterator[None]:
        yield
        bench.surface.told_observers.set()
        raise ZeroDivisionError

    bench.surface.observers_later = observers_later  # type: ignore[method-assign]
    bench.begin()
    with caplog.at_level("ERROR"):
        bench.attempt.put(RawAnswer("good"))
        assert bench.future.result(PATIENCE)
        assert bench.surface.told_observers.wait(PATIENCE)
        wait_until(lambda: "observes a login failed" in caplog.text, "the failure is logged")


@pytest.mark.parametrize("failure", [SystemExit(1), KeyError("a bug")])
def test_whatever_happens_who_waits_is_told(failure: BaseException) -> None:
    bench = Bench(failure=failure)
    bench.begin()
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.exception(PATIENCE) is failure


def test_the_error_that_is_told_carries_no_frames_of_ours() -> None:
    bench = Bench(failure=TokenError("no"))
    bench.begin()
    bench.attempt.put(RawAnswer("good, and a secret"))
    error = bench.future.exception(PATIENCE)
    assert error is not None
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_no_repr_holds_what_was_answered(bench: Bench) -> None:
    view = bench.begin()
    assert "example.test/1" not in repr(view)
    assert "a-secret" not in repr(RawAnswer("a-secret")) + repr(Answer("a-secret"))


def test_the_page_is_asked_before_the_link_is_made() -> None:
    bench = Bench.whose_page_decides()
    bench.attempt.start()
    asking = bench.surface.until(lambda view: view.probe is not None)
    assert (asking.status, asking.link) == (Status.PREPARING, None)
    with urllib.request.urlopen(str(asking.probe)) as answer:  # noqa: S310 - loopback
        assert answer.read() == b"nb_oauth"
    bench.attempt.put(Page(CALLBACK))
    view = bench.surface.until_status(Status.WAITING)
    assert (view.remarks, view.comes_back) == ((f"by {CALLBACK}",), False)
    assert bench.session.redirect_uri == CALLBACK
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE)
    assert bench.surface.until_status(Status.SIGNED_IN).probe is None


def test_a_page_that_reaches_the_listener_has_the_answer_come_there() -> None:
    bench = Bench.whose_page_decides()
    bench.attempt.start()
    bench.attempt.put(Page(reaches_kernel=True))
    assert bench.surface.until_status(Status.WAITING).comes_back
    with urllib.request.urlopen(f"{bench.session.redirect_uri}?good"):  # noqa: S310 - loopback
        assert bench.future.result(PATIENCE)


@pytest.mark.parametrize("again", [Page(CALLBACK), NewLinkWanted()])
def test_a_page_is_asked_once_and_the_same_changes_nothing(again: Any) -> None:
    bench = Bench.whose_page_decides()
    bench.attempt.start()
    bench.attempt.put(Page(CALLBACK))
    bench.surface.until_status(Status.WAITING)
    bench.attempt.put(again)
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE)
    assert bench.grant.pages == (2 if again == NewLinkWanted() else 1)
    shown = [bench.surface.views.get() for _ in range(bench.surface.views.qsize())]
    assert Status.PREPARING not in {view.status for view in shown}


def test_another_page_gets_a_link_that_is_right_for_it() -> None:
    bench = Bench.whose_page_decides()
    bench.attempt.start()
    bench.attempt.put(Page(CALLBACK))
    bench.surface.until_status(Status.WAITING)
    other = "https://other.test/nb-oauth/callback"
    bench.attempt.put(Page(other))
    assert bench.surface.until_status(Status.WAITING).link == "https://example.test/2"
    assert bench.session.redirect_uri == other
    bench.attempt.put(Cancelled())


@pytest.mark.parametrize(
    ("late", "redirect_uri"), [(Page(CALLBACK), CALLBACK), (Page(reaches_kernel=True), LOOPBACK)]
)
def test_a_page_that_comes_late_is_still_asked(late: Page, redirect_uri: str) -> None:
    bench = Bench.whose_page_decides(patience=0.01)
    view = bench.begin()
    assert view.comes_back
    assert view.probe
    bench.attempt.put(late)
    if redirect_uri == CALLBACK:
        assert bench.surface.until_status(Status.WAITING).link == "https://example.test/2"
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE)
    assert bench.session.redirect_uri.replace(f":{_port(bench)}", "") == redirect_uri


def _port(bench: Bench) -> object:
    return urllib.parse.urlsplit(bench.session.redirect_uri).port


def test_a_page_takes_part_where_the_app_is_sent_back_to_one() -> None:
    bench = Bench(CALLBACK)
    view = bench.begin()
    assert (view.probe, view.comes_back) == ("", False)
    bench.attempt.put(Page())  # the app is registered as it is: the page only says what it finds
    beyond = bench.surface.until_status(Status.WAITING)
    assert beyond.link == view.link
    assert f"does not reach {CALLBACK}" in beyond.remarks[-1]
    bench.attempt.put(Page(CALLBACK))
    found = bench.surface.until_status(Status.WAITING)
    assert found.remarks == ("The answer comes back by itself through this Jupyter server.",)
    assert bench.attempt.deliver(f"{CALLBACK}?good").result(PATIENCE) is None
    assert bench.future.result(PATIENCE)
    assert bench.grant.pages == 1
    assert bench.session.redirect_uri == CALLBACK


def test_a_page_says_where_it_does_not_come_back_to_this_machine_as_the_app_names_it() -> None:
    bench = Bench(LOOPBACK)
    view = bench.begin()
    assert view.probe
    bench.attempt.put(Page(reaches_kernel=True))  # nothing to say
    bench.attempt.put(Page(CALLBACK))  # the app is registered as it is: the link stays
    told = bench.surface.until_status(Status.WAITING)
    assert told.link == view.link
    [remark] = told.remarks
    assert f"does not reach {LOOPBACK}, where the app is sent back to. To {CALLBACK} it" in remark
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE)


def test_where_nothing_can_listen_the_page_is_asked_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any) -> Any:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr("nb_oauth.redirects.catching.LoopbackRedirect", refuse)
    bench = Bench.whose_page_decides()
    bench.attempt.start()
    assert bench.surface.until(lambda view: view.probe is not None).probe == ""
    bench.attempt.put(Page(CALLBACK))
    assert bench.surface.until_status(Status.WAITING).link
    bench.attempt.put(Cancelled())


@pytest.mark.parametrize(
    ("page", "redirect_uri"),
    [
        (Page("http://localhost:8888/nb-oauth/callback"), LOOPBACK),
        (Page(CALLBACK), CALLBACK),  # it is another machine's loopback that is taken
    ],
)
def test_where_another_program_has_the_port_the_address_that_is_registered_stays(
    monkeypatch: pytest.MonkeyPatch, page: Page, redirect_uri: str
) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError(errno.EADDRINUSE, "taken")

    monkeypatch.setattr("nb_oauth.redirects.catching.LoopbackRedirect", refuse)
    bench = Bench.whose_page_decides()
    bench.attempt.start()
    bench.attempt.put(page)
    view = bench.surface.until_status(Status.WAITING)
    assert bench.session.redirect_uri == redirect_uri
    assert ("another program listens there" in view.notice) == (redirect_uri == LOOPBACK)
    bench.attempt.put(page)  # once more, from another tab
    bench.attempt.put(RawAnswer("good"))
    assert bench.future.result(PATIENCE)
    assert bench.grant.pages == 1
