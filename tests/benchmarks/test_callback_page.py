"""In JupyterLab: from running the cell to the link, and from the redirect to the resumed cell."""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import (  # noqa: F401 - fixtures
    artifact,
    chromium_browser,
    context,
    judged,
    lab,
    open_notebook,
)
from tests.browser.harness import provider_pages
from tests.browser.harness.callback_page import ACCEPTED, CLIENT, CallbackTab, keep_from_kernel

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from tests.benchmarks.figures import Figures
    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.judged import JudgedNotebook

REPEATS = 15
# The clock of the kernel: when the answer comes in, and when the cell goes on.
CLOCK = """\
import time
from nb_oauth.surfaces import widget

def take(self, kernel, content, buffers, usual=widget.LoginWidget._take_message):
    global came
    if content["type"] == "redirect":
        came = time.time()
    usual(self, kernel, content, buffers)

widget.LoginWidget._take_message = take
"""
SIGN_IN = """\
session = AuthorizationCodeLogin(provider, client, **asked).wait(timeout=60)
print("WENT ON", came * 1000, time.time() * 1000)
"""
# From the key that runs the cell to the first frame in which its link can be clicked.
WATCH = """() => {
  window.ran = window.linked = 0;
  const look = () => {
    if (document.querySelector('a.nb-oauth-link[href]')) window.linked = Date.now();
    else requestAnimationFrame(look);
  };
  const begin = (event) => {
    if (event.key !== "Enter") return;
    removeEventListener("keydown", begin, true);
    window.ran = Date.now();
    look();
  };
  addEventListener("keydown", begin, true);
}"""
REQUESTED = """() => {
  const [page] = performance.getEntriesByType("navigation");
  return [page.requestStart, page.responseEnd].map((at) => performance.timeOrigin + at);
}"""
NAMES = {
    "running the cell -> a link to click": "300 ms",
    "request of the page -> the cell goes on": "100 ms",
    "of it: until the page is there": "",
    "of it: until the answer is in the kernel": "",
}


@pytest.mark.timeout(600)
def test_the_callback_page(
    judged: JudgedOpener,  # noqa: F811 - the fixture
    context: BrowserContext,  # noqa: F811 - the same
    figures: Figures,
) -> None:
    keep_from_kernel(context)
    notebook = judged(CLOCK, SIGN_IN, client=CLIENT)
    for cell in (0, 1):
        notebook.notebook.run_cell(cell)
        notebook.notebook.expect_done(cell)
    _sign_in(notebook)  # the first loads what the others have
    rows = [_sign_in(notebook) for _ in range(REPEATS)]
    section = f"in JupyterLab, by the callback page (median of {REPEATS}, after a first)"
    for (name, limit), took in zip(NAMES.items(), zip(*rows, strict=True), strict=True):
        remark = f"{min(took):.0f} to {max(took):.0f}"
        figures.add(section, name, f"{median(took):.0f} ms", limit, remark)


def _sign_in(notebook: JudgedNotebook) -> tuple[float, ...]:
    """Returns milliseconds, as ``NAMES`` has them."""
    page = notebook.page
    page.evaluate(WATCH)
    notebook.notebook.run_cell(2)
    page.wait_for_function("window.linked")
    linked = page.evaluate("window.linked - window.ran")
    tab = CallbackTab(notebook.widget(2).open_sign_in_page())
    provider_pages.sign_in_and_consent(tab.tab)
    tab.expect_heading(ACCEPTED)
    requested, there = tab.tab.evaluate(REQUESTED)
    tab.tab.close()
    page.bring_to_front()
    output = notebook.notebook.output(2).filter(has_text="WENT ON")
    expect(output).to_be_visible()
    found = re.search(r"WENT ON (\S+) (\S+)", output.inner_text())
    assert found
    came, went_on = map(float, found.groups())
    return linked, went_on - requested, there - requested, came - there
