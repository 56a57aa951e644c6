"""What happened at the demo provider, in plain words and without a secret.

A tutorial shows it beside what the notebook did: the provider's half of the conversation.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import overload

__all__ = ["Event", "Journal", "Recorder"]

_KEPT = 1000


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        time: when, in seconds since the epoch.
        what: a short sentence; no code, token, verifier, secret or password is ever in it.
    """

    time: float
    what: str

    def __str__(self) -> str:
        return f"{self.clock}  {self.what}"

    @property
    def clock(self) -> str:
        """The local time of day, such as ``"14:03:59"``."""
        return time.strftime("%H:%M:%S", time.localtime(self.time))


class Journal(Sequence[Event]):
    """The events until now, oldest first. Shows itself as a small table in a notebook."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = tuple(events)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Journal: ...
    def __getitem__(self, index: int | slice) -> Event | Journal:
        if isinstance(index, slice):
            return Journal(self._events[index])
        return self._events[index]

    def __len__(self) -> int:
        return len(self._events)

    def __repr__(self) -> str:
        return "\n".join(map(str, self._events)) or "Nothing has happened yet."

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(event.clock)}</td>"
            f'<td style="text-align: left">{escape(event.what)}</td></tr>'
            for event in self._events
        )
        return f"<table><tbody>{rows}</tbody></table>" if rows else escape(repr(self))


class Recorder:
    """Writes the journal; safe to use from every thread."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def note(self, what: str) -> None:
        """Add one event that happens now."""
        with self._lock:
            self._events.append(Event(time.time(), what))

    def journal(self) -> Journal:
        """The journal as it is now."""
        with self._lock:
            return Journal(tuple(self._events))
