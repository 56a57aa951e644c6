"""Where a wait would never end, the cell ends instead, with one line that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb_oauth.place import here
from nb_oauth.waiting import delivery
from nb_oauth.waiting.deadline import RUN_AGAIN, instead_of_waiting

if TYPE_CHECKING:
    from nb_oauth.waiting.shell_stream import ShellStream

_BY_AWAIT = "Or let this cell wait, as `session = await nb_oauth.login(…, wait=False)` does here."


def stream_or_gate(
    *, needs_messages: bool, awaiting: bool = False, go_on: str = RUN_AGAIN
) -> ShellStream | None:
    """Return the stream that a wait in this thread has to read, None where it can wait plainly.

    Args:
        needs_messages: whether what is waited for comes by a widget's messages.
        awaiting: the wait leaves the thread's asyncio loop running.
        go_on: what to do after signing in.

    Raises:
        LoginPending: a wait in this thread would never end; it says what to do.
    """
    try:
        return delivery.stream_here(awaiting=awaiting)
    except delivery.MessagesBlockedError:
        if needs_messages:
            raise _pending(go_on) from None
        return None


def _pending(go_on: str) -> Exception:
    from nb_oauth.exceptions import LoginPending

    where = here()
    if where.lets_cells_wait:  # it is this kernel that does not
        instead = f" {_BY_AWAIT}" if delivery.delivers_here(awaiting=True) else ""
        return LoginPending(f"Sign in above, {go_on}{instead}")
    return LoginPending(f"Nobody has signed in yet. {instead_of_waiting(where)}")
