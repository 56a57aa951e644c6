"""The half of a session that keeps its token alive, in the kernel and in the store."""

import time
import warnings
from functools import partial
from typing import Any

import requests
from requests.auth import HTTPBasicAuth

from nb_oauth import tokens
from nb_oauth.exceptions import ConfigurationError, TokenError, TokenExpiredError, TokenUpdated
from nb_oauth.providers import Provider
from nb_oauth.renewal import Renewal, Setbacks, ended, not_renewable
from nb_oauth.session_openid import OpenIDSession
from nb_oauth.stores import TokenStore
from nb_oauth.tokens import Token, TokenKey

# What a resource request and the refresh it sets off have in common; nothing else of the one
# may reach the other.
_SHARED_ARGUMENTS = ("proxies", "timeout", "verify")


class RenewingSession(OpenIDSession):
    """The part of a session that renews its token: once for all threads, and before its end."""

    _store: TokenStore | None = None
    _key: TokenKey | None = None
    _asks_again = False
    """Whether it renews by asking as it did at first: the client credentials grant."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._setbacks = Setbacks()
        self._renewal = Renewal(lambda: self.token)
        super().__init__(*args, **kwargs)

    # -- the token -------------------------------------------------------------------------

    @property
    def is_alive(self) -> bool:
        """Whether a request can be expected to go through: the token lives or can be renewed."""
        ended = tokens.has_ended(self.token, time.time())
        return self.authorized and (not ended or self._can_renew(self.token))

    def forget_token(self) -> None:
        """Forget the token, here and in the store. Requests go without one from now on."""
        with self._renewal.paused():
            super().forget_token()
            if self._store is not None and self._key is not None:
                self._store.delete(self._key)

    def _keep(self, token: Token) -> None:
        super()._keep(token)
        self._setbacks.forget()
        if self._store is None or self._key is None:
            return
        try:
            self._store.save(self._key, self.token)
        except Exception as error:  # noqa: BLE001 - a full disk must not lose a good token
            warnings.warn(
                f"The token could not be stored ({type(error).__name__}): it lives in this "
                "session only.",
                stacklevel=2,
            )

    def _can_renew(self, token: Token) -> bool:
        if self._asks_again:
            return True
        refresh_token = token.get("refresh_token")
        known = self.provider is not None or bool(self.auto_refresh_url)
        return known and bool(refresh_token) and not self._setbacks.is_refused(token)

    # -- renewal ---------------------------------------------------------------------------

    def renew(self) -> Any:
        """Renew the token now, however long it would live, in a session that was opened.

        Nobody needs to: a session renews by itself, before the end.

        Returns:
            The new token. One that another thread got meanwhile will do.

        Raises:
            ConfigurationError: the session was made by the constructor; call ``refresh_token()``.
            LoginRequired: the session was signed out, or there is nothing to renew it with.
            TokenError: the token endpoint refused, or could not be reached.
        """
        if self.provider is None:
            raise ConfigurationError("renew() needs a session that was opened: refresh_token(…).")
        return self._renewal.run(self.token, partial(self._renew_now, self.provider))

    def _renew_now(self, provider: Provider, token: Token) -> Token:
        if not self._can_renew(token):
            raise not_renewable(token, provider.name)
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
        if not tokens.is_due(token, now):
            return token
        return self._renewal.run(token, partial(self._renew, self.provider))

    def _renew(self, provider: Provider, token: Token) -> Token:
        """Renew, and go on with the old token where that fails and it still lives."""
        now = time.time()
        rests = self._setbacks.is_resting(now) and not tokens.has_ended(token, now)
        if self._can_renew(token) and not rests:
            try:
                renewed: Token = self._earn(provider.require("token_endpoint"))
            except (TokenError, requests.RequestException) as error:
                now = time.time()
                self._setbacks.note(token, error, now)
                if tokens.has_ended(token, now) and self._can_renew(token):
                    raise
            else:
                return renewed
        if tokens.has_ended(token, now):
            raise ended(token, provider.name)
        return token

    def _earn(self, token_endpoint: str) -> Token:
        again = self.fetch_token if self._asks_again else self.refresh_token
        token: Token = again(token_endpoint)
        return token

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
