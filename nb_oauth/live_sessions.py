"""The sessions of this process that are still used, whatever thread opens or drops one."""

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import requests

_S = TypeVar("_S", bound=requests.Session)


class LiveSessions(weakref.WeakSet[_S]):
    """Sessions that are still used; to go through them is to go through those there are now."""

    def __init__(self, data: Iterable[_S] = ()) -> None:
        self.begin_anew()
        self._served: weakref.WeakKeyDictionary[_S, Callable[[], object]]
        self._served = weakref.WeakKeyDictionary()
        super().__init__(data)

    def begin_anew(self) -> None:
        """Take a lock that nobody holds: a thread that held the former was not forked along."""
        self._lock = threading.RLock()

    def add(self, item: _S) -> None:
        """Add a session that was opened, in whatever thread."""
        with self._lock:
            super().add(item)

    def add_for_audience(self, item: _S) -> None:
        """Add one that serves only whom this thread serves."""
        who = _audience()
        self._served[item] = _one_person if who is None else weakref.ref(who)
        self.add(item)

    def snapshot(self) -> list[_S]:
        """Return the sessions that there are now."""
        with self._lock:
            return list(super().__iter__())

    def of_audience(self) -> list[_S]:
        """Return those of whom this thread serves: a process may serve many."""
        who = _audience()
        return [one for one in self.snapshot() if self._served.get(one, _one_person)() is who]

    def __iter__(self) -> Iterator[_S]:
        """Go through a snapshot: other threads open sessions meanwhile."""
        return iter(self.snapshot())


def _one_person() -> None:
    """Return who is served where there is nobody else."""


def _audience() -> object | None:
    from nb_oauth import place  # only sessions that are opened need it

    return place.audience()
