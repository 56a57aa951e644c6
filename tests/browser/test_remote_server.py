"""The demo provider on a remote server: the browser comes to it through jupyter-server-proxy.

The browser knows the server by a name, and has no way to its loopback: what would be answered at a
listener of the kernel's is copied out of the address bar, unless Jupyter has a page to take it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.chromium import ELSEWHERE, REMOTE_HOST, chromium
from tests.browser.harness.lab import Lab
from tests.browser.harness.notebook import READY_MS
from tests.browser.harness.tutorial import ARTIFACTS, open_tutorial
from tests.browser.harness.widget import SignInWidget
from tests.providers.tls import make_certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.browser.harness.notebook import NotebookPage
    from tests.browser.harness.tutorial import Tutorial

BASE = "/user/ada/"
WINDOW = {"width": 1100, "height": 900}
REMOTE = (f"--ServerApp.base_url={BASE}", "--ServerApp.allow_remote_access=True")
WITHOUT_PROXY = "--ServerApp.jpserver_extensions={'jupyter_server_proxy': False}"
# It quotes the address of all that it forwards, and says so at DEBUG alone.
OF_THE_PROXY = r"\[D [^]]*ServerApp\] (?:Proxying request to|Not rewriting full URL Location)"
SIGN_IN = "import nb_oauth; nb_oauth.login('demo', scope='profile:read').authorized"
OWN = "Client('demo-notebook', redirect_uri='http://127.0.0.1/callback')"
NOT_LOADED = "chrome-error://"
ENDS = re.compile(rf"^{NOT_LOADED}|{BASE}nb-oauth/callback")
NO_SUCH_PAGE = re.compile("404")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as a Hub serves it: below a path, under a name, over https."""
    folder = tmp_path_factory.mktemp("remote-lab")
    certificates = make_certificates(folder / "certificates")
    asked = {"host": REMOTE_HOST, "certificates": certificates, "others_lines": OF_THE_PROXY}
    with Lab(folder, options=REMOTE, **asked) as server:
        yield server


@pytest.fixture
def context(chromium_browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile that trusts the server's certificate."""
    context = chromium_browser.new_context(viewport=WINDOW, ignore_https_errors=True)
    context.set_default_timeout(20_000)
    context.set_default_navigation_timeout(READY_MS)
    yield context
    context.close()


@pytest.fixture(scope="module")
def chromium_browser() -> Iterator[Browser]:
    with chromium(ELSEWHERE) as browser:
        yield browser


def address_bar(tab: Page) -> str:
    """What stands there, also where the page could not be loaded."""
    history = tab.context.new_cdp_session(tab).send("Page.getNavigationHistory")
    return str(history["entries"][history["currentIndex"]]["url"])


def open_page(widget: SignInWidget) -> Page:
    """The sign-in page, as it is reached from elsewhere."""
    tab = widget.open_sign_in_page()
    expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    assert re.match(rf"https?://{REMOTE_HOST}:\d+{BASE}proxy/\d+/(authorize|device)\?", tab.url)
    return tab


def sign_in_and_bring_back(
    widget: SignInWidget, picture: Callable[[str], Path], username: str = ""
) -> None:
    """Sign in behind the proxy; where the page after that does not load, its address is copied."""
    tab = open_page(widget)
    tab.screenshot(path=picture("sign-in"))
    if username:
        tab.get_by_label("Name").fill(username)
        tab.get_by_label("Password").fill("hopper")
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("button", name="Allow")).to_be_visible()
    tab.screenshot(path=picture("consent"))
    tab.get_by_role("button", name="Allow").click()
    tab.wait_for_url(ENDS)
    if not tab.url.startswith(NOT_LOADED):
        expect(tab.get_by_text("close this tab")).to_be_visible()
        tab.close()
        return
    copied = address_bar(tab)
    assert copied.startswith("http://127.0.0.1:")
    tab.close()
    widget.root.page.bring_to_front()
    widget.box.fill(copied)
    widget.submit.click()


def test_somebody_signs_in_to_the_demo_on_a_server_that_is_not_theirs(
    open_notebook: Callable[[Sequence[str]], NotebookPage], artifact: Callable[[str], Path]
) -> None:
    notebook = open_notebook([SIGN_IN])
    notebook.run_cell(0)
    widget = SignInWidget(notebook.cell(0))
    widget.wait_for_link()
    notebook.page.screenshot(path=artifact("waiting"))
    sign_in_and_bring_back(widget, artifact)
    notebook.expect_output(0, "True")


@pytest.mark.sweep
def test_an_app_s_own_loopback_address_is_said_to_be_out_of_reach(
    open_notebook: Callable[[Sequence[str]], NotebookPage], artifact: Callable[[str], Path]
) -> None:
    notebook = open_notebook([SIGN_IN.replace("scope", f"client=nb_oauth.{OWN}, scope")])
    notebook.run_cell(0)
    widget = SignInWidget(notebook.cell(0))
    widget.wait_for_link()
    expect(widget.remarks.last).to_contain_text("does not reach http://127.0.0.1/callback, where")
    expect(widget.remarks.last).to_contain_text(f"{BASE}nb-oauth/callback it would.")
    notebook.page.screenshot(path=artifact("waiting"))
    sign_in_and_bring_back(widget, artifact)
    notebook.expect_output(0, "True")


@pytest.mark.sweep
def test_without_the_proxy_the_card_says_what_to_install(
    tmp_path: Path, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    with (
        Lab(tmp_path, options=[*REMOTE, WITHOUT_PROXY], host=REMOTE_HOST) as lab,
        open_tutorial(lab, context, "01-web-application-flow") as tutorial,
    ):
        tutorial.start(tutorial.notebook.run_all)
        widget = tutorial.widget("login")
        assert widget.wait_for_link().startswith("http://127.0.0.1:")
        expect(widget.error).to_contain_text("pip install 'nb_oauth[demo]'")
        tutorial.page.screenshot(path=artifact("card"))
        widget.cancel.click()
        errors = tutorial.notebook.console_errors
        assert [one for one in errors if not NO_SUCH_PAGE.search(one)] == []


# What the reader of each tutorial does, by the cells that ask.


def by_bringing_back(tutorial: Tutorial, name: str, username: str = "") -> None:
    def picture(kind: str) -> Path:
        return ARTIFACTS / f"remote-{tutorial.notebook.name}-{name}-{kind}.png"

    sign_in_and_bring_back(tutorial.widget(name), picture, username)


def as_somebody_else(tutorial: Tutorial, name: str) -> None:
    by_bringing_back(tutorial, name, "grace")


def by_password(tutorial: Tutorial, name: str) -> None:
    widget = tutorial.widget(name)
    widget.username.fill("ada")
    widget.password.fill("lovelace")
    widget.sign_in.click()


def by_code(tutorial: Tutorial, name: str) -> None:
    widget = tutorial.widget(name)
    tab = open_page(widget)
    tutorial.page.screenshot(path=ARTIFACTS / "remote-device-code.png")
    page = widget.root.locator(".nb-oauth-elsewhere-address").inner_text()
    assert tab.url.startswith(f"{page}?")
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("button", name="Allow").click()
    expect(tab.get_by_role("heading", name="You can close this tab")).to_be_visible()
    tutorial.come_back_from(tab)


def by_nothing(tutorial: Tutorial, name: str) -> None:
    tutorial.widget(name).cancel.click()


TUTORIALS = {
    "01-web-application-flow": {"login": by_bringing_back},
    "02-mobile-application-flow": {"login": by_bringing_back, "openid": as_somebody_else},
    "03-legacy-application-flow": {"login": by_password},
    "04-backend-application-flow": {},
    "05-device-flow": {"login": by_code, "run-out": by_nothing},
    "06-refreshing": {"login": by_bringing_back},
    "07-keeping-tokens": {"login": by_bringing_back, "work": as_somebody_else},
    "08-sharing-a-notebook": {"login": by_bringing_back, "colleague": as_somebody_else},
}


@pytest.mark.sweep
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("keeping")
@pytest.mark.parametrize("name", TUTORIALS)
def test_each_tutorial_to_its_end(lab: Lab, context: BrowserContext, name: str) -> None:
    with open_tutorial(lab, context, name) as tutorial:
        tutorial.start(tutorial.notebook.run_all)
        for cell, answer in TUTORIALS[name].items():
            answer(tutorial, cell)
        tutorial.expect_everything_run(seconds=120)
        shown = "".join(tutorial.notebook.outputs())
        assert "Traceback" not in shown
