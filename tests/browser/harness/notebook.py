"""A notebook open in JupyterLab, handled as a person does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.polling import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page, Response

    from tests.browser.harness.lab import Lab

READY_MS = 60_000
SAVE_STATE = "Save Widget State Automatically"
CELL = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell"
IDLE = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator[data-status=idle]"

# What Chromium and JupyterLab complain of by themselves, on a page without any of our code.
NOT_OURS = re.compile(
    r"ERR_NAME_NOT_RESOLVED"  # the internet is cut off
    r"|favicon"
    r"|api/workspaces/"  # a new workspace is asked for before it is saved
    r"|ERR_CONNECTION_(REFUSED|RESET) .*/probe-"  # the sign-in was over by then
    r"|nb-oauth/listen\.js"  # looked for where it may be missing
    r"|uncaught: Cannot read properties of undefined \(reading 'schema'\)"  # Notebook 7's settings
)


class NotebookPage:
    """One browser tab with one notebook of a ``Lab``."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        self.lab = lab
        self.name = name
        self.console_errors: list[str] = []
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self._note(f"uncaught: {error}"))

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"{message.text} ({message.location.get('url', '')})")

    def _note(self, error: str) -> None:
        if not NOT_OURS.search(error):
            self.console_errors.append(error)

    # --- opening and saving -------------------------------------------------

    def open(self) -> None:
        """Open the notebook and wait until its kernel is idle."""
        self.page.goto(self.lab.page_url(self.name))
        self.wait_until_idle()

    def reload(self) -> None:
        """Reload the page, as F5 does. The kernel goes on; it may be busy."""
        self.page.reload()
        self.page.wait_for_selector(CELL, timeout=READY_MS)

    def reopen_with_a_new_kernel(self) -> None:
        """Close the page, end the kernel, and open what was saved."""
        self.page.goto("about:blank")
        self.lab.end_kernels()
        self.open()

    def wait_until_idle(self, *, timeout_ms: float = READY_MS) -> None:
        self.page.wait_for_selector(CELL, timeout=READY_MS)
        # The page also shows "idle" before it has a kernel, and then runs nothing: ask the server.
        wait_until(self._has_idle_kernel, "the page has an idle kernel", seconds=timeout_ms / 1000)
        self.page.wait_for_selector(IDLE, timeout=timeout_ms)

    def _has_idle_kernel(self) -> bool:
        kernels = [
            session["kernel"]
            for session in self.lab.request("GET", "api/sessions")
            if session["path"] == self.name
        ]
        return [(one["execution_state"], one["connections"] > 0) for one in kernels] == [
            ("idle", True)
        ]

    def save(self) -> str:
        """Save by the keyboard and return what was saved."""
        self.notebook.click(position={"x": 5, "y": 5})
        self.page.keyboard.press("Escape")
        with self.page.expect_response(self._is_saving, timeout=READY_MS) as saved:
            self.page.keyboard.press("Control+s")
        assert saved.value.ok, saved.value.status_text
        return self.lab.read_notebook(self.name)

    def _is_saving(self, response: Response) -> bool:
        path = response.url.partition("?")[0]
        return response.request.method == "PUT" and path.endswith(f"/api/contents/{self.name}")

    def set_save_widget_state(self, *, on: bool) -> None:
        """Choose Settings → Save Widget State Automatically, and wait until it is so."""
        item = self._open_menu("Settings", SAVE_STATE)
        if _is_toggled(item) == on:
            wait_until(lambda: self._is_closed(item), "the menu is closed")
        else:
            item.click()
            wait_until(lambda: self._saves_widget_state() == on, f"{SAVE_STATE}: {on}")

    def _saves_widget_state(self) -> bool:
        item = self._open_menu("Settings", SAVE_STATE)
        is_on = _is_toggled(item)
        wait_until(lambda: self._is_closed(item), "the menu is closed")
        return is_on

    def _is_closed(self, item: Locator) -> bool:
        """Press Escape while the menu of ``item`` is open: one may close no more than a submenu.

        In the menu itself: a notebook that took the focus meanwhile would take the key as well.
        """
        if item.count():
            item.press("Escape")
        return item.count() == 0

    # --- running ------------------------------------------------------------

    def run_cell(self, index: int) -> None:
        """Run one cell with Ctrl+Enter."""
        self.select(index)
        self.page.keyboard.press("Control+Enter")

    def run_all(self) -> None:
        self.select(0)
        self._open_menu("Run", "Run All Cells").click()

    def interrupt(self) -> None:
        """Choose Kernel → Interrupt Kernel."""
        self._open_menu("Kernel", "Interrupt Kernel").click()

    def interrupt_by_keyboard(self, index: int) -> None:
        """Press I twice, in command mode."""
        self.select(index)
        self.page.keyboard.press("i")
        self.page.keyboard.press("i")

    def restart_and_run_all(self) -> None:
        self._open_menu("Kernel", "Restart Kernel and Run All Cells").click()
        self.page.click(".jp-Dialog .jp-mod-accept")

    def select(self, index: int) -> None:
        """Select a cell in command mode, without a click into any widget."""
        self.cell(index).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Escape")

    def _open_menu(self, menu: str, item: str) -> Locator:
        self.page.click(f'.lm-MenuBar-itemLabel:text-is("{menu}")')
        entry = self.page.locator(f'.lm-Menu-item:has(.lm-Menu-itemLabel:text-matches("^{item}"))')
        expect(entry.first).to_be_visible()
        return entry.first

    # --- reading ------------------------------------------------------------

    @property
    def notebook(self) -> Locator:
        return self.page.locator(".jp-Notebook")

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-CodeCell").nth(index)

    def output(self, index: int) -> Locator:
        """The outputs of a cell; its source is not in it."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def outputs(self) -> list[str]:
        """The text of every output in the notebook."""
        return self.page.locator(".jp-OutputArea-output").all_inner_texts()

    def expect_output(
        self, index: int, text: str | re.Pattern[str], *, seconds: float = 20
    ) -> None:
        """Wait until one output of the cell has this text."""
        found = self.output(index).filter(has_text=text)
        expect(found.first).to_be_visible(timeout=seconds * 1000)

    def expect_done(self, index: int, *, seconds: float = 20) -> None:
        """Wait until the cell has run: its prompt holds a number."""
        prompt = self.cell(index).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=seconds * 1000)

    def is_running(self, index: int) -> bool:
        return self.cell(index).locator(".jp-InputPrompt").inner_text() == "[*]:"


def _is_toggled(item: Locator) -> bool:
    return "lm-mod-toggled" in (item.get_attribute("class") or "")
