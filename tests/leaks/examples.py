"""An example of each public name: what people come to have of it, with secrets in its hands.

Whoever adds a public name adds an example, or ``test_objects.py`` fails.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from oauthlib.oauth2 import OAuth2Error

import nb_oauth
from nb_oauth import (
    AuthorizationCodeLogin,
    Client,
    FileTokenStore,
    KeyringTokenStore,
    MemoryTokenStore,
    OAuth2Session,
    PasswordLogin,
    Provider,
    bridges,
    data,
    providers,
)
from tests.judge.flows import (
    REDIRECT_URI,
    ClientCredentialsFlow,
    CodeFlow,
    DeviceFlow,
    Flow,
    ImplicitIdTokenFlow,
    PasswordFlow,
)
from tests.providers.visitor import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nb_oauth.tokens import Token
    from tests.judge.scene import Scene

APP = "confidential-basic"
EXPIRED = {"expires_at": 1.0, "expires_in": -1}


class Stage:
    """Somebody at the judge, and a folder of theirs.

    Attributes:
        scene: logins, and who handles them.
        folder: for files.
        errors: what was raised on the way.
    """

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.folder = folder
        self.errors: list[BaseException] = []

    @property
    def app(self) -> Client:
        secret = self.scene.oidc.client_secrets[APP]
        return Client(APP, client_secret=secret, redirect_uri=NOWHERE)

    @property
    def with_key(self) -> Client:
        key = self.scene.oidc.client_keys["EC"]
        return Client("private-key-jwt", private_key=key, key_id="EC", redirect_uri=NOWHERE)

    def session(self, client: Client | None = None, **more: Any) -> OAuth2Session:
        """One of the app, to which nobody has signed in."""
        scope = "openid offline_access api:read"
        opened = {"scope": scope, "redirect_uri": NOWHERE, **more}
        return OAuth2Session.open(self.scene.provider, client or self.app, **opened)

    def answer(self, session: OAuth2Session, *, deny: bool = False) -> str:
        """The address that a browser comes back with."""
        endpoint = self.scene.oidc.authorization_endpoint
        link, _ = session.authorization_url(endpoint, prompt="consent")
        return self.scene.visitor.answer(link, deny=deny)

    def fetch(self, session: OAuth2Session, answer: str, **more: Any) -> Token:
        return session.fetch_token(
            self.scene.oidc.token_endpoint, authorization_response=answer, **more
        )

    def signed_in(self, client: Client | None = None, **more: Any) -> OAuth2Session:
        session = self.session(client, **more)
        self.fetch(session, self.answer(session))
        assert session.get(self.scene.oidc.api).ok
        return session

    def token(self) -> Token:
        return dict(self.signed_in().token)

    def error(self, kind: type[BaseException], do: Callable[[], object]) -> BaseException:
        """What is raised."""
        with pytest.raises(kind) as told:
            do()
        self.errors.append(told.value)
        return told.value


# -- sign-ins ------------------------------------------------------------------------------


def login_of(flow: Flow) -> Callable[[Stage], list[object]]:
    """Its widget before, in the midst of it and afterwards, and the session."""

    def make(stage: Stage) -> list[object]:
        flow.begin(stage.scene)
        before = repr(stage.scene.login)
        flow.sign_in(stage.scene)
        session = stage.scene.wait()
        assert session.get(stage.scene.oidc.api).ok
        return [before, stage.scene.login, session, *stage.scene.views]

    return make


def a_login(stage: Stage) -> list[object]:
    """What ``login()`` returns, of a token that was stored."""
    store = FileTokenStore(stage.folder / "tokens")
    stage.signed_in(store=store)
    provider = stage.scene.provider
    return [nb_oauth.login(provider, client=stage.app, store=store, scope="openid api:read")]


# -- errors --------------------------------------------------------------------------------


def refused_code(stage: Stage) -> list[object]:
    """The code is good once; a bare one; the provider is out of order; a wrong secret."""
    session = stage.session()
    answer = stage.answer(session)
    stage.fetch(session, answer)
    again = [stage.error(nb_oauth.OAuthError, lambda: stage.fetch(session, answer))]
    other = stage.session(stage.with_key)
    its_answer = stage.answer(other)
    for fault in ("server_error", "html", "invalid_grant"):
        stage.scene.oidc.set_token_fault(fault, times=3)  # type: ignore[arg-type]
        again.append(stage.error(nb_oauth.TokenError, lambda: stage.fetch(other, its_answer)))
        again.append(stage.error(nb_oauth.TokenError, session.renew))
    stage.scene.oidc.set_token_fault("server_error", times=0)
    return [*again, *failed_logins(stage)]


def failed_logins(stage: Stage) -> list[object]:
    """What a cell is told that waits for a widget."""
    told: list[object] = []
    wrong = Client(APP, client_secret="not+the/secret: %41", redirect_uri=REDIRECT_URI)
    provider = stage.scene.provider
    for login in (
        AuthorizationCodeLogin(provider, wrong, scope="openid api:read"),
        PasswordLogin(provider, wrong, scope="api:read"),
    ):
        stage.scene.begin(login)
        flow = CodeFlow() if isinstance(login, AuthorizationCodeLogin) else PasswordFlow()
        flow.sign_in(stage.scene)
        told += [stage.error(nb_oauth.TokenError, stage.scene.wait), login]
    return told


def denied(stage: Stage) -> list[object]:
    """A session raises oauthlib's own error, as requests-oauthlib does; a widget asks again."""
    session = stage.session()
    answer = stage.answer(session, deny=True)
    CodeFlow().deny(stage.scene)
    views = stage.scene.views
    return [stage.error(OAuth2Error, lambda: stage.fetch(session, answer)), *views]


def of_another(stage: Stage) -> list[object]:
    session, other = stage.session(), stage.session()
    other_answer = stage.answer(other)
    stage.answer(session)
    return [stage.error(nb_oauth.StateMismatchError, lambda: stage.fetch(session, other_answer))]


def expired(stage: Stage) -> list[object]:
    token = {**stage.token(), **EXPIRED}
    del token["refresh_token"]
    session = stage.session(token=token)
    classic = OAuth2Session(APP, token=token)
    api = stage.scene.oidc.api
    asking = [lambda: session.get(api), lambda: classic.get(api)]
    return [stage.error(nb_oauth.TokenExpiredError, one) for one in asking]


def updated(stage: Stage) -> list[object]:
    """The classic way to renew, with what it keeps: the text of it alone is looked at."""
    oidc = stage.scene.oidc
    kwargs = {"client_id": APP, "client_secret": oidc.client_secrets[APP]}
    session = OAuth2Session(
        APP,
        token={**stage.token(), **EXPIRED},
        auto_refresh_url=oidc.token_endpoint,
        auto_refresh_kwargs=kwargs,
    )
    return [Quoted(stage.error(nb_oauth.TokenUpdated, lambda: session.get(oidc.api)))]


class Quoted:
    """What an error says. It carries a token to whoever catches it, as its documentation says."""

    def __init__(self, error: BaseException) -> None:
        self._said = f"{error} {error!r} {error.args}"

    def __repr__(self) -> str:
        return self._said


def insecure(stage: Stage) -> list[object]:
    session = stage.signed_in()
    return [
        stage.error(nb_oauth.InsecureTransportError, lambda: session.get("http://api.example/")),
    ]


def misconfigured(stage: Stage) -> list[object]:
    """Each with a secret among its arguments."""
    secret, key = stage.app.client_secret, stage.with_key.private_key
    wrong: list[Callable[[], object]] = [
        lambda: Client("", client_secret=secret),
        lambda: Client("app", client_secret=secret, token_endpoint_auth_method="best"),
        lambda: Client("app", client_secret=secret, private_key=key),
        lambda: Client("app", private_key=str(key)[:-40]),
        lambda: Client("app", private_key=key, token_endpoint_auth_signing_alg="RS256"),
        lambda: Client("app", client_secret=secret, basic_urlencoded=False, redirect_uri="x"),
    ]
    return [stage.error(nb_oauth.ConfigurationError, one) for one in wrong]


def cancelled(stage: Stage) -> list[object]:
    CodeFlow().begin(stage.scene)
    stage.scene.see_link()
    stage.scene.send("answer", "https://notebook.example/?code=half&state=typed")
    stage.scene.send("cancel")
    return [stage.error(nb_oauth.LoginCancelled, stage.scene.wait), *stage.scene.views]


def timed_out(stage: Stage) -> list[object]:
    DeviceFlow().begin(stage.scene)
    stage.scene.see(lambda view: view.code, "a code is shown")
    login = stage.scene.login
    return [stage.error(nb_oauth.LoginTimeout, lambda: login.wait(0)), login]


def closed(stage: Stage) -> list[object]:
    CodeFlow().begin(stage.scene)
    stage.scene.see_link()
    stage.scene.login.close()
    return [stage.error(nb_oauth.LoginError, stage.scene.wait)]


def nobody_there(stage: Stage) -> list[object]:
    return [stage.error(nb_oauth.LoginRequired, lambda: stage.session().get(stage.scene.oidc.api))]


def quoting(kind: type[BaseException]) -> Callable[[Stage], list[object]]:
    """An error that no test can bring about at the judge, with a text of ours."""
    return lambda _: [kind("Run the cell again.")]


# -- stores, and what is left --------------------------------------------------------------


def stored_in_memory(stage: Stage) -> list[object]:
    store = MemoryTokenStore()
    return [store, stage.signed_in(store=store)]


def stored_in_files(stage: Stage) -> list[object]:
    store = FileTokenStore(stage.folder / "tokens")
    return [store, stage.signed_in(store=store)]


def signed_out(stage: Stage) -> list[object]:
    revoking = stage.scene.oidc.provider("revocation_endpoint")
    session = OAuth2Session.open(revoking, stage.app, token=stage.token())
    without = stage.signed_in()
    return [nb_oauth.logout(session), session, nb_oauth.logout(without)]


def all_sessions(stage: Stage) -> list[object]:
    kept = [stage.signed_in(), stage.signed_in(stage.with_key, account="another")]
    return [nb_oauth.sessions, *kept]


def every_session(stage: Stage) -> list[object]:
    """Signed in by a secret, and by a key; of requests-oauthlib's constructor; and its answers."""
    opened, by_key = stage.signed_in(), stage.signed_in(stage.with_key)
    response = opened.get(stage.scene.oidc.api)
    classic = OAuth2Session(APP, token=dict(opened.token), redirect_uri=NOWHERE)
    in_query, in_body = stage.signed_in(), stage.signed_in()
    in_query._client.default_token_placement = "query"
    in_body._client.default_token_placement = "body"
    asking = [
        partial(one.post, "http://127.0.0.1:1/data") for one in (opened, classic, in_query, in_body)
    ]
    failed = [stage.error(OSError, ask) for ask in asking]
    return [opened, by_key, classic, response, response.request.headers, opened.token, *failed]


def astray(stage: Stage) -> list[object]:
    """Pages that end where nobody can tell why: the first answer has no records."""
    session, api = stage.signed_in(), stage.scene.oidc.api
    return [stage.error(nb_oauth.PaginationError, lambda: list(data.records(session, api)))]


def diagnosed(stage: Stage) -> list[object]:
    stage.signed_in(store=FileTokenStore(stage.folder / "tokens"))
    return [nb_oauth.doctor()]


def bridged(name: str) -> Callable[[Stage], list[object]]:
    """What a bridge makes of a session."""

    def make(stage: Stage) -> list[object]:
        session = stage.signed_in()
        bridge = getattr(bridges, name)
        if name == "open_url":
            with bridge(session, stage.scene.oidc.api) as file:
                file.read()
            return [file]
        where = [stage.scene.oidc.api] if name == "aiohttp_middleware" else []
        return [bridge(session, *where)]

    return make


EXAMPLES: dict[str, Callable[[Stage], list[object]]] = {
    "AuthorizationCodeLogin": login_of(CodeFlow()),
    "AuthorizationError": denied,
    "Client": lambda stage: [stage.app, stage.with_key],
    "ClientCredentialsLogin": login_of(ClientCredentialsFlow()),
    "ConfigurationError": misconfigured,
    "DeviceLogin": login_of(DeviceFlow()),
    "FileTokenStore": stored_in_files,
    "ImplicitLogin": login_of(ImplicitIdTokenFlow()),
    "InsecureTransportError": insecure,
    "KeyringTokenStore": lambda _: [KeyringTokenStore()],
    "LoginCancelled": cancelled,
    "LoginError": closed,
    "LoginPending": quoting(nb_oauth.LoginPending),
    "LoginRequired": nobody_there,
    "LoginTimeout": timed_out,
    "MemoryTokenStore": stored_in_memory,
    "OAuth2Session": every_session,
    "OAuthError": quoting(nb_oauth.OAuthError),
    "PaginationError": astray,
    "PasswordLogin": login_of(PasswordFlow()),
    "Provider": lambda stage: [stage.scene.provider, Provider("Another", token_endpoint=None)],
    "StateMismatchError": of_another,
    "TokenError": refused_code,
    "TokenExpiredError": expired,
    "TokenStore": lambda _: [nb_oauth.TokenStore],
    "TokenUpdated": updated,
    "doctor": diagnosed,
    "login": a_login,
    "logout": signed_out,
    "sessions": all_sessions,
    **{f"bridges.{name}": bridged(name) for name in bridges.__all__ if name != "storage_options"},
    # Its documentation says that the token is in it, for a library that takes headers alone.
    "bridges.storage_options": lambda _: [bridges.storage_options],
    "providers.KnownProvider": lambda _: [providers.known_provider("github")],
    "providers.Provider": lambda stage: [stage.scene.provider],
    "providers.ProviderEntry": lambda _: [providers.ProviderEntry],
    "providers.known_provider": lambda _: [providers.known_provider("google")],
    "providers.known_providers": lambda _: [providers.known_providers()],
}
