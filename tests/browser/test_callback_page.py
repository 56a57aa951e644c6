"""The answer comes back through the Jupyter server's own page, where no listener can get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.callback_page import ACCEPTED, CLIENT, CallbackTab, keep_from_kernel
from tests.browser.harness.judged import LOGIN, QUERY, query_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import JudgedOpener


def test_comes_back_with_no_copying_and_the_same_cell_goes_on(
    judged: JudgedOpener, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    keep_from_kernel(context)
    notebook = judged(LOGIN, QUERY, client=CLIENT)
    notebook.notebook.run_all()

    widget = notebook.widget(1)
    link = query_of(widget.wait_for_link())
    assert link["redirect_uri"] == f"{notebook.notebook.lab.url}nb-oauth/callback"
    expect(widget.remarks).to_contain_text(link["redirect_uri"])
    notebook.page.screenshot(path=artifact("widget"))

    page = CallbackTab(widget.open_sign_in_page())
    provider_pages.sign_in_and_consent(page.tab)
    page.expect_heading(ACCEPTED)
    assert page.tab.url == link["redirect_uri"]
    page.tab.screenshot(path=artifact("accepted"))

    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")
