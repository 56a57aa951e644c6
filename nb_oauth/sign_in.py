"""``login()``: whether to ask, and how.

A session that lives in this kernel is returned without asking, then a kept token is tried; only
then somebody is asked.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from nb_oauth import tokens
from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.grants import AuthorizationCodeGrant
from nb_oauth.logins import AuthorizationCodeLogin, Login
from nb_oauth.providers import Provider, known_provider
from nb_oauth.session import OAuth2Session
from nb_oauth.stores import MemoryTokenStore, TokenStore
from nb_oauth.tokens import Scope, TokenKey


@dataclass(frozen=True)
class _Request:
    """What one call of ``login()`` asks for."""

    provider: Provider
    client: Client
    scope: tuple[str, ...]
    extra: tuple[tuple[str, str], ...]
    account: str | None

    @property
    def key(self) -> TokenKey:
        return TokenKey.of(self.provider, self.client, AuthorizationCodeGrant.name, self.account)


class _Memory:
    """What this kernel remembers: its sessions, and the sign-ins under way."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._store: TokenStore = MemoryTokenStore()
        self._sessions: dict[TokenKey, OAuth2Session] = {}
        self._logins: dict[TokenKey, tuple[_Request, Login]] = {}

    def session_for(self, request: _Request) -> OAuth2Session | None:
        """Return a session that lives and has the scope, None if there is none."""
        with self._lock:
            session = self._sessions.get(request.key)
        if session is None or not session.is_alive:
            return None
        # What was asked for counts too: some providers grant it under another name.
        had = [*session.requested_scope, *tokens.scope_list(session.scope)]
        return session if tokens.covers(had, request.scope) else None

    def login_for(self, request: _Request) -> Login:
        """Return the widget that signs in for ``request``: the one under way, or a new one."""
        with self._lock:
            former, widget = self._logins.get(request.key, (None, None))
            if widget is None or former != request or widget.has_failed:
                widget = AuthorizationCodeLogin(
                    request.provider,
                    request.client,
                    scope=request.scope,
                    extra=dict(request.extra),
                    store=self._store,
                    account=request.account,
                )
                self._logins[request.key] = request, widget
            return widget

    def remember(self, request: _Request, session: OAuth2Session) -> None:
        """Keep ``session`` for the next call with the same key."""
        with self._lock:
            self._sessions[request.key] = session
            self._logins.pop(request.key, None)


_memory = _Memory()


def login(  # noqa: PLR0913 - each a thing the person may want to say
    provider: Provider | str,
    *,
    client: Client | None = None,
    scope: Scope = None,
    extra: Mapping[str, str] | None = None,
    account: str | None = None,
    timeout: float | None = None,
) -> OAuth2Session:
    """Sign in to ``provider``, and return a session that keeps itself signed in.

    A session that lives in this kernel already, and has the scope, is returned without asking.
    Otherwise the widget appears and the cell waits; "Run All" waits with it.

    Args:
        provider: a :class:`Provider`, or the name of one that is known, such as ``"demo"``.
        client: your app as registered with the provider; not needed for ``"demo"``.
        scope: what to ask for, one string or several.
        extra: further authorization parameters, such as ``{"access_type": "offline"}``.
        account: a label, for who signs in to several accounts of one provider.
        timeout: seconds to wait at most; None waits as long as it takes.

    Raises:
        ConfigurationError: an argument cannot work; the message says what to pass instead.
        LoginCancelled: the person pressed Cancel.
        LoginTimeout: nobody signed in within ``timeout``; run the cell again to go on.
        LoginRequired: nobody can be asked here.
        LoginPending: this kernel cannot wait in a cell; sign in, and run the cell again.
        TokenError: the provider's token endpoint refused.
    """
    request = _request(provider, client, scope, extra, account)
    session = _memory.session_for(request)
    if session is None:
        widget = _memory.login_for(request)
        if widget.is_placed:  # an interrupted cell showed it: show it in this one as well
            widget.display()
        session = widget.wait(timeout)
        _memory.remember(request, session)
    return session


def _request(
    provider: Provider | str,
    client: Client | None,
    scope: Scope,
    extra: Mapping[str, str] | None,
    account: str | None,
) -> _Request:
    if isinstance(provider, str):
        known = known_provider(provider)
        provider, client = known.provider, client or known.client
    if client is None:
        raise ConfigurationError(
            f"login({provider.name!r}, …) needs client=Client(client_id): register an app with "
            "the provider, and take the ID it gives you."
        )
    parameters = tuple(sorted((extra or {}).items()))
    return _Request(provider, client, tuple(tokens.scope_list(scope)), parameters, account)
