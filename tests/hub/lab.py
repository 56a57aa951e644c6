"""JupyterLab in the server that somebody has on a JupyterHub."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

from tests.browser.harness import provider_pages
from tests.browser.harness.lab import Lab
from tests.leaks.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

    from tests.hub.harness import Hub


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

    def start(self) -> None:
        """Start the server; it ends with the Hub."""
        self._lay_out()
        (self.home / "tmp").mkdir()
        self.hub.sign_in(self.name)
        self.hub.start_server(self.name)

    def page_url(self, name: str) -> str:
        return super().page_url(name).partition("?")[0]  # without the token: people sign in

    def read_log(self) -> str:
        return self.hub.read_log()

    def files(self) -> Iterator[tuple[str, str]]:
        yield from super().files()
        yield "hub.log", self.hub.read_log()

    def processes(self) -> Processes:
        return Processes(self.hub.pid)


def sign_in_to(lab: HubLab, context: BrowserContext) -> None:
    """Sign in to the Hub, at the judge, which knows this browser from then on."""
    page = context.new_page()
    page.goto(f"{lab.hub.address}/hub/oauth_login")
    provider_pages.sign_in(page, name=lab.name)
    provider_pages.consent(page)
    page.wait_for_url(f"{lab.hub.address}/**")
    page.close()
