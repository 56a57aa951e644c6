"""The tutorial on client credentials: Run All is the only click there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.harness.tutorial import open_tutorial

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.harness.lab import Lab


@pytest.mark.sweep  # tests/kernel runs it every time
def test_the_backend_tutorial_to_its_end(
    lab: Lab, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    with open_tutorial(lab, context, "04-backend-application-flow") as tutorial:
        tutorial.start(tutorial.notebook.run_all)
        tutorial.expect_everything_run()
        tutorial.expect_output("login", "Signed in to Lovelace Observatory (demo)")
        tutorial.expect_output("me", "token_ends_in")
        tutorial.expect_picture("plot", width=300)
        tutorial.expect_output("as-header", "200")
        tutorial.look_at("plot", artifact("plot"))
        tutorial.save_and_search()
