"""The sessions of this process that are still used, whatever thread opens or drops one."""

import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import TypeVar

import requests

_S = TypeVar("_S", bound=requests.Session)


class LiveSessions(weakref.WeakSet[_S]):
    """Sessions that are still used; to go through them is to go through those there are now."""

    def __init__(self, data: Iterable[_S] = ()) -> None:
        self.begin_anew()
        super().__init__(data)

    def begin_anew(self) -> None:
        """Take a lock that nobody holds: a thread that held the former was not forked along."""
        self._lock = threading.RLock()

    def add(self, item: _S) -> None:
        """Add a session that was opened, in whatever thread."""
        with self._lock:
            super().add(item)

    def snapshot(self) -> list[_S]:
        """Return the sessions that there are now."""
        with self._lock:
            return list(super().__iter__())

    def __iter__(self) -> Iterator[_S]:
        """Go through a snapshot: other threads open sessions meanwhile."""
        return iter(self.snapshot())
