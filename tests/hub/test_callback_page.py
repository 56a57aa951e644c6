"""A person's JupyterLab on a real Hub: the answer of a sign-in comes back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.callback_page import ACCEPTED, RECEIVED, REJECTED, CallbackTab
from tests.browser.harness.judged import LOGIN, JudgedNotebook, describe, query_of
from tests.browser.harness.notebook import NotebookPage
from tests.hub.lab import (
    LOGIN_IMPLICIT,
    OWN,
    REDIRECT,
    SERVICE,
    finish,
    kinds_in_the_hubs_log,
    registered,
    send_back,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import NotebookOpener
    from tests.hub.lab import HubLab, SigningIn
    from tests.providers.oidc import OidcProvider

# Building an environment, where there is none yet, takes a minute or two.
pytestmark = [
    pytest.mark.provider,
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("at_the_hub"),
]

NOTHING = "No answer here"
LATE = "Its kernel has not taken the answer yet: it is busy, or it has ended."
IMPLICIT = 'Client("implicit-callback-page")'


def test_comes_back_through_the_page_of_the_hub_which_nobody_has_to_name(
    signing_in: SigningIn, lab: HubLab, artifact: Callable[[str], Path]
) -> None:
    notebook = signing_in()
    widget = notebook.widget(1)
    link = query_of(widget.wait_for_link())
    assert link["redirect_uri"] == lab.hub.address + SERVICE
    expect(widget.remarks).to_contain_text("by itself through this JupyterHub")
    notebook.page.screenshot(path=artifact("widget"))

    page = send_back(notebook)
    page.expect_heading(ACCEPTED)
    page.tab.screenshot(path=artifact("accepted"))  # a hidden tab draws nothing
    finish(notebook, page)
    assert page.tab.url == link["redirect_uri"]
    assert kinds_in_the_hubs_log(notebook, lab) == set()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("path", "who", "logged"),
    [(OWN, "Jupyter server", set()), (REDIRECT, "JupyterHub", {"code", "state"})],
)
def test_comes_back_where_the_app_says(  # noqa: PLR0913, PLR0917 - fixtures
    signing_in: SigningIn,
    lab: HubLab,
    artifact: Callable[[str], Path],
    path: str,
    who: str,
    logged: set[str],
) -> None:
    notebook = signing_in(registered(lab.hub.address + path))
    widget = notebook.widget(1)
    expect(widget.remarks).to_have_text(f"The answer comes back by itself through this {who}.")
    widget.root.screenshot(path=artifact("widget"))
    page = send_back(notebook)
    finish(notebook, page)
    assert page.tab.url == lab.hub.address + OWN
    assert kinds_in_the_hubs_log(notebook, lab) == logged  # as SECURITY.md has it


@pytest.mark.sweep
@pytest.mark.parametrize("path", [SERVICE, OWN, REDIRECT])
def test_a_token_in_the_fragment_comes_back_as_well(
    signing_in: SigningIn, lab: HubLab, path: str
) -> None:
    client = registered(lab.hub.address + path, IMPLICIT)
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
    signing_in: SigningIn,
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
    signing_in: SigningIn,
    lab: HubLab,
    context: BrowserContext,
    artifact: Callable[[str], Path],
) -> None:
    client = registered(lab.hub.address + REDIRECT, IMPLICIT)
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


# -- while the page does not stay as it was ----------------------------------------------------


@pytest.mark.sweep
def test_a_reload_a_second_tab_and_a_lost_connection_change_nothing(
    signing_in: SigningIn, lab: HubLab, context: BrowserContext
) -> None:
    notebook = signing_in()
    link = notebook.widget(1).wait_for_link()
    notebook.notebook.save()
    notebook.notebook.reload()
    assert notebook.widget(1).wait_for_link() == link
    second = NotebookPage(context.new_page(), lab, notebook.notebook.name)
    second.page.goto(lab.page_url(second.name).replace("/workspaces/", "/workspaces/second-"))
    assert JudgedNotebook(second, notebook.oidc).widget(1).wait_for_link() == link
    context.set_offline(True)
    tab = notebook.widget(1).open_sign_in_page()  # at once: nobody is asked for the link
    context.set_offline(False)
    tab.goto(link)
    page = CallbackTab(tab)
    provider_pages.sign_in_and_consent(page.tab)
    page.expect_heading(ACCEPTED)
    notebook.page.bring_to_front()
    notebook.notebook.expect_output(1, "Signed in to Judge.")
    assert [one["status"] for one in notebook.oidc.token_requests() if is_ours(one)] == [200]
    for one in (notebook.notebook, second):
        one.console_errors[:] = [text for text in one.console_errors if "DISCONNECTED" not in text]


def is_ours(request: dict[str, object]) -> bool:
    return request["client_id"] == "callback-page"


@pytest.mark.sweep
@pytest.mark.parametrize("path", [SERVICE, OWN, REDIRECT])
def test_where_the_server_was_stopped_meanwhile_both_pages_say_so(
    open_notebook: NotebookOpener,
    oidc: OidcProvider,
    lab: HubLab,
    artifact: Callable[[str], Path],
    path: str,
) -> None:
    """The kernel has ended with it. A new server, which the Hub starts on the way, has another."""
    client = registered(lab.hub.address + path)
    notebook = JudgedNotebook(open_notebook([describe(oidc, client), LOGIN]), oidc)
    notebook.notebook.run_all()
    page = CallbackTab(notebook.widget(1).open_sign_in_page())
    lab.hub.stop_server(lab.name)
    provider_pages.sign_in_and_consent(page.tab)
    if path == OWN:
        expect(page.tab.get_by_role("heading", name="Server not running")).to_be_visible()
        page.tab.get_by_text("Launch Server").click()
    page.expect_heading(RECEIVED)
    page.expect_heading(REJECTED)
    expect(page.text).to_have_text(LATE)
    page.tab.screenshot(path=artifact("page"))
    notebook.page.bring_to_front()
    expect(notebook.widget(1).error).to_contain_text("The kernel does not answer")
    notebook.page.screenshot(path=artifact("notebook"))
    if path == SERVICE:
        lab.hub.start_server(lab.name)
    notebook.notebook.open()  # with a new kernel; what it says by now is what is saved
    notebook.notebook.console_errors.clear()  # the server was away
