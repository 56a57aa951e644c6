"""A person's JupyterLab on a real Hub: the answer of a sign-in comes back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.callback_page import ACCEPTED, CLIENT, CallbackTab
from tests.browser.harness.judged import ALL_KINDS, LOGIN, QUERY, query_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.judged import JudgedNotebook
    from tests.hub.lab import HubLab

# Building an environment, where there is none yet, takes a minute or two.
pytestmark = [
    pytest.mark.provider,
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("at_the_hub"),
]

SERVICE = "/services/nb-oauth/callback"
OWN = "/user/lab-ada/nb-oauth/callback"
REDIRECT = "/hub/user-redirect/nb-oauth/callback"
KINDS = ALL_KINDS - {"password"}  # who has signed in to the Hub need not type it again
IMPLICIT_KINDS = frozenset({"state", "access_token", "id_token"})
LOGIN_IMPLICIT = LOGIN.replace("**asked", 'scope=["openid", "api:read"], grant="implicit"')
NOTHING = "No answer here"


def registered(uri: str, client: str = CLIENT) -> str:
    return client.replace(")", f', redirect_uri="{uri}")')


@pytest.fixture
def signing_in(judged: JudgedOpener) -> Callable[..., JudgedNotebook]:
    """A notebook that signs in, in cell 1, and says who that is, in cell 2."""

    def opener(client: str = CLIENT, login: str = LOGIN) -> JudgedNotebook:
        notebook = judged(login, QUERY, client=client)
        notebook.kinds = KINDS if login == LOGIN else IMPLICIT_KINDS
        notebook.notebook.run_all()
        return notebook

    return opener


SigningIn = "Callable[..., JudgedNotebook]"


def send_back(notebook: JudgedNotebook) -> CallbackTab:
    page = CallbackTab(notebook.widget(1).open_sign_in_page())
    provider_pages.sign_in_and_consent(page.tab)
    return page


def finish(notebook: JudgedNotebook, page: CallbackTab) -> None:
    page.expect_heading(ACCEPTED)
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am lab-ada")


def test_comes_back_through_the_page_of_the_hub_which_nobody_has_to_name(
    signing_in: Callable[..., JudgedNotebook], lab: HubLab, artifact: Callable[[str], Path]
) -> None:
    notebook = signing_in()
    widget = notebook.widget(1)
    link = query_of(widget.wait_for_link())
    assert link["redirect_uri"] == lab.hub.address + SERVICE
    expect(widget.remarks).to_contain_text("by itself through this JupyterHub")
    notebook.page.screenshot(path=artifact("widget"))

    page = send_back(notebook)
    finish(notebook, page)
    assert page.tab.url == link["redirect_uri"]
    page.tab.screenshot(path=artifact("accepted"))


@pytest.mark.sweep
@pytest.mark.parametrize("path", [OWN, REDIRECT])
def test_comes_back_where_the_app_says(
    signing_in: Callable[..., JudgedNotebook], lab: HubLab, path: str
) -> None:
    notebook = signing_in(registered(lab.hub.address + path))
    page = send_back(notebook)
    finish(notebook, page)
    assert page.tab.url == lab.hub.address + OWN


@pytest.mark.sweep
@pytest.mark.parametrize("path", [SERVICE, OWN, REDIRECT])
def test_a_token_in_the_fragment_comes_back_as_well(
    signing_in: Callable[..., JudgedNotebook], lab: HubLab, path: str
) -> None:
    client = registered(lab.hub.address + path, 'Client("implicit-callback-page")')
    notebook = signing_in(client, LOGIN_IMPLICIT)
    finish(notebook, send_back(notebook))


def sign_out_of_the_hub(context: BrowserContext) -> None:
    context.clear_cookies(domain="127.0.0.1")


def sign_in_to_the_hub_again(page: CallbackTab, artifact: Callable[[str], Path]) -> None:
    """In the tab that the provider has sent back, where the Hub's login came first."""
    page.tab.get_by_role("button", name="Sign in").or_(
        page.tab.get_by_role("link", name="Sign in")
    ).first.wait_for()
    page.tab.screenshot(path=artifact("login"))
    page.tab.get_by_role("button", name="Sign in").or_(
        page.tab.get_by_role("link", name="Sign in")
    ).first.click()
    provider_pages.sign_in_and_consent(page.tab)


@pytest.mark.sweep
def test_the_answer_outlives_a_login_of_the_hub(
    signing_in: Callable[..., JudgedNotebook],
    lab: HubLab,
    context: BrowserContext,
    artifact: Callable[[str], Path],
) -> None:
    notebook = signing_in(registered(lab.hub.address + REDIRECT))
    notebook.widget(1).wait_for_link()
    sign_out_of_the_hub(context)
    page = send_back(notebook)
    sign_in_to_the_hub_again(page, artifact)
    finish(notebook, page)


@pytest.mark.sweep
def test_who_loses_a_token_by_a_login_of_the_hub_is_told_what_to_do(
    signing_in: Callable[..., JudgedNotebook],
    lab: HubLab,
    context: BrowserContext,
    artifact: Callable[[str], Path],
) -> None:
    client = registered(lab.hub.address + REDIRECT, 'Client("implicit-callback-page")')
    notebook = signing_in(client, LOGIN_IMPLICIT)
    notebook.widget(1).wait_for_link()
    sign_out_of_the_hub(context)
    page = send_back(notebook)
    sign_in_to_the_hub_again(page, artifact)
    page.expect_heading(NOTHING)
    expect(page.text).to_contain_text("open the link there once more")
    page.tab.screenshot(path=artifact("lost"))
    notebook.page.bring_to_front()
    finish(notebook, send_back(notebook))
