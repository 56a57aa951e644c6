"""No secret in what other libraries log, while a session of ours is alive.

A token that goes in the query, as some APIs want it, is in urllib3's line for the request, and in
its *warning* where it tries again; a code, in that of a token request by GET. requests-oauthlib
logs whole tokens, and a session of its own may be alive beside ours. A filter sits on each logger
that writes, since the filters of a logger do not look at what those below it write.

Our own modules, and requests-oauthlib's as far as a session of ours runs it, log none of that.
"""

import logging
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from nb_oauth.masking import mask

_SERVER = "oauthlib.oauth2.rfc6749"  # of the demo, or a server that is tried out in a notebook
LOGGERS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "requests_oauthlib.oauth2_session",
    "oauthlib",
    "oauthlib.oauth2.rfc8628.endpoints.device_authorization",
    "oauthlib.oauth2.rfc8628.grant_types.device_code",
    f"{_SERVER}.request_validator",
    *(
        f"{_SERVER}.endpoints.{name}"
        for name in (
            "authorization",
            "base",
            "introspect",
            "metadata",
            "resource",
            "revocation",
            "token",
        )
    ),
    *(
        f"{_SERVER}.grant_types.{name}"
        for name in (
            "authorization_code",
            "base",
            "client_credentials",
            "implicit",
            "refresh_token",
            "resource_owner_password_credentials",
        )
    ),
    "oauthlib.openid.connect.core.endpoints.userinfo",
    "oauthlib.openid.connect.core.grant_types.dispatchers",
)
"""The loggers whose lines may hold a secret."""

_loggers = tuple(map(logging.getLogger, LOGGERS))  # now: later it would take the lock of logging


_Secrets = Callable[[Any], Iterable[str]]


class _Masking(logging.Filter):
    """Masks the secrets in each line; it passes them all."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask ``record``, which is logged whatever comes of it."""
        try:
            _mask(record)
        except Exception:  # noqa: BLE001 - no line is worth an error of the program
            record.msg, record.args = "(a line that could not be looked through for secrets)", ()
            record.exc_info = record.exc_text = None
        return True


_masking = _Masking()
# By identity: sessions of a subclass may be equal, or have no hash.
_alive: dict[int, tuple["weakref.ref[Any]", _Secrets]] = {}


def watch(holder: object, secrets: _Secrets) -> None:
    """Mask what is logged, until ``holder`` and every other is gone.

    There is no lock: the end of a session may come at any moment, in any thread.

    Args:
        holder: a session.
        secrets: returns what it holds, of which no log may show any.
    """
    identity = id(holder)
    _alive[identity] = weakref.ref(holder, partial(_lose, identity)), secrets
    _install()  # again, whoever may have taken it away


def _lose(identity: int, _: "weakref.ref[Any]") -> None:
    _alive.pop(identity, None)
    if not _alive:
        for logger in _loggers:
            logger.removeFilter(_masking)
        if _alive:  # another thread made a session meanwhile
            _install()


def _install() -> None:
    for logger in _loggers:
        logger.addFilter(_masking)


def _mask(record: logging.LogRecord) -> None:
    secrets = _secrets()
    message = record.getMessage()
    masked = mask(message, secrets)
    if masked != message or _shows(repr(record.args), secrets):
        record.msg, record.args = masked, ()
    if record.exc_info:
        text = logging.Formatter().formatException(record.exc_info)
        if _shows(text, secrets):
            record.exc_info, record.exc_text = None, mask(text, secrets)


def _shows(text: str, secrets: list[str]) -> bool:
    return mask(text, secrets) != text


def _secrets() -> list[str]:
    alive = _alive.copy()  # at once: a session may go while this looks
    holders = ((reference(), secrets) for reference, secrets in alive.values())
    return [one for holder, secrets in holders if holder is not None for one in secrets(holder)]
