"""Past one machine: a session's requests on a Dask cluster.

Workers get a copy of the session that holds an access token, and nothing that renews it: neither a
refresh token nor a client's secret is ever on the cluster or on the way there. The notebook renews
the token before its end and publishes the next one there; a worker whose token has ended waits for
it. So however many workers there are, the provider sees one that renews.

Whoever may use the cluster, its scheduler's address being enough, may read what is in it, and so
the access token; and it is encrypted on the way only if Dask's connections are (``tls://``).
"""

import copy
from types import TracebackType
from typing import TYPE_CHECKING

from nb_oauth.data.published_tokens import PATIENCE, Notebook
from nb_oauth.data.publishing import Publisher
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.session import OAuth2Session

if TYPE_CHECKING:
    from distributed import Client


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
    require_client(client)
    return OnCluster(session, client, patience)


def require_client(client: "Client") -> None:
    """Refuse a client that cannot be asked from here.

    Raises:
        ConfigurationError: it is asynchronous, or not connected.
    """
    if client.asynchronous or client.status != "running":
        raise ConfigurationError(
            "This needs a client of Dask's that is connected, and not asynchronous: make it by "
            "Client(…) in a cell, without asynchronous=True."
        )
