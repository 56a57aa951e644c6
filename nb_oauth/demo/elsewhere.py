"""A demo provider that another process serves: ``nb-oauth demo`` in a terminal, for all."""

from __future__ import annotations

import os

from nb_oauth.demo.events import Event, Journal
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.transport import DirectLoopback, is_loopback_http

__all__ = ["ISSUER", "issuer", "journal"]

ISSUER = "NB_OAUTH_DEMO_ISSUER"
"""The variable that names it."""

_PATIENCE = 10  # seconds


def issuer() -> str | None:
    """Return the issuer identifier that the environment names; None where it names none.

    Raises:
        ConfigurationError: it is no loopback address.
    """
    named = os.environ.get(ISSUER, "").strip().rstrip("/")
    if named and not is_loopback_http(named):
        raise ConfigurationError(
            f"{ISSUER}={named!r} is no address of a demo provider: set it to what `nb-oauth demo` "
            "says, such as http://127.0.0.1:8765, or unset it."
        )
    return named or None


def journal(issuer: str) -> Journal:
    """Return what happened at the demo provider of that address until now.

    Raises:
        requests.RequestException: nobody is there.
    """
    with DirectLoopback() as http:
        events = http.get(f"{issuer}/journal", timeout=_PATIENCE).json()["events"]
    return Journal([Event(**event) for event in events])
