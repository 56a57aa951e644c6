"""The part of a session that keeps its token alive: it renews before the end."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth

from nb_oauth import tokens
from nb_oauth.exceptions import (
    ConfigurationError,
    LoginRequired,
    TokenError,
    TokenExpiredError,
    TokenUpdated,
)
from nb_oauth.masking import HiddenToken, with_bare_errors
from nb_oauth.renewal import Lender, ended, not_renewable, put_off
from nb_oauth.retrying import LONGEST, Patience, Pause
from nb_oauth.session_store import StoredSession
from nb_oauth.setbacks import Failure, is_refusal
from nb_oauth.tokens import Token

if TYPE_CHECKING:
    from nb_oauth.providers import Provider

# What a resource request and the refresh it sets off have in common; nothing else of the one
# may reach the other.
_SHARED_ARGUMENTS = ("proxies", "timeout", "verify")
NOT_WHO_SIGNED_IN = "invalid_id_token"
NOBODY = (
    "Nobody is signed in with this session: nb_oauth.login(…) returns one with which somebody is. "
    "Or give this one a token, by its fetch_token(…)."
)


class RenewingSession(StoredSession):
    """The part of a session that renews its token: once for all threads, and before its end.

    Attributes:
        lender: who looks after its tokens and lends it the next one, such as JupyterHub; None
            where the session renews them itself.
        lender_of_copies: who lends them to its copies in other processes, in place of a store and
            of ``lender``; see :func:`nb_oauth.data.on_cluster`.
    """

    lender: Lender | None = None
    lender_of_copies: Lender | None = None

    _asks_again = False
    """Whether it renews by asking as it did at first: the client credentials grant."""
    _pause: Pause = time.sleep
    """How to wait before the token endpoint is asked again."""

    @property
    def is_alive(self) -> bool:
        """Whether a request can be expected to go through: the token lives or can be renewed."""
        if not self.authorized or self._setbacks.is_dead(self.token):
            return False
        if self.lender is not None and self._setbacks.is_left_without:
            return False  # whoever signs in asks the lender once more
        return not tokens.has_ended(self.token, time.time()) or self._can_renew(self.token)

    def _can_renew(self, token: Token) -> bool:
        if self._asks_again:
            return True
        if self.lender is not None:
            return not self._setbacks.is_dead(token)
        refresh_token = token.get("refresh_token")
        known = self.provider is not None or bool(self.auto_refresh_url)
        return known and bool(refresh_token) and not self._setbacks.is_refused(token)

    # -- renewal ---------------------------------------------------------------------------

    def renew(self) -> None:
        """Renew the token now, however long it would live, in a session that was opened.

        Nobody needs to: a session renews by itself, before the end. A token that another thread
        got meanwhile will do. None is returned, so that no cell prints it. A token endpoint that is
        out of order is asked again for a while only where the token has ended.

        Raises:
            ConfigurationError: the session was made by the constructor; call ``refresh_token()``.
            LoginRequired: the session was signed out, or there is nothing to renew it with.
            TokenError: the token endpoint refused, or could not be reached.
        """
        if self.provider is None:
            raise ConfigurationError("renew() needs a session that was opened: refresh_token(…).")
        self._renewal.run(self.token, partial(self._renew_now, self.provider))

    @with_bare_errors
    def refresh_token(self, token_url: str, *args: Any, **kwargs: Any) -> Any:
        """Renew the token with its refresh token (RFC 6749 §6).

        Takes what requests-oauthlib's method takes. In a session that was opened it waits for a
        renewal that is under way, in whatever thread, session of the same store or process, and
        takes what came of that: a refresh token that rotates is good once.

        Returns:
            The new token, with the refresh token used if the provider sent no new one.

        Raises:
            InsecureTransportError: the endpoint is neither https nor on a loopback address.
            TokenError: the endpoint refused, or did not answer with a token, or its ID token is
                not good; the token that the session had before is still there.
            LoginRequired: somebody signed out meanwhile.
            ValueError: there is no ``token_url``.
        """
        ask = partial(super().refresh_token, token_url, *args, **kwargs)
        if self.provider is None or self._renewal.is_running_here:
            return ask()
        mine = self.token.get("refresh_token")
        given = (args[0] if args else kwargs.get("refresh_token")) or mine
        if not mine or given != mine:  # of another sign-in: there is nothing to take from anybody
            with self._renewal.paused(), self._only_one():
                return ask()
        return self._renewal.run(self.token, partial(self._renew_now, self.provider, ask=ask))

    @with_bare_errors
    def _live_token(
        self, kwargs: dict[str, Any], client_id: str | None, client_secret: str | None
    ) -> Token:
        """Return a token that has not ended, renewed if need be."""
        token: Token = self.token
        now = time.time()
        if self.provider is None:
            if not tokens.has_ended(token, now):
                return HiddenToken(token)
            return self._refresh_as_requests_oauthlib(token, kwargs, client_id, client_secret)
        if not token:  # another thread signed out a moment ago
            raise LoginRequired(NOBODY)
        if not tokens.is_due(token, now):
            return token
        lives = not tokens.has_ended(token, now)
        try:
            return self._renewal.run(token, partial(self._renew, self.provider), lives=lives)
        except (TokenError, requests.RequestException) as error:
            token = self.token
            is_wrong = getattr(error, "error", None) == NOT_WHO_SIGNED_IN
            if is_wrong or tokens.has_ended(token, time.time()):
                raise
            return token

    def _renew(self, provider: "Provider", token: Token) -> Token:
        """Renew a token that is due, unless it lives and the token endpoint has a rest."""
        token, now = self._latest(token), time.time()
        if not tokens.is_due(token, now):
            return token
        lives, can_renew = not tokens.has_ended(token, now), self._can_renew(token)
        if lives and (self._setbacks.is_resting(time.monotonic()) or not can_renew):
            return token
        if not can_renew:
            raise ended(token, provider.name)
        try:
            return self._renew_now(provider, token)
        except (TokenError, requests.RequestException):
            is_over = self.lender is None and not self._can_renew(self.token)
            if is_over and tokens.has_ended(self.token, time.time()):
                raise ended(self.token, provider.name) from None
            raise

    def _renew_now(
        self,
        provider: "Provider",
        token: Token,
        *,
        refused_by: str | None = None,
        ask: Callable[[], Token] | None = None,
    ) -> Token:
        """Renew, whatever the token's end, unless another session of the store did.

        Args:
            provider: whose token it is.
            token: the one to renew.
            refused_by: the host that refused it, if one did, and may refuse every other.
            ask: sends the token request; None renews as the session does by itself.

        Returns:
            The new token; ``token`` where ``refused_by`` is known to refuse every one.
        """
        failure_before = self._setbacks.failure
        # From here: who waits for another session has waited.
        patience = self._patience(token, is_refused=refused_by is not None)
        try:
            with self._only_one():
                latest, now = self._latest(token), time.time()
                is_due = tokens.is_due(latest, now)
                if latest is not token and not is_due:
                    return latest
                if refused_by and not is_due and self._is_useless(refused_by):
                    return token
                self._require_hope(provider, latest, failure_before, patience)
                earning = self._earning(provider, is_refused=refused_by is not None)
                return self._earn(patience, *((ask, False) if ask else earning))
        except (TokenError, requests.RequestException) as error:
            self._note(error, has_waited=patience.has_waited)
            raise

    def _note(self, error: Exception, *, has_waited: bool) -> None:
        token, now = self.token, time.time()
        left = (tokens.expires_at(token) or now) - now
        self._setbacks.note(token, error, time.monotonic(), left=left, has_waited=has_waited)

    def _is_useless(self, host: str) -> bool:
        # Who lends to many knows what was of no use; one of them does not know what came since.
        return self.lender is None and self._setbacks.is_useless(host, time.monotonic())

    def _patience(self, token: Token, *, is_refused: bool) -> Patience:
        """Return how long to ask for a successor of ``token``: once, while it is of use."""
        now = time.time()
        is_of_use = not is_refused and not tokens.has_ended(token, now)
        asks_once = is_of_use or self._setbacks.is_impatient(time.monotonic())
        return Patience(0 if asks_once else LONGEST, pause=self._pause)

    def _require_hope(
        self, provider: "Provider", token: Token, failure_before: Failure | None, patience: Patience
    ) -> None:
        """Raise what the answer would be, where that is known without asking."""
        if not self._can_renew(token):
            raise not_renewable(token, provider.name)
        others = self._setbacks.since(failure_before, token)
        if others is not None:
            raise others
        left = self._setbacks.closed_for(time.monotonic())
        if left and not patience.wait(left):
            raise put_off(left, provider.name)

    def _earning(
        self, provider: "Provider", *, is_refused: bool
    ) -> tuple[Callable[[], Token], bool]:
        """Return what asks for a new token, and whether it may be asked twice."""
        if self.lender is not None:
            return partial(self._borrow, self.lender, is_refused=is_refused), True
        again = self.fetch_token if self._asks_again else self.refresh_token
        return partial(again, provider.require("token_endpoint")), self._asks_again

    def _earn(self, patience: Patience, ask: Callable[[], Token], may_be_repeated: bool) -> Token:
        try:
            return patience.ask(ask, may_be_repeated=may_be_repeated)
        except TokenError as error:
            if is_refusal(error):
                self._tell_of_refusal()
            raise

    def _borrow(self, lender: Lender, *, is_refused: bool) -> Token:
        former: Token = self.token
        try:
            lent = lender.lend(former, is_refused=is_refused)
        except TokenError as error:
            if is_refusal(error):
                self._setbacks.note_dead(former)
            raise
        if lent is former:
            return former
        if lent.get("access_token") != former.get("access_token"):
            self._setbacks.forget(lent)
        self._keep(lent)
        token: Token = self.token
        return token

    # -- as requests-oauthlib has it -------------------------------------------------------

    def _refresh_as_requests_oauthlib(
        self,
        token: Token,
        kwargs: dict[str, Any],
        client_id: str | None,
        client_secret: str | None,
    ) -> Token:
        """Renew an ended token the classic ways: ``token_updater``, or ``TokenUpdated``."""
        url = self.auto_refresh_url
        if not url:
            raise TokenExpiredError
        auth = kwargs.pop("auth", None)  # was meant for the token endpoint, not for the API
        if auth is None and client_id and client_secret:
            auth = HTTPBasicAuth(client_id, client_secret)
        shared = {name: kwargs[name] for name in _SHARED_ARGUMENTS if name in kwargs}
        again: Callable[..., Token] = self.refresh_token
        if isinstance(self._client, BackendApplicationClient) and not token.get("refresh_token"):
            again = partial(self.fetch_token, **self.auto_refresh_kwargs)  # RFC 6749 §4.4.3

        def refresh(_: Token) -> Token:
            new = again(url, auth=auth, **shared)
            if not self.token_updater:
                raise TokenUpdated(new)
            self.token_updater(new)
            return new

        return self._renewal.run(token, refresh)
