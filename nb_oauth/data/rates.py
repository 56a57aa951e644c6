"""So many requests a second and no more: counted for all sessions of one provider together.

Whoever wants to send reserves the next moment at which one more request is within the rate, and
waits for it. So threads and event loops share one count without waking one another, and whoever
came first goes first.
"""

import math
import re
import threading
from typing import TYPE_CHECKING

from nb_oauth import forks
from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pyrate_limiter import Rate

_UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_UNITS |= {"d": 86_400, "day": 86_400}
_RATE = re.compile(r"\s*(\d+)\s*(?:/|\bper\b)\s*(\d+)?\s*([a-z]+)\s*", re.IGNORECASE)
_MILLISECONDS = 1000


def require_rate(rate: str) -> tuple[int, int]:
    """Return how many requests ``rate`` allows, and in how many seconds.

    Args:
        rate: such as ``"10/s"``, ``"100 per minute"``, ``"5000/hour"`` or ``"300/15 min"``.

    Raises:
        ConfigurationError: it is none.
    """
    found = _RATE.fullmatch(str(rate))
    unit = None if found is None else _UNITS.get(found[3].lower().removesuffix("s") or "s")
    if found is None or unit is None or not int(found[1]) or found[2] == "0":
        raise ConfigurationError(
            f"rate={rate!r} will not do: say how many requests in what time, such as '10/s', "
            "'100/min' or '5000/hour'."
        )
    return int(found[1]), unit * int(found[2] or 1)


def shared_rate(rate: str | None, count: int) -> str | None:
    """Return the part of ``rate`` that one of ``count`` processes may use."""
    if rate is None:
        return None
    limit, seconds = require_rate(rate)
    if limit >= count:
        return f"{limit // count}/{seconds}s"
    return f"1/{math.ceil(seconds * count / limit)}s"


class Pace:
    """The requests to one provider, counted.

    In no span of the rate's time are there more of them than it allows. Each is judged by the rate
    it comes with, and counts for all.
    """

    def __init__(self) -> None:
        from pyrate_limiter import InMemoryBucket, Rate

        self._lock = threading.Lock()
        self._bucket = InMemoryBucket([Rate(1, 1)])
        self._latest = 0  # milliseconds, on the bucket's clock
        self._longest = 0  # milliseconds

    def reserve(self, rate: str) -> float:
        """Reserve the next moment for one more request; returns the seconds until then.

        Raises:
            ConfigurationError: ``rate`` is none.
        """
        from pyrate_limiter import Rate, RateItem

        limit, seconds = require_rate(rate)
        asked = Rate(limit, seconds * _MILLISECONDS)
        with self._lock:
            now: int = self._bucket.now()  # type: ignore[no-untyped-call]  # theirs has no types
            item = RateItem("", max(now, self._latest))
            self._forget_before(now, asked)
            while not self._bucket.put(item):
                wait = self._bucket.waiting(item)
                item.timestamp += max(1, wait if isinstance(wait, int) else 1)
            self._latest = item.timestamp
        return (item.timestamp - now) / _MILLISECONDS

    def _forget_before(self, now: int, asked: "Rate") -> None:
        """Forget the requests that no rate looks at any more."""
        self._longest = max(self._longest, asked.interval)
        self._bucket.rates = [asked]
        self._bucket.leak(now - (self._longest - asked.interval))


_guard = threading.Lock()
_paces: "dict[Hashable, Pace]" = {}


def pace_of(key: "Hashable") -> Pace:
    """Return what counts the requests to one provider in this process."""
    with _guard:
        return _paces.get(key) or _paces.setdefault(key, Pace())


def _begin_anew() -> None:
    global _guard  # noqa: PLW0603 - a thread that held the former was not forked along
    _guard = threading.Lock()
    _paces.clear()


forks.in_child(_begin_anew)
