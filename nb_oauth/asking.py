"""How each prompt is put to a person, and which answer it takes."""

import contextlib
import errno
import os
import queue
import time
from collections.abc import Callable, Generator
from typing import Any, Generic, NamedTuple, TypeVar

from nb_oauth import place
from nb_oauth.grants import Flow, GrantSession
from nb_oauth.prompts import (
    Answer,
    AskClient,
    AskPassword,
    Credentials,
    OpenPage,
    Pause,
    Prompt,
    RawAnswer,
    Rejection,
    ShowCode,
    TypedClient,
)
from nb_oauth.surfaces import Registration

Event = TypeVar("Event")


class Means(NamedTuple):
    """How to sign in, where that is only known once somebody was asked."""

    flow: Callable[[GrantSession], Flow]
    redirect_uri: str | None
    remarks: tuple[str, ...]


AskFirst = Generator[Prompt, Answer[Any], Means]
"""Yields prompts, is sent answers, returns how to sign in."""

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
    if isinstance(prompt, AskClient):
        return _registration(prompt, provider_name)
    return {
        "link": prompt.complete_url or prompt.url,
        "address": prompt.url,
        "progress": waiting,
        "code": prompt.code,
        "qr": _qr_code(prompt.complete_url or prompt.url),
        "deadline": prompt.deadline,
    }


def cannot_listen(redirect_uri: str, error: OSError) -> str:
    """Say why the answer cannot come back by itself, and what to do."""
    why = "another program listens there"
    if error.errno != errno.EADDRINUSE:
        why = os.strerror(error.errno or 0)
    return (
        f"The answer cannot come back to {redirect_uri} by itself ({why}): after you have signed "
        "in, copy the address of the page here."
    )


def cancelled() -> str:
    """Say that somebody cancelled, and what to do to sign in after all."""
    what = "it" if place.kernel_of_this_process() is None else "the cell"
    return f"Signing in was cancelled. Run {what} again to sign in."


def rejection_of(prompt: Prompt) -> Rejection | None:
    """Return what was wrong with the answer to the prompt before ``prompt``."""
    return prompt.rejection if isinstance(prompt, OpenPage | AskPassword) else None


def after(prompt: Prompt) -> str | None:
    """Return what happens once ``prompt`` is answered; None where it goes on being shown."""
    if isinstance(prompt, ShowCode):
        return None
    return "Preparing…" if isinstance(prompt, AskClient) else "Fetching the token…"


def judge(
    prompt: Prompt, answer: RawAnswer | Credentials | TypedClient
) -> Answer[Any] | Rejection | None:
    """Judge whether ``answer`` answers ``prompt``; None where it answers no such prompt at all."""
    if isinstance(prompt, OpenPage) and isinstance(answer, RawAnswer):
        return prompt.accept(answer)
    if isinstance(prompt, AskPassword) and isinstance(answer, Credentials):
        return prompt.accept(answer)
    if isinstance(prompt, AskClient) and isinstance(answer, TypedClient):
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


def _registration(prompt: AskClient[Any], provider_name: str) -> dict[str, Any]:
    asked = Registration(prompt.page, prompt.redirect_uri, prompt.needs_secret, prompt.kept_in)
    return {
        "notice": f"They go to {prompt.goes_to} and to no other server.",
        "progress": f"Waiting for the app that you register with {provider_name}…",
        "registration": asked,
    }


def _qr_code(url: str) -> str:
    import segno

    return segno.make_qr(url).svg_data_uri(border=2, light="#fff")
