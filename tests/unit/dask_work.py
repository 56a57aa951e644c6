"""What the tests have done on a cluster: functions that its workers import."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from distributed import Event, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests


def number(session: requests.Session, url: str) -> int:
    answer = session.get(url)
    answer.raise_for_status()
    found: int = answer.json()["number"]
    return found


def numbers(session: requests.Session, urls: Sequence[str]) -> list[int]:
    return [number(session, url) for url in urls]


def number_by_thread(session: requests.Session, url: str) -> int:
    """In a thread that Dask knows nothing of."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(number(session, url)))
    thread.start()
    thread.join()
    return found[0]


async def number_in_the_loop(session: requests.Session, url: str) -> int:
    await asyncio.sleep(0)
    return number(session, url)


def status(session: requests.Session, url: str) -> int:
    return session.get(url).status_code


def what_it_has(session: Any) -> dict[str, object]:
    """What a copy has of its session."""
    return {
        "token": sorted(session.token),
        "store": session._store,
        "secret": session._registered.client_secret,
        "renews": session.account.renews,
    }


def seconds_until(error: type[Exception], session: requests.Session, url: str) -> tuple[float, str]:
    """Ask until that error is raised; return when that was, and what it says."""
    began = time.monotonic()
    while True:
        try:
            session.get(url)
        except error as told:
            return time.monotonic() - began, str(told)
        time.sleep(0.05)


def note_when(variable: str, error: type[Exception], session: requests.Session, url: str) -> None:
    """Say in a variable of Dask's what ``seconds_until`` returns."""
    Event(variable).set()
    Variable(variable).set(list(seconds_until(error, session, url)))


def fails(*_: object) -> None:
    raise ZeroDivisionError


def threads_that_fetch() -> int:
    return sum(1 for thread in threading.enumerate() if thread.name.startswith("nb_oauth fetch"))


def process() -> int:
    return os.getpid()


def held(session: requests.Session) -> int:
    """Keep the session, and say how long its header is."""
    _held.append(session)
    return len(session.headers["Authorization"])


_held: list[requests.Session] = []
