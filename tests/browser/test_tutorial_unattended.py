"""The tutorial on running unattended, with somebody there; tests/kernel runs it with nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.harness.tutorial import open_tutorial, sign_in_and_allow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.harness.lab import Lab


@pytest.mark.sweep  # tests/kernel runs its jobs every time
@pytest.mark.timeout(300)
def test_it_runs_by_hand_and_its_jobs_with_nobody_there(
    lab: Lab, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    with open_tutorial(lab, context, "09-unattended") as tutorial:
        tutorial.start(tutorial.notebook.run_all)
        tab = tutorial.widget("login").open_sign_in_page()
        sign_in_and_allow(tab)
        tutorial.come_back_from(tab)
        tutorial.expect_everything_run(seconds=180)

        tutorial.expect_output("me", "Ada Lovelace")
        tutorial.expect_picture("clocks")
        tutorial.expect_output("nothing", "Set NB_OAUTH_DEMO_REFRESH_TOKEN")
        tutorial.expect_output("first-night", "This is Ada Lovelace, asleep.")
        tutorial.expect_output("second-night", "This is Ada Lovelace, asleep.")
        tutorial.expect_output("left-behind", "/environment-")
        tutorial.look_at_each_cell(artifact)
        tutorial.save_and_search()
