"""What a worker of a cluster does of a fetch: the tasks of one run share its connections there."""

import itertools
import pickle
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError

import requests

from nb_oauth import forks
from nb_oauth.data.courier import Courier
from nb_oauth.data.exchange import Call, Terms
from nb_oauth.data.politeness import Outcome


class _Office:
    """One courier for all tasks of a run in this process.

    Args:
        session: the copy that came with the first of them; it renews itself like any other.
        terms: how to ask.
    """

    def __init__(self, session: requests.Session, terms: Terms) -> None:
        self._finished: dict[int, Outcome] = {}
        self._bell = threading.Condition()
        self._numbers = itertools.count()
        self._is_closed = False
        self._courier = Courier(session, terms, self._finished, deque(maxlen=0), self._ring)
        self._courier.start()

    def answers(self, calls: Sequence[Call]) -> list[Outcome]:
        """Return the outcome of each call."""
        with self._bell:
            numbers = list(itertools.islice(self._numbers, len(calls)))
            self._courier.give(zip(numbers, calls, strict=True))
            self._bell.wait_for(lambda: self._has(numbers))
            return [self._finished.pop(number) for number in numbers]

    def _has(self, numbers: list[int]) -> bool:
        if self._courier.failure is not None:
            raise self._courier.failure
        if self._is_closed:
            raise CancelledError(_OVER)
        return all(number in self._finished for number in numbers)

    def _ring(self) -> None:
        with self._bell:
            self._bell.notify_all()

    def close(self) -> None:
        """End the connections, and what waits for an answer."""
        self._is_closed = True
        self._courier.stop()
        self._ring()


_OVER = "Nobody waits for this any more."

_offices: dict[tuple[str, str | None], _Office] = {}
_ended: deque[str] = deque(maxlen=100)
_guard = threading.Lock()


def answers(
    run: str, session: requests.Session, calls: Sequence[Call], terms: Terms
) -> list[Outcome]:
    """Fetch, and return what came of each call: a task.

    Args:
        run: of which run it is.
        session: a copy of the session that asks.
        calls: what to ask for.
        terms: how to ask.
    """
    outcomes = _office(run, session, terms).answers(calls)
    return [_sendable(one) for one in outcomes]


def end(run: str) -> None:
    """Close the connections of a run: none of its tasks is wanted any more.

    A thread does so. This is called in the worker's event loop, and a session that waits for its
    next token waits for that.
    """
    with _guard:
        _ended.append(run)
        ended = [_offices.pop(key) for key in list(_offices) if key[0] == run]
    for office in ended:
        threading.Thread(target=office.close, name="nb_oauth fetch ends", daemon=True).start()


def _office(run: str, session: requests.Session, terms: Terms) -> _Office:
    with _guard:
        if run in _ended:
            raise CancelledError(_OVER)
        key = run, terms.rate
        if key not in _offices:
            _offices[key] = _Office(session, terms)
        return _offices[key]


def _sendable(outcome: Outcome) -> Outcome:
    """Return an outcome that can go to another process."""
    if isinstance(outcome, requests.Response):
        return outcome
    try:
        pickle.loads(pickle.dumps(outcome))  # noqa: S301 - made here
    except Exception:  # noqa: BLE001 - whatever an error of somebody else's holds
        return requests.ConnectionError(f"{type(outcome).__name__}: {outcome}")
    return outcome


def _begin_anew() -> None:
    global _guard  # noqa: PLW0603 - a thread that held the former was not forked along
    _guard = threading.Lock()
    _offices.clear()


forks.in_child(_begin_anew)
