"""Our client, as a person with a notebook and a browser uses it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import (
    AuthorizationCodeLogin,
    AuthorizationError,
    Client,
    LoginCancelled,
    MemoryTokenStore,
    OAuth2Session,
    Provider,
    TokenError,
)
from nb_oauth.surfaces import Status, View
from tests.conformance.fake_provider import CLIENT_ID, CLIENT_SECRET
from tests.polling import wait_until

if TYPE_CHECKING:
    from nb_oauth.tokens import Token, TokenKey
    from tests.conformance.fake_provider import FakeProvider

PATIENCE = 10.0  # seconds
CLIENT = Client(CLIENT_ID, client_secret=CLIENT_SECRET, redirect_uri="http://127.0.0.1/callback")


class NotingStore(MemoryTokenStore):
    """Keeps tokens, and remembers each that it was ever given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []

    def save(self, key: TokenKey, token: Token) -> None:
        self.given.append(token["access_token"])
        super().save(key, token)


class WatchedLogin(AuthorizationCodeLogin):
    """The widget, and everything that it showed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.views: list[View] = []
        super().__init__(*arguments, **options)

    def show(self, view: View) -> None:
        super().show(view)
        self.views.append(view)

    @property
    def link(self) -> str | None:
        return self.views[-1].link if self.views else None

    @property
    def said(self) -> View | None:
        """How it ended, or why it goes on after all; None while neither is known."""
        view = self.views[-1]
        return view if view.error or view.status is Status.SIGNED_IN else None


def tokens_in(session: OAuth2Session) -> set[str]:
    """Every access token that a session would send or show."""
    return {session.token.get("access_token"), session.access_token} - {None}


class RelyingParty:
    """Discovers the provider, signs in there and asks who that was, as the documentation does."""

    def __init__(self, provider: FakeProvider) -> None:
        self.provider = provider
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.page = ""
        self._logins: list[WatchedLogin] = []

    def close(self) -> None:
        self.browser.close()
        for login in self._logins:
            login.close()

    def discover(self) -> Provider:
        """What the provider says of itself now; what it said before does not count."""
        return Provider.discover(self.provider.issuer, refresh=True)

    def sign_in(self, scope: str = "openid", store: NotingStore | None = None) -> OAuth2Session:
        """Sign in with the widget: the browser comes back to the notebook by itself."""
        login = self._visit(scope, store or NotingStore())
        return login.wait(PATIENCE)

    def open(self, scope: str = "openid", store: NotingStore | None = None) -> OAuth2Session:
        """A session without a widget."""
        session = OAuth2Session.open(self.discover(), CLIENT, scope=scope, store=store)
        session.trust_env = False
        return session

    def sign_in_by_hand(self, session: OAuth2Session) -> None:
        """Sign in with the session alone: the person copies the address from the browser."""
        known = session.provider
        url, _ = session.authorization_url(known.require("authorization_endpoint"))
        response = self.browser.get(url, allow_redirects=False, timeout=PATIENCE)
        answer = response.headers["Location"]
        session.fetch_token(known.require("token_endpoint"), authorization_response=answer)

    def is_refused(self, scope: str = "openid") -> str:
        """Sign in where something is wrong, and go on if the client lets us.

        Returns:
            How the person was told.

        Raises:
            AssertionError: the client went on, or kept what it got.
        """
        self.provider.forget_requests()
        sessions, store = set(OAuth2Session.opened), NotingStore()
        login = self._visit(scope, store)
        said = wait_until(lambda: login.said, "the login says what came of it", seconds=PATIENCE)
        if said.status is Status.SIGNED_IN:
            login.wait(PATIENCE).userinfo()
            pytest.fail(f"the client signed in, and went on to {self.provider.uses}")
        self._end(login, said)
        assert self.provider.uses == []
        assert store.given == []
        gc.collect()  # what nobody can reach is not kept
        assert not any(tokens_in(one) for one in set(OAuth2Session.opened) - sessions)
        return str(said.error)

    def is_refused_by_hand(self) -> str:
        """The same with a session alone. Returns what the error says."""
        self.provider.forget_requests()
        store = NotingStore()
        session = self.open(store=store)
        with pytest.raises((TokenError, AuthorizationError)) as refusal:
            self.sign_in_by_hand(session)
        assert self.provider.uses == []
        assert (store.given, tokens_in(session), session.authorized) == ([], set(), False)
        return str(refusal.value)

    def _end(self, login: WatchedLogin, said: View) -> None:
        """Let the login end: in the error that it told of, or because the person gives up."""
        if said.status is Status.FAILED:
            with pytest.raises((TokenError, AuthorizationError)) as refusal:
                login.wait(PATIENCE)
            assert str(refusal.value) == said.error
        else:
            login.cancel()
            with pytest.raises(LoginCancelled):
                login.wait(PATIENCE)

    def _visit(self, scope: str, store: NotingStore) -> WatchedLogin:
        login = WatchedLogin(self.discover(), CLIENT, scope=scope, store=store)
        self._logins.append(login)
        login.display()
        link = wait_until(lambda: login.link, "the widget shows its link", seconds=PATIENCE)
        response = self.browser.get(link, timeout=PATIENCE)
        response.raise_for_status()
        self.page = response.text
        return login
