"""The answer comes back through the Jupyter server's own page, where no listener can get it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.callback_page import (
    ACCEPTED,
    CLIENT,
    REJECTED,
    SILENT,
    CallbackTab,
    keep_from_kernel,
    wait_for_kernel,
)
from tests.browser.harness.judged import LOGIN, QUERY, query_of
from tests.browser.harness.notebook import NotebookPage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.judged import JudgedNotebook
    from tests.browser.harness.lab import Lab
    from tests.providers.oidc import OidcProvider

SAME_ORIGIN = "same-origin"
OTHER_POLICIES = ["unsafe-none", "same-origin-allow-popups", "noopener-allow-popups"]
# However long the widget takes to appear, the link is made by what its page can do.
PATIENTLY = "from nb_oauth.logins import page_question\npage_question._PATIENCE = 60\n"
IMPLICIT = 'Client("implicit-callback-page")'
LOGIN_IMPLICIT = LOGIN.replace("**asked", 'scope=["openid", "api:read"], grant="implicit"')


@pytest.fixture
def _far_away(context: BrowserContext) -> None:
    keep_from_kernel(context)


FAR_AWAY = pytest.mark.usefixtures("_far_away")


def send_back(notebook: JudgedNotebook, cell: int = 1) -> CallbackTab:
    """Sign in and consent in a tab of its own; it ends on the callback page."""
    page = CallbackTab(notebook.widget(cell).open_sign_in_page())
    provider_pages.sign_in_and_consent(page.tab)
    return page


def test_a_page_that_reaches_the_kernel_needs_no_callback_page(
    judged: JudgedOpener, context: BrowserContext
) -> None:
    wait_for_kernel(context)
    notebook = judged(PATIENTLY + LOGIN, client='Client("public")')
    notebook.notebook.run_all()
    link = query_of(notebook.widget(1).wait_for_link())
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", link["redirect_uri"])
    expect(notebook.widget(1).remarks).to_contain_text("on one machine")
    notebook.sign_in(1)
    notebook.expect_signed_in(1)


@FAR_AWAY
@pytest.mark.parametrize(
    "policy",
    [SAME_ORIGIN, *(pytest.param(one, marks=pytest.mark.sweep) for one in OTHER_POLICIES)],
)
def test_comes_back_with_no_copying_and_the_same_cell_goes_on(
    judged: JudgedOpener, oidc: OidcProvider, artifact: Callable[[str], Path], policy: str
) -> None:
    oidc.set_headers(cross_origin_opener_policy=policy)
    notebook = judged(PATIENTLY + LOGIN, QUERY, client=CLIENT)
    notebook.notebook.run_all()

    widget = notebook.widget(1)
    link = query_of(widget.wait_for_link())
    assert link["redirect_uri"] == f"{notebook.notebook.lab.url}nb-oauth/callback"
    expect(widget.remarks).to_contain_text(link["redirect_uri"])
    notebook.page.screenshot(path=artifact("widget"))

    page = send_back(notebook)
    page.expect_heading(ACCEPTED)
    assert page.tab.url == link["redirect_uri"]
    page.tab.screenshot(path=artifact("accepted"))

    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


@pytest.mark.sweep
def test_an_address_that_no_notebook_can_hear_is_there_to_be_copied(
    judged: JudgedOpener, lab: Lab, artifact: Callable[[str], Path]
) -> None:
    elsewhere = f"http://localhost:{urlsplit(lab.url).port}/nb-oauth/callback"
    notebook = judged(LOGIN, client=f'Client("callback-page", redirect_uri="{elsewhere}")')
    notebook.notebook.run_all()

    page = send_back(notebook)
    page.expect_heading(SILENT)
    page.tab.screenshot(path=artifact("silent"))
    address = page.address.input_value()
    assert page.tab.evaluate("getSelection().toString()") == address
    page.copy.click()
    expect(page.main.get_by_role("button", name="Copied")).to_be_visible()
    notebook.page.bring_to_front()
    assert address.startswith(f"{elsewhere}?")
    notebook.widget(1).answer(address)
    notebook.expect_signed_in(1)


@FAR_AWAY
def test_a_reload_while_somebody_signs_in_loses_nothing(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, client=CLIENT)
    notebook.notebook.run_all()
    notebook.widget(1).wait_for_link()
    notebook.notebook.save()
    tab = notebook.widget(1).open_sign_in_page()
    notebook.page.goto("about:blank")  # in the middle of a reload, nobody is there to hear it

    page = CallbackTab(tab)
    provider_pages.sign_in_and_consent(tab)
    page.expect_heading(SILENT)
    notebook.page.goto(notebook.notebook.lab.page_url(notebook.notebook.name))

    page.expect_heading(ACCEPTED)
    expect(page.address).to_be_hidden()
    notebook.page.bring_to_front()
    notebook.notebook.expect_output(1, "Signed in to Judge.")


@FAR_AWAY
@pytest.mark.sweep
def test_a_token_in_the_fragment_comes_back_as_well(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN_IMPLICIT, QUERY, client=IMPLICIT)
    notebook.kinds = frozenset({"state", "access_token", "id_token", "password"})
    notebook.notebook.run_all()
    page = send_back(notebook)
    page.expect_heading(ACCEPTED)
    assert "#" not in page.tab.url
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


@FAR_AWAY
@pytest.mark.sweep
def test_two_tabs_of_a_notebook_bring_one_answer(
    judged: JudgedOpener, context: BrowserContext, oidc: OidcProvider
) -> None:
    notebook = judged(LOGIN, client=CLIENT)
    notebook.notebook.run_all()
    link = notebook.widget(1).wait_for_link()
    notebook.notebook.save()
    other = NotebookPage(context.new_page(), notebook.notebook.lab, notebook.notebook.name)
    other.page.goto(other.lab.page_url(other.name).replace("/workspaces/", "/workspaces/other-"))
    again = type(notebook)(other, oidc).widget(1)
    assert again.wait_for_link() == link

    page = send_back(notebook)
    page.expect_heading(ACCEPTED)
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    assert [one["status"] for one in oidc.token_requests()] == [200]
    assert other.console_errors == []


@FAR_AWAY
@pytest.mark.sweep
def test_who_says_no_hears_so_and_can_begin_again(
    judged: JudgedOpener, artifact: Callable[[str], Path]
) -> None:
    notebook = judged(LOGIN, client=CLIENT)
    notebook.notebook.run_all()
    page = CallbackTab(notebook.widget(1).open_sign_in_page())
    provider_pages.sign_in(page.tab)
    provider_pages.deny(page.tab)
    page.expect_heading(REJECTED)
    expect(page.text).to_contain_text("access_denied")
    page.tab.screenshot(path=artifact("denied"))
    notebook.page.bring_to_front()
    expect(notebook.widget(1).error).to_contain_text("access_denied")
    send_back(notebook).expect_heading(ACCEPTED)
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)


@pytest.mark.sweep
def test_the_page_by_itself_says_what_it_is_for(context: BrowserContext, lab: Lab) -> None:
    page = CallbackTab(context.new_page())
    page.tab.goto(f"{lab.url}nb-oauth/callback")
    page.expect_heading("No answer here")
    expect(page.address).to_be_hidden()
    expect(page.text).to_have_text(re.compile("sign-in"))
