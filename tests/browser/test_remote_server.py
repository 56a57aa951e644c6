"""The demo provider on a remote server: the browser comes to it through jupyter-server-proxy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.chromium import ELSEWHERE, REMOTE_HOST, chromium
from tests.browser.harness.lab import Lab
from tests.browser.harness.notebook import NotebookPage
from tests.browser.harness.tutorial import open_tutorial
from tests.browser.harness.widget import SignInWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

BASE = "/user/ada/"
REMOTE = (f"--ServerApp.base_url={BASE}", "--ServerApp.allow_remote_access=True")
WITHOUT_PROXY = '--ServerApp.jpserver_extensions={"jupyter_server_proxy": False}'


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("remote-lab")
    with Lab(folder, options=REMOTE, host=REMOTE_HOST) as server:
        yield server


@pytest.fixture(scope="module")
def chromium_browser() -> Iterator[Browser]:
    with chromium(ELSEWHERE) as browser:
        yield browser


def address_bar(tab: Page) -> str:
    """What stands there, also where the page could not be loaded."""
    history = tab.context.new_cdp_session(tab).send("Page.getNavigationHistory")
    return str(history["entries"][history["currentIndex"]]["url"])


def sign_in_and_bring_back(widget: SignInWidget, picture: Callable[[str], Path]) -> None:
    """Sign in at the pages behind the proxy; the last one does not load, so copy its address."""
    tab = widget.open_sign_in_page()
    expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    assert re.fullmatch(rf"http://{REMOTE_HOST}:\d+{BASE}proxy/\d+/authorize\?.*", tab.url)
    tab.screenshot(path=picture("sign-in"))
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("button", name="Allow")).to_be_visible()
    tab.screenshot(path=picture("consent"))
    with tab.expect_event("requestfailed"):
        tab.get_by_role("button", name="Allow").click()
    copied = address_bar(tab)
    tab.close()
    widget.root.page.bring_to_front()
    widget.box.fill(copied)
    widget.submit.click()


def test_somebody_signs_in_to_the_demo_on_a_server_that_is_not_theirs(
    open_notebook: Callable[[list[str]], NotebookPage], artifact: Callable[[str], Path]
) -> None:
    notebook = open_notebook(
        ["import nb_oauth; s = nb_oauth.login('demo', scope='profile:read'); print(s.authorized)"]
    )
    notebook.run_cell(0)
    widget = SignInWidget(notebook.cell(0))
    widget.wait_for_link()
    notebook.page.screenshot(path=artifact("waiting"))
    sign_in_and_bring_back(widget, artifact)
    notebook.expect_output(0, "True")
