"""When a wait is over for lack of an answer, and what it says then."""

from __future__ import annotations

import time

from nb_oauth.place import Place, here

RUN_AGAIN = "then run this cell again."
"""What to do after signing in, where the cell that did not wait finds its sign-in again."""

USE_SESSION = "then use this login's .session in another cell."
"""The same where that cell may make a login of its own, and would make another."""

CALLED = (
    "nb_oauth.login(…, wait=False).on_signed_in(function) calls function(session) as soon as "
    "somebody has signed in."
)
"""What to write where no cell can wait."""

SLICE = 0.2
"""The longest time in seconds without a look around: signals do not end every kind of sleep."""


class Deadline:
    """The end of a wait.

    Args:
        timeout: seconds from now; None for a wait without an end.
        go_on: what to do after signing in, should the wait end before.

    Attributes:
        go_on: the same.
    """

    def __init__(self, timeout: float | None, go_on: str = RUN_AGAIN) -> None:
        self._timeout = timeout
        self.go_on = go_on
        self._end = None if timeout is None else time.monotonic() + timeout

    def next_slice(self) -> float:
        """Seconds to sleep at most before looking around again."""
        if self._end is None:
            return SLICE
        return min(SLICE, max(0.0, self._end - time.monotonic()))

    def check(self) -> None:
        """Raise `LoginTimeout` if the time is up."""
        if self._end is not None and time.monotonic() >= self._end:
            from nb_oauth.exceptions import LoginTimeout

            raise LoginTimeout(f"Nobody answered in {self._timeout:g} s. {self._what_to_do()}")

    def _what_to_do(self) -> str:
        if here() is Place.TERMINAL:
            return "Call it once more in this process to go on with this very sign-in."
        return f"The sign-in goes on: finish it, {self.go_on}"


def instead_of_waiting(where: Place) -> str:
    """Return what to do in place of waiting, at a place where no cell can."""
    again = " Or run this cell again after that." if where is Place.REACTIVE else ""
    return f"No cell can wait here: {CALLED}{again}"
