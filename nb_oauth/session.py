"""``OAuth2Session``: requests-oauthlib's, renewing itself.

Two kinds of session share one class. Made by its constructor it is a drop-in for
``requests_oauthlib.OAuth2Session``: same arguments, same defaults, same ways to refresh. Opened
with :meth:`OAuth2Session.open` it knows its provider and client and looks after its token: it
renews before the end, once for all threads, and never throws a request away.
"""

import time
import warnings
import weakref
from functools import partial
from typing import Any, ClassVar

import requests
from oauthlib.oauth2 import BackendApplicationClient, WebApplicationClient
from oauthlib.oauth2 import Client as OAuthlibClient
from requests.auth import HTTPBasicAuth

from nb_oauth import attachment, session_account, tokens
from nb_oauth.clients import Client, require_redirect_uri
from nb_oauth.exceptions import TokenError, TokenExpiredError, TokenUpdated
from nb_oauth.providers import Provider
from nb_oauth.renewal import Renewal, Setbacks, ended
from nb_oauth.session_token import SessionToken
from nb_oauth.stores import MemoryTokenStore, TokenStore
from nb_oauth.token_requests import DEFAULT_TIMEOUT
from nb_oauth.tokens import Scope, Token, TokenKey
from nb_oauth.transport import require_secure

_CLIENT_CREDENTIALS = "client_credentials"
# What a resource request and the refresh it sets off have in common; nothing else of the one
# may reach the other.
_SHARED_ARGUMENTS = ("proxies", "timeout", "verify")


class OAuth2Session(SessionToken):
    """A ``requests.Session`` that attaches an OAuth 2 token and keeps it alive.

    The constructor takes what requests-oauthlib's takes. :meth:`open` makes a session of a
    ``Provider`` and a ``Client``.

    Attributes:
        provider: whose token this is; None in a session made by the constructor.
        opened: every session of this process that :meth:`open` made and that is still used.
    """

    opened: ClassVar["weakref.WeakSet[OAuth2Session]"] = weakref.WeakSet()

    def __init__(
        self,
        client_id: str | None = None,
        client: Any = None,
        auto_refresh_url: str | None = None,
        auto_refresh_kwargs: dict[str, Any] | None = None,
        scope: Any = None,
        redirect_uri: str | None = None,
        token: Token | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self._store: TokenStore | None = None
        self._key: TokenKey | None = None
        self._asks_again = False
        self._setbacks = Setbacks()
        self._renewal = Renewal(lambda: self.token)
        before = (client_id, client, auto_refresh_url, auto_refresh_kwargs, scope, redirect_uri)
        super().__init__(*before, None, *args, **kwargs)
        if token:  # not by way of oauthlib's constructor, which raises at an odd expires_in
            self.token = token

    @classmethod
    def open(
        cls,
        provider: Provider,
        client: Client,
        *,
        scope: Scope = None,
        token: Token | None = None,
        store: TokenStore | None = None,
        account: str | None = None,
        grant: str = "authorization_code",
        redirect_uri: str | None = None,
    ) -> "OAuth2Session":
        """Open a session that renews itself.

        Args:
            provider: the authorization server.
            client: your app as registered there.
            scope: what to ask for, one string or several.
            token: a token to begin with; None takes the one in ``store``, if there is one, and
                an empty one begins without.
            store: where the token and every successor is kept; None keeps it in this session.
            account: a label for one of several accounts of the same person.
            grant: how its tokens are earned: ``"authorization_code"`` or
                ``"client_credentials"``, which renews by asking again (RFC 6749 §4.4).
            redirect_uri: where the provider sends people back to; None is the client's.

        Raises:
            ConfigurationError: the provider has no token endpoint, or ``redirect_uri`` is none.
        """
        redirect_uri = redirect_uri or client.redirect_uri
        if redirect_uri:
            require_redirect_uri(redirect_uri)
        session = cls(
            client=_oauthlib_client(grant, client, scope),
            scope=tokens.scope_list(scope) or None,
            redirect_uri=redirect_uri,
            pkce="S256",
        )
        session.provider, session._registered = provider, client
        session._store = MemoryTokenStore() if store is None else store
        session._key = TokenKey.of(provider, client, grant, account)
        session._asks_again = grant == _CLIENT_CREDENTIALS
        session.auto_refresh_url = provider.require("token_endpoint")
        cls.opened.add(session)
        kept = session._store.load(session._key) if token is None else token
        if kept:
            session._keep(dict(kept))
        return session

    # -- what it says of itself ------------------------------------------------------------

    def __repr__(self) -> str:
        """Say whose token it holds, for what and until when; never the token."""
        return session_account.as_text(self.account)

    def _repr_html_(self) -> str:
        return session_account.as_html(self.account)

    @property
    def account(self) -> session_account.Account:
        """What the session says of itself: whose token, for what, until when; no secret."""
        return session_account.Account(
            provider=self.provider.name if self.provider else None,
            scope=tuple(tokens.granted_scope(self.token, self._scope)),
            signed_in=self.authorized,
            ends_at=tokens.expires_at(self.token),
            renews=self._can_renew(self.token),
            label=self._key.account if self._key else None,
        )

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

    # -- requests to the API ---------------------------------------------------------------

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        data: Any = None,
        headers: Any = None,
        withhold_token: bool = False,
        client_id: str | None = None,
        client_secret: str | None = None,
        files: Any = None,
        **kwargs: Any,
    ) -> requests.Response:
        """Send a request with the token attached, renewed first if its end is near.

        Takes what ``requests.Session.request`` takes, and of requests-oauthlib:

        Args:
            method: the HTTP method.
            url: an https address, or http on a loopback address.
            data: the body.
            headers: further headers, left as they are; with an ``Authorization`` of your own the
                token is not sent.
            withhold_token: send this request without the token.
            client_id: with ``client_secret``, authenticates an automatic refresh.
            client_secret: see ``client_id``.
            files: as requests takes them.
            kwargs: the rest; ``timeout`` is (10, 60) seconds unless given.

        Raises:
            InsecureTransportError: a token would travel in the open.
            LoginRequired: the token ended and the provider renews it no longer.
            TokenExpiredError: the token ended and there is nothing to renew it with.
            TokenUpdated: see there; never in a session that was opened.
        """
        require_secure(url)
        kwargs.setdefault("timeout", DEFAULT_TIMEOUT)
        headers = headers if headers is None else dict(headers)  # hooks may change them
        if self.token and not withhold_token:
            for hook in self.compliance_hook["protected_request"]:
                url, headers, data = hook(url, headers, data)
            if attachment.is_wanted(self._client, headers):
                token = self._live_token(kwargs, client_id, client_secret)
                url, headers, data = attachment.attach(
                    self._client, token, method, url, headers, data
                )
        return requests.Session.request(
            self, method, url, headers=headers, data=data, files=files, **kwargs
        )

    # -- renewal ---------------------------------------------------------------------------

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


def _oauthlib_client(grant: str, client: Client, scope: Scope) -> OAuthlibClient:
    """Return oauthlib's client for ``grant``: it knows what to send."""
    if grant == _CLIENT_CREDENTIALS:
        asked = " ".join(tokens.scope_list(scope))
        return BackendApplicationClient(client.client_id, scope=asked or None)
    return WebApplicationClient(client.client_id)
