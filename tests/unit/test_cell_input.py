"""What a cell asks for itself, without a kernel: when it does, and when it need not."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest
import zmq

from nb_oauth.prompts import RawAnswer
from nb_oauth.surfaces import Event, Status, View
from nb_oauth.surfaces.cell_input import CellInput
from tests.polling import wait_until

BOX = View(Status.WAITING, "Sign in to Example", link="https://example.test/", box=True)


class FakeKernel:
    """An ipykernel whose front end answers with these lines; it is socket and session, too."""

    _parent_ident = {"shell": [b"the front end"]}  # noqa: RUF012 - as ipykernel's

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.asked: list[dict[str, Any]] = []
        self.stdin_socket = self.session = self

    def get_parent(self, channel: str) -> str:
        return f"the cell of {channel}"

    def recv_multipart(self, _: int) -> None:
        raise zmq.Again

    def send(self, _: object, kind: str, content: Any, parent: str, ident: list[bytes]) -> None:
        assert (kind, parent, ident) == ("input_request", "the cell of shell", [b"the front end"])
        self.asked.append(content)

    def poll(self, _: float) -> bool:
        if not self.lines:
            time.sleep(0.05)  # as long as nobody answers
        return bool(self.lines)

    def recv(self, _: object) -> tuple[list[bytes], dict[str, Any]]:
        return [], {"content": {"value": self.lines.pop(0)}}


def cell_input(
    kernel: FakeKernel, appeared: list[bool]
) -> tuple[CellInput, queue.SimpleQueue[Event]]:
    events = queue.SimpleQueue[Event]()

    def has_appeared() -> bool:
        appeared.append(True)
        return len(appeared) == 1

    return CellInput(events.put, kernel, has_appeared, 0.01), events


def test_where_the_widget_is_there_nothing_is_asked() -> None:
    kernel, looks = FakeKernel("an answer"), list[bool]()
    asking, events = cell_input(kernel, looks)
    with asking:
        asking.show(BOX)
        wait_until(lambda: looks, "a look whether the widget is there")
    assert kernel.asked == []
    assert events.empty()


def test_an_empty_line_is_asked_for_again() -> None:
    kernel = FakeKernel("", "an answer")
    asking, events = cell_input(kernel, [False])
    with asking:
        asking.show(BOX)
        assert events.get(timeout=10) == RawAnswer("an answer", pasted=True)
    assert len(kernel.asked) == 2


def test_when_the_wait_is_over_nobody_takes_the_reply_for_another() -> None:
    kernel = FakeKernel()
    asking, _ = cell_input(kernel, [False])
    with asking:
        asking.show(BOX)
        wait_until(lambda: kernel.asked, "a question")
    assert asking._thread is not None
    assert not asking._thread.is_alive()


def test_the_wait_may_end_while_another_thread_shows_the_box(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asking, _ = cell_input(FakeKernel(), [False])
    ending = ThreadPoolExecutor(1)
    ended: list[Future[None]] = []
    start = threading.Thread.start

    def start_late(thread: threading.Thread) -> None:
        if thread.name == "nb_oauth input":
            ended.append(ending.submit(asking.__exit__, None, None, None))
            wait(ended, 0.1)  # it waits for us
        start(thread)

    asking.__enter__()
    monkeypatch.setattr(threading.Thread, "start", start_late)
    asking.show(BOX)
    ended[0].result(timeout=10)
    ending.shutdown()
    assert asking._thread is not None
    assert not asking._thread.is_alive()


def test_what_is_shown_when_the_wait_is_over_is_not_asked_for() -> None:
    asking, _ = cell_input(FakeKernel(), [False])
    with asking:
        pass
    asking.show(BOX)
    assert asking._thread is None


@pytest.mark.parametrize(
    "shown",
    [
        View(Status.WORKING, ""),
        View(Status.WAITING, "", link="https://example.test/", code="WDJB-MJHT"),
        View(Status.WAITING, "", link="https://example.test/", box=True, comes_back=True),
    ],
)
def test_what_needs_no_typing_needs_no_thread(shown: View) -> None:
    asking, _ = cell_input(FakeKernel(), [False])
    with asking:
        asking.show(shown)
        assert asking._thread is None
