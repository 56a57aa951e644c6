"""Asking a token endpoint again that was out of order for a moment, and for how long.

Whoever waits for a renewal waits for this as well, so it is bounded: by a time in which no new
attempt begins after, and by what may be sent twice at all. A refresh token that rotates may not:
where it arrives twice, some providers end the sign-in. So a request is sent again at once only if

* it cannot have arrived: nobody listened, or nobody was found (``TokenError.was_sent``);
* or it was answered, and the answer is the end of it: by a 429 or 503 it was turned away; behind a
  500 or 502 it may have been spent, but then its successor is lost in any case.

Where no answer came, or a gateway tired of waiting for it (504), the first request may still be
under way, and arrive after the second. Then the error is raised, and a later request of the
caller's tries anew. Client credentials are worth any number of tokens (RFC 6749 §4.4), and so are
sent again in these cases too.
"""

import math
import random
import time
from collections.abc import Callable
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TypeVar

import requests

from nb_oauth.exceptions import TokenError

LONGEST = 15.0
"""Seconds after which a renewal makes no new attempt: a store's lock is waited for much longer."""

_T = TypeVar("_T")
Pause = Callable[[float], object]

_TURNED_AWAY = {429, 503}  # RFC 6585 §4, RFC 9110 §15.6.4
_BROKEN = {500, 502}
_UNDER_WAY = {504}
# RFC 6749 §4.1.2.1 and RFC 8628 §3.5; many say so at the token endpoint, too.
_FOR_A_MOMENT = {"server_error", "slow_down", "temporarily_unavailable"}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 4.0  # seconds; each is twice the one before
_SMALLEST_PART = 0.75  # of a pause: those who failed together should not come back together
_NEVER = 1e9  # seconds


def is_transient(error: Exception, *, may_be_repeated: bool) -> bool:
    """Tell whether asking again soon may help, and can do no harm.

    Args:
        error: what a token request came to.
        may_be_repeated: whether it may arrive twice, as client credentials may.
    """
    if not isinstance(error, TokenError):
        return False
    if not error.was_sent or error.status in _TURNED_AWAY or error.error in _FOR_A_MOMENT:
        return True
    if error.error is not None:  # the provider has understood, and said no
        return False
    if may_be_repeated and _got_no_answer(error):
        return True
    return error.status in (_BROKEN | _UNDER_WAY if may_be_repeated else _BROKEN)


def _got_no_answer(error: TokenError) -> bool:
    untrusted = isinstance(error, requests.exceptions.SSLError)
    kinds = (requests.ConnectionError, requests.Timeout)
    return isinstance(error, kinds) and not untrusted


class Patience:
    """How long one renewal goes on asking. It begins when it is made.

    Args:
        seconds: after which no new attempt begins; with 0 there is one attempt.
        pause: waits for so many seconds. Ctrl-C ends it, as it ends ``time.sleep``.
    """

    def __init__(self, seconds: float = LONGEST, *, pause: Pause = time.sleep) -> None:
        self._pause, self._seconds = pause, seconds
        self._began, self._waited = time.monotonic(), 0.0

    @property
    def has_waited(self) -> bool:
        """Whether it has been of any use."""
        return self._waited > 0

    def wait(self, seconds: float) -> bool:
        """Wait for so many seconds, if that is not too long; returns whether it was not."""
        if not self._lasts(seconds):
            return False
        self._waited += seconds
        self._pause(seconds)
        return True

    def _lasts(self, seconds: float) -> bool:
        spent = max(time.monotonic() - self._began, self._waited)
        return spent + seconds <= self._seconds

    def ask(self, ask: Callable[[], _T], *, may_be_repeated: bool) -> _T:
        """Return what ``ask`` returns, called again after errors that pass.

        Args:
            ask: sends a token request.
            may_be_repeated: see :func:`is_transient`.

        Raises:
            Exception: what ``ask`` raised last.
        """
        backoff = _FIRST_PAUSE
        while True:
            try:
                return ask()
            except TokenError as error:
                pause = max(_part_of(backoff), error.retry_after or 0.0)
                passes = is_transient(error, may_be_repeated=may_be_repeated)
                if not passes or not self._lasts(pause):
                    raise
            self.wait(pause)
            backoff = min(2 * backoff, _LONGEST_PAUSE)


def _part_of(pause: float) -> float:
    return pause * random.uniform(_SMALLEST_PART, 1)  # noqa: S311 - nothing is kept secret by it


def seconds_in(retry_after: str | None, date: str | None, now: float) -> float | None:
    """Read a ``Retry-After``: seconds, or a date (RFC 9110 §10.2.3); None where it is neither.

    Args:
        retry_after: the header.
        date: the answer's ``Date``, by whose clock the other date was made.
        now: what to count from without one, in seconds since the epoch.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _NEVER)
    then = _seconds_since_epoch(text)
    if then is None:
        return None
    their_now = _seconds_since_epoch(date or "")
    return min(max(0.0, then - (now if their_now is None else their_now)), _NEVER)


def in_words(seconds: float) -> str:
    """Say how long that is, rounded up: ``"40 s"``, ``"5 min"``, ``"2 h"``."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds > 2 * size:
            return f"{math.ceil(seconds / size)} {unit}"
    return f"{math.ceil(seconds)} s"


def _seconds_since_epoch(text: str) -> float | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):  # the latter up to Python 3.10
        return None
    return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()
