"""Who delivers messages to a cell that waits here: a stream that it reads, the kernel, nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb_oauth.place import here
from nb_oauth.waiting import kernels

if TYPE_CHECKING:
    from nb_oauth.waiting.shell_stream import ShellStream


class MessagesBlockedError(Exception):
    """A cell that waits here would keep the messages it waits for from being handled."""


def stream_here(*, awaiting: bool = False) -> ShellStream | None:
    """The stream that a wait in this thread has to read, None where it can wait plainly.

    Args:
        awaiting: the wait leaves the thread's asyncio loop running.

    Raises:
        MessagesBlockedError: a wait in this thread would never end.
    """
    kernel = kernels.current()
    if kernel is None:
        if kernels.is_foreign() and not (awaiting and kernels.runs_cells_as_tasks()):
            raise MessagesBlockedError
        return None
    from nb_oauth.waiting.shell_stream import ShellStream

    try:
        in_shell, subshell_id = kernels.shell_thread(kernel)
        if in_shell and not here().lets_cells_wait:  # Voilà shows its page once all cells have run
            raise MessagesBlockedError
        return ShellStream.of(kernel, subshell_id) if in_shell else None
    except (AttributeError, LookupError):  # a private name is missing: another ipykernel
        if awaiting and kernels.delivers_while_awaiting(kernel):
            return None
        raise MessagesBlockedError from None


def delivers_here(*, awaiting: bool = False) -> bool:
    """Whether a wait in this thread is possible: `stream_here` as a question."""
    try:
        stream_here(awaiting=awaiting)
    except MessagesBlockedError:
        return False
    return True
