"""JupyterLab in the server that somebody has on a JupyterHub."""

from __future__ import annotations

import re
import urllib.request
from typing import TYPE_CHECKING

from tests.browser.harness import provider_pages
from tests.browser.harness.callback_page import ACCEPTED, CLIENT, CallbackTab
from tests.browser.harness.judged import ALL_KINDS, LOGIN
from tests.browser.harness.lab import Lab
from tests.browser.harness.leaks import find_secrets
from tests.hub.harness import SAID
from tests.leaks import sources
from tests.leaks.folders import Folder
from tests.leaks.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from playwright.sync_api import BrowserContext

    from tests.browser.harness.judged import JudgedNotebook
    from tests.hub.harness import Hub

    SigningIn: TypeAlias = Callable[..., JudgedNotebook]


SERVICE = "/services/nb-oauth/callback"
OWN = "/user/lab-ada/nb-oauth/callback"
REDIRECT = "/hub/user-redirect/nb-oauth/callback"
KINDS = ALL_KINDS - {"password"}  # who has signed in to the Hub need not type it again
IMPLICIT_KINDS = frozenset({"state", "access_token", "id_token"})
LOGIN_IMPLICIT = LOGIN.replace("**asked", 'scope=["openid", "api:read"], grant="implicit"')
OF_THE_HUB = re.compile(r"\[[A-Z] [-\d]+ [:.\d]+ JupyterHub ")


class HubLab(Lab):
    """The JupyterLab of ``name``, as a browser sees it that is signed in to the Hub."""

    def __init__(self, hub: Hub, name: str) -> None:  # no server of our own to start
        self.hub = hub
        self.name = name
        self.url = f"{hub.address}/user/{name}/"
        self.token = hub.api_token
        self.home = self._folder = hub.home(name)
        self.notebooks = self.home / "notebooks"
        self._host = None
        self._handlers = [urllib.request.ProxyHandler({})]
        self._has_callback_page = False  # the Hub sees to that
        self._left_in = Folder(self.home)

    @property
    def is_over(self) -> bool:  # type: ignore[override] # it ends with the Hub
        return self.hub.is_over

    def start(self) -> None:
        """Start the server; it ends with the Hub."""
        self._lay_out()
        (self.home / "tmp").mkdir()
        sources.announce(self)
        self.hub.sign_in(self.name)
        self.hub.start_server(self.name)

    def page_url(self, name: str) -> str:
        return super().page_url(name).partition("?")[0]  # without the token: people sign in

    def read_log(self) -> str:
        return self.hub.read_log()

    def files(self) -> Iterator[tuple[str, str]]:
        """Each file in their home, and the log of all but the Hub itself."""
        yield from super().files()
        yield "hub.log", "\n".join(one for one in self._log() if not OF_THE_HUB.match(one))

    def hubs_own_log(self) -> str:
        """What the Hub itself has logged, which knows nothing of us."""
        return "\n".join(one for one in self._log() if OF_THE_HUB.match(one))

    def _log(self) -> list[str]:
        return self.hub.read_log().splitlines()

    def processes(self) -> Processes:
        return Processes(self.hub.pid, given=[SAID])


def sign_in_to(lab: HubLab, context: BrowserContext) -> None:
    """Sign in to the Hub, at the judge, which knows this browser from then on."""
    page = context.new_page()
    page.goto(f"{lab.hub.address}/hub/oauth_login")
    provider_pages.sign_in(page, name=lab.name)
    provider_pages.consent(page)
    page.wait_for_url(f"{lab.hub.address}/**")
    page.close()


def registered(uri: str, client: str = CLIENT) -> str:
    return client.replace(")", f', redirect_uri="{uri}")')


def send_back(notebook: JudgedNotebook) -> CallbackTab:
    page = CallbackTab(notebook.widget(1).open_sign_in_page())
    provider_pages.sign_in_and_consent(page.tab)
    return page


def finish(notebook: JudgedNotebook, page: CallbackTab) -> None:
    page.expect_heading(ACCEPTED)
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am lab-ada")


def kinds_in_the_hubs_log(notebook: JudgedNotebook, lab: HubLab) -> set[str]:
    """What the Hub itself, at DEBUG, has written down of the secrets of this sign-in."""
    log = lab.hubs_own_log()
    return {one.kind for one in notebook.oidc.secrets() if find_secrets(log, [one])}
