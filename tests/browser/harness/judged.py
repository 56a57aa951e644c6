"""Notebooks that sign in at the judge, and the search of all that they leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.leaks import find_secrets
from tests.browser.harness.widget import SignInWidget

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Request

    from tests.browser.harness.notebook import NotebookPage
    from tests.providers.oidc import OidcProvider

PUBLIC = 'Client("public", redirect_uri="http://127.0.0.1/callback")'
ELSEWHERE = 'Client("elsewhere", redirect_uri="https://notebook.example/callback")'

LOGIN = 'session = nb_oauth.login(provider, client=client, **asked, timeout=60)\nprint("GOES ON")'
QUERY = 'print("I am", session.get(api).json()["sub"])'

SIGNED_IN = "Signed in to Judge."
CLEAN_LINE = f"{SIGNED_IN} Run this cell to sign in as yourself."

# What a complete sign-in makes; a search for none of it would find nothing, and prove nothing.
ALL_KINDS = frozenset(
    {"code", "state", "code_verifier", "access_token", "refresh_token", "password"}
)


class JudgedNotebook:
    """A notebook whose cell 0 describes the judge; the cells of the test come after it."""

    def __init__(self, notebook: NotebookPage, oidc: OidcProvider) -> None:
        self.notebook = notebook
        self.oidc = oidc
        self.page = notebook.page

    def widget(self, cell: int) -> SignInWidget:
        return SignInWidget(self.notebook.cell(cell))

    def sign_in(self, cell: int) -> Page:
        """Click the link in the cell's widget, sign in, consent, and go back to the notebook.

        Returns:
            The tab, with the loopback page in it.
        """
        tab = self.widget(cell).open_sign_in_page()
        provider_pages.sign_in_and_consent(tab)
        self.leave(tab)
        return tab

    def leave(self, tab: Page, *, picture: Path | None = None) -> None:
        """See the loopback page, and go back to the notebook's tab: a hidden one draws nothing."""
        expect(tab.locator("main#nb-oauth-loopback h1")).to_be_visible()
        if picture:
            tab.screenshot(path=picture)
        self.page.bring_to_front()

    def address_that_will_not_load(self, cell: int) -> str:
        """Do the same with the client ``elsewhere``; returns the redirect's whole URL."""
        tab = self.widget(cell).open_sign_in_page()
        provider_pages.sign_in(tab)
        with tab.expect_event("requestfailed", _is_redirect) as failed:
            provider_pages.consent(tab)
        tab.close()
        self.page.bring_to_front()
        return str(failed.value.url)

    def expect_signed_in(self, cell: int) -> None:
        """The cell has gone on, and its output is the one clean line."""
        self.notebook.expect_output(cell, "GOES ON")
        self.notebook.expect_output(cell, CLEAN_LINE)
        expect(self.widget(cell).root).to_have_count(0)

    def search_for_secrets(self) -> None:
        """Save without and with widget state, and search every file for every secret."""
        secrets = self.oidc.secrets()
        assert {secret.kind for secret in secrets} >= ALL_KINDS
        for on in (False, True):  # state that was once saved stays in the file
            self.notebook.set_save_widget_state(on=on)
            saved = self.notebook.save()
            assert ("widget-state+json" in saved) == on
            assert find_secrets(saved, secrets) == [], f"saved with widget state {on}"
        self.notebook.set_save_widget_state(on=False)
        for path, content in self.notebook.lab.files():
            assert find_secrets(content, secrets) == [], path


def _is_redirect(request: Request) -> bool:
    return request.url.startswith("https://notebook.example/callback")


DESCRIPTION = """\
import nb_oauth
from nb_oauth import AuthorizationCodeLogin, Client, Provider

api = "{oidc.api}"
provider = Provider(
    "Judge",
    issuer="{oidc.issuer}",
    authorization_endpoint="{oidc.authorization_endpoint}",
    token_endpoint="{oidc.token_endpoint}",
    revocation_endpoint="{oidc.revocation_endpoint}",
)
client = {client}
asked = {{"scope": ["openid", "offline_access", "api:read"], "extra": {{"prompt": "consent"}}}}
"""


def describe(oidc: OidcProvider, client: str = PUBLIC) -> str:
    """The first cell: the judge, our client there, and what is asked for."""
    return DESCRIPTION.format(oidc=oidc, client=client)


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
