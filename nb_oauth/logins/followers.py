"""Telling those who follow a login, and do not wait for it."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from nb_oauth import place
from nb_oauth.session import OAuth2Session

_logger = logging.getLogger(__name__)

Follower = Callable[[OAuth2Session], object]


def tell(followers: Iterable[Follower], session: OAuth2Session) -> None:
    """Call each of ``followers`` with ``session``; one's failure is not the other's."""
    for follower in followers:
        try:
            follower(session)
        except Exception:  # noqa: PERF203 - theirs, not ours: the sign-in is done
            _logger.exception("A function given to on_signed_in failed")


def as_if_here(function: Follower) -> Follower:
    """Return a function that calls ``function`` from any thread, as the running cell would.

    Only in marimo is there anything to do: what it calls a thread of its own may set a state or
    print, and others may not.
    """
    marimo = place.marimo_here()
    return function if marimo is None else _InMarimo(marimo, function)


class _InMarimo:
    """Calls a function in a thread that belongs to the cell which runs now."""

    def __init__(self, marimo: Any, function: Follower) -> None:  # noqa: ANN401 - none of our dependencies
        self._called_with: list[OAuth2Session] = []
        self._thread = marimo.Thread(
            target=lambda: tell([function], *self._called_with), name="nb_oauth follower"
        )

    def __call__(self, session: OAuth2Session) -> None:
        self._called_with.append(session)
        self._thread.daemon = True
        self._thread.start()
