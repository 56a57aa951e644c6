"""The tutorial on querying, with somebody there who watches the bar; tests/kernel has nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.tutorial import open_tutorial, sign_in_and_allow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.harness.lab import Lab


@pytest.mark.sweep  # tests/unit has its pages, its table and its cluster
@pytest.mark.timeout(400)
def test_it_fetches_all_pages_through_every_renewal_and_shows_how_far_it_is(
    lab: Lab, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    with open_tutorial(lab, context, "10-querying-an-api") as tutorial:
        tutorial.start(tutorial.notebook.run_all)
        tab = tutorial.widget("login").open_sign_in_page()
        sign_in_and_allow(tab)
        tutorial.come_back_from(tab)
        tutorial.expect_everything_run(seconds=240)

        tutorial.expect_output("records", "[76, 77, 78, 79, 80]")
        bar = tutorial.cell("table").locator(".jupyter-widgets.widget-hbox")
        expect(bar).to_contain_text("5000/5000")
        assert "position.ra" in tutorial.cell("table").locator("table").inner_text()
        tutorial.expect_output("renewals", re.compile(r": [2-6]"))  # in 8 seconds, with four each
        for name in ("sky", "motion", "line"):
            tutorial.expect_picture(name)
        tutorial.expect_output("cluster", "(100, True)")
        tutorial.look_at_each_cell(artifact)
        tutorial.save_and_search()
