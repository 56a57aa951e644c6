"""How each prompt is put to a person, and which answer it takes."""

import contextlib
import queue
import time
from typing import Any, Generic, TypeVar

from nb_oauth.prompts import (
    Answer,
    AskPassword,
    Credentials,
    OpenPage,
    Pause,
    Prompt,
    RawAnswer,
    Rejection,
    ShowCode,
)

Event = TypeVar("Event")

_CREDENTIALS = "They go to the provider once, and are kept nowhere."


def as_shown(
    prompt: Prompt, provider_name: str, notice: str, catcher: object = None
) -> dict[str, Any]:
    """Return the fields of the ``View`` that puts ``prompt`` to a person.

    Args:
        prompt: what the grant asks.
        provider_name: what people call the provider.
        notice: what to know beside the callback box.
        catcher: what catches the answer as the browser brings it; None where nothing does.
    """
    waiting = f"Waiting for you to sign in to {provider_name}…"
    if isinstance(prompt, OpenPage):
        shown = {"link": prompt.url, "notice": notice, "progress": waiting, "box": True}
        return {**shown, "comes_back": catcher is not None}
    if isinstance(prompt, AskPassword):
        return {"notice": _CREDENTIALS, "progress": waiting, "credentials": True}
    if isinstance(prompt, Pause):
        return {"progress": "", "error": prompt.rejection.reason}
    return {
        "link": prompt.complete_url or prompt.url,
        "address": prompt.url,
        "progress": waiting,
        "code": prompt.code,
        "qr": _qr_code(prompt.complete_url or prompt.url),
        "deadline": prompt.deadline,
    }


def rejection_of(prompt: Prompt) -> Rejection | None:
    """Return what was wrong with the answer to the prompt before ``prompt``."""
    return prompt.rejection if isinstance(prompt, OpenPage | AskPassword) else None


def judge(prompt: Prompt, answer: RawAnswer | Credentials) -> Answer[Any] | Rejection | None:
    """Judge whether ``answer`` answers ``prompt``; None where it answers no such prompt at all."""
    if isinstance(prompt, OpenPage) and isinstance(answer, RawAnswer):
        return prompt.accept(answer)
    if isinstance(prompt, AskPassword) and isinstance(answer, Credentials):
        return prompt.accept(answer)
    return None


class Inbox(Generic[Event]):
    """What came in for an attempt, from any thread."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def put(self, event: Event) -> None:
        """Take ``event``; returns at once."""
        self._events.put(event)

    def next_for(self, prompt: Prompt) -> Event | Answer[bool]:
        """Wait for the next event; after the pause of a ``ShowCode`` it is its answer."""
        if not isinstance(prompt, ShowCode):
            return self._events.get()
        left = prompt.deadline - time.monotonic()
        try:
            return self._events.get(timeout=max(0.0, min(prompt.pause, left)))
        except queue.Empty:
            return Answer(time.monotonic() < prompt.deadline)

    def drop(self, kind: type) -> None:
        """Forget every event of that kind that came in so far."""
        for event in self.remaining():
            if not isinstance(event, kind):
                self.put(event)

    def remaining(self) -> list[Event]:
        """Take everything out that is in it. Another thread may do the same meanwhile."""
        events = []
        with contextlib.suppress(queue.Empty):
            while True:
                events.append(self._events.get(block=False))
        return events


def _qr_code(url: str) -> str:
    import segno

    return segno.make_qr(url).svg_data_uri(border=2, light="#fff")
