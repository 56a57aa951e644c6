"""Has the workers of a Dask cluster fetch what it is given, so many requests to a task."""

import contextlib
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import requests

from nb_oauth.data import worker_answers
from nb_oauth.data.cluster import OnCluster, on_cluster, require_client
from nb_oauth.data.exchange import Terms
from nb_oauth.data.politeness import Outcome
from nb_oauth.data.rates import shared_rate

if TYPE_CHECKING:
    from distributed import Client, Future

    from nb_oauth.data.courier import Job

_BATCH = 25  # requests: a task costs Dask about what a request costs a worker
_TASKS_A_THREAD = 3  # so that none has to wait for its next one
_FEWEST_TASKS = 8  # an adaptive cluster grows by what is waiting
_LOOKS_EVERY = 2.0  # seconds, at how many workers there are
_MOMENT = 0.01  # seconds, in which jobs may come that fill a batch


class ClusterCourier:
    """Fetches jobs on a cluster, as ``Courier`` does here.

    Each outcome comes once. Where a worker is lost Dask does its tasks again on another one, so
    that requests may be sent twice. There are never many more jobs on the cluster than its workers
    can take: of a million, few are anywhere at a time.

    Args:
        client: Dask's client of the cluster.
        session: whose requests they are.
        terms: how to ask, and how many at a time in each worker.
        finished: where the outcomes go, by the number of the job.
        arrived: where these numbers go, as they come.
        ring: called in the courier's thread when there are new ones.

    Attributes:
        failure: what ended it before its time.
        ahead: how many jobs to give before the first has come back.
        step: how many to give at a time.
    """

    step = _BATCH

    def __init__(  # noqa: PLR0913, PLR0917 - as a Courier, and of which cluster
        self,
        client: "Client",
        session: requests.Session,
        terms: Terms,
        finished: dict[int, Outcome],
        arrived: deque[int],
        ring: Callable[[], object],
    ) -> None:
        self._client, self._session, self._terms = client, session, terms
        self._finished, self._arrived, self._ring = finished, arrived, ring
        self._run_id = secrets.token_hex(8)
        self._jobs: deque[Job] = deque()
        self._under_way: dict[Future[Any], list[int]] = {}
        self._events: queue.SimpleQueue[Future[Any] | None] = queue.SimpleQueue()
        self._lending: OnCluster | None = None
        self._is_over = False
        self._workers, self._threads, self._looked_at = 1, 1, 0.0
        self._thread = threading.Thread(target=self._run, name="nb_oauth fetch", daemon=True)
        self.failure: BaseException | None = None

    @property
    def ahead(self) -> int:
        """As many as the workers can take, and some more."""
        return max(_FEWEST_TASKS, _TASKS_A_THREAD * self._threads) * _BATCH

    def start(self) -> None:
        """Begin; returns when jobs can be given.

        Raises:
            ConfigurationError: the client is asynchronous, or not connected.
            OAuthError: see :func:`nb_oauth.data.on_cluster`.
        """
        require_client(self._client)
        self._look()
        session: Any = self._session
        if getattr(session, "provider", None) is not None:  # else there is nothing to renew
            self._lending = on_cluster(session, self._client)
        self._thread.start()

    def give(self, jobs: "Iterable[Job]") -> None:
        """Have ``jobs`` done as well, in that order."""
        self._jobs.extend(jobs)
        self._events.put(None)

    def stop(self) -> None:
        """End what is under way, and return when nothing is left of it here."""
        self._is_over = True
        self._events.put(None)
        if self._thread.ident is not None:
            self._thread.join()
        if self._lending is not None:
            self._lending.close()

    # -- in its thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._is_over:
                self._go_on()
        except BaseException as error:  # noqa: BLE001 - whoever waits for it is to know
            self.failure = error
        finally:
            with contextlib.suppress(Exception):  # the client may be closed
                self._client.cancel(list(self._under_way))
                self._client.run(worker_answers.end, self._run_id)
            self._ring()

    def _go_on(self) -> None:
        """Wait for what happens next, and see to it."""
        wait = _MOMENT if self._jobs and self._room() > 0 else None
        try:
            finished = self._events.get(timeout=wait)
        except queue.Empty:  # no more jobs have come
            self._submit(1)
            return
        if finished is not None:
            self._take(finished)
        self._submit(_BATCH)

    def _submit(self, least: int) -> None:
        """Have jobs done, if there is room, and so many of them."""
        while self._room() > 0 and len(self._jobs) >= least:
            batch = [self._jobs.popleft() for _ in range(min(_BATCH, len(self._jobs)))]
            self._under_way[self._sent(batch)] = [number for number, _ in batch]

    def _sent(self, batch: "list[Job]") -> "Future[Any]":
        session = self._session if self._lending is None else self._lending.session
        terms = self._terms._replace(rate=shared_rate(self._terms.rate, self._workers))
        calls = [call for _, call in batch]
        future: Future[Any] = self._client.submit(
            worker_answers.answers, self._run_id, session, calls, terms, pure=False
        )
        future.add_done_callback(self._events.put)
        return future

    def _take(self, future: "Future[Any]") -> None:
        outcomes = future.result()
        numbers = self._under_way.pop(future)
        self._finished.update(zip(numbers, outcomes, strict=True))
        self._arrived.extend(numbers)
        self._ring()

    def _room(self) -> int:
        if time.monotonic() - self._looked_at > _LOOKS_EVERY:
            self._look()
        return self.ahead // _BATCH - len(self._under_way)

    def _look(self) -> None:
        """See how many workers there are: they come and go."""
        threads: dict[str, int] = self._client.nthreads()
        self._workers, self._threads = max(1, len(threads)), sum(threads.values())
        self._looked_at = time.monotonic()
