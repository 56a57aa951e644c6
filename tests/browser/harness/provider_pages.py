"""oidc-provider's own sign-in and consent pages, in their own tab."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

DONE = "Sign-in Success"


def sign_in(page: Page, *, name: str = "alice") -> None:
    """Fill in the sign-in page, with a new password; nothing to do for who is signed in."""
    heading = page.locator("h1")
    expect(heading).to_have_text(re.compile("Sign-in|Authorize"))
    if heading.inner_text() == "Sign-in":
        page.fill("input[name=login]", name)
        page.fill("input[name=password]", f"pw-{secrets.token_urlsafe(18)}")
        page.click("button[type=submit]")
    expect(heading).to_have_text("Authorize")


def consent(page: Page) -> None:
    page.click("button[type=submit]")


def deny(page: Page) -> None:
    """Leave the sign-in or consent page by its Cancel link."""
    page.get_by_role("link", name="Cancel").click()


def sign_in_and_consent(page: Page) -> None:
    sign_in(page)
    consent(page)


def enter_code(page: Page, code: str) -> None:
    """On the page for user codes: type it, and see it again to compare (RFC 8628 §3.3)."""
    page.get_by_placeholder("Enter code").fill(code)
    page.click("button[type=submit]")
    expect(page.locator("h1")).to_have_text("Confirm Device")
    expect(page.locator("code")).to_have_text(code)


def confirm_device(page: Page) -> None:
    """It is one's own device: sign in and consent, unless that was done before."""
    heading = page.locator("h1")
    page.get_by_role("button", name="Continue").click()
    expect(heading).to_have_text(re.compile("Sign-in|Authorize"))
    if heading.inner_text() != DONE:
        sign_in_and_consent(page)
    expect(heading).to_have_text(DONE)


def deny_device(page: Page) -> None:
    """It is nobody's that one knows."""
    page.get_by_role("button", name="Abort").click()
    expect(page.locator("h1 + p")).to_have_text("The Sign-in request was interrupted")
