"""A page of a front end in which no cell waits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.harness.widget import SignInWidget

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

    from tests.browser.harness.front_ends import FrontEnd

READY_MS = 60_000
RUN = "run-button"
MARIMO_CELL = ".marimo-cell"

# What these front ends complain of by themselves.
NOT_OURS = re.compile(
    r"ERR_NAME_NOT_RESOLVED"  # the internet is cut off
    r"|favicon"
    r"|/voila/files/None"  # Voilà's own link to an icon that it has not
)


class FrontEndPage:
    """One browser tab with the notebook of a ``FrontEnd``."""

    def __init__(self, page: Page, front_end: FrontEnd) -> None:
        self.page = page
        self.front_end = front_end
        self.console_errors: list[str] = []
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.console_errors.append(f"uncaught: {error}"))

    def _note_console(self, message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not NOT_OURS.search(text):
            self.console_errors.append(text)

    def open(self) -> None:
        self.page.goto(self.front_end.url)

    def widget(self, number: int = 0) -> SignInWidget:
        """The sign-in widget, the one of that number on the page."""
        self.page.locator(".nb-oauth").nth(number).wait_for(timeout=READY_MS)
        return SignInWidget(self.page.locator(":has(> .nb-oauth)").nth(number))

    def expect_text(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator("body")).to_contain_text(text)

    def run_again(self, cell: int) -> None:
        """Run a cell of a marimo notebook that is edited."""
        where = self.page.locator(MARIMO_CELL).nth(cell)
        where.hover()
        where.get_by_test_id(RUN).first.click()
