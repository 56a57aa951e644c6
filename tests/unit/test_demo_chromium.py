"""The demo's pages in a real browser: what only a browser enforces."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from nb_oauth.demo import pages
from nb_oauth.demo.server import DemoServer
from tests.browser.harness.chromium import chromium
from tests.unit.demo_visitor import PKCE, Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of the test's own: one that failed to load goes on navigating into the next test."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def provider() -> Iterator[DemoServer]:
    server = DemoServer()
    server.serve()
    yield server
    server.close()


@pytest.fixture
def app() -> Iterator[DemoServer]:
    """Something else that listens on this machine, for the browser to be sent back to."""
    server = DemoServer()
    server.serve()
    yield server
    server.close()


def open_sign_in_page(page: Page, provider: DemoServer, redirect_uri: str) -> None:
    parameters = {
        "response_type": "code",
        "client_id": "demo-notebook",
        "redirect_uri": redirect_uri,
        "state": "the-state",
        **PKCE,
    }
    page.goto(f"{provider.issuer}/authorize?{urlencode(parameters)}")


def ask_for_a_device_code(provider: DemoServer) -> dict[str, str]:
    visitor = Visitor(provider)
    with visitor.http:
        return visitor.device_code(scope="openid profile email").json()


@pytest.mark.parametrize(("decision", "answer"), [("Allow", "code"), ("Deny", "error")])
def test_one_click_a_page_leads_back_to_the_app(
    page: Page, provider: DemoServer, app: DemoServer, decision: str, answer: str
) -> None:
    open_sign_in_page(page, provider, f"{app.issuer}/callback")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=decision).click()
    page.wait_for_url(f"{app.issuer}/callback?*")
    assert {answer, "state", "iss"} <= parse_qs(urlsplit(page.url).query).keys()


def test_the_keyboard_alone_suffices(page: Page, provider: DemoServer, app: DemoServer) -> None:
    open_sign_in_page(page, provider, f"{app.issuer}/callback")
    page.get_by_label("Password").fill("byron")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    page.get_by_label("Password").fill("lovelace")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Allow").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{app.issuer}/callback?*")


def test_a_typed_code_is_allowed_by_the_keyboard_alone(page: Page, provider: DemoServer) -> None:
    device = ask_for_a_device_code(provider)
    page.goto(device["verification_uri"])
    page.get_by_label("Password").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Code").fill("bbbb bbbb")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    page.get_by_label("Code").fill(device["user_code"].lower())
    page.keyboard.press("Enter")
    page.get_by_text(device["user_code"], exact=True).wait_for()
    page.get_by_role("button", name="Allow").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You can close this tab").wait_for()


def test_the_device_pages_fit_on_a_phone(page: Page, provider: DemoServer) -> None:
    def fits() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth <= 320"))

    page.set_viewport_size({"width": 320, "height": 700})
    device = ask_for_a_device_code(provider)
    page.goto(device["verification_uri"] + "?user_code=" + "W" * 40)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Continue").wait_for()
    assert fits()
    page.goto(device["verification_uri_complete"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Deny").wait_for()
    assert fits()
    page.get_by_role("button", name="Deny").click()
    page.get_by_text("You chose Deny").wait_for()
    assert fits()


def test_an_ipv6_redirect_is_let_through_as_well(page: Page, provider: DemoServer) -> None:
    open_sign_in_page(page, provider, "http://[::1]:1/callback")
    page.get_by_role("button", name="Sign in").click()
    # Nobody listens there: that the browser tried is what matters.
    with page.expect_request(lambda request: request.url.startswith("http://[::1]:1/callback")):
        page.get_by_role("button", name="Allow").click()


def test_without_the_apps_origin_in_the_policy_chromium_stops_the_redirect(
    page: Page, provider: DemoServer, app: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the other tests would notice if the policy forgot the redirect."""
    make_page = pages._page
    monkeypatch.setattr(
        pages, "_page", lambda status, title, content, **_: make_page(status, title, content)
    )
    open_sign_in_page(page, provider, f"{app.issuer}/callback")
    page.get_by_role("button", name="Sign in").click()
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.get_by_role("button", name="Allow").click()


def test_the_style_sheet_is_let_through_and_nothing_is_wider_than_a_phone(
    page: Page, provider: DemoServer
) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    for path in ("/", "/nothing"):
        page.goto(provider.issuer + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "480px"
