"""Telling those who follow a login, and do not wait for it."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from nb_oauth import place
from nb_oauth.place import Cell
from nb_oauth.session import OAuth2Session

if TYPE_CHECKING:
    import threading

_logger = logging.getLogger(__name__)

Follower = Callable[[OAuth2Session], object]


class Following(NamedTuple):
    """A function that follows a login.

    Args:
        function: the function.
        cell: the cell that has asked for it; None where it is none of a person's cells.
    """

    function: Follower
    cell: Cell | None = None

    def is_of_former_run_of(self, cell: Cell | None) -> bool:
        """Tell whether ``cell`` has asked for it when it ran before: now it says what is wanted."""
        ran = self.cell
        return (
            ran is not None
            and cell is not None
            and ran.identifier == cell.identifier
            and ran != cell
        )


def tell(followers: Iterable[Follower], session: OAuth2Session) -> None:
    """Call each of ``followers`` with ``session``; one's failure is not the other's."""
    for follower in followers:
        try:
            follower(session)
        except Exception:  # noqa: PERF203 - theirs, not ours: the sign-in is done
            _logger.exception("A function that follows a login failed")


def as_if_here(function: Follower) -> Follower:
    """Return a function that calls ``function`` from any thread, as the running cell would.

    Only in marimo is there anything to do: what it calls a thread of its own may set a state or
    print, and others may not.
    """
    marimo = place.marimo_here()
    return function if marimo is None else _InMarimo(marimo, function)


class _InMarimo:
    """Calls a function in threads that belong to the cell which runs now, a new one each time.

    Only a thread of the cell's can make another: so each begins with making the next.
    """

    def __init__(self, marimo: Any, function: Follower) -> None:  # noqa: ANN401 - none of our dependencies
        self._marimo = marimo
        self._function = function
        self._called_with: deque[OAuth2Session] = deque()
        self._idle: deque[threading.Thread] = deque()
        self._make_next()

    def __call__(self, session: OAuth2Session) -> None:
        if not self._idle:  # better from another thread than not at all
            self._function(session)
            return
        thread = self._idle.popleft()
        self._called_with.append(session)
        thread.daemon = True
        thread.start()

    def _make_next(self) -> None:
        self._idle.append(self._marimo.Thread(target=self._run, name="nb_oauth follower"))

    def _run(self) -> None:
        session = self._called_with.popleft()
        try:
            self._make_next()
        finally:
            tell([self._function], session)
