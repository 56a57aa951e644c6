"""The half of a session that keeps its token alive, in the kernel and in the store.

Whoever finds the token due asks the store before the token endpoint: another kernel may have
renewed it. What it got is taken, under a lock that the store holds for one of them at a time.
Until the token is due nobody looks.
"""

import contextlib
import time
import warnings
from collections.abc import Iterator
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
from nb_oauth.renewal import Renewal, Setbacks, ended, not_renewable
from nb_oauth.session_openid import OpenIDSession
from nb_oauth.stores import TokenStore, locks
from nb_oauth.tokens import Token, TokenKey

# What a resource request and the refresh it sets off have in common; nothing else of the one
# may reach the other.
_SHARED_ARGUMENTS = ("proxies", "timeout", "verify")
# Some providers renew the end of the same access token.
_TELLING = ("access_token", "refresh_token", "expires_at")


class RenewingSession(OpenIDSession):
    """The part of a session that renews its token: once for all threads, and before its end."""

    _store: TokenStore | None = None
    _key: TokenKey | None = None
    _in_store: Token | None = None
    """What this session last put into the store, or took out of it."""
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
        """Forget the token, here and in the store. Requests go without one from now on.

        Sessions elsewhere that share the store learn of it when their token is due: then they
        raise ``LoginRequired``.
        """
        with self._renewal.paused():
            super().forget_token()
            self._in_store = None
            if self._store is None or self._key is None:
                return
            try:
                with self._only_one():  # not before the end of a renewal, which would save
                    self._store.delete(self._key)
            except Exception as error:  # noqa: BLE001 - here it is forgotten, whatever a store does
                _warn("The token could not be deleted from the store", error)

    def keep_in(self, store: TokenStore) -> None:
        """Keep the token, and every successor, in ``store`` from now on, in an opened session."""
        with self._renewal.paused():
            if store is not self._store:
                self._store, self._in_store = store, None
                self._keep(self.token)

    def _keep(self, token: Token) -> None:
        super()._keep(token)
        self._setbacks.forget()
        if self._store is None or self._key is None:
            return
        try:
            if self._in_store is None:
                self._in_store = self._store.load(self._key)
            if not _are_same(self._in_store, self.token):  # else its successor may be there by now
                self._store.save(self._key, self.token)
                self._in_store = self.token
        except Exception as error:  # noqa: BLE001 - a full disk must not lose a good token
            _warn("The token could not be stored, and lives in this session only", error)

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
                is_wrong = getattr(error, "error", None) == "invalid_id_token"
                if is_wrong or (tokens.has_ended(token, now) and self._can_renew(token)):
                    raise
        if tokens.has_ended(token, now):
            raise ended(token, provider.name)
        return token

    def _earn(self, token_endpoint: str) -> Token:
        again = self.fetch_token if self._asks_again else self.refresh_token
        token: Token = again(token_endpoint)
        return token

    # -- the store -------------------------------------------------------------------------

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        """While entered, no other session with this store and key renews, in whatever kernel.

        Raises:
            TokenError: another one has been renewing for too long.
        """
        with contextlib.ExitStack() as stack:
            lock = getattr(self._store, "lock", None)
            try:
                if lock is not None:
                    stack.enter_context(lock(self._key))
                elif self._store is not None:
                    stack.enter_context(locks.among_threads((id(self._store), self._key)))
            except TimeoutError as error:
                raise TokenError(str(error), error="temporarily_unavailable") from error
            yield

    def _latest(self, token: Token) -> Token:
        """Return the token that another session put into the store since, else ``token``.

        Raises:
            LoginRequired: somebody signed out: the token was deleted from the store.
        """
        if self._store is None or self._key is None:
            return token
        try:
            found = self._store.load(self._key)
            is_gone = found is None and not _holds(self._store, self._key)
        except Exception as error:  # noqa: BLE001 - whatever ails the store, this token is good
            _warn("The stored token could not be looked at, so this session goes on alone", error)
            return token
        if found is None:
            if is_gone and self._in_store is not None:
                super().forget_token()
                raise LoginRequired("Somebody signed out of this account elsewhere. Sign in again.")
            return token
        is_known = _are_same(found, self._in_store) or _are_same(found, token)
        if is_known or not self._is_as_good(found):
            return token
        self._setbacks.forget()
        self.token = self._in_store = found
        latest: Token = self.token
        return latest

    def _is_as_good(self, found: Token) -> bool:
        """Tell whether a stored token may do as much as ours, for the same person."""
        granted = tokens.granted_scope(self.token, self._requested_for(self.token))
        if not tokens.may_cover(found, self._requested_for(found), granted):
            return False
        mine, theirs = self.token.get("id_token"), found.get("id_token")
        return not mine or not theirs or mine == theirs or _subject(mine) == _subject(theirs)

    def _requested_for(self, token: Token) -> Any:
        return token.get(tokens.REQUESTED_SCOPE, self._scope)

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


def _holds(store: TokenStore, key: TokenKey) -> bool:
    """Tell whether the store has anything under ``key``, or cannot tell."""
    return not hasattr(store, "__contains__") or key in store


def _are_same(one: Token | None, other: Token | None) -> bool:
    """Tell whether two tokens are one, whatever a store or a session made of what else they say."""
    if one is None or other is None:
        return one is other
    alike = all(one.get(name) == other.get(name) for name in _TELLING)
    return alike and tokens.scope_list(one.get("scope")) == tokens.scope_list(other.get("scope"))


def _subject(id_token: object) -> object:
    """Return whom an ID token is about (OpenID Connect Core §2); one that is none is unlike any."""
    from nb_oauth.openid.refusals import Refusal
    from nb_oauth.openid.signatures import read

    try:
        return read(id_token).claims.get("sub")
    except Refusal:
        return object()


def _warn(what: str, error: Exception) -> None:
    """Say what ails the store, in words that are ours or the operating system's."""
    ours = str(error) if isinstance(error, ConfigurationError) else ""
    why = ours or getattr(error, "strerror", None) or "see the store"
    warnings.warn(f"{what} ({type(error).__name__}): {why}.", stacklevel=3)
