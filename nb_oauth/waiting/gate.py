"""Where a wait would never end, the cell ends instead, with one line that says what to do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from nb_oauth.waiting.deadline import GO_ON
from nb_oauth.waiting.kernels import MessagesBlockedError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def gate() -> Iterator[None]:
    """Turn "messages are blocked here" into what a person can act on, `LoginPending`."""
    try:
        yield
    except MessagesBlockedError:
        from nb_oauth.exceptions import LoginPending

        raise LoginPending(f"Sign in above, {GO_ON}") from None
