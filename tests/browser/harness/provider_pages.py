"""oidc-provider's own sign-in and consent pages, in their own tab."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page


def sign_in(page: Page, *, name: str = "alice", password: str | None = None) -> str:
    """Fill in the sign-in page; returns the password, a new one unless it is given."""
    password = password or f"pw-{secrets.token_urlsafe(18)}"
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    expect(page.get_by_role("heading", name="Authorize")).to_be_visible()
    return password


def consent(page: Page) -> None:
    page.click("button[type=submit]")


def deny(page: Page) -> None:
    """Leave the sign-in or consent page by its Cancel link."""
    page.get_by_role("link", name="Cancel").click()


def sign_in_and_consent(page: Page) -> str:
    """All of it; returns the password that was typed."""
    password = sign_in(page)
    consent(page)
    return password
