"""Parts of the wait that a real kernel does not bring into trouble."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

import pytest
import zmq
from jupyter_client.session import Session

from nb_oauth.waiting import kernels
from nb_oauth.waiting.early_messages import HANDLED_WHILE_WAITING, EarlyMessages
from nb_oauth.waiting.interrupt import DeferredInterrupt
from nb_oauth.waiting.message import MessageHandler, flush_output, message_type_and_id
from nb_oauth.waiting.shell_stream import ShellStream, prepare_streams
from nb_oauth.waiting.waiter import Waiter

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeKernel:
    """As much of a kernel as handles a message; `said` has the statuses that it published."""

    shell_stream = None
    shell_channel_thread = None

    def __init__(self, handler: Callable[..., object]) -> None:
        self.session = Session(key=b"key")
        self.shell_handlers = dict.fromkeys(HANDLED_WHILE_WAITING, handler)
        self.said: list[str] = []

    def get_parent(self, _channel: str) -> dict[str, Any]:
        return {}

    def _publish_status(self, status: str, _channel: str, parent: object) -> None:
        del parent
        self.said.append(status)

    def frames(self, data: str) -> list[zmq.Frame]:
        message = self.session.msg("comm_msg", {"data": data})
        return [zmq.Frame(part) for part in self.session.serialize(message, ident=b"page")]

    def handle(self, data: str) -> None:
        handler = MessageHandler(self, EarlyMessages.of(self), None)  # type: ignore[arg-type]
        handler.handle(self.frames(data), Waiter(loop_runs=False))
        assert not handler.running


def test_a_handler_that_fails_is_logged_without_what_it_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_stream: object, _identities: object, message: dict[str, Any]) -> None:
        raise ValueError(message["content"]["data"])

    kernel = FakeKernel(fail)
    with caplog.at_level(logging.DEBUG):
        kernel.handle("secret-text")
    assert "A message handler failed while a cell waited: ValueError" in caplog.text
    assert "in fail" in caplog.text
    assert "secret-text" not in caplog.text
    assert kernel.said == ["busy", "idle", "busy"]


def test_a_handler_that_wants_to_wait_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    @types.coroutine
    def forever() -> Any:
        yield

    async def handler(*_: object) -> None:
        await forever()

    FakeKernel(handler).handle("text")
    assert "A message handler failed while a cell waited: RuntimeError" in caplog.text


def test_a_handler_that_is_interrupted_leaves_idle_behind() -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    kernel = FakeKernel(interrupted)
    with pytest.raises(KeyboardInterrupt):
        kernel.handle("text")
    assert kernel.said == ["busy", "idle", "busy"]


def test_what_is_no_message_has_no_type() -> None:
    assert message_type_and_id(Session(key=b"key"), [zmq.Frame(b"stop aborting")]) == ("", "")  # type: ignore[arg-type]


def test_output_streams_that_are_missing_or_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    flush_output()


def test_a_taken_message_that_is_given_back_is_ipykernels_again() -> None:
    handled: list[str] = []
    kernel = FakeKernel(lambda *arguments: handled.append(arguments[2]["content"]))
    early = EarlyMessages.of(kernel)  # type: ignore[arg-type]
    assert EarlyMessages.of(kernel) is early  # type: ignore[arg-type]
    message = {"header": {"msg_id": "1"}, "content": "click"}
    early.remember("stream", "1", ["frames"])
    assert early.take("another stream") == []
    assert early.take("stream") == [["frames"]]
    early.give_back("stream", "1", ["frames"])
    kernel.shell_handlers["comm_msg"](None, [], message)
    assert handled == ["click"]
    assert early.take("stream") == []


def test_a_stream_that_brings_bytes_is_not_the_one_we_know() -> None:
    kernel = FakeKernel(print)
    stream = types.SimpleNamespace(_recv_callback=print, _recv_copy=True)
    with pytest.raises(AttributeError, match="frames arrive as bytes"):
        ShellStream(kernel, stream, None)  # type: ignore[arg-type]
    assert stream._recv_callback is print


def test_preparing_where_no_stream_feeds_the_shell_does_nothing() -> None:
    prepare_streams(FakeKernel(print))  # type: ignore[arg-type]


def test_a_stream_that_another_thread_reads_is_not_the_one_we_know() -> None:
    """As where the name of ipykernel 7 for that thread is missing."""
    kernel = FakeKernel(print)
    kernel.io_loop = "of the main thread"  # type: ignore[attr-defined]
    kernel.shell_stream = types.SimpleNamespace(io_loop="of another")  # type: ignore[assignment]
    with pytest.raises(AttributeError, match="another thread reads"):
        ShellStream.of(kernel, None)  # type: ignore[arg-type]


def test_a_kernel_that_dispatches_nothing_delivers_nothing() -> None:
    assert not kernels.delivers_while_awaiting(FakeKernel(print))  # type: ignore[arg-type]


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_is_noted_and_raised_at_the_end() -> None:
    woken: list[bool] = []
    before = signal.getsignal(signal.SIGINT)
    deferred = DeferredInterrupt(lambda: False, lambda: woken.append(True))
    with pytest.raises(KeyboardInterrupt), deferred:  # noqa: PT012 - where it is raised is the point
        interrupt()
        assert deferred.noted
        assert woken
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_does_not_hide_another_error() -> None:
    with pytest.raises(LookupError), DeferredInterrupt(lambda: False, lambda: None):  # noqa: PT012 - the interrupt comes first
        interrupt()
        raise LookupError


@pytest.mark.parametrize("in_handler", [True, False])
def test_an_interrupt_in_a_handler_or_the_second_one_is_raised_at_once(in_handler: bool) -> None:  # noqa: FBT001 - a parameter of the test
    reached: list[str] = []
    with pytest.raises(KeyboardInterrupt), DeferredInterrupt(lambda: in_handler, lambda: None):  # noqa: PT012 - where it is raised is the point
        interrupt()
        reached.append("after the first")
        interrupt()
        reached.append("after the second")  # pragma: no cover - must not be reached
    assert reached == ([] if in_handler else ["after the first"])


def test_in_another_thread_interrupts_are_left_to_the_main_thread() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def look() -> None:
        with DeferredInterrupt(lambda: False, lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]


def test_an_interrupted_wait_gives_back_what_it_had_taken() -> None:
    passed_on: list[list[zmq.Frame]] = []
    kernel = FakeKernel(print)
    events = types.SimpleNamespace(register=lambda *_: None, unregister=lambda *_: None)
    kernel.shell = types.SimpleNamespace(events=events)  # type: ignore[attr-defined]
    zmq_stream = types.SimpleNamespace(_recv_callback=passed_on.append, _recv_copy=False)
    stream = ShellStream(kernel, zmq_stream, None)  # type: ignore[arg-type]
    early = kernel.frames("click")
    zmq_stream._recv_callback(early)
    with pytest.raises(KeyboardInterrupt), stream.waiting(loop_runs=False):
        raise KeyboardInterrupt
    assert passed_on == [early]
    assert EarlyMessages.of(kernel).take(stream) == [early]  # type: ignore[arg-type]


def test_the_end_of_another_threads_cell_is_not_the_end_of_this_one() -> None:
    waiter = Waiter(loop_runs=True)
    thread = threading.Thread(target=waiter.on_cell_end, args=[None])
    thread.start()
    thread.join()
    assert not waiter.cell_is_over
    waiter.on_cell_end(None)
    assert waiter.cell_is_over
