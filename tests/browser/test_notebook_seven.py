"""Notebook 7: the same widget and the same callback page, in the page of one notebook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness import axe, provider_pages
from tests.browser.harness.callback_page import ACCEPTED, CLIENT, CallbackTab, keep_from_kernel
from tests.browser.harness.judged import CLEAN_LINE, LOGIN, QUERY, query_of
from tests.browser.harness.lab import Lab, NotebookSeven

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.judged import JudgedNotebook

pytestmark = pytest.mark.sweep


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with NotebookSeven(tmp_path_factory.mktemp("notebook-7")) as server:
        yield server


def expect_it_reads_well(notebook: JudgedNotebook) -> None:
    """Saved, closed, and opened where no kernel has run it."""
    assert "widget-view" not in notebook.notebook.save()
    notebook.notebook.reopen_with_a_new_kernel()
    notebook.notebook.expect_output(1, CLEAN_LINE)
    assert "Error displaying widget" not in " ".join(notebook.notebook.outputs())


def test_run_all_waits_and_the_listener_brings_the_answer(
    judged: JudgedOpener, artifact: Callable[[str], Path]
) -> None:
    notebook = judged(LOGIN, QUERY, client='Client("public")')
    notebook.notebook.run_all()
    link = query_of(notebook.widget(1).wait_for_link())
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", link["redirect_uri"])
    expect(notebook.widget(1).remarks).to_contain_text("on one machine")
    assert all(notebook.notebook.is_running(cell) for cell in (1, 2))
    notebook.page.screenshot(path=artifact("waiting"))
    assert axe.violations(notebook.page, ".nb-oauth") == []

    notebook.sign_in(1)

    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")
    expect_it_reads_well(notebook)


def test_the_callback_page_brings_the_answer(
    judged: JudgedOpener, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    keep_from_kernel(context)
    notebook = judged(LOGIN, QUERY, client=CLIENT)
    notebook.notebook.run_all()
    link = query_of(notebook.widget(1).wait_for_link())
    assert link["redirect_uri"] == f"{notebook.notebook.lab.url}nb-oauth/callback"

    page = CallbackTab(notebook.widget(1).open_sign_in_page())
    provider_pages.sign_in_and_consent(page.tab)
    page.expect_heading(ACCEPTED)
    page.tab.screenshot(path=artifact("accepted"))

    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")
    expect_it_reads_well(notebook)


def test_a_page_reload_brings_back_the_widget_with_the_same_link(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, QUERY)
    notebook.notebook.run_cell(0)
    notebook.notebook.run_cell(1)
    link = notebook.widget(1).wait_for_link()
    notebook.notebook.save()

    notebook.notebook.reload()

    assert notebook.widget(1).wait_for_link() == link
    notebook.sign_in(1)
    notebook.notebook.wait_until_idle()
    notebook.notebook.run_cell(2)
    notebook.notebook.expect_output(2, "I am alice")


def test_cancel_stops_run_all(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, "print('RAN')")
    notebook.notebook.run_all()
    notebook.widget(1).wait_for_link()
    notebook.widget(1).cancel.click()
    notebook.notebook.expect_output(1, "LoginCancelled")
    expect(notebook.notebook.output(2)).to_have_count(0)
    notebook.notebook.run_cell(1)
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
