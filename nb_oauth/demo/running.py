"""The one demo provider of a process: started when first asked for, then kept."""

from __future__ import annotations

import threading

from nb_oauth import forks, place
from nb_oauth.demo.server import DemoServer
from nb_oauth.exceptions import ConfigurationError, LoginRequired
from nb_oauth.surfaces import nobody

__all__ = ["running", "stop"]

_lock = threading.Lock()
_server: DemoServer | None = None


def running(host: str = "127.0.0.1", port: int = 0) -> DemoServer:
    """The process's server, started if there is none.

    Args:
        host: a loopback address.
        port: 0 for any.

    Raises:
        ConfigurationError: the host is no loopback address, or a server runs on another port.
        LoginRequired: Python runs in a browser, where nothing can be served.
    """
    if place.here() is place.Place.BROWSER:
        raise LoginRequired(nobody.IN_BROWSER)
    global _server  # noqa: PLW0603 - one a process is what this module is for
    with _lock:
        if _server is None:
            _server = DemoServer(host, port)
            _server.serve()
        elif port not in {0, _server.port}:
            raise ConfigurationError(
                f"The demo provider runs at {_server.issuer} already. Call demo.stop() first, or "
                "leave the port out."
            )
        return _server


def stop() -> None:
    """Stop the process's server, if one runs."""
    global _server
    with _lock:
        server, _server = _server, None
    if server is not None:
        server.close()


def _after_fork() -> None:
    """Start afresh in a forked process: no thread was copied, and the lock may be held."""
    global _lock, _server  # noqa: PLW0603 - the same
    _lock = threading.Lock()
    if _server is not None:
        _server.forget()
        _server = None


forks.in_child(_after_fork)
