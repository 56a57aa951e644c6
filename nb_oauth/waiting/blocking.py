"""Waiting by blocking the thread: on a shell's stream in a kernel, plainly elsewhere."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import socket
from typing import TYPE_CHECKING, TypeVar

from nb_oauth.waiting import kernels
from nb_oauth.waiting.gate import stream_or_gate
from nb_oauth.waiting.interrupt import DeferredInterrupt

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import TracebackType

    from typing_extensions import Self

    from nb_oauth.waiting.deadline import Deadline
    from nb_oauth.waiting.shell_stream import ShellStream

T = TypeVar("T")


def wait_blocking(
    future: Future[T], deadline: Deadline, *, keep_tasks_running: bool, needs_messages: bool
) -> T:
    """Choose the way to wait in this thread, and wait. As `nb_oauth.waiting.wait`."""
    stream = stream_or_gate(needs_messages=needs_messages, go_on=deadline.go_on)
    # Run nested, the loop of marimo's kernel would begin other cells.
    loop = None if kernels.is_foreign() else _running_loop()
    if loop is not None and (keep_tasks_running or kernels.current() is None):
        from nb_oauth.waiting import nested

        if nested.can_nest(loop):
            return nested.wait_nested(future, deadline, stream, loop)
    if stream is None:
        return _wait_plainly(future, deadline)
    return _wait_on_stream(future, deadline, stream)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _wait_plainly(future: Future[T], deadline: Deadline) -> T:
    while not future.done():
        deadline.check()
        concurrent.futures.wait([future], timeout=deadline.next_slice())
    return future.result()


def _wait_on_stream(future: Future[T], deadline: Deadline, stream: ShellStream) -> T:
    from nb_oauth.waiting.message import flush_output

    flush_output()
    with (
        _Doorbell() as doorbell,
        DeferredInterrupt(lambda: stream.in_handler, doorbell.ring) as interrupt,
        stream.waiting(loop_runs=False),
    ):
        future.add_done_callback(lambda _: doorbell.ring())
        try:
            while True:
                stream.read()
                if future.done():
                    return future.result()
                interrupt.check()
                deadline.check()
                if not doorbell.sleep(stream.zmq_stream.socket, deadline.next_slice()):
                    stream.prompt_channel()
        except KeyboardInterrupt:
            stream.catch_up()
            raise


class _Doorbell:
    """Ends a sleep on a zmq socket, from any thread and from signal handlers."""

    def __enter__(self) -> Self:
        self._inside, self._outside = socket.socketpair()
        self._inside.setblocking(False)
        self._outside.setblocking(False)
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._inside.close()
        self._outside.close()

    def ring(self) -> None:
        """Wake the sleeper; after the wait is over this does nothing."""
        with contextlib.suppress(OSError):
            self._outside.send(b"!")

    def sleep(self, zmq_socket: object, seconds: float) -> bool:
        """Sleep until there is something to read, somebody rings, or the time is up.

        Returns:
            Whether there was anything before the time was up.
        """
        import zmq

        poller = zmq.Poller()
        poller.register(zmq_socket, zmq.POLLIN)
        poller.register(self._inside.fileno(), zmq.POLLIN)
        events = poller.poll(math.ceil(seconds * 1000))
        with contextlib.suppress(BlockingIOError):
            self._inside.recv(64)
        return bool(events)
