"""The page of the Jupyter server that a provider sends the browser back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

CLIENT = 'Client("callback-page")'
LOADS_MS = 60_000  # a whole notebook may have to load before it answers
RECEIVED = "Your notebook has the answer"
ACCEPTED = "You can close this tab"
SILENT = "No notebook answered"
REJECTED = "Back to your notebook"


class CallbackTab:
    """The tab that the provider has sent back."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab
        self.main = tab.locator("main#nb-oauth-callback")
        self.heading = self.main.locator("h1")
        self.text = self.main.locator("p")
        self.address = self.main.get_by_label("Address to copy")
        self.copy = self.main.get_by_role("button", name="Copy the address")

    def expect_heading(self, heading: str) -> None:
        expect(self.heading).to_have_text(heading, timeout=LOADS_MS)
        expect(self.tab).to_have_title(heading)


def keep_from_kernel(context: BrowserContext) -> None:
    """Let the browser reach no listener of the kernel's: another program is at its port."""
    context.route("**/probe-*", _answer_as_another)


def wait_for_kernel(context: BrowserContext) -> None:
    """Let the browser wait for a listener's answer as long as it takes."""
    context.add_init_script("AbortSignal.timeout = () => new AbortController().signal;")


def _answer_as_another(route: Route) -> None:
    route.fulfill(body="something else", headers={"Access-Control-Allow-Origin": "*"})
