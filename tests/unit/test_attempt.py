"""One sign-in under way, driven with a grant and a surface made for the test."""

import queue
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, ClassVar

import pytest

from nb_oauth.attempt import Attempt
from nb_oauth.exceptions import LoginCancelled, TokenError
from nb_oauth.grants import Flow, GrantSession
from nb_oauth.prompts import Answer, OpenPage, RawAnswer, Rejection
from nb_oauth.surfaces import Cancelled, NewLinkWanted, Status, View

PATIENCE = 10.0


class Surface:
    """Keeps every view it is told to show."""

    def __init__(self) -> None:
        self.views: queue.Queue[View] = queue.Queue()

    def show(self, view: View) -> None:
        self.views.put(view)

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

    def __init__(self, failure: Exception | None = None) -> None:
        self.pages = 0
        self.failure = failure

    def flow(self, session: GrantSession) -> Flow:
        self.pages += 1
        answer = yield OpenPage(f"https://example.test/{self.pages}", self._accept)
        if self.failure:
            raise self.failure
        return {"access_token": answer.value}

    @staticmethod
    def _accept(raw: RawAnswer) -> Answer[Any] | Rejection:
        good = raw.text.partition("?")[2] or raw.text
        return Answer(raw.text) if good.startswith("good") else Rejection(f"not {raw.text}")


class Bench:
    """An attempt with what it works with."""

    def __init__(self, redirect_uri: str = "https://app.test/cb", **grant: Any) -> None:
        self.surface = Surface()
        self.grant = NumberedPages(**grant)
        self.redirect_uris: list[str] = []
        self.attempt = Attempt(
            grant=self.grant,
            open_session=self._open,
            redirect_uri=redirect_uri,
            surface=self.surface,
            provider_name="Example",
            scope=("read",),
        )

    def _open(self, redirect_uri: str) -> Any:
        self.redirect_uris.append(redirect_uri)
        return f"session for {redirect_uri}"

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
    assert bench.future.result(PATIENCE) == "session for https://app.test/cb"
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


def test_cancel_ends_it(bench: Bench) -> None:
    bench.begin()
    bench.attempt.put(Cancelled())
    with pytest.raises(LoginCancelled, match="Run the cell again"):
        bench.future.result(PATIENCE)
    assert bench.surface.until_status(Status.CANCELLED).link is None
    assert bench.attempt.has_failed


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
    assert "could not show" in caplog.text


def test_a_loopback_redirect_comes_back_by_itself() -> None:
    bench = Bench("http://127.0.0.1/callback")
    bench.begin()
    [redirect_uri] = bench.redirect_uris
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
    bench.attempt.join(PATIENCE)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{bench.redirect_uris[0]}?good")  # noqa: S310 - loopback


def test_a_port_in_use_leaves_the_box() -> None:
    first = Bench("http://127.0.0.1/callback")
    first.begin()
    second = Bench(first.redirect_uris[0])
    assert "Another program listens at" in second.begin().notice
    second.attempt.put(RawAnswer("good"))
    assert second.future.result(PATIENCE)
    first.attempt.put(Cancelled())
    assert first.future.exception(PATIENCE)


def test_no_repr_holds_what_was_answered(bench: Bench) -> None:
    view = bench.begin()
    assert "example.test/1" not in repr(view)
    assert "a-secret" not in repr(RawAnswer("a-secret")) + repr(Answer("a-secret"))
