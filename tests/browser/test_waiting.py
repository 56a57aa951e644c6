"""A waiting cell in a real notebook: Run All, interrupt, cancel, reload, restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.judged import CLEAN_LINE, LOGIN, QUERY
from tests.browser.harness.notebook import READY_MS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.notebook import NotebookPage

NOTING = "ran = [*globals().get('ran', []), {}]\nprint('RAN', ran)"


def test_run_all_with_three_cells_behind(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, NOTING.format("'a'"), NOTING.format("'b'"), QUERY)
    notebook.notebook.run_all()
    notebook.widget(1).wait_for_link()
    assert all(notebook.notebook.is_running(cell) for cell in (1, 2, 3, 4))

    notebook.sign_in(1)

    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "RAN ['a']")
    notebook.notebook.expect_output(3, "RAN ['a', 'b']")
    notebook.notebook.expect_output(4, "I am alice")


def test_cancel_stops_run_all_and_running_the_cell_again_asks_again(
    judged: JudgedOpener, artifact: Callable[[str], Path]
) -> None:
    notebook = judged(LOGIN, "print('RAN')")
    notebook.notebook.run_all()
    notebook.widget(1).wait_for_link()

    notebook.widget(1).cancel.click()

    notebook.notebook.expect_output(1, "LoginCancelled")
    expect(notebook.notebook.output(2)).to_have_count(0)
    notebook.page.screenshot(path=artifact("cancelled"))
    notebook.notebook.run_cell(1)
    notebook.sign_in(1)
    notebook.expect_signed_in(1)


def _interrupt_by_menu(notebook: NotebookPage) -> None:
    notebook.interrupt()


def _interrupt_by_keyboard(notebook: NotebookPage) -> None:
    notebook.interrupt_by_keyboard(1)


def _interrupt_and_sign_in(judged: JudgedOpener, interrupt: Callable[[NotebookPage], None]) -> None:
    notebook = judged(LOGIN, "print('RAN')")
    notebook.notebook.run_all()
    notebook.widget(1).wait_for_link()

    interrupt(notebook.notebook)

    notebook.notebook.expect_output(1, "KeyboardInterrupt")
    expect(notebook.notebook.output(2)).to_have_count(0)
    notebook.notebook.wait_until_idle()
    notebook.notebook.run_cell(2)
    notebook.notebook.expect_output(2, "RAN")
    notebook.notebook.run_cell(1)
    notebook.sign_in(1)
    notebook.expect_signed_in(1)


def test_interrupt_by_the_menu_leaves_everything_usable(judged: JudgedOpener) -> None:
    _interrupt_and_sign_in(judged, _interrupt_by_menu)


@pytest.mark.sweep  # to the kernel it is what the menu sends
def test_interrupt_by_the_keyboard_leaves_everything_usable(judged: JudgedOpener) -> None:
    _interrupt_and_sign_in(judged, _interrupt_by_keyboard)


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


def test_running_the_cell_again_asks_nothing(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, QUERY)
    notebook.notebook.run_all()
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
    notebook.notebook.run_all()
    notebook.notebook.expect_done(2)
    assert len(notebook.oidc.token_requests()) == 1


def test_restart_and_run_all_asks_again(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, QUERY)
    notebook.notebook.run_all()
    notebook.sign_in(1)
    notebook.notebook.expect_output(2, "I am alice")

    notebook.notebook.restart_and_run_all()

    expect(notebook.widget(1).root).to_be_visible(timeout=READY_MS)
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")
    assert len(notebook.oidc.token_requests("authorization_code")) == 2


def test_a_reopened_notebook_shows_the_clean_line(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN)
    notebook.notebook.run_all()
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
    assert "widget-view" not in notebook.notebook.save()

    notebook.notebook.reopen_with_a_new_kernel()

    notebook.notebook.expect_output(1, CLEAN_LINE)
    assert "Error displaying widget" not in " ".join(notebook.notebook.outputs())
