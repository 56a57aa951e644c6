"""The tutorial on the device grant: enter the code in another tab, and let one run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.tutorial import open_tutorial, sign_in_and_allow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

    from tests.browser.harness.lab import Lab
    from tests.browser.harness.tutorial import Tutorial
    from tests.browser.harness.widget import SignInWidget

SECRETS = frozenset({"device_code", "refresh_token", "ticket", "user_code"})


@pytest.fixture
def tutorial(lab: Lab, context: BrowserContext) -> Iterator[Tutorial]:
    with open_tutorial(lab, context, "05-device-flow") as tutorial:
        yield tutorial


def code_in(widget: SignInWidget) -> str:
    return widget.root.locator(".nb-oauth-code").inner_text()


def type_the_code(tutorial: Tutorial, widget: SignInWidget) -> Page:
    """Open the page that the card names, in a tab of its own, and type the code there."""
    tab = tutorial.page.context.new_page()
    page = widget.root.locator(".nb-oauth-elsewhere-address").inner_text()
    tab.goto(page.partition("?")[0])
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_label("Code").fill(code_in(widget).lower().replace("-", ""))
    tab.get_by_role("button", name="Continue").click()
    return tab


def sign_in_by_typing(tutorial: Tutorial, artifact: Callable[[str], Path]) -> None:
    widget = tutorial.widget("login")
    widget.wait_for_link()
    tutorial.page.screenshot(path=artifact("waiting"))
    tab = type_the_code(tutorial, widget)
    expect(tab.get_by_text(code_in(widget))).to_be_visible()
    tab.get_by_role("button", name="Allow").click()
    expect(tab.get_by_role("heading", name="You can close this tab")).to_be_visible()
    tutorial.come_back_from(tab)


def sign_in_by_link(tutorial: Tutorial, name: str) -> None:
    tab = tutorial.widget(name).open_sign_in_page()
    sign_in_and_allow(tab)
    tutorial.come_back_from(tab)


def let_a_code_run_out(tutorial: Tutorial) -> SignInWidget:
    """Wait until the card says that nobody entered its code."""
    widget = tutorial.widget("run-out")
    expect(widget.error).to_contain_text("ran out", timeout=20_000)
    return widget


def get_another(tutorial: Tutorial, widget: SignInWidget) -> None:
    """Get another code at one click, and be quick with it."""
    widget.new_link.click()
    sign_in_by_link(tutorial, "run-out")
    tutorial.expect_output("run-out", "Signed in to Lovelace Observatory (demo).")


def cancel_the_last(tutorial: Tutorial) -> None:
    """Press Cancel instead: a code that is still good may stand in the output for consoles."""
    widget = tutorial.widget("run-out")
    widget.cancel.click()
    widget.wait_for_status("cancelled")


def expect_everything(tutorial: Tutorial) -> None:
    tutorial.expect_everything_run()
    tutorial.expect_output("login", "by itself")
    tutorial.expect_output("journal", "Device code exchanged")
    tutorial.expect_output("curves", "Fabricius’s Star: two cycles of 331.96 days")
    tutorial.expect_output("ask", "verification_uri_complete")
    tutorial.expect_output("poll", "authorization_pending\nslow_down\nslow_down")
    tutorial.expect_output("impatience", "slow_down, to every 11 s")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("rounds", [1, pytest.param(2, marks=pytest.mark.sweep)])
def test_the_device_tutorial_to_its_end(
    tutorial: Tutorial, artifact: Callable[[str], Path], rounds: int
) -> None:
    tutorial.start(tutorial.notebook.run_all)
    sign_in_by_typing(tutorial, artifact)
    expect_everything(tutorial)
    widget = let_a_code_run_out(tutorial)
    tutorial.page.screenshot(path=artifact("ran-out"))
    get_another(tutorial, widget)
    tutorial.look_at_each_cell(artifact)
    tutorial.save_and_search(wanted=SECRETS)

    for _ in range(1, rounds):
        tutorial.start(tutorial.notebook.run_all)
        sign_in_by_link(tutorial, "login")
        expect_everything(tutorial)
        cancel_the_last(tutorial)
        tutorial.save_and_search(wanted=SECRETS)
