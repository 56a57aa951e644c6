"""``OAuth2Session``: requests-oauthlib's, renewing itself.

Two kinds of session share one class. Made by its constructor it is a drop-in for
``requests_oauthlib.OAuth2Session``: same arguments, same defaults, same ways to refresh. Opened
with :meth:`OAuth2Session.open` it knows its provider and client and looks after its token: it
renews before the end, once for all threads, and never throws a request away.
"""

import sys
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from oauthlib.oauth2.rfc6749.clients import AUTH_HEADER

from nb_oauth import attachment, forks, quirks, stores, tokens
from nb_oauth.attachment import is_repeatable
from nb_oauth.exceptions import LoginRequired
from nb_oauth.live_sessions import LiveSessions
from nb_oauth.masking import leave_frames
from nb_oauth.oauthlib_clients import oauthlib_client
from nb_oauth.session_forks import ForkedSession
from nb_oauth.session_renewal import NOBODY
from nb_oauth.token_requests import DEFAULT_TIMEOUT
from nb_oauth.tokens import Scope, Token, TokenKey

if TYPE_CHECKING:
    from nb_oauth.clients import Client
    from nb_oauth.providers import Provider
    from nb_oauth.session_account import Account
    from nb_oauth.stores import TokenStore

_AUTHORIZATION_CODE = "authorization_code"
_CLIENT_CREDENTIALS = "client_credentials"
_IMPLICIT = "implicit"


class OAuth2Session(ForkedSession):
    """A ``requests.Session`` that attaches an OAuth 2 token and keeps it alive.

    The constructor takes what requests-oauthlib's takes. :meth:`open` makes a session of a
    ``Provider`` and a ``Client``.

    Attributes:
        provider: whose token this is; None in a session made by the constructor.
        opened: every session of this process that :meth:`open` made and that is still used.
    """

    opened: ClassVar[LiveSessions["OAuth2Session"]] = LiveSessions()

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
        before = (client_id, client, auto_refresh_url, auto_refresh_kwargs, scope, redirect_uri)
        super().__init__(*before, None, *args, **kwargs)
        if token:  # not by way of oauthlib's constructor, which raises at an odd expires_in
            self.token = token

    @classmethod
    def open(
        cls,
        provider: "Provider",
        client: "Client",
        *,
        scope: Scope = None,
        token: Token | None = None,
        store: "TokenStore | str | None" = None,
        account: str | None = None,
        grant: str = "authorization_code",
        redirect_uri: str | None = None,
        extra: Mapping[str, str] | None = None,
        allowed_hosts: Iterable[str] | None = None,
        strict_scope: bool = False,
    ) -> "OAuth2Session":
        """Open a session that renews itself.

        Args:
            provider: the authorization server.
            client: your app as registered there.
            scope: what to ask for, one string or several.
            token: a token to begin with; None takes the one in ``store``, if there is one, and
                an empty one begins without.
            store: where the token and every successor is kept: a ``TokenStore``, ``"file"`` or
                ``"keyring"``; None keeps it in this session.
            account: a label for one of several accounts of the same person.
            grant: how its tokens are earned: ``"authorization_code"``, ``"implicit"``,
                ``"password"``, ``"device_code"``, or ``"client_credentials"``, which renews by
                asking again (RFC 6749 §4.4).
            redirect_uri: where the provider sends people back to; None is the client's.
            extra: further parameters of each request that earns a token, such as
                ``{"audience": "…"}`` with client credentials.
            allowed_hosts: the only hosts that the token may go to, besides the provider's own
                endpoints, such as ``["api.example", "*.example.org"]``; None is the provider's
                list, or any host where it has none.
            strict_scope: raise where less is granted than was asked for; the token is kept, as
                ``session.token``. Otherwise a warning names what is missing.

        Raises:
            ConfigurationError: the provider has no token endpoint, ``redirect_uri`` is none, or
                there is no host by a name in ``allowed_hosts``.
        """
        from nb_oauth.clients import require_redirect_uri

        redirect_uri = redirect_uri or client.redirect_uri
        if redirect_uri:
            require_redirect_uri(redirect_uri)
        is_sent_back = grant in {_AUTHORIZATION_CODE, _IMPLICIT}
        session = cls(
            client=oauthlib_client(grant, client, scope),
            scope=tokens.scope_list(scope) or None,
            redirect_uri=redirect_uri if is_sent_back else None,
            pkce="S256" if grant == _AUTHORIZATION_CODE and _takes_pkce(provider) else None,
        )
        if grant != _IMPLICIT:  # it never asks there, and renews nothing
            session.auto_refresh_url = provider.require("token_endpoint")
        session.provider, session._registered = provider, client
        quirks.apply(session, provider.quirks)
        session._extra = dict(extra or {})
        session.allowed_hosts, session.strict_scope = allowed_hosts, strict_scope
        chosen = stores.token_store(store)
        session._store = stores.MemoryTokenStore() if chosen is None else chosen
        session._key = TokenKey.of(provider, client, grant, account)
        session._asks_again = grant == _CLIENT_CREDENTIALS
        cls.opened.add_for_audience(session)
        kept = dict(
            (session._stored(session._store, session._key) if token is None else token) or {}
        )
        if kept:
            if token is None:  # not what is asked for now
                kept.setdefault(tokens.REQUESTED_SCOPE, "")
                session._in_store = dict(kept)  # nothing to save: its successor may be there now
            session._keep(kept)
        return session

    # -- what it says of itself ------------------------------------------------------------

    def __repr__(self) -> str:
        """Say whose token it holds, for what and until when; never the token."""
        from nb_oauth import session_account

        return session_account.as_text(self.account)

    def _repr_html_(self) -> str:
        from nb_oauth import session_account

        return session_account.as_html(self.account)

    @property
    def account(self) -> "Account":
        """What the session says of itself: whose token, for what, until when; no secret."""
        from nb_oauth.session_account import Account

        return Account(
            provider=self.provider.name if self.provider else None,
            scope=tuple(tokens.granted_scope(self.token, self._scope)),
            signed_in=self.authorized,
            ends_at=tokens.expires_at(self.token),
            renews=self._can_renew(self.token),
            label=self._key.account if self._key else None,
        )

    @property
    def is_due(self) -> bool:
        """Whether the next request renews the token first: its end is near, or past."""
        return tokens.is_due(self.token, time.time())

    def fresh_access_token(self) -> str:
        """Return the access token for any other client to send, renewed first if its end is near.

        Raises:
            LoginRequired: nobody is signed in, or the provider renews the token no longer.
            TokenExpiredError: the token ended and there is nothing to renew it with.
            TokenError: the token endpoint refused, or could not be reached.
        """
        if not self.token:
            raise LoginRequired(NOBODY)
        return tokens.sendable(
            self._live_token({}, None, None).get("access_token", ""), spaces=True
        )

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

        In a session that was opened, a token that the API refuses (401) is renewed as well, and the
        request sent once more if its body can be.

        Takes what ``requests.Session.request`` takes, and of requests-oauthlib:

        Args:
            method: the HTTP method.
            url: an https address, or http on a loopback address.
            data: the body.
            headers: further headers, left as they are; with an ``Authorization`` of your own the
                token is not sent, nor with an ``auth`` in a session that was opened.
            withhold_token: send this request without the token.
            client_id: with ``client_secret``, authenticates an automatic refresh.
            client_secret: see ``client_id``.
            files: as requests takes them.
            kwargs: the rest; ``timeout`` is (10, 60) seconds unless given.

        Raises:
            InsecureTransportError: a token would travel in the open.
            ConfigurationError: the token may not go to this host; see ``allowed_hosts``.
            LoginRequired: the token ended and the provider renews it no longer; or, in a session
                that was opened, nobody is signed in.
            TokenExpiredError: the token ended and there is nothing to renew it with.
            TokenUpdated: see there; never in a session that was opened.
        """
        auth = self._own_credentials(kwargs)
        self._require_destination(url, headers, auth, withhold_token=withhold_token)
        kwargs.setdefault("timeout", DEFAULT_TIMEOUT)
        headers = headers if headers is None else dict(headers)  # hooks may change them
        if self.token and not withhold_token:
            url, headers, data = self._protected(url, headers, data)
            if attachment.is_wanted(self._client, headers, auth):
                token = self._live_token(kwargs, client_id, client_secret)
                return self._send_with(token, method, url, headers, data, files=files, **kwargs)
        elif self._needs_token(headers, auth) and not withhold_token:
            raise LoginRequired(NOBODY)
        return self._send_plain(method, url, headers, data, files=files, **kwargs)

    def _own_credentials(self, kwargs: dict[str, Any]) -> Any:
        """Return what requests would authenticate with, in a session that was opened.

        In one of the constructor ``auth=`` is for the token endpoint, as in requests-oauthlib.
        """
        if self.provider is None:
            return None
        auth = kwargs.get("auth")
        return self.auth if auth is None else auth

    def _needs_token(self, headers: Any, auth: object) -> bool:
        return self.provider is not None and attachment.is_wanted(self._client, headers, auth)

    def _send_with(
        self, token: Token, method: str, url: str, headers: Any, data: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request with ``token``, and with a newer one where the API refuses it."""
        callers = sys.exc_info()[1]

        def send(token: Token) -> requests.Response:
            placed = attachment.attach(self._client, token, method, url, headers, data)
            try:
                return self._send_plain(method, *placed, **kwargs)
            except requests.RequestException as error:
                if self._client.default_token_placement != AUTH_HEADER:
                    leave_frames(error, up_to=callers)  # and only the header hides its token
                del placed
                raise

        response = send(token)
        repeatable = is_repeatable(data, kwargs["files"])
        newer = self._after_refusal(response, token, is_repeatable=repeatable)
        return response if newer is None else self._answered_again(send(newer))

    def _send_plain(
        self, method: str, url: str, headers: Any, data: Any, **kwargs: Any
    ) -> requests.Response:
        return requests.Session.request(self, method, url, headers=headers, data=data, **kwargs)


forks.in_child(OAuth2Session.opened.begin_anew)


def _takes_pkce(provider: "Provider") -> bool:
    """Tell whether a challenge may go along: an empty list of methods, given by hand, says no."""
    return provider.code_challenge_methods_supported != ()
