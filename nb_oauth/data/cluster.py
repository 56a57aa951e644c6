"""Past one machine: a session's requests on a Dask cluster.

Workers get a copy of the session that holds an access token, and nothing that renews it: neither a
refresh token nor a client's secret is ever on the cluster or on the way there. The notebook renews
the token before its end and publishes the next one there; a worker whose token has ended waits for
it. So however many workers there are, the provider sees one that renews.

Whoever may use the cluster, its scheduler's address being enough, may read what is in it, and so
the access token; and it is encrypted on the way only if Dask's connections are (``tls://``).
"""

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from nb_oauth.data.published_tokens import PATIENCE, Notebook
from nb_oauth.data.publishing import Publisher
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.session import OAuth2Session

if TYPE_CHECKING:
    from distributed import Client, Future

BATCH = 25
"""Requests in a task: Dask needs about as long for a task as a worker for a quick request."""

_TASKS_A_THREAD = 3  # so that none has to wait for its next one
_FEWEST_TASKS = 8  # an adaptive cluster grows by what is waiting

_R = TypeVar("_R")


class OnCluster:
    """A session that can be sent to a Dask cluster, for as long as this is open.

    Attributes:
        session: the one to send. Here it is a twin of the session it was made of.
    """

    def __init__(self, session: OAuth2Session, client: "Client", patience: float) -> None:
        self._publisher = Publisher(session, client)
        self.session = copy.copy(session)
        self.session.lender_of_copies = Notebook(self._publisher.variable, patience)
        self._publisher.start()

    def close(self) -> None:
        """Publish no further tokens; copies serve until theirs ends."""
        self._publisher.close()

    def __enter__(self) -> OAuth2Session:
        """Return the session to send."""
        return self.session

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        """Say whose session it is; never the token."""
        return f"<on a Dask cluster: {self.session!r}>"


def on_cluster(
    session: OAuth2Session, client: "Client", *, patience: float = PATIENCE
) -> OnCluster:
    """Let a session be used in the tasks of a Dask cluster.

    ``delayed``, ``bag``, ``submit`` and ``map`` take it as they take any value::

        with data.on_cluster(session, client) as there:
            pages = dask.bag.from_sequence(urls).map(lambda url: there.get(url).json()).compute()

    In a notebook whose cells use it one after the other: ``there = data.on_cluster(session,
    client).session``. The token is renewed and published until this is closed, the client is, or
    somebody signs out.

    Args:
        session: one that ``login()``, a …Login widget or ``OAuth2Session.open()`` gave.
        client: Dask's client of the cluster, made without ``asynchronous=True``.
        patience: seconds for which a worker whose token has ended waits for the next one.

    Returns:
        What holds the session to send, and ends it all: a context manager.

    Raises:
        ConfigurationError: the session was made by the constructor, or the client is asynchronous
            or closed.
        LoginRequired: nobody is signed in with the session.
        TokenError: its token has ended, and could not be renewed.
    """
    if getattr(session, "provider", None) is None:
        raise ConfigurationError(
            "on_cluster() needs a session that was opened: one of login(…) or "
            "OAuth2Session.open(…)."
        )
    if client.asynchronous or client.status != "running":
        raise ConfigurationError(
            "on_cluster() needs a client that is connected, and not asynchronous: make it by "
            "Client(…) in a cell, without asynchronous=True."
        )
    return OnCluster(session, client, patience)


# -- many requests -----------------------------------------------------------------------------


def in_batches(
    session: requests.Session,
    client: "Client",
    items: Iterable[Any],
    work: Callable[[requests.Session, Sequence[Any]], Sequence[_R]],
    *,
    size: int = BATCH,
) -> Iterator[tuple[int, _R]]:
    """Have ``work`` done on a cluster, so many items to a task, and yield what comes of each.

    Each result comes once. Where a worker is lost Dask does its tasks again on another one, so that
    requests may be sent twice. There are never many more items on the cluster than its workers can
    take: of a million, few are anywhere at a time.

    Args:
        session: what the tasks ask with; one that was opened renews itself there, by the notebook.
        client: Dask's client of the cluster.
        items: what is to be asked for; taken as it is needed.
        work: a function of a module that the workers have as well. It gets a copy of the session
            and some of the items, and returns a result for each.
        size: how many of them.

    Yields:
        The place of an item among all, counted from 0, and its result, as they come.

    Raises:
        Exception: what ``work`` raised; ``KilledWorker`` where a task has cost several workers.
    """
    if getattr(session, "provider", None) is None:  # it has nothing that could be renewed
        yield from _done(session, client, _numbered(items, size), work)
        return
    with on_cluster(session, client) as there:  # type: ignore[arg-type]  # it has a provider
        yield from _done(there, client, _numbered(items, size), work)


def _numbered(items: Iterable[Any], size: int) -> Iterator[tuple[int, list[Any]]]:
    """Yield ``items`` in batches, each with the place of its first one."""
    left, begins = iter(items), 0
    while batch := list(itertools.islice(left, size)):
        yield begins, batch
        begins += len(batch)


def _done(
    session: requests.Session,
    client: "Client",
    batches: Iterator[tuple[int, list[Any]]],
    work: Callable[[requests.Session, Sequence[Any]], Sequence[_R]],
) -> Iterator[tuple[int, _R]]:
    from distributed import as_completed

    under_way: dict[Future[Any], int] = {}
    finished = as_completed(loop=client.loop)

    def fill() -> None:
        room = _room(client) - len(under_way)
        for begins, batch in itertools.islice(batches, max(0, room)):
            future = client.submit(work, session, batch, pure=False)
            under_way[future] = begins
            finished.add(future)

    fill()
    try:
        for future in finished:
            results = future.result()
            begins = under_way.pop(future)
            fill()
            yield from enumerate(results, begins)
    finally:
        client.cancel(list(under_way))


def _room(client: "Client") -> int:
    """Return how many tasks to have on the cluster, whose workers come and go."""
    threads: dict[str, int] = client.nthreads()
    return max(_FEWEST_TASKS, _TASKS_A_THREAD * sum(threads.values()))
