"""Waiting in a coroutine: the thread's asyncio loop runs on and brings the messages."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

from nb_oauth.waiting.gate import stream_or_gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from nb_oauth.waiting.deadline import Deadline
    from nb_oauth.waiting.shell_stream import ShellStream

T = TypeVar("T")


async def wait_in_loop(future: Future[T], deadline: Deadline, *, needs_messages: bool) -> T:
    """Find the stream of this thread's shell, and wait. As `nb_oauth.waiting.wait_async`."""
    stream = stream_or_gate(awaiting=True, needs_messages=needs_messages, go_on=deadline.go_on)
    return await wait_with_stream(future, deadline, stream)


async def wait_with_stream(
    future: Future[T],
    deadline: Deadline,
    stream: ShellStream | None,
    look_around: Callable[[], None] = lambda: None,
) -> T:
    """Wait while the loop runs, with a look around every slice.

    Without the slices an idle loop would not notice for seconds that ipykernel's SIGINT handler
    has scheduled the cell's end.

    Args:
        future: what to wait for.
        deadline: when to give up.
        stream: the stream of this thread's shell, None where messages need no help.
        look_around: called every slice; what it raises ends the wait.
    """
    with stream.waiting(loop_runs=True) if stream is not None else contextlib.nullcontext():
        done = _mirror(future)
        while True:
            if stream is not None:
                stream.handle_pending()
            if future.done():
                return future.result()
            look_around()
            deadline.check()
            await asyncio.wait({done}, timeout=deadline.next_slice())
            if stream is not None:
                stream.prompt_channel()


def _mirror(future: Future[T]) -> asyncio.Future[None]:
    """An asyncio future that is done when `future` is.

    Unlike with `asyncio.wrap_future`, cancelling this one does not cancel the other.
    """
    loop = asyncio.get_running_loop()
    mirror: asyncio.Future[None] = loop.create_future()

    def on_done(_: Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(mirror.set_result, None)

    future.add_done_callback(on_done)
    return mirror
