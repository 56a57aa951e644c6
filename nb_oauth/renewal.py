"""One renewal at a time.

A refresh token that rotates is worth one use: two threads that both use it get the whole family
revoked. So whoever finds the token due waits for the lock and looks again; a token that somebody
else renewed meanwhile is adopted, and so is the failure to renew it: a token endpoint that does
not answer is waited for once, not once for each thread. While a token lives nobody waits but the
one thread that renews it: the others use it.
"""

import contextlib
import copy
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import unquote_plus

import requests

from nb_oauth import forks, place
from nb_oauth.exceptions import LoginRequired, TokenError, TokenExpiredError
from nb_oauth.place import Place
from nb_oauth.retrying import in_words
from nb_oauth.setbacks import alone
from nb_oauth.tokens import Token

Read = Callable[[], Token]
Renew = Callable[[Token], Token]

_INSUFFICIENT = "insufficient_scope"  # RFC 6750 §3.1: no renewal brings more
_IN_A_NOTEBOOK = "Sign in again: run the cell that signs in once more."
_IN_AN_APP = "Load the page again, and sign in there."
_ELSEWHERE = (
    "Sign in again, with `nb-oauth login`; where the environment signs in, with --for-ci, which "
    "makes what to set it to."
)


class Lender(Protocol):
    """Who looks after the tokens of a session, where that has nothing to renew them with.

    A copy of the session in another process has a pickle of it, and so it holds no secret.
    """

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def lend(self, former: Token, *, is_refused: bool = False) -> Token:
        """Return the token to use instead of ``former``, of the same person and the same provider.

        Args:
            former: the one that will do no longer.
            is_refused: whether an API has refused it; else it has come near its end.

        Raises:
            TokenError: there is none; with the code ``invalid_grant`` there will be none either.
        """
        ...


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
        self._runner: int | None = None

    @property
    def is_running_here(self) -> bool:
        """Whether this very thread is inside :meth:`run`, and renews."""
        return self._runner == threading.get_ident()

    def forget(self) -> None:
        """Forget the last failure: the token was signed out."""
        self._last_failure = None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """While entered, no other thread renews."""
        with self._lock:
            yield

    def run(self, stale: Token, renew: Renew, *, lives: bool = False) -> Token:
        """Return a newer token than ``stale``.

        Args:
            stale: the token that the caller found wanting.
            renew: earns a new one; called only if nobody else has tried meanwhile.
            lives: whether ``stale`` will do for now, so that nobody waits while another renews it.

        Returns:
            The token somebody else got while this caller waited, or what ``renew`` returns; or
            ``stale``, where it lives and another thread renews it.

        Raises:
            Exception: what ``renew`` raised, here or in the thread that this caller waited for.
        """
        failure_before, here = self._last_failure, threading.get_ident()
        if lives and self._runner not in {None, here}:
            return stale
        with self._lock:
            before, self._runner = self._runner, here  # first of all, for those who need not wait
            try:
                return self._run(stale, renew, failure_before)
            finally:
                self._runner = before

    def _run(self, stale: Token, renew: Renew, failure_before: Exception | None) -> Token:
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
            self._last_failure = alone(error)
            raise


_renewals: "weakref.WeakSet[Renewal]" = weakref.WeakSet()


def _begin_anew() -> None:
    for renewal in _renewals:
        renewal.begin_anew()


forks.in_child(_begin_anew)


def ended(token: Token, provider_name: str) -> TokenError | LoginRequired:
    """Return the error to raise for a token that ended and that nothing renews."""
    if token.get("refresh_token"):
        return not_renewable(token, provider_name)
    return TokenExpiredError(
        f"The access token has ended, and {provider_name} gave nothing to renew it with. "
        f"{_sign_in_again()}"
    )


def not_renewable(token: Token, provider_name: str) -> LoginRequired:
    """Return the error to raise where a token cannot be renewed, whether or not it has ended."""
    why = "renews this sign-in no longer"
    if not token.get("refresh_token"):
        why = "gave nothing to renew the access token with"
    return LoginRequired(f"{provider_name} {why}. {_sign_in_again()}")


def _sign_in_again() -> str:
    """Return how, for whoever reads it here."""
    where = place.here()
    if where is Place.APP:
        return _IN_AN_APP
    return _IN_A_NOTEBOOK if where.shows_widgets else _ELSEWHERE


def put_off(seconds: float, provider_name: str) -> TokenError:
    """Return the error to raise where the token endpoint asked to be left alone for a while."""
    return TokenError(
        f"The token endpoint of {provider_name} asked not to be asked again so soon. Try again in "
        f"{in_words(seconds)}.",
        error="temporarily_unavailable",
        retry_after=seconds,
    )


def refuses(response: requests.Response, secrets: set[str]) -> bool:
    """Tell whether a 401 is about one of ``secrets``, and another would do (RFC 6750 §3.1).

    It is not where no token arrived: a redirect to another host leaves it behind, and requests
    puts credentials of the caller's own in its place.
    """
    if _INSUFFICIENT in response.headers.get("WWW-Authenticate", ""):
        return False
    arrived, sent = response.request, {secret.strip() for secret in secrets} - {""}
    places = (*arrived.headers.values(), arrived.url, arrived.body)
    return any(_holds(place, sent) for place in places if isinstance(place, str | bytes))


def _holds(place: str | bytes, secrets: set[str]) -> bool:
    text = place if isinstance(place, str) else place.decode("latin-1")
    plain = unquote_plus(text)  # as an address and a form have it
    return any(secret in text or secret in plain for secret in secrets)
