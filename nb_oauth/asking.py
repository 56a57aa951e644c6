"""How each prompt is put to a person, and which answer it takes."""

import contextlib
import queue
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from nb_oauth import place
from nb_oauth.exceptions import LoginCancelled
from nb_oauth.grants import Flow, GrantSession
from nb_oauth.prompts import (
    Answer,
    AskClient,
    AskPage,
    AskPassword,
    Credentials,
    Delivered,
    OpenPage,
    Pause,
    Prompt,
    RawAnswer,
    Rejection,
    ShowCode,
    TypedClient,
)
from nb_oauth.session import OAuth2Session
from nb_oauth.surfaces import Cancelled, NewLinkWanted, Registration
from nb_oauth.surfaces.contract import OfSignIn

Event = TypeVar("Event")


@dataclass(frozen=True)
class TakenOver:
    """A newer sign-in listens where this one did."""


class Means(NamedTuple):
    """How to sign in, where that is only known once somebody was asked.

    Args:
        flow: of the grant.
        redirect_uri: where the provider is to send people back to.
        remarks: what to know about this way of signing in, a line each.
        page_decides: whether another page of the person's would make it another redirect URI.
    """

    flow: Callable[[GrantSession], Flow]
    redirect_uri: str | None
    remarks: tuple[str, ...]
    page_decides: bool = True


class BeginAgainError(Exception):
    """The person asked for a new link."""


class SignedInElsewhereError(Exception):
    """Nobody need be asked any more.

    Args:
        session: somebody has signed in with this one.
    """

    def __init__(self, session: OAuth2Session) -> None:
        super().__init__()
        self.session = session


Reported = OfSignIn | OAuth2Session
"""What a person may report to an attempt; a session is what they got by another."""

AskFirst = Generator[Prompt, Answer[Any], Means]
"""Yields prompts, is sent answers, returns how to sign in."""

PREPARING = "Preparing…"
_LOOK_EVERY = 5.0  # seconds; whether a visitor is still there, where there are visitors
_CREDENTIALS = "They go to the provider once, and are kept nowhere."


def as_shown(
    prompt: Prompt, provider_name: str, notice: str, *, comes_back: bool = False
) -> dict[str, Any]:
    """Return the fields of the ``View`` that puts ``prompt`` to a person.

    Args:
        prompt: what the grant asks.
        provider_name: what people call the provider.
        notice: what to know beside the callback box.
        comes_back: whether the answer is caught as the browser brings it.
    """
    waiting = f"Waiting for you to sign in to {provider_name}…"
    if isinstance(prompt, OpenPage):
        shown = {"link": prompt.url, "notice": notice, "progress": waiting, "box": True}
        return {**shown, "comes_back": comes_back}
    if isinstance(prompt, AskPage):
        return {"progress": PREPARING}
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


def cancelled() -> str:
    """Say that somebody cancelled, and what to do to sign in after all."""
    what = "it" if place.kernel_of_this_process() is None else "the cell"
    return f"Signing in was cancelled. Run {what} again to sign in."


def words_of(error: BaseException) -> str:
    """Say what an error says."""
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - an error that cannot even say what it is
        return type(error).__name__


def without_frames(error: BaseException) -> BaseException:
    """Return ``error`` without ours: their locals hold the code, and some front ends print them."""
    with contextlib.suppress(Exception):  # an error that is frozen keeps its own
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    return error


def rejection_of(prompt: Prompt) -> Rejection | None:
    """Return what was wrong with the answer to the prompt before ``prompt``."""
    return prompt.rejection if isinstance(prompt, OpenPage | AskPassword) else None


def names_way_back(prompt: Prompt) -> bool:
    """Tell whether ``prompt`` has a redirect URI in it."""
    return isinstance(prompt, OpenPage | AskClient)


def after(prompt: Prompt) -> str | None:
    """Return what happens once ``prompt`` is answered; None where it goes on being shown."""
    if isinstance(prompt, ShowCode | AskPage):
        return None
    return PREPARING if isinstance(prompt, AskClient) else "Fetching the token…"


def judge(prompt: Prompt, answer: Reported) -> Answer[Any] | Rejection | None:
    """Judge whether ``answer`` answers ``prompt``; None where it answers no such prompt at all."""
    if isinstance(prompt, OpenPage) and isinstance(answer, RawAnswer):
        return prompt.accept(answer)
    if isinstance(prompt, AskPassword) and isinstance(answer, Credentials):
        return prompt.accept(answer)
    if isinstance(prompt, AskClient) and isinstance(answer, TypedClient):
        return prompt.accept(answer)
    return None


def stop_for(event: object) -> None:
    """Ask no further where ``event`` calls for no answer any more.

    Raises:
        LoginCancelled: the person has cancelled.
        BeginAgainError: they want a new link.
        SignedInElsewhereError: they have signed in by another login.
    """
    if isinstance(event, Cancelled):
        raise LoginCancelled(cancelled())
    if isinstance(event, NewLinkWanted):
        raise BeginAgainError
    if isinstance(event, OAuth2Session):
        raise SignedInElsewhereError(event)


class Verdicts:
    """Judges what the browser brings, and tells it what came of that."""

    def __init__(self) -> None:
        self._last: tuple[int, str | None] | None = None  # the hash of an answer, and its verdict

    def on(self, delivered: Delivered, prompt: Prompt) -> Answer[Any] | Rejection | None:
        """Judge what was delivered; None where the same was judged before.

        Each tab that shows the notebook brings what the callback page hands over.
        """
        if self._last is not None and self._last[0] == hash(delivered.answer):
            delivered.verdict.set_result(self._last[1])
            return None
        outcome = judge(prompt, delivered.answer)
        words = outcome.reason if isinstance(outcome, Rejection) else None
        if isinstance(outcome, Answer):
            words = outcome.remark
        self._last = hash(delivered.answer), words
        delivered.verdict.set_result(words)
        return outcome


class Inbox(Generic[Event]):
    """What came in for an attempt, from any thread."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def put(self, event: Event) -> None:
        """Take ``event``; returns at once."""
        self._events.put(event)

    def next_for(self, prompt: Prompt) -> Event | Answer[Any]:
        """Wait for the next event; some prompts are answered by that there is none for a while."""
        if not isinstance(prompt, ShowCode | AskPage):
            return self._next()
        _end_without_audience()
        left = prompt.deadline - time.monotonic()
        if isinstance(prompt, ShowCode):
            left = min(prompt.pause, left)
        try:
            return self._events.get(timeout=max(0.0, left))
        except queue.Empty:
            is_good = time.monotonic() < prompt.deadline
            return Answer(is_good if isinstance(prompt, ShowCode) else None)

    def _next(self) -> Event:
        """Wait for the next event, as long as somebody is there whom one may come from."""
        patience = None if place.audience() is None else _LOOK_EVERY
        while True:
            with contextlib.suppress(queue.Empty):
                return self._events.get(timeout=patience)
            _end_without_audience()

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


def _end_without_audience() -> None:
    """Let nothing of ours outlive the visit of whom it is for.

    Raises:
        LoginCancelled: they have left.
    """
    if place.audience_has_left():
        raise LoginCancelled("Whoever was to sign in has left.")


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
