"""The half of a session that keeps its token alive: before its end, or when an API refuses it."""

import time
from functools import partial
from typing import Any

import requests
from requests.auth import HTTPBasicAuth

from nb_oauth import tokens
from nb_oauth.exceptions import (
    ConfigurationError,
    LoginRequired,
    TokenError,
    TokenExpiredError,
    TokenUpdated,
)
from nb_oauth.providers import Provider
from nb_oauth.renewal import ended, not_renewable
from nb_oauth.session_store import StoredSession
from nb_oauth.tokens import Token

# What a resource request and the refresh it sets off have in common; nothing else of the one
# may reach the other.
_SHARED_ARGUMENTS = ("proxies", "timeout", "verify")
_UNAUTHORIZED = 401
_NOT_WHO_SIGNED_IN = "invalid_id_token"
NOBODY = "Nobody is signed in with this session. Sign in first."


class RenewingSession(StoredSession):
    """The part of a session that renews its token: once for all threads, and before its end."""

    _asks_again = False
    """Whether it renews by asking as it did at first: the client credentials grant."""

    @property
    def is_alive(self) -> bool:
        """Whether a request can be expected to go through: the token lives or can be renewed."""
        ended = tokens.has_ended(self.token, time.time())
        return self.authorized and (not ended or self._can_renew(self.token))

    def _can_renew(self, token: Token) -> bool:
        if self._asks_again:
            return True
        refresh_token = token.get("refresh_token")
        known = self.provider is not None or bool(self.auto_refresh_url)
        return known and bool(refresh_token) and not self._setbacks.is_refused(token)

    # -- renewal ---------------------------------------------------------------------------

    def renew(self) -> None:
        """Renew the token now, however long it would live, in a session that was opened.

        Nobody needs to: a session renews by itself, before the end. A token that another thread
        got meanwhile will do. None is returned, so that no cell prints it.

        Raises:
            ConfigurationError: the session was made by the constructor; call ``refresh_token()``.
            LoginRequired: the session was signed out, or there is nothing to renew it with.
            TokenError: the token endpoint refused, or could not be reached.
        """
        if self.provider is None:
            raise ConfigurationError("renew() needs a session that was opened: refresh_token(…).")
        self._renewal.run(self.token, partial(self._renew_now, self.provider))

    def _renew_now(self, provider: Provider, token: Token) -> Token:
        with self._only_one():
            latest = self._latest(token)
            if latest is not token and not tokens.is_due(latest, time.time()):
                return latest
            if not self._can_renew(latest):
                raise not_renewable(latest, provider.name)
            return self._earn(provider.require("token_endpoint"))

    def _live_token(
        self, kwargs: dict[str, Any], client_id: str | None, client_secret: str | None
    ) -> Token:
        """Return a token that has not ended, renewed if need be."""
        token: Token = self.token
        now = time.time()
        if self.provider is None:
            if not tokens.has_ended(token, now):
                return token
            return self._refresh_as_requests_oauthlib(token, kwargs, client_id, client_secret)
        if not token:  # another thread signed out a moment ago
            raise LoginRequired(NOBODY)
        if not tokens.is_due(token, now):
            return token
        return self._renewal.run(token, partial(self._renew, self.provider))

    def _renew(self, provider: Provider, token: Token) -> Token:
        """Renew, and go on with the old token where that fails and it still lives."""
        token, now = self._latest(token), time.time()
        if not tokens.is_due(token, now):
            return token
        rests = self._setbacks.is_resting(now) and not tokens.has_ended(token, now)
        if self._can_renew(token) and not rests:
            try:
                return self._renew_now(provider, token)
            except (TokenError, requests.RequestException) as error:
                token, now = self.token, time.time()
                self._setbacks.note(token, error, now)
                is_wrong = getattr(error, "error", None) == _NOT_WHO_SIGNED_IN
                if is_wrong or (tokens.has_ended(token, now) and self._can_renew(token)):
                    raise
        if tokens.has_ended(token, now):
            raise ended(token, provider.name)
        return token

    def _after_refusal(
        self, response: requests.Response, token: Token, *, is_repeatable: bool
    ) -> Token | None:
        """Return a token to send the request again with; None where that is no use.

        An API that refuses a token which was earned because it refused the one before will refuse
        the next one, too.

        Args:
            response: what the API answered.
            token: what the request was sent with.
            is_repeatable: whether it can be sent again.

        Raises:
            LoginRequired: the API refused the token, and the provider renews it no longer.
            TokenError: what came of renewing it is not of who signed in.
        """
        if self.provider is None or response.status_code != _UNAUTHORIZED or not is_repeatable:
            return None
        if self._setbacks.is_refused(token):
            raise not_renewable(token, self.provider.name)
        setbacks = self._setbacks
        gives_up = setbacks.is_last_resort(token) or setbacks.is_resting(time.time())
        if gives_up or not self._can_renew(token):
            return None
        try:
            newer = self._renewal.run(token, partial(self._renew_refused, self.provider))
        except (TokenError, requests.RequestException) as error:
            if getattr(error, "error", None) == _NOT_WHO_SIGNED_IN:
                raise
            return None  # what the API has answered stands
        response.close()
        return newer

    def _renew_refused(self, provider: Provider, token: Token) -> Token:
        try:
            renewed = self._renew_now(provider, token)
        except (TokenError, requests.RequestException) as error:
            self._setbacks.note(token, error, time.time())
            if self._setbacks.is_refused(token):
                raise not_renewable(token, provider.name) from None
            raise
        self._setbacks.note_last_resort(renewed)
        return renewed

    def _earn(self, token_endpoint: str) -> Token:
        again = self.fetch_token if self._asks_again else self.refresh_token
        token: Token = again(token_endpoint)
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

        def refresh(_: Token) -> Token:
            new: Token = self.refresh_token(url, auth=auth, **shared)
            if not self.token_updater:
                raise TokenUpdated(new)
            self.token_updater(new)
            return new

        return self._renewal.run(token, refresh)
