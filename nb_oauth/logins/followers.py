"""Telling those who follow a login, and do not wait for it."""

import logging
from collections.abc import Callable, Iterable

from nb_oauth.session import OAuth2Session

_logger = logging.getLogger(__name__)


def tell(followers: Iterable[Callable[[OAuth2Session], object]], session: OAuth2Session) -> None:
    """Call each of ``followers`` with ``session``; one's failure is not the other's."""
    for follower in followers:
        try:
            follower(session)
        except Exception:  # noqa: PERF203 - theirs, not ours: the sign-in is done
            _logger.exception("A function given to on_signed_in failed")
