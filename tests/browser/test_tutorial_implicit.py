"""The tutorial on the implicit grant: sign in twice, once with openid, and read to the end."""

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

SECRETS = frozenset({"access_token", "id_token", "nonce", "state", "ticket"})


@pytest.fixture
def tutorial(lab: Lab, context: BrowserContext) -> Iterator[Tutorial]:
    with open_tutorial(lab, context, "02-mobile-application-flow") as tutorial:
        yield tutorial


def sign_in(tutorial: Tutorial, name: str, picture: Path, **account: str) -> None:
    widget = tutorial.widget(name)
    widget.wait_for_link()
    tutorial.page.screenshot(path=picture)
    tab = widget.open_sign_in_page()
    sign_in_and_allow(tab, **account)
    assert "#" not in tab.url  # the token left the address bar
    tutorial.come_back_from(tab)


def go_through(tutorial: Tutorial, artifact: Callable[[str], Path]) -> None:
    """Sign in as Ada, then as Grace, and see what each cell shows."""
    sign_in(tutorial, "login", artifact("waiting"))
    tutorial.expect_ran("ends")
    sign_in(tutorial, "openid", artifact("openid-waiting"), username="grace", password="hopper")
    tutorial.expect_everything_run()
    tutorial.expect_output("login", "none: sign in again at its end")
    tutorial.expect_picture("sky", width=200)
    tutorial.expect_output("ends", "gave nothing to renew it with")
    tutorial.expect_output("openid", "'name': 'Grace Hopper'")
    tutorial.expect_output("by-hand", "200")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("rounds", [1, pytest.param(2, marks=pytest.mark.sweep)])
def test_the_implicit_tutorial_to_its_end(
    tutorial: Tutorial, artifact: Callable[[str], Path], rounds: int
) -> None:
    for _ in range(rounds):
        tutorial.start(tutorial.notebook.run_all)
        go_through(tutorial, artifact)
        tutorial.save_and_search(wanted=SECRETS)
    tutorial.look_at_each_cell(artifact)
