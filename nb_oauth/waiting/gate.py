"""Where a wait would never end, the cell ends instead, with one line that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb_oauth.place import here
from nb_oauth.waiting import kernels
from nb_oauth.waiting.deadline import GO_ON, instead_of_waiting

if TYPE_CHECKING:
    from nb_oauth.waiting.shell_stream import ShellStream


def stream_or_gate(*, needs_messages: bool, awaiting: bool = False) -> ShellStream | None:
    """Return the stream that a wait in this thread has to read, None where it can wait plainly.

    Args:
        needs_messages: whether what is waited for comes by a widget's messages.
        awaiting: the wait leaves the thread's asyncio loop running.

    Raises:
        LoginPending: a wait in this thread would never end; it says what to do.
    """
    try:
        return kernels.stream_here(awaiting=awaiting)
    except kernels.MessagesBlockedError:
        if needs_messages:
            raise _pending() from None
        return None


def _pending() -> Exception:
    from nb_oauth.exceptions import LoginPending

    where = here()
    if where.lets_cells_wait:  # it is this kernel that does not
        return LoginPending(f"Sign in above, {GO_ON}")
    return LoginPending(f"Nobody has signed in yet. {instead_of_waiting(where)}")
