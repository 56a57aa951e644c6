"""``login()``: whether to ask, and how.

A session that lives in this kernel and has the scope is returned without asking. Otherwise
somebody is asked, with the widget.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from nb_oauth import place, tokens
from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.grants import AuthorizationCodeGrant
from nb_oauth.logins import AuthorizationCodeLogin, Login
from nb_oauth.place import Place
from nb_oauth.providers import Provider, known_provider
from nb_oauth.session import OAuth2Session
from nb_oauth.stores import MemoryTokenStore, TokenStore
from nb_oauth.surfaces.output import Outputs
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

    def find(self, request: _Request) -> OAuth2Session | Login:
        """Return a session that lives and has the scope, else the widget to sign in with."""
        with self._lock:
            return self._session_for(request) or self._login_for(request)

    def _session_for(self, request: _Request) -> OAuth2Session | None:
        session = self._sessions.get(request.key)
        if session is None or not session.is_alive or not session.may_have(request.scope):
            return None
        return session

    def _login_for(self, request: _Request) -> Login:
        """Return the widget under way for this very request, or a new one in place of any other."""
        former, widget = self._logins.get(request.key, (None, None))
        if widget is not None:
            if former == request and not (widget.has_failed or widget.is_closed):
                return widget
            widget.cancel()  # nobody would know which of the two to answer
        widget = self._new_login(request)
        self._logins[request.key] = request, widget
        return widget

    def _new_login(self, request: _Request) -> Login:
        widget = AuthorizationCodeLogin(
            request.provider,
            request.client,
            scope=request.scope,
            extra=dict(request.extra),
            store=self._store,
            account=request.account,
        )
        # Not only when a cell waits: it may have been interrupted before somebody signed in.
        widget.on_signed_in(lambda session: self._remember(request, session))
        return widget

    def _remember(self, request: _Request, session: OAuth2Session) -> None:
        with self._lock:
            self._sessions[request.key] = session
            if self._logins.get(request.key, (None, None))[0] == request:
                del self._logins[request.key]


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
        extra: further authorization parameters, such as ``{"access_type": "offline"}``. They
            matter only where somebody is asked: ``logout`` first to be asked again.
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
    found = _memory.find(request)
    somebody_is_there = place.here() is Place.NOTEBOOK
    if isinstance(found, OAuth2Session):
        if somebody_is_there:  # the cell's output was cleared: without a word it looks lost
            Outputs(request.provider.name).show_signed_in()
        return found
    if somebody_is_there:
        found.display()
    return found.wait(timeout)


def _request(
    provider: Provider | str,
    client: Client | None,
    scope: Scope,
    extra: Mapping[str, str] | None,
    account: str | None,
) -> _Request:
    _check_kinds(provider, client, extra)
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


def _check_kinds(provider: object, client: object, extra: object) -> None:
    """Say what to pass instead, where something of another kind was passed."""
    wanted = (
        (provider, (Provider, str), "provider", 'Provider("Name", …) or a name such as "demo"'),
        (client, (Client, type(None)), "client", 'Client("my-client-id", …)'),
        (extra, (Mapping, type(None)), "extra", 'a mapping such as {"prompt": "consent"}'),
    )
    for value, kinds, name, words in wanted:
        if not isinstance(value, kinds):
            raise ConfigurationError(f"{name}={value!r} will not do: pass {words}.")
