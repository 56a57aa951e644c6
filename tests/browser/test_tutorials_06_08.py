"""The tutorials on refreshing, keeping and sharing: run, signed in by clicking, read to the end."""

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
    from tests.browser.harness.tutorial import Tutorial


GRACE = ("grace", "hopper")


def sign_in(tutorial: Tutorial, name: str, who: tuple[str, str] | None = None) -> None:
    """Sign in with the widget of that cell, as the demo's page proposes or as ``who``."""
    tab = tutorial.widget(name).open_sign_in_page()
    if who:
        tab.get_by_label("Name").fill(who[0])
        tab.get_by_label("Password").fill(who[1])
    sign_in_and_allow(tab)
    tutorial.come_back_from(tab)


def run_again(tutorial: Tutorial, name: str) -> None:
    """Run one cell, and wait until it has run."""
    prompt = tutorial.cell(name).locator(".jp-InputPrompt")
    before = prompt.inner_text()
    tutorial.notebook.run_cell(tutorial.number(name))
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)


@pytest.mark.timeout(300)
def test_refreshing_by_hand_by_half_and_by_itself(
    lab: Lab, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    with open_tutorial(lab, context, "06-refreshing") as tutorial:
        tutorial.start(tutorial.notebook.run_all)
        sign_in(tutorial, "login")
        tutorial.expect_everything_run(seconds=120)
        tutorial.look_at_each_cell(artifact)

        tutorial.expect_output("second-answer", "(2, None)")
        asked = tutorial.output("threads").first.inner_text()
        counted = re.fullmatch(r"(\d+) requests, 0 failed, (\d+) renewals\s*", asked)
        assert counted, asked
        assert int(counted[1]) > 50  # eight threads, on a slow machine
        assert int(counted[2]) in range(2, 6)  # in 20 seconds, with tokens of six
        tutorial.expect_picture("plot")
        tutorial.expect_output("renew", re.compile(r"→ [56]"))
        tutorial.save_and_search()


@pytest.mark.timeout(300)
def test_a_shared_notebook_s_file_holds_nothing_of_either_person(
    lab: Lab, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    with open_tutorial(lab, context, "08-sharing-a-notebook") as tutorial:
        tutorial.start(tutorial.notebook.run_all)
        sign_in(tutorial, "login")
        sign_in(tutorial, "colleague", GRACE)
        tutorial.expect_everything_run(seconds=120)
        tutorial.expect_output("login", "Ada Lovelace")
        tutorial.expect_output("colleague", "Grace Hopper")
        tutorial.expect_output("saved", "0 outputs")  # as it came: nobody has saved it yet
        tutorial.expect_output("nobody", "LoginRequired: Somebody must sign in")
        tutorial.expect_output("as-itself", re.compile(r"[\d,]{6} observations, and"))
        tutorial.save_and_search()

        for name in ("saved", "search", "careless", "from-above"):
            run_again(tutorial, name)
        tutorial.expect_output("saved", re.compile(r"characters, \d{2} outputs"))
        tutorial.expect_output("search", "[]")
        tutorial.expect_output("careless", "['access_token of you', 'refresh_token of you']")
        tutorial.expect_picture("from-above")
        tutorial.look_at_each_cell(artifact)
        assert tutorial.notebook.console_errors == []
