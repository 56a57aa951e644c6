"""Connections to hosts, found by their address once.

requests' adapter reads the address, the proxies and what to trust anew for each request, only to
find the connections that it had for the one before: a sixth of what a request over loopback costs.
"""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

_MOST_PLACES = 10  # as many as urllib3 keeps


class Connections(HTTPAdapter):
    """requests' adapter, which remembers the connections to each host that needs no proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Begin without any: in a new adapter, and in one that came out of a pickle."""
        begin: Any = super().init_poolmanager
        begin(*args, **kwargs)
        self._pools: dict[tuple[object, ...], Any] = {}

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the connections to where ``request`` goes, with what is to be trusted there."""
        ask: Any = super().get_connection_with_tls_context
        if proxies:
            return ask(request, verify, proxies=proxies, cert=cert)
        parts = urlsplit(str(request.url))
        place = (parts.scheme, parts.netloc, verify, cert and str(cert))
        pool = self._pools.get(place)
        if pool is None or pool.pool is None:  # none yet, or urllib3 1 has closed it
            if len(self._pools) >= _MOST_PLACES:
                self._pools.clear()  # those that urllib3 keeps are found there again
            pool = self._pools[place] = ask(request, verify, proxies=proxies, cert=cert)
        return pool

    def close(self) -> None:
        """Close every connection."""
        self._pools.clear()
        super().close()


class ConnectedSession(requests.Session):
    """A session whose connections are found by their address once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for scheme in ("https://", "http://"):
            self.mount(scheme, Connections())
