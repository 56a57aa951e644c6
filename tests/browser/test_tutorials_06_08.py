"""The tutorials on refreshing, keeping and sharing: run, signed in by clicking, read to the end."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.tutorial import (
    NOTEBOOKS,
    is_listening,
    open_tutorial,
    sign_in_and_allow,
)
from tests.polling import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.harness.lab import Lab
    from tests.browser.harness.tutorial import Tutorial


GRACE = {"username": "grace", "password": "hopper"}
KEPT = frozenset({"code", "code_challenge", "refresh_token", "state"})


def sign_in(tutorial: Tutorial, name: str, **account: str) -> None:
    """Sign in with the widget of that cell, as the demo's page proposes or as somebody else."""
    tab = tutorial.widget(name).open_sign_in_page()
    sign_in_and_allow(tab, **account)
    tutorial.come_back_from(tab)


def run_again(tutorial: Tutorial, name: str) -> None:
    """Run one cell, and wait until it has run."""
    prompt = tutorial.cell(name).locator(".jp-InputPrompt")
    before = prompt.inner_text()
    tutorial.notebook.run_cell(tutorial.number(name))
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)


@pytest.mark.sweep  # tests/kernel runs it up to its sign-in, tests/unit what threads renew
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
        sign_in(tutorial, "colleague", **GRACE)
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


@pytest.mark.sweep  # tests/unit has tokens that are kept, and shared by processes
@pytest.mark.timeout(300)
def test_a_kept_token_is_used_after_a_restart(
    lab: Lab, context: BrowserContext, artifact: Callable[[str], Path], keeping: None
) -> None:
    with open_tutorial(lab, context, "07-keeping-tokens") as tutorial:
        tutorial.start(tutorial.notebook.run_all)
        sign_in(tutorial, "login")
        tutorial.expect_ran("plot", seconds=90)
        sign_in(tutorial, "work", **GRACE)
        expect_kept_and_shared(tutorial)
        tutorial.look_at_each_cell(artifact)
        tutorial.save_and_search(wanted=KEPT)

        tutorial.start(tutorial.notebook.restart_and_run_all, anew=True)
        # What ran before has the numbers that it will have again: first all of it is to wait.
        waiting = tutorial.cell("tidy-up").locator(".jp-InputPrompt")
        expect(waiting).to_have_text("[*]:", timeout=60_000)
        tutorial.expect_ran("plot", seconds=90)  # nobody has signed in
        expect(tutorial.cell("login").locator(".nb-oauth")).to_have_count(0)
        sign_in(tutorial, "work", **GRACE)  # forgotten, so asked for again
        expect_kept_and_shared(tutorial)
        tutorial.save_and_search(wanted=KEPT)

        tidy_up(tutorial)
        assert [*lab.notebooks.with_name("tmp").glob("nb-oauth-tutorial-*")] == []


def expect_kept_and_shared(tutorial: Tutorial) -> None:
    tutorial.expect_everything_run(seconds=60)
    tutorial.expect_output("me", "Ada Lovelace")
    tutorial.expect_output("files", re.compile(r"^-rw-------  \d+ bytes  [0-9a-f]{12}….json\s*$"))
    tutorial.expect_output("inside", '"refresh_token": "████████████"')
    tutorial.expect_output("others", re.compile(r"^\d+ requests, 0 failed, [45] tokens\s*$"))
    tutorial.expect_picture("plot")
    tutorial.expect_output("work", "Grace Hopper")
    tutorial.expect_output("logout", "has revoked the refresh token and access token")
    tutorial.expect_output("after", "FileTokenStore: holds 1")


def tidy_up(tutorial: Tutorial) -> None:
    """Write True where the last cell says False, and run it; the provider ends with its folder."""
    issuer = tutorial.evaluate("issuer")
    text = (NOTEBOOKS / tutorial.notebook.name).read_text(encoding="utf-8")
    (source,) = ("".join(c["source"]) for c in json.loads(text)["cells"] if c["id"] == "tidy-up")
    assert "enough = False" in source
    editor = tutorial.cell("tidy-up").locator(".cm-content")
    editor.fill(source.replace("enough = False", "enough = True"))
    run_again(tutorial, "tidy-up")
    wait_until(lambda: not is_listening(issuer), "the provider ends")
