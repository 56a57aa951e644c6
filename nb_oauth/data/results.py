"""The answers to many requests, handed over as they are asked for."""

import asyncio
import contextlib
import itertools
import operator
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import requests

from nb_oauth.data import bells
from nb_oauth.data.exchange import Call, Terms
from nb_oauth.data.failures import ends_all, failure_of, has_failed
from nb_oauth.data.politeness import Outcome
from nb_oauth.data.progress import Progress
from nb_oauth.data.progress import progress as bar_of
from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    from distributed import Client

    from nb_oauth.data import cluster_courier, courier

    Courier = courier.Courier | cluster_courier.ClusterCourier

Address = str | requests.Request
_R = TypeVar("_R", bound=Outcome)

_LONGEST_PULL = 0.001  # seconds


class Results(Generic[_R]):
    """The answers to many requests, each handed over once.

    Nothing is sent before somebody asks for an answer::

        for response in results: ...       # as they come; in a coroutine, async for
        responses = results.all()          # a list of them; in a coroutine, await results

    What ends early, by Ctrl-C, an error or ``break``, goes on where it was when asked again: what
    came meanwhile is kept, and only the rest is fetched.
    """

    def __init__(  # noqa: PLR0913 - see fetch()
        self,
        session: requests.Session,
        addresses: Iterable[Address],
        call: Callable[[Address], Call],
        terms: Terms,
        *,
        ordered: bool,
        returns_errors: bool,
        show: bool | None,
        client: "Client | None",
    ) -> None:
        self._session, self._call, self._terms = session, call, terms
        self._ordered, self._returns_errors, self._show = ordered, returns_errors, show
        self._total = operator.length_hint(addresses, 0) or None
        # Pulled by C code alone, so that no interrupt comes between an address and its number.
        self._source = zip(itertools.count(), addresses, strict=False)
        self._is_exhausted = self._is_cut_off = False
        self._given: dict[int, Address] = {}  # and not handed over
        self._finished: dict[int, Outcome] = {}
        self._arrived: deque[int] = deque()
        self._handed_over = 0
        self._client = client
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        """Say how far it is."""
        total = "?" if self._total is None else f"{self._total:,}"
        kept = f", {len(self._finished):,} more are here" if self._finished else ""
        return f"<data.fetch: {self._handed_over:,} of {total} answers handed over{kept}>"

    @property
    def finished(self) -> list[_R]:
        """What has come and was not handed over yet, in the order of the addresses."""
        return [
            cast("_R", self._finished[one]) for one in list(self._given) if one in self._finished
        ]

    # -- handing over ----------------------------------------------------------------------

    def __iter__(self) -> Iterator[_R]:
        bell = threading.Event()
        with self._only_one(), contextlib.ExitStack() as stack:
            courier = self._courier(bell.set)
            stack.callback(courier.stop)
            self._begin(courier)
            steps = stack.enter_context(contextlib.closing(self._stream(courier, bell)))
            for step in steps:
                if step is None:
                    bells.wait(bell)
                else:
                    yield step

    def all(self) -> list[_R]:
        """Return all answers that were not handed over yet, in the order of the addresses.

        Raises:
            Exception: see :func:`fetch`; what came is kept.
        """
        bell = threading.Event()
        with self._only_one(), contextlib.ExitStack() as stack:
            courier = self._courier(bell.set)
            stack.callback(courier.stop)
            self._begin(courier)
            for _ in self._gather(courier, bell):
                bells.wait(bell)
        return self._handed_over_all()

    async def __aiter__(self) -> AsyncIterator[_R]:
        bell = asyncio.Event()
        with self._only_one():
            async with self._courier_beside(bell) as courier:
                with contextlib.closing(self._stream(courier, bell)) as steps:
                    for step in steps:
                        if step is None:
                            await bells.wait_in_loop(bell)
                        else:
                            yield step

    def __await__(self) -> Generator[Any, None, list[_R]]:
        return self._all_in_loop().__await__()

    async def _all_in_loop(self) -> list[_R]:
        bell = asyncio.Event()
        with self._only_one():
            async with self._courier_beside(bell) as courier:
                for _ in self._gather(courier, bell):
                    await bells.wait_in_loop(bell)
        return self._handed_over_all()

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise ConfigurationError(
                "These results are being fetched already: ask for them in one place at a time."
            )
        try:
            yield
        finally:
            self._lock.release()

    # -- one run ---------------------------------------------------------------------------

    def _courier(self, ring: Callable[[], object]) -> "Courier":
        given = (self._session, self._terms, self._finished, self._arrived, ring)
        if self._client is not None:
            from nb_oauth.data.cluster_courier import ClusterCourier

            return ClusterCourier(self._client, *given)
        from nb_oauth.data.courier import Courier

        return Courier(*given)

    def _begin(self, courier: "Courier") -> None:
        """Have a courier go on with what was left of the last run."""
        self._arrived.clear()
        self._arrived.extend(self._finished)
        courier.start()
        self._give(courier, [one for one in self._given if one not in self._finished])

    @contextlib.asynccontextmanager
    async def _courier_beside(self, bell: asyncio.Event) -> "AsyncIterator[Courier]":
        loop = asyncio.get_running_loop()

        def ring() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(bell.set)

        courier = self._courier(ring)
        try:
            self._begin(courier)
            yield courier
        finally:
            await asyncio.shield(asyncio.to_thread(courier.stop))

    def _stream(self, courier: "Courier", bell: bells.Bell) -> Generator[_R | None, None, None]:
        """Yield answers as they come, and None to wait for the bell."""
        with self._bar() as bar:
            while True:
                bell.clear()
                is_full = self._feed(courier, len(self._given))
                number = self._next()
                if number is not None:
                    yield from self._hand_over(number)
                    bar.update(1)
                elif self._is_exhausted and not self._given:
                    return self._require_all()
                elif is_full:
                    yield None

    def _gather(self, courier: "Courier", bell: bells.Bell) -> Generator[None, None, None]:
        """Yield to wait for the bell until every answer is there."""
        with self._bar() as bar:
            while True:
                bell.clear()
                is_full = self._feed(courier, len(self._given) - len(self._finished))
                while self._arrived:
                    self._judged(self._arrived[0])
                    self._arrived.popleft()
                    bar.update(1)
                if self._is_exhausted and len(self._finished) == len(self._given):
                    return self._require_all()
                if is_full:
                    yield

    def _bar(self) -> contextlib.AbstractContextManager[Progress]:
        return bar_of(self._total, show=self._show, unit="requests", description="Fetching")

    def _feed(self, courier: "Courier", is_open: int) -> bool:
        """Give the courier the next addresses; return whether it has all that it may have now."""
        if courier.failure is not None:
            raise courier.failure
        room = courier.ahead - is_open
        if self._is_exhausted or room < courier.step:
            return True
        until = time.monotonic() + _LONGEST_PULL
        given: list[int] = []
        is_full = False
        while not is_full and time.monotonic() < until:
            is_there = self._pull()
            if is_there:
                given.append(next(reversed(self._given)))
            is_full = not is_there or len(given) == room
        self._give(courier, given)
        return is_full

    def _pull(self) -> bool:
        """Take the next address; return whether there was one."""
        before, was_cut_off = len(self._given), self._is_cut_off
        self._is_cut_off = True  # unless it gets to the next line
        self._given.update(itertools.islice(self._source, 1))
        is_there = len(self._given) > before
        self._is_cut_off = was_cut_off and not is_there
        self._is_exhausted = not is_there
        return is_there

    def _require_all(self) -> None:
        """Raise where there may be more addresses, and nobody can say which."""
        if self._is_cut_off:
            raise ConfigurationError(
                "The addresses came from a generator that an error or an interrupt has ended, so "
                "the rest is not known. All that it gave was fetched: make it anew for the rest."
            )

    def _give(self, courier: "Courier", numbers: list[int]) -> None:
        if numbers:
            courier.give((one, self._call(self._given[one])) for one in numbers)

    # -- one answer ------------------------------------------------------------------------

    def _next(self) -> int | None:
        """Return the number of the answer to hand over next, if it is there."""
        if not self._ordered:
            return self._arrived[0] if self._arrived else None
        first = next(iter(self._given), None)
        return first if first in self._finished else None

    def _hand_over(self, number: int) -> Generator[_R, None, None]:
        answer = self._judged(number)
        try:
            yield answer
        finally:  # also where that was the last one wanted
            self._given.pop(number)
            self._finished.pop(number)
            self._arrived.remove(number)
            self._handed_over += 1

    def _handed_over_all(self) -> list[_R]:
        answers = self.finished
        self._handed_over += len(answers)
        for kept in (self._given, self._finished, self._arrived):
            kept.clear()
        return answers

    def _judged(self, number: int) -> _R:
        """Return an answer; or raise why it is none, and have it asked for anew the next time."""
        outcome = self._finished[number]
        if has_failed(outcome) and (ends_all(outcome) or not self._returns_errors):
            del self._finished[number]
            raise failure_of(outcome, self._call(self._given[number]).url)
        return cast("_R", outcome)
