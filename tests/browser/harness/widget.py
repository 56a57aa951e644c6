"""The sign-in widget as a person sees it, by the classes that its script promises."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

APPEARS_MS = 20_000
_ANYTHING = re.compile(".+")


class SignInWidget:
    """The sign-in widget within a cell, or anywhere in a page."""

    def __init__(self, within: Locator) -> None:
        self.root = within.locator(".nb-oauth")
        self.heading = self.root.locator(".nb-oauth-heading")
        self.scope = self.root.locator(".nb-oauth-scope")
        self.link = self.root.locator("a.nb-oauth-link")
        self.copy = self.root.locator("button.nb-oauth-copy")
        self.box = self.root.locator(".nb-oauth-box")
        self.submit = self.root.locator("button.nb-oauth-submit")
        self.cancel = self.root.locator("button.nb-oauth-cancel")
        self.new_link = self.root.locator("button.nb-oauth-new-link")
        self.notice = self.root.locator(".nb-oauth-notice:visible")
        self.progress = self.root.locator(".nb-oauth-progress")
        self.error = self.root.locator(".nb-oauth-error")
        self.remarks = self.root.locator(".nb-oauth-remark")
        self.code = self.root.locator(".nb-oauth-code")
        self.qr = self.root.locator(".nb-oauth-qr")
        self.timer = self.root.locator(".nb-oauth-timer")
        self.username = self.root.locator(".nb-oauth-username")
        self.password = self.root.locator(".nb-oauth-password")
        self.sign_in = self.root.locator("button.nb-oauth-sign-in")
        self.client_id = self.root.locator(".nb-oauth-client-id")
        self.client_secret = self.root.locator(".nb-oauth-client-secret")
        self.keep = self.root.locator(".nb-oauth-keep")
        self.register = self.root.locator("button.nb-oauth-register")
        self.redirect_uri = self.root.locator(".nb-oauth-redirect-uri")
        self.renew = self.root.locator("button.nb-oauth-renew")
        self.sign_out = self.root.locator("button.nb-oauth-sign-out")

    def wait_for_link(self) -> str:
        """Wait until the widget can be used; returns the authorization URL."""
        expect(self.root).to_have_attribute("data-status", "waiting", timeout=APPEARS_MS)
        expect(self.link).to_have_attribute("href", _ANYTHING, timeout=APPEARS_MS)
        return self.link.get_attribute("href") or ""

    def ask_for_new_link(self) -> str:
        """Click "New link"; returns what takes the old one's place, which stays until then."""
        before = self.wait_for_link()
        self.new_link.click()
        expect(self.link).not_to_have_attribute("href", before)
        return self.wait_for_link()

    def wait_for_status(self, status: str) -> None:
        expect(self.root).to_have_attribute("data-status", status, timeout=APPEARS_MS)

    def open_sign_in_page(self) -> Page:
        """Click the link; returns the tab that opens."""
        self.wait_for_link()
        with self.root.page.context.expect_page() as opened:
            self.link.click()
        return opened.value

    def answer(self, text: str) -> None:
        """Paste this into the box, from the clipboard, and press Continue."""
        page = self.root.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.box.click()
        page.keyboard.press("ControlOrMeta+a")  # a rejected answer is still there
        page.keyboard.press("ControlOrMeta+v")
        self.submit.click()
