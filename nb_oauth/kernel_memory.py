"""What this kernel remembers: its sessions, and the sign-ins under way."""

import threading
from collections.abc import Callable
from functools import partial

from nb_oauth.clients import Client
from nb_oauth.logins import CodeLogin, Login, RefusedLogin, RegistrationLogin
from nb_oauth.providers import Provider
from nb_oauth.session import OAuth2Session
from nb_oauth.sign_in_request import LOGINS, SignInRequest, is_good_for, stored_sessions
from nb_oauth.stores import MemoryTokenStore, TokenStore
from nb_oauth.tokens import TokenKey
from nb_oauth.waiting import RUN_AGAIN

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
            found = self._session_for(request)
        found = found or self._stored_session_for(request)
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
        # Without the lock, for which all wait: a keyring may have to be unlocked first.
        for key, session in stored_sessions(request, request.store):
            with self._lock:
                known = self._session_for(request)  # to another thread
                if known is None:
                    self._put(key, session)
                return known or session
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
        self._follow(request, widget)
        self._logins[request.key] = request, widget
        return widget

    def login_with(self, request: SignInRequest, session: OAuth2Session) -> Login:
        """Return a widget that is done: ``session`` was found for this request."""
        widget = self._new_login(request)
        widget.settle_with(session)
        self._follow(request, widget, session)
        return widget

    def _follow(
        self, request: SignInRequest, widget: Login, known: OAuth2Session | None = None
    ) -> None:
        """Remember what comes of ``widget``, and let others have it; but not what is ``known``."""

        def unless_known(do: Callable[..., None]) -> Callable[[OAuth2Session], None]:
            return lambda session: None if session is known else do(request, session, widget)

        widget.prepare(unless_known(self._remember))
        widget.follow(unless_known(self._serve_others))

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
            kind = LOGINS[request.grant]
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

    def _remember(self, request: SignInRequest, session: OAuth2Session, widget: Login) -> None:
        with self._lock:
            self._put(_key_of(request, widget), session)
            if isinstance(widget, RegistrationLogin) and widget.chosen and not widget.is_kept:
                self._clients[request.provider] = widget.chosen.client
            if self._logins.get(request.key, (None, None))[1] is widget:
                del self._logins[request.key]

    def _serve_others(self, request: SignInRequest, session: OAuth2Session, widget: Login) -> None:
        """Let newer widgets have a session that is good for them: nobody need answer them now."""
        key = _key_of(request, widget)
        with self._lock:
            served = [
                (asked, other)
                for asked, other in self._logins.values()
                if other is not widget and key in asked.keys and is_good_for(asked, session)
            ]
            if self._logins.get(request.key, (None, None))[1] in [other for _, other in served]:
                del self._logins[request.key]
        for asked, other in served:
            if not other.is_done:
                asked.settle(session)
                other.settle_with(session)


def _key_of(request: SignInRequest, widget: Login) -> TokenKey:
    """Return what a session is known by that came of ``widget``."""
    chosen = widget.chosen if isinstance(widget, RegistrationLogin | CodeLogin) else None
    key: TokenKey = chosen.request.key if chosen else request.key
    return key
