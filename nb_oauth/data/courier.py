"""An event loop in a thread of its own, which fetches what it is given.

In a cell a loop runs already, and in a script none does: this one works in both, beside either.
"""

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable

import requests

from nb_oauth.data.exchange import Call, Exchange, Terms
from nb_oauth.data.politeness import Outcome
from nb_oauth.exceptions import ConfigurationError

Job = tuple[int, Call]

_AHEAD, _LEAST_AHEAD = 4, 64


class Courier:
    """Fetches jobs, some at a time.

    Args:
        session: whose requests they are.
        terms: how to ask, and how many at a time.
        finished: where the outcomes go, by the number of the job.
        arrived: where these numbers go, as they come.
        ring: called in the courier's thread when there are new ones.

    Attributes:
        ahead: how many jobs to give before the first has come back.
        step: how many to give at a time.
    """

    def __init__(
        self,
        session: requests.Session,
        terms: Terms,
        finished: dict[int, Outcome],
        arrived: deque[int],
        ring: Callable[[], object],
    ) -> None:
        self._exchange, self._most = Exchange(session, terms), terms.concurrency
        self._finished, self._arrived, self._ring = finished, arrived, ring
        self._jobs: deque[Job] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._rings = False
        self._is_ready, self._pid = threading.Event(), os.getpid()
        self._thread = threading.Thread(target=self._run, name="nb_oauth fetch", daemon=True)
        self._failure: BaseException | None = None
        self.ahead, self.step = max(_AHEAD * self._most, _LEAST_AHEAD), self._most

    def start(self) -> None:
        """Begin; returns when jobs can be given."""
        self._thread.start()
        self._is_ready.wait()
        if self.failure is not None:
            raise self.failure

    @property
    def failure(self) -> BaseException | None:
        """What ended it before its time; None while it goes on."""
        if self._failure is None and self._pid != os.getpid():
            return ConfigurationError(
                "These results are being fetched in the process that this one was forked from: "
                "call data.fetch(…) here, too, for what this one is to have."
            )
        return self._failure

    def give(self, jobs: Iterable[Job]) -> None:
        """Have ``jobs`` done as well, in that order."""
        self._loop.call_soon_threadsafe(self._take, list(jobs))

    def stop(self) -> None:
        """End what is under way, and return when nothing is left of it."""
        if self._thread.ident is None:  # it was not started
            return
        self._is_ready.wait()  # else there is nothing yet to end
        with contextlib.suppress(RuntimeError, AttributeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    # -- in its thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - whoever waits for it is to know
            self._failure = error
        finally:
            self._is_ready.set()
            self._ring()

    async def _main(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with self._exchange:
            self._is_ready.set()
            await self._over.wait()
            for worker in self._workers:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)

    def _take(self, jobs: list[Job]) -> None:
        self._jobs.extend(jobs)
        for _ in range(min(len(self._jobs), self._most - len(self._workers))):
            worker = self._loop.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        while self._jobs:
            number, call = self._jobs.popleft()
            self._finished[number] = await self._exchange.outcome(call)
            self._arrived.append(number)
            if not self._rings:  # once for all that come in this turn of the loop
                self._rings = True
                self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        self._rings = False
        self._ring()
