"""A login at the judge: what people do to it, what they see of it, and what it must not show."""

from __future__ import annotations

import itertools
import logging
import threading
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nb_oauth import Provider
from nb_oauth.surfaces import Status, View
from tests.browser.harness.leaks import find_secrets
from tests.polling import wait_until
from tests.providers.visitor import query_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest

    from nb_oauth import OAuth2Session
    from nb_oauth.logins import Login
    from tests.providers.oidc import OidcProvider
    from tests.providers.visitor import Visitor

PATIENCE = 30.0
FOR_PEOPLE = {"link", "code", "qr"}  # they hold the state or the user code, and must
LOGGERS = ("nb_oauth", "requests_oauthlib", "oauthlib")


class Scene:
    """One login after another at the judge, in a notebook that keeps every view shown."""

    def __init__(self, oidc: OidcProvider, visitor: Visitor) -> None:
        self.oidc = oidc
        self.visitor = visitor
        self.views: list[View] = []
        """What the newest login has shown so far."""
        self._earlier: list[View] = []
        self.sessions: list[OAuth2Session] = []
        self.errors: list[BaseException] = []
        self.log = Log()
        self.logins: list[Login] = []
        self._numbers = itertools.count()

    @property
    def provider(self) -> Provider:
        """What the judge says of itself, as far as a flow needs it."""
        return self.oidc.provider(
            "device_authorization_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
            code_challenge_methods_supported=("S256",),
            authorization_response_iss_parameter_supported=True,
        )

    # -- what people do --------------------------------------------------------------------

    def begin(self, login: Login) -> Login:
        """Show the widget; its script says hello."""
        self.logins.append(login)
        self._earlier += self.views
        self.views.clear()
        login.display()
        self.send("hello")
        return login

    @property
    def login(self) -> Login:
        return self.logins[-1]

    def send(self, kind: str, *typed: str) -> None:
        """Send what the widget's script sends: what was typed comes as binary buffers."""
        content = {"type": kind, "id": f"message-{next(self._numbers)}"}
        buffers = [memoryview(text.encode()) for text in typed]
        self.login._take_message(self.login, content, buffers)

    def wait(self) -> OAuth2Session:
        """Wait as a cell does; returns the session."""
        try:
            session = self.login.wait(PATIENCE)
        except Exception as error:
            self.errors.append(error)
            raise
        self.sessions.append(session)
        return session

    # -- what they see ---------------------------------------------------------------------

    def see(self, is_it: Callable[[View], Any], what: str) -> View:
        """Wait until the view shown is such a one."""
        wait_until(lambda: self.views and is_it(self.views[-1]), what, seconds=PATIENCE)
        return self.views[-1]

    def see_link(self, *, other_than: str | None = None) -> str:
        """Wait for a link to click."""
        view = self.see(
            lambda view: view.status is Status.WAITING and view.link not in {None, other_than},
            "a link is shown",
        )
        assert view.link
        return view.link

    def see_error(self, *words: str) -> View:
        """Wait until something is explained, in these words among others."""
        view = self.see(lambda view: view.error, f"an error is explained: {words}")
        assert all(word in str(view.error) for word in words), view.error
        return view

    # -- what must be so -------------------------------------------------------------------

    def search_for_secrets(self, kinds: Iterable[str]) -> None:
        """Search all that was shown, said and logged for every secret; ``kinds`` must be known."""
        secrets = self.oidc.secrets()
        assert {secret.kind for secret in secrets} >= set(kinds)
        for text in [*self._said(), *self.log.said]:
            assert find_secrets(text, secrets) == [], text.splitlines()[0][:60]

    def _said(self) -> Iterable[str]:
        for session in self.sessions:
            yield repr(session)
            yield session._repr_html_()
        for view in [*self._earlier, *self.views]:
            yield repr(view)
            yield repr(
                [getattr(view, one.name) for one in fields(view) if one.name not in FOR_PEOPLE]
            )
        yield from map(repr, self.logins)
        for error in self.errors:
            yield f"{error!r} {error}"


class Log(logging.Handler):
    """Keeps what is logged, with tracebacks, from DEBUG on."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))

    def attach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in LOGGERS:
            logger = logging.getLogger(name)
            monkeypatch.setattr(logger, "level", logging.DEBUG)
            monkeypatch.setattr(logger, "handlers", [*logger.handlers, self])
            logger.manager._clear_cache()  # type: ignore[attr-defined]


def port_of(link: str) -> int:
    """The port that waits for the browser to come back."""
    port = urlsplit(query_of(link)["redirect_uri"]).port
    assert port
    return port


def threads() -> list[str]:
    """Those of ours that run."""
    return [one.name for one in threading.enumerate() if one.name.startswith("nb_oauth")]
