"""How soon each host wants to be asked again, as all requests of this process know it."""

import math
import threading

from nb_oauth import forks

_FIRST_GAP, _LONGEST_GAP, _SHORTEST_GAP = 0.05, 5.0, 0.002  # seconds
_QUICKER = 0.95


class Host:
    """How soon a host wants to be asked again.

    An answer that turns a request away closes it for a while, and doubles the gap between two
    requests from then on; each request that is let through shortens that again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opens_at = self._closed_at = -math.inf
        self._gap = 0.0

    def wait(self, now: float) -> float:
        """Return in how many seconds to ask again; 0 lets one request through now."""
        if not self._gap:  # as nearly always
            return 0.0
        with self._lock:
            if now < self._opens_at:
                return self._opens_at - now
            self._opens_at = now + self._gap
            self._gap = self._gap * _QUICKER if self._gap > _SHORTEST_GAP else 0.0
            return 0.0

    def close(self, seconds: float, sent_at: float, now: float) -> None:
        """Let nothing through for so many seconds.

        Args:
            seconds: for how long.
            sent_at: when the request was sent that was turned away. Those that were under way
                together have met with one refusal, not with many.
            now: the time on the same clock.
        """
        with self._lock:
            if sent_at > self._closed_at:
                self._gap = min(max(2 * self._gap, _FIRST_GAP), _LONGEST_GAP)
                self._closed_at = now
            self._opens_at = max(self._opens_at, now + seconds)


_guard = threading.Lock()
_hosts: dict[str, Host] = {}


def host_of(url: str) -> Host:
    """Return what is known in this process of the host that ``url`` leads to."""
    name = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2].lower()
    known = _hosts.get(name)
    if known is None:
        with _guard:
            known = _hosts.setdefault(name, Host())
    return known


def _begin_anew() -> None:
    global _guard  # noqa: PLW0603 - a thread that held the former was not forked along
    _guard = threading.Lock()
    _hosts.clear()


forks.in_child(_begin_anew)
