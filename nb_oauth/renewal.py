"""One renewal at a time.

A refresh token that rotates is worth one use: two threads that both use it get the whole family
revoked. So whoever finds the token due waits for the lock and looks again; a token that somebody
else renewed meanwhile is adopted, and so is the failure to renew it: a token endpoint that does
not answer is waited for once, not once for each thread.
"""

import contextlib
import threading
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
        # Reentrant: a token_updater may ask the API with the session that calls it.
        self._lock = threading.RLock()
        self._last_failure: Exception | None = None

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
                raise failure.with_traceback(None)
            try:
                return renew(current)
            except Exception as error:
                self._last_failure = error
                raise


class Setbacks:
    """What went wrong in renewing a token, and whether to try again now."""

    def __init__(self) -> None:
        self._refused: str | None = None
        self._rest_until = 0.0

    def note(self, token: Token, error: Exception, now: float) -> None:
        """Remember that renewing ``token`` failed.

        A refresh token that the provider refused is used no more. After any other failure the
        token endpoint is given a rest, for as long as the token serves: a tenth of what is left
        of its life, and a second at least.
        """
        if getattr(error, "error", None) in _REFUSALS:
            self._refused = token.get("refresh_token")
        left = (tokens.expires_at(token) or now) - now
        self._rest_until = now + max(_SHORTEST_REST, left * _SHARE_TO_REST)

    def forget(self) -> None:
        """Begin anew, with a new token."""
        self._refused, self._rest_until = None, 0.0

    def is_refused(self, token: Token) -> bool:
        """Tell whether the provider refused the refresh token of ``token``."""
        return self._refused is not None and token.get("refresh_token") == self._refused

    def is_resting(self, now: float) -> bool:
        """Tell whether the last failure was a moment ago."""
        return now < self._rest_until


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
