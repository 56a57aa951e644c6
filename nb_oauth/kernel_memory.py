"""What this kernel remembers: its sessions, and the sign-ins under way."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from nb_oauth import tokens
from nb_oauth.clients import Client
from nb_oauth.exceptions import OAuthError
from nb_oauth.grant_choice import OF_A_PERSON
from nb_oauth.logins import (
    AuthorizationCodeLogin,
    Chosen,
    ClientCredentialsLogin,
    ClientQuestion,
    CodeLogin,
    DeviceLogin,
    ImplicitLogin,
    Login,
    PasswordLogin,
    RefusedLogin,
    RegistrationLogin,
    words,
)
from nb_oauth.providers import Provider
from nb_oauth.redirects.ways import ANY_LOOPBACK_PORT
from nb_oauth.session import OAuth2Session
from nb_oauth.stores import MemoryTokenStore, TokenStore
from nb_oauth.tokens import TokenKey
from nb_oauth.variables import Variables
from nb_oauth.waiting import RUN_AGAIN

_LOGINS: dict[str, type[Login]] = {
    "authorization_code": AuthorizationCodeLogin,
    "client_credentials": ClientCredentialsLogin,
    "device_code": DeviceLogin,
    "implicit": ImplicitLogin,
    "password": PasswordLogin,
}
UNDECIDED = "undecided"
"""The grant, where nobody named one, until it is known what the app can do."""

_WITH_TOKEN_EXTRA = {"client_credentials", "password"}


@dataclass(frozen=True)
class SignInRequest:
    """What one call of ``login()`` asks for."""

    provider: Provider
    client: Client
    scope: tuple[str, ...]
    extra: tuple[tuple[str, str], ...]
    account: str | None
    grant: str
    store: TokenStore | None = field(default=None, compare=False)
    allowed_hosts: tuple[str, ...] | None = field(default=None, compare=False)
    why: str = field(default="", compare=False)
    remark: str = field(default="", compare=False)
    variables: Variables = field(default=Variables("", has_endpoint=False), compare=False)
    question: ClientQuestion | None = field(default=None, compare=False)
    loopback_uri: str = field(default=ANY_LOOPBACK_PORT, compare=False)
    """Which loopback redirect URI the provider takes, for an app that does not say its own."""
    otherwise: "SignInRequest | None" = field(default=None, compare=False)
    """What to do instead where no browser can bring the answer back."""
    refusal: OAuthError | None = field(default=None, compare=False)
    """Why nobody can sign in by this; a session may be had without."""

    @property
    def key(self) -> TokenKey:
        """What the session that comes of it will be known by."""
        return self._key_by(self.grant)

    @property
    def keys(self) -> list[TokenKey]:
        """What a session may be known by: where nobody named a grant, a person's is as good."""
        grants = (*OF_A_PERSON, self.grant) if self.why else (self.grant,)
        return [self._key_by(grant) for grant in grants]

    @property
    def named_grant(self) -> str | None:
        """The grant that somebody named; None where the best was picked."""
        return None if self.why or self.grant == UNDECIDED else self.grant

    def settle(self, session: OAuth2Session, *, is_kept_elsewhere: bool = False) -> None:
        """Let a session that was there before be as this call has it, where it says so.

        Args:
            session: the session.
            is_kept_elsewhere: whether its source looks after its token, so that no store is given
                it.
        """
        if self.store is not None and not is_kept_elsewhere:
            session.keep_in(self.store)
        if self.allowed_hosts is not None:
            session.allowed_hosts = self.allowed_hosts

    def chosen(self) -> Chosen:
        """Return how to sign in by this.

        Raises:
            ConfigurationError: it cannot be done.
        """
        grant = _LOGINS[self.grant].grant_for(self.provider, self.client, dict(self.extra))
        redirect_uri = words.redirect_uri_of(grant, self.client, self.loopback_uri)
        return Chosen(self.client, grant, self.remark, self, redirect_uri)

    def _key_by(self, grant: str) -> TokenKey:
        return TokenKey.of(self.provider, self.client, grant, self.account)


Source = Callable[[SignInRequest], OAuth2Session | None]
"""Where a session may come from without anybody being asked."""


class KernelMemory:
    """What this kernel remembers: its sessions, and the sign-ins under way."""

    def __init__(self) -> None:
        self.begin_anew()
        self._store: TokenStore = MemoryTokenStore()
        self._sessions: dict[TokenKey, OAuth2Session] = {}
        self._kept_elsewhere: set[TokenKey] = set()
        self._logins: dict[TokenKey, tuple[SignInRequest, Login]] = {}
        self._clients: dict[Provider, Client] = {}

    def begin_anew(self) -> None:
        """Take a lock that nobody holds: a thread that held the former was not forked along."""
        self._lock = threading.RLock()

    def find(self, request: SignInRequest, *sources: Source) -> OAuth2Session | Login:
        """Return a session that lives and has the scope, else the widget to sign in with.

        Args:
            request: what is asked for.
            sources: asked in this order, where neither this kernel nor the store has a session.
        """
        with self._lock:
            found = self._session_for(request) or self._stored_session_for(request)
        if found is not None:
            return found
        for source in sources:
            session = source(request)
            if session is not None:
                self._remember_elsewhere(request.key, session)
                return session
        with self._lock:
            return self._login_for(request)

    def _session_for(self, request: SignInRequest) -> OAuth2Session | None:
        for key in request.keys:
            session = self._sessions.get(key)
            if session is not None and is_good_for(request, session):
                request.settle(session, is_kept_elsewhere=key in self._kept_elsewhere)
                return session
        return None

    def _stored_session_for(self, request: SignInRequest) -> OAuth2Session | None:
        """Return a session with a token that another kernel, or this one before, has stored."""
        if request.store is None:
            return None
        for key, session in stored_sessions(request, request.store):
            self._put(key, session)
            return session
        return None

    def _login_for(self, request: SignInRequest) -> Login:
        """Return the widget under way for this very request, or a new one in place of any other."""
        former, widget = self._logins.get(request.key, (None, None))
        if widget is not None:
            if former == request and not (widget.has_failed or widget.is_closed):
                return widget
            widget.cancel()  # nobody would know which of the two to answer
        widget = self._new_login(request)
        # Not only when a cell waits: it may have been interrupted before somebody signed in.
        widget.follow(lambda session: self._remember(request, session, widget))
        self._logins[request.key] = request, widget
        return widget

    def login_with(self, request: SignInRequest, session: OAuth2Session) -> Login:
        """Return a widget that is done: ``session`` was found for this request."""
        widget = self._new_login(request)
        widget.settle_with(session)

        def remember(other: OAuth2Session) -> None:
            if other is not session:  # somebody signed out, and in again
                self._remember(request, other, widget)

        widget.follow(remember)
        return widget

    def client_for(self, provider: Provider) -> Client | None:
        """Return the app that somebody has named in this kernel, and not kept for the next."""
        return self._clients.get(provider)

    def _new_login(self, request: SignInRequest) -> Login:
        kind: Callable[..., Login]
        if request.question is not None:
            kind = partial(RegistrationLogin, request.question)
        elif request.refusal is not None:
            kind = partial(RefusedLogin, request.refusal)
        elif request.otherwise is not None:
            kind = partial(CodeLogin, request.chosen(), request.otherwise.chosen())
        else:
            kind = _LOGINS[request.grant]
        widget = kind(
            request.provider,
            request.client,
            scope=request.scope,
            store=self._store if request.store is None else request.store,
            account=request.account,
            extra=dict(request.extra),
            allowed_hosts=request.allowed_hosts,
        )
        widget.go_on = RUN_AGAIN  # the cell finds this very widget then
        widget.loopback_uri = request.loopback_uri
        if request.remark:
            widget.remarks = (*widget.remarks, request.remark)
        return widget

    def _put(self, key: TokenKey, session: OAuth2Session) -> None:
        self._sessions[key] = session
        self._kept_elsewhere.discard(key)

    def _remember_elsewhere(self, key: TokenKey, session: OAuth2Session) -> None:
        """Remember a session whose source looks after its token: no other store is given it."""
        with self._lock:
            self._put(key, session)
            self._kept_elsewhere.add(key)

    def _remember(
        self, request: SignInRequest, session: OAuth2Session, widget: Login | None = None
    ) -> None:
        with self._lock:
            chosen = widget.chosen if isinstance(widget, RegistrationLogin | CodeLogin) else None
            key = chosen.request.key if chosen else request.key
            self._put(key, session)
            if chosen and isinstance(widget, RegistrationLogin) and not widget.is_kept:
                self._clients[request.provider] = chosen.client
            served = [
                (asked, other)
                for asked, other in self._logins.values()
                if other is not widget and key in asked.keys and is_good_for(asked, session)
            ]
            others = [other for _, other in served]
            if self._logins.get(request.key, (None, None))[1] in {widget, *others} - {None}:
                del self._logins[request.key]
        for asked, other in served:  # newer: who waits for it would be asked for what is there
            asked.settle(session)
            other.settle_with(session)


def is_good_for(request: SignInRequest, session: OAuth2Session) -> bool:
    """Tell whether a session lives, and has the scope that is asked for."""
    return session.is_alive and session.may_have(request.scope)


def stored_sessions(
    request: SignInRequest, store: TokenStore
) -> Iterator[tuple[TokenKey, OAuth2Session]]:
    """Yield each session of a token in ``store`` that is good for ``request``, and its key.

    One that the provider renews no longer is passed over, though its access token may live: the
    provider has most likely ended that too, and only signing in again brings another.
    """
    for key in request.keys:
        token = store.load(key)
        if token and not token.get(tokens.REFUSED):
            session = _open(request, key, store)
            if is_good_for(request, session):
                yield key, session


def _open(request: SignInRequest, key: TokenKey, store: TokenStore) -> OAuth2Session:
    return OAuth2Session.open(
        request.provider,
        request.client,
        scope=request.scope,
        store=store,
        account=request.account,
        grant=key.grant,
        extra=dict(request.extra) if key.grant in _WITH_TOKEN_EXTRA else None,
        allowed_hosts=request.allowed_hosts,
    )
