"""Every error of nb_oauth, drawn as a tree.

::

    OAuthError
    ├── ConfigurationError         what the program passed cannot work      (ValueError)
    ├── InsecureTransportError     neither https nor a loopback address     (oauthlib's)
    ├── LoginError                 signing in did not come to an end
    │   ├── LoginRequired          somebody must sign in, and nobody can be asked here
    │   ├── LoginPending           the widget is shown, but this cell cannot wait for it
    │   ├── LoginCancelled         the person pressed Cancel
    │   └── LoginTimeout           nobody answered in the time given        (TimeoutError)
    ├── PaginationError            where an API's next page or its records are cannot be told
    ├── AuthorizationError         the provider or the person said no in the browser
    │   └── StateMismatchError     the answer belongs to another request    (oauthlib's)
    └── TokenError                 the token endpoint said no
        ├── TokenExpiredError      the token ended and nothing can renew it (oauthlib's)
        └── TokenUpdated           the token was renewed; ask again         (requests-oauthlib's)

An error that has a counterpart in oauthlib, requests, requests-oauthlib or Python is that as
well, so that existing ``except`` clauses go on working. Each says what to do next. No error holds a
secret, nor, in what it says, a character that does more than show: it may quote a provider.
"""

import linecache
import traceback
from typing import TYPE_CHECKING, TypeVar, cast

from oauthlib.oauth2 import InsecureTransportError as _InsecureTransportError
from oauthlib.oauth2 import MismatchingStateError as _MismatchingStateError
from oauthlib.oauth2 import OAuth2Error as _OAuth2Error
from oauthlib.oauth2 import TokenExpiredError as _TokenExpiredError
from requests_oauthlib import TokenUpdated as _TokenUpdated

from nb_oauth.characters import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "AuthorizationError",
    "ConfigurationError",
    "InsecureTransportError",
    "LoginCancelled",
    "LoginError",
    "LoginPending",
    "LoginRequired",
    "LoginTimeout",
    "OAuthError",
    "PaginationError",
    "StateMismatchError",
    "TokenError",
    "TokenExpiredError",
    "TokenUpdated",
]


_OURS = __name__.partition(".")[0]
_E = TypeVar("_E", bound="OAuthError")


class OAuthError(Exception):
    """The root of every error that nb_oauth raises.

    In a notebook it shows as what it says, and the line of the caller's that led to it: where in
    our code it was raised helps nobody, and some front ends show what the variables held there.

    Attributes:
        error: the provider's error code (RFC 6749 §4.1.2.1 and §5.2), such as
            ``"access_denied"``; None where no provider was involved.
    """

    error: str | None = None

    def __str__(self) -> str:
        return clean(super().__str__())

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}", *_callers_line(self)]


class ConfigurationError(OAuthError, ValueError):
    """What the program passed cannot work; the message says what to pass instead."""


class LoginError(OAuthError):
    """Signing in did not come to an end. Nothing is lost: sign in again.

    In a notebook it shows as one line: no line of code is at fault.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class LoginRequired(LoginError):  # noqa: N818 - a state of affairs, named as in the documentation
    """Somebody must sign in, and nobody can be asked here."""


class LoginPending(LoginError):  # noqa: N818 - a state of affairs
    """The widget is shown, but this cell cannot wait for the answer.

    It stops "Run All", so that no later cell runs without a session.
    """


class LoginCancelled(LoginError):  # noqa: N818 - as asyncio.CancelledError, without the Error
    """The person pressed Cancel."""


class LoginTimeout(LoginError, TimeoutError):  # noqa: N818 - names what happened
    """Nobody answered in the time given. The widget still works: sign in and wait again."""


class PaginationError(OAuthError):
    """Where an API's next page or its records are cannot be told, or its pages lead nowhere new.

    The message names the argument of :mod:`nb_oauth.data` that says it.
    """


class _ProtocolError(OAuthError, _OAuth2Error):
    """An error with an RFC 6749 code, also catchable as oauthlib's ``OAuth2Error``."""

    def __init__(
        self, message: str, *, error: str | None = None, status: int | None = None
    ) -> None:
        self._message = clean(message)
        _OAuth2Error.__init__(self, description=self._message, status_code=status)
        self.error = clean(error) if error else type(self).error

    def __str__(self) -> str:
        return self._message


class AuthorizationError(_ProtocolError):
    """The provider or the person said no in the browser (RFC 6749 §4.1.2.1)."""


class StateMismatchError(AuthorizationError, _MismatchingStateError):
    """The answer belongs to another request than the one under way (RFC 6749 §10.12)."""

    error = "mismatching_state"


class TokenError(_ProtocolError):
    """The token endpoint said no, something that is no answer, or nothing (RFC 6749 §5.2).

    Where it could not be reached, the error is requests' as well, such as ``ConnectTimeout``.

    Attributes:
        status: the HTTP status of the answer, None where there was none.
        error_description: what the provider said beside ``error`` (RFC 6749 §5.2), masked and
            shortened; None where it said nothing.
        retry_after: seconds to leave before asking again, where the endpoint said how many
            (RFC 9110 §10.2.3).
        was_sent: False where the request cannot have reached the endpoint, so that nothing that
            is good once can have been spent.
    """

    def __init__(  # noqa: PLR0913 - each a thing that the answer may say
        self,
        message: str,
        *,
        error: str | None = None,
        status: int | None = None,
        error_description: str | None = None,
        retry_after: float | None = None,
        was_sent: bool = True,
    ) -> None:
        super().__init__(message, error=error, status=status)
        self.status = status
        self.error_description = error_description
        self.retry_after = retry_after
        self.was_sent = was_sent


class TokenExpiredError(TokenError, _TokenExpiredError):
    """The access token ended and nothing in the session can renew it."""

    error = "token_expired"

    def __init__(
        self,
        message: str = "The access token has ended. Sign in again, or call refresh_token().",
        *,
        error: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, error=error, status=status)


class TokenUpdated(TokenError, _TokenUpdated):  # noqa: N818 - requests-oauthlib's name
    """The token was renewed before the request was sent: keep it and ask again.

    Raised only where a caller asks for requests-oauthlib's classic behaviour: an
    ``auto_refresh_url`` and no ``token_updater``.

    Attributes:
        token: the new token, a mapping.
    """

    error = "token_updated"

    def __init__(self, token: "Mapping[str, object]") -> None:
        super().__init__("The token was renewed: keep error.token and send the request again.")
        self.token = token

    def __reduce__(self) -> "tuple[type[TokenUpdated], tuple[Mapping[str, object]]]":
        return TokenUpdated, (self.token,)


def _callers_line(error: BaseException) -> list[str]:
    """Return the last line of code before ours on the way to ``error``, where that is known."""
    before: list[str] = []
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__", "").startswith(f"{_OURS}."):
            return before
        code = linecache.getline(frame.f_code.co_filename, number).strip()
        before = [f"  line {number}: {code}"] if code else []
    return []


def in_terms_of(ours: type[_E], theirs: Exception, message: str, **details: object) -> _E:
    """Make an error of ours that existing ``except`` clauses for ``theirs`` catch as well.

    Args:
        ours: the class in the tree above.
        theirs: an error of oauthlib's or requests', such as ``InvalidGrantError``.
        message: what to say; without secrets.
        details: what else ``ours`` takes, such as ``error`` and ``status``.
    """
    return _combined(ours, type(theirs), message, details)


def _combined(
    ours: type[_E], theirs: type[Exception], message: str, details: dict[str, object]
) -> _E:
    def reduce(_: _E) -> tuple[object, ...]:  # pickle finds no class that was made on the way
        return _combined, (ours, theirs, message, details)

    members = {"__module__": __name__, "__doc__": ours.__doc__, "__reduce__": reduce}
    # Python's own names say less than ours do.
    name = (ours if theirs.__module__ == Exception.__module__ else theirs).__name__
    made = ours if issubclass(ours, theirs) else type(name, (ours, theirs), members)
    return cast("Callable[..., _E]", made)(message, **details)


class InsecureTransportError(OAuthError, _InsecureTransportError):
    """Neither https nor a loopback address: a token would travel in the open (RFC 8252 §7.3)."""

    error = "insecure_transport"

    def __init__(self, message: str) -> None:
        self._message = clean(message)
        _InsecureTransportError.__init__(self, description=self._message)

    def __str__(self) -> str:
        return self._message
