"""The tutorial on the password grant: type a wrong password, then the right one, and read on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from nb_oauth.demo.registry import ACCOUNTS
from tests.browser.harness.tutorial import open_tutorial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.harness.lab import Lab
    from tests.browser.harness.tutorial import Tutorial

PASSWORD = ACCOUNTS["ada"].password
WRONG = "lovelaced-by-mistake"


@pytest.fixture
def tutorial(lab: Lab, context: BrowserContext) -> Iterator[Tutorial]:
    with open_tutorial(lab, context, "03-legacy-application-flow") as tutorial:
        tutorial.add_secret("password", PASSWORD)
        tutorial.add_secret("password", WRONG)
        yield tutorial


def sign_in(tutorial: Tutorial, artifact: Callable[[str], Path]) -> None:
    """Try a wrong password first, as the text invites people to."""
    widget = tutorial.widget("login")
    widget.wait_for_status("waiting")
    name, password = widget.root.get_by_label("User name"), widget.root.get_by_label("Password")
    name.fill("ada")
    tutorial.page.screenshot(path=artifact("waiting"))
    password.fill(WRONG)
    password.press("Enter")
    expect(widget.error).to_contain_text("Check the name and the password")
    expect(password).to_have_value("")
    tutorial.page.screenshot(path=artifact("wrong"))
    password.fill(PASSWORD)
    password.press("Enter")


def go_through(tutorial: Tutorial, artifact: Callable[[str], Path]) -> None:
    """Sign in, and see what each cell shows."""
    sign_in(tutorial, artifact)
    tutorial.expect_everything_run()
    tutorial.expect_output("login", "by itself")
    tutorial.expect_output("token", "'refresh_token'")
    tutorial.expect_output("journal", "Token issued for 3600 s (password grant)")
    tutorial.expect_picture("plot")
    tutorial.expect_output("renewed", "Token renewed for 3600 s")
    tutorial.expect_output("by-hand", "200")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("rounds", [1, pytest.param(2, marks=pytest.mark.sweep)])
def test_the_password_tutorial_to_its_end(
    tutorial: Tutorial, artifact: Callable[[str], Path], rounds: int
) -> None:
    for _ in range(rounds):
        tutorial.start(tutorial.notebook.run_all)
        go_through(tutorial, artifact)
        tutorial.save_and_search(wanted=frozenset({"password"}))
    tutorial.look_at_each_cell(artifact)
