"""Notebooks that sign in at the judge, and the search of all that they leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Error, expect

from tests.browser.harness import provider_pages
from tests.browser.harness.storage import kept_by
from tests.browser.harness.widget import SignInWidget
from tests.leaks.converted import as_page
from tests.leaks.places import BROWSER_STORAGE, CONVERTED, SAVED_NOTEBOOK, WIDGET_STATE
from tests.leaks.saved import STATE
from tests.polling import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Request

    from tests.browser.harness.notebook import NotebookPage
    from tests.leaks.left_behind import LeftBehind
    from tests.providers.oidc import OidcProvider

PUBLIC = 'Client("public", redirect_uri="http://127.0.0.1/callback")'
NOT_LOADING = "https://notebook.example/callback"
ELSEWHERE = f'Client("elsewhere", redirect_uri="{NOT_LOADING}")'

LOGIN = 'session = nb_oauth.login(provider, client=client, **asked, timeout=60)\nprint("GOES ON")'
QUERY = 'print("I am", session.get(api).json()["sub"])'

SIGNED_IN = "Signed in to Judge."
CLEAN_LINE = f"{SIGNED_IN} Run this cell to sign in as yourself."

# What a complete sign-in makes; a search for none of it would find nothing, and prove nothing.
ALL_KINDS = frozenset(
    {"code", "state", "code_verifier", "access_token", "refresh_token", "password"}
)


class JudgedNotebook:
    """A notebook whose cell 0 describes the judge; the cells of the test come after it.

    Attributes:
        kinds: the secrets that the run must have made; other grants than the code make others.
    """

    def __init__(self, notebook: NotebookPage, oidc: OidcProvider) -> None:
        self.kinds = ALL_KINDS
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
        return sign_in_by(self.widget(cell))

    def leave(self, tab: Page, *, picture: Path | None = None) -> None:
        """See the loopback page, and go back to the notebook's tab: a hidden one draws nothing."""
        leave(tab, self.page, picture=picture)

    def address_that_will_not_load(self, cell: int) -> str:
        """Do the same with a client whose page will not load.

        Returns:
            What the address bar holds then, its fragment included.
        """
        return address_that_will_not_load(self.widget(cell))

    def address_of_missing_page(self, tab: Page, redirect_uri: str) -> str:
        """Sign in and consent in ``tab``, where a server has nothing at the redirect URI.

        Returns:
            What the address bar holds then.
        """
        provider_pages.sign_in_and_consent(tab)
        tab.wait_for_url(f"{redirect_uri}?**")
        address = tab.url
        tab.close()
        self.page.bring_to_front()
        return address

    def expect_signed_in(self, cell: int) -> None:
        """The cell has gone on, and its output is the one clean line."""
        self.notebook.expect_output(cell, "GOES ON")
        self.notebook.expect_output(cell, CLEAN_LINE)
        expect(self.widget(cell).root).to_have_count(0)

    def expect_secrets(self) -> None:
        """The run has made every kind of secret that it was to make: there is what to find."""
        assert {secret.kind for secret in self.oidc.secrets()} >= self.kinds


def leave_behind(notebook: NotebookPage, left: LeftBehind) -> None:
    """Save without and with widget state, and leave that and what the browser keeps.

    What the server and the kernels write is searched without being asked for.
    """
    notebook.lab.look()
    for on in (False, True):
        notebook.set_save_widget_state(on=on)
        saved = notebook.save()
        has_state = STATE in saved  # state that was once saved stays in the file
        assert has_state or not on
        left.leave(WIDGET_STATE if has_state else SAVED_NOTEBOOK, saved)
        left.leave(CONVERTED, as_page(saved), f"with widget state {on}")
    notebook.set_save_widget_state(on=False)
    left.leave(BROWSER_STORAGE, kept_by(notebook.page.context))


def sign_in_by(widget: SignInWidget, *, name: str = "alice") -> Page:
    """Click the widget's link, sign in, consent, and go back to where the widget is.

    Returns:
        The tab, with the loopback page in it.
    """
    tab = widget.open_sign_in_page()
    provider_pages.sign_in(tab, name=name)
    provider_pages.consent(tab)
    leave(tab, widget.root.page)
    return tab


def leave(tab: Page, page: Page, *, picture: Path | None = None) -> None:
    """See the loopback page, and go back to ``page``: a hidden one draws nothing."""
    expect(tab.locator("main#nb-oauth-loopback h1")).to_be_visible()
    if picture:
        tab.screenshot(path=picture)
    page.bring_to_front()


def address_that_will_not_load(widget: SignInWidget) -> str:
    """Do the same with a client whose page will not load.

    Returns:
        What the address bar holds then, its fragment included.
    """
    tab = widget.open_sign_in_page()
    provider_pages.sign_in(tab)
    with tab.expect_event("requestfailed", _is_redirect):
        provider_pages.consent(tab)
    address = wait_until(lambda: _address_bar(tab), "the address bar holds the redirect's URL")
    tab.close()
    widget.root.page.bring_to_front()
    return address


def _is_redirect(request: Request) -> bool:
    return request.url.startswith(NOT_LOADING)


def _address_bar(tab: Page) -> str | None:
    """Return the address of the page that did not load, once it is there."""
    try:
        devtools = tab.context.new_cdp_session(tab)
        history = devtools.send("Page.getNavigationHistory")
        devtools.detach()
    except Error:  # Chromium is about to put its error page there
        return None
    address = str(history["entries"][history["currentIndex"]]["url"])
    return address if address.startswith(NOT_LOADING) else None


DESCRIPTION = """\
import nb_oauth
from nb_oauth import AuthorizationCodeLogin, Client, Provider

api = "{oidc.api}"
provider = Provider(
    "Judge",
    issuer="{oidc.issuer}",
    authorization_endpoint="{oidc.authorization_endpoint}",
    token_endpoint="{oidc.token_endpoint}",
    device_authorization_endpoint="{oidc.device_authorization_endpoint}",
    revocation_endpoint="{oidc.revocation_endpoint}",
    userinfo_endpoint="{oidc.userinfo_endpoint}",
    jwks_uri="{oidc.jwks_uri}",
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
