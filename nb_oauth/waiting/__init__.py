"""How a running cell waits for a click.

Why this is hard: a Jupyter kernel handles the messages of a shell one after the other. While a
cell runs, the click that it waits for queues behind it, next to the cells that "Run All" has
queued. A cell that only blocks waits for a message that is handled after the cell: a deadlock.
An event loop run inside the cell handles everything, and so starts the queued cells before this
one is over, or loses them. Whatever lets the widget's messages jump the queue must let nothing
else jump it, and lose nothing.

So a waiting cell reads its own shell's stream (`shell_stream`). The few kinds of messages that
widgets and reloaded pages send are handled at once, in the cell's context; all others are handed
to ipykernel untouched and in order, and wait there as they always did.

==========================  ====================================================================
`prepare`                   call it when a widget is made: no click before the wait is missed
`wait`                      blocks the cell until a future is done
`wait_async`                the same for ``await``
`can_wait`                  whether `wait` is possible in this thread
`can_wait_async`            whether `wait_async` is
`instead_of_waiting`        what to do where no cell can wait at all
==========================  ====================================================================

A future is only ever looked at. It is resolved by whatever drives the sign-in, whether or not a
cell waits, and it is never cancelled here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from nb_oauth.waiting import delivery, kernels
from nb_oauth.waiting.deadline import RUN_AGAIN, USE_SESSION, Deadline, instead_of_waiting

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = [
    "RUN_AGAIN",
    "USE_SESSION",
    "can_wait",
    "can_wait_async",
    "instead_of_waiting",
    "prepare",
    "wait",
    "wait_async",
]

T = TypeVar("T")


def prepare() -> None:
    """Make sure that no click is missed by a wait that starts later.

    To be called when a widget is made, in a cell or in any thread. From then on the clicks that
    the kernel has read and not yet handled are remembered. Without a kernel it does nothing.
    """
    kernel = kernels.current()
    if kernel is not None:
        from nb_oauth.waiting.shell_stream import prepare_streams

        prepare_streams(kernel)


def wait(
    future: Future[T],
    timeout: float | None = None,
    *,
    keep_tasks_running: bool = False,
    needs_messages: bool = True,
    go_on: str = RUN_AGAIN,
) -> T:
    """Block the cell until a future is done, while widgets go on working.

    In a thread of the person's own, or without a Jupyter kernel, this waits plainly; where an
    asyncio loop runs in this thread and there is no kernel, the loop goes on meanwhile.

    Args:
        future: what to wait for. It is never cancelled.
        timeout: seconds to wait at most; None waits for as long as it takes.
        keep_tasks_running: let the person's own asyncio tasks go on meanwhile, by
            nest-asyncio2; a blocked cell freezes them otherwise.
        needs_messages: whether the future waits for a widget's messages. One that nobody has to
            click for can be waited for where they cannot be handled meanwhile.
        go_on: what an error says to do after signing in.

    Returns:
        The future's result.

    Raises:
        LoginTimeout: it was not done in time. It may still be, and can be waited for again.
        LoginPending: waiting here would keep the answer from ever arriving (see `can_wait`).
        KeyboardInterrupt: the person interrupted the cell.
        Exception: whatever the future holds, if it failed.
    """
    if future.done():
        return future.result()
    from nb_oauth.waiting.blocking import wait_blocking

    return wait_blocking(
        future,
        Deadline(timeout, go_on),
        keep_tasks_running=keep_tasks_running,
        needs_messages=needs_messages,
    )


async def wait_async(
    future: Future[T],
    timeout: float | None = None,
    *,
    needs_messages: bool = True,
    go_on: str = RUN_AGAIN,
) -> T:
    """Wait in a coroutine until a future is done, while widgets go on working.

    Args:
        future: what to wait for. It is never cancelled, not even if the awaiting task is.
        timeout: seconds to wait at most; None waits for as long as it takes.
        needs_messages: as for `wait`.
        go_on: the same.

    Returns:
        The future's result.

    Raises:
        LoginTimeout: it was not done in time. It may still be, and can be waited for again.
        LoginPending: waiting here would keep the answer from ever arriving (see
            `can_wait_async`).
        Exception: whatever the future holds, if it failed.
    """
    if future.done():
        return future.result()
    from nb_oauth.waiting.awaiting import wait_in_loop

    return await wait_in_loop(future, Deadline(timeout, go_on), needs_messages=needs_messages)


def can_wait() -> bool:
    """Whether `wait` can block in this thread.

    Returns:
        False in a cell of a kernel that would not deliver a widget's messages to a blocked cell:
        one that is not ipykernel, or an ipykernel whose internals are not the ones we know.
        `wait` raises `LoginPending` there, unless the future is already done.
    """
    return delivery.delivers_here()


def can_wait_async() -> bool:
    """Whether `wait_async` can wait in this thread.

    Returns:
        As `can_wait`, and also True in an ipykernel (from 7.4) that delivers a widget's messages
        to awaiting cells by itself.
    """
    return delivery.delivers_here(awaiting=True)
