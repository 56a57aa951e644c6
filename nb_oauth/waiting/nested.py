"""Blocking while the person's own asyncio tasks go on: a nested event loop, by nest-asyncio2.

The nested loop is never what makes the wait itself work: widgets' messages are handled by
`shell_stream`, and all others are held back until the nested loop is over. nest-asyncio2 is the
maintained continuation of nest-asyncio, which loses queued cells on ipykernel >= 7.1. It is
imported here and nowhere else, and only when it is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from typing import TYPE_CHECKING, TypeVar

from nb_oauth.waiting.awaiting import wait_with_stream
from nb_oauth.waiting.interrupt import DeferredInterrupt
from nb_oauth.waiting.message import flush_output

if TYPE_CHECKING:
    from concurrent.futures import Future

    from nb_oauth.waiting.deadline import Deadline
    from nb_oauth.waiting.shell_stream import ShellStream

T = TypeVar("T")


def can_nest(loop: asyncio.AbstractEventLoop) -> bool:
    """Make a running loop able to run nested; warn and return False if it cannot be (uvloop)."""
    # nest_asyncio2 would find out itself, but only after it has patched the asyncio module.
    if not isinstance(loop, asyncio.BaseEventLoop):
        warnings.warn(
            f"asyncio tasks stand still during this wait: {type(loop).__module__} cannot run "
            "a nested loop. Use `await` instead.",
            RuntimeWarning,
            stacklevel=4,  # the caller of nb_oauth.waiting.wait
        )
        return False
    import nest_asyncio2

    nest_asyncio2.apply(loop)
    return True


def wait_nested(
    future: Future[T],
    deadline: Deadline,
    stream: ShellStream | None,
    loop: asyncio.AbstractEventLoop,
) -> T:
    """Wait in a nested run of this thread's loop, which `can_nest` has made able to."""
    flush_output()

    def in_handler() -> bool:
        return stream is not None and stream.in_handler

    def look_around() -> None:
        if interrupt.noted:
            raise _InterruptedError

    with (
        stream.holding_others_back() if stream is not None else contextlib.nullcontext(),
        DeferredInterrupt(in_handler, wake=_nobody) as interrupt,
    ):
        task = loop.create_task(wait_with_stream(future, deadline, stream, look_around))
        try:
            return loop.run_until_complete(task)
        except _InterruptedError:
            raise KeyboardInterrupt from None
        except KeyboardInterrupt:  # in a handler, or pressed twice: it went past our task
            _end(task, loop)
            if stream is not None:
                stream.catch_up()
            raise


def _end(task: asyncio.Task[object], loop: asyncio.AbstractEventLoop) -> None:
    task.cancel()
    loop.run_until_complete(asyncio.wait({task}))
    if not task.cancelled():
        task.exception()  # looked at: asyncio would log it as never retrieved


class _InterruptedError(Exception):
    """Ends the nested task: a KeyboardInterrupt raised in a task would be logged as lost."""


def _nobody() -> None:
    """The nested loop looks around by itself, every slice."""
