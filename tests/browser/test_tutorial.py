"""The first tutorial as whoever is sent it goes through it: Run All, sign in, read to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.harness.tutorial import open_tutorial, sign_in_and_allow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.harness.lab import Lab
    from tests.browser.harness.tutorial import Tutorial

SECRETS = frozenset({"code", "state", "code_challenge", "code_verifier", "refresh_token"})
TOKENS_AT_LEAST = 2  # the first one, and the one it was renewed into


@pytest.fixture
def tutorial(lab: Lab, context: BrowserContext) -> Iterator[Tutorial]:
    with open_tutorial(lab, context, "01-web-application-flow") as tutorial:
        yield tutorial


def sign_in(tutorial: Tutorial, picture: Path) -> None:
    widget = tutorial.widget("login")
    widget.wait_for_link()
    tutorial.page.screenshot(path=picture)
    tab = widget.open_sign_in_page()
    sign_in_and_allow(tab)
    tutorial.come_back_from(tab)


def expect_everything(tutorial: Tutorial) -> None:
    """Signed in, queried, drawn, renewed; and nothing failed."""
    tutorial.expect_everything_run(seconds=90)
    tutorial.expect_output("login", "Signed in to Lovelace Observatory (demo).")
    tutorial.expect_output("me", "token_ends_in")
    tutorial.expect_output("countdown", "a new token")
    tutorial.expect_picture("plot")
    assert sum(secret.kind == "access_token" for secret in tutorial.issued()) >= TOKENS_AT_LEAST


@pytest.mark.timeout(300)
@pytest.mark.parametrize("restarts", [0, pytest.param(1, marks=pytest.mark.sweep)])
def test_the_tutorial_from_run_all_to_its_end(
    tutorial: Tutorial, artifact: Callable[[str], Path], restarts: int
) -> None:
    tutorial.start(tutorial.notebook.run_all)
    sign_in(tutorial, artifact("waiting"))
    expect_everything(tutorial)
    tutorial.look_at_each_cell(artifact)
    tutorial.save_and_search(wanted=SECRETS)

    for _ in range(restarts):
        tutorial.start(tutorial.notebook.restart_and_run_all, anew=True)
        sign_in(tutorial, artifact("waiting-again"))
        expect_everything(tutorial)
        tutorial.save_and_search(wanted=SECRETS)
