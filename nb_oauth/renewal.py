"""One renewal at a time.

A refresh token that rotates is worth one use: two threads that both use it get the whole family
revoked. So whoever finds the token due waits for the lock and looks again; a token that somebody
else renewed meanwhile is adopted, and so is the failure to renew it: a token endpoint that does
not answer is waited for once, not once for each thread.
"""

import contextlib
import copy
import hashlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator

from nb_oauth import tokens
from nb_oauth.exceptions import LoginRequired, TokenError, TokenExpiredError
from nb_oauth.tokens import Token

Read = Callable[[], Token]
Renew = Callable[[Token], Token]

# A refresh token that is good no more: RFC 6749 §5.2, and GitHub.
_REFUSALS = ("invalid_grant", "bad_refresh_token")
_SHARE_TO_REST = 0.1
_SHORTEST_REST = 1.0
_SIGN_IN_AGAIN = "Sign in again: run the cell that signs in once more."


class Renewal:
    """Renews one token for all threads that use it.

    Args:
        read: returns the token as it stands now.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._last_failure: Exception | None = None
        self.begin_anew()
        _renewals.add(self)

    def begin_anew(self) -> None:
        """Take a lock that nobody holds: a thread that held the former was not forked along."""
        # Reentrant: a token_updater may ask the API with the session that calls it.
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Forget the last failure: the token was signed out."""
        self._last_failure = None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """While entered, no other thread renews."""
        with self._lock:
            yield

    def run(self, stale: Token, renew: Renew) -> Token:
        """Return a newer token than ``stale``.

        Args:
            stale: the token that the caller found wanting.
            renew: earns a new one; called only if nobody else has tried meanwhile.

        Returns:
            The token somebody else got while this caller waited, or what ``renew`` returns.

        Raises:
            Exception: what ``renew`` raised, here or in the thread that this caller waited for.
        """
        failure_before = self._last_failure
        with self._lock:
            current = self._read()
            if not current:
                raise LoginRequired("This session was signed out. Sign in again.")
            if current != stale:  # by all members: some renew the end of the same access token
                return current
            failure = self._last_failure
            if failure is not None and failure is not failure_before:
                raise copy.copy(failure)
            try:
                return renew(current)
            except Exception as error:
                self._last_failure = _alone(error)
                raise


_renewals: "weakref.WeakSet[Renewal]" = weakref.WeakSet()


def _begin_anew() -> None:
    for renewal in _renewals:
        renewal.begin_anew()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
    os.register_at_fork(after_in_child=_begin_anew)


def _alone(error: Exception) -> Exception | None:
    """Return a copy of ``error`` without what it arose from: those frames hold tokens.

    None stands for an error of somebody else's that cannot be copied.
    """
    try:
        return copy.copy(error)
    except Exception:  # noqa: BLE001 - whatever its own constructor raises
        return None


class Setbacks:
    """What went wrong in renewing a token, and whether to try again now.

    Tokens are known by a digest: this may outlive them.
    """

    def __init__(self) -> None:
        self._refused: bytes | None = None
        self._last_resort: bytes | None = None
        self._rest_until = 0.0

    def note(self, token: Token, error: Exception, now: float) -> None:
        """Remember that renewing ``token`` failed.

        A refresh token that the provider refused is used no more. After any other failure the
        token endpoint is given a rest, for as long as the token serves: a tenth of what is left
        of its life, and a second at least.
        """
        if getattr(error, "error", None) in _REFUSALS:
            self._refused = _digest(token, "refresh_token")
        left = (tokens.expires_at(token) or now) - now
        self._rest_until = now + max(_SHORTEST_REST, left * _SHARE_TO_REST)

    def forget(self) -> None:
        """Begin anew, with a new token."""
        self._refused, self._rest_until = None, 0.0

    def is_refused(self, token: Token) -> bool:
        """Tell whether the provider refused the refresh token of ``token``."""
        return self._refused is not None and _digest(token, "refresh_token") == self._refused

    def note_last_resort(self, token: Token) -> None:
        """Remember that ``token`` was earned because the API refused the one before."""
        self._last_resort = _digest(token, "access_token")

    def is_last_resort(self, token: Token) -> bool:
        """Tell whether ``token`` was earned because the API refused the one before."""
        return self._last_resort is not None and _digest(token, "access_token") == self._last_resort

    def is_resting(self, now: float) -> bool:
        """Tell whether the last failure was a moment ago."""
        return now < self._rest_until


def _digest(token: Token, member: str) -> bytes | None:
    secret = token.get(member)
    return hashlib.sha256(str(secret).encode()).digest() if secret else None


def ended(token: Token, provider_name: str) -> TokenError | LoginRequired:
    """Return the error to raise for a token that ended and that nothing renews."""
    if token.get("refresh_token"):
        return not_renewable(token, provider_name)
    return TokenExpiredError(
        f"The access token has ended, and {provider_name} gave nothing to renew it with. "
        f"{_SIGN_IN_AGAIN}"
    )


def not_renewable(token: Token, provider_name: str) -> LoginRequired:
    """Return the error to raise where a token cannot be renewed, whether or not it has ended."""
    why = "renews this sign-in no longer"
    if not token.get("refresh_token"):
        why = "gave nothing to renew the access token with"
    return LoginRequired(f"{provider_name} {why}. {_SIGN_IN_AGAIN}")
