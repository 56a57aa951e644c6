"""A Jupyter server in whose environment the package is not installed: only the kernel has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.callback_page import CLIENT, keep_from_kernel
from tests.browser.harness.judged import LOGIN, QUERY, query_of
from tests.browser.harness.lab import Lab
from tests.browser.harness.widget import APPEARS_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import JudgedOpener

pytestmark = pytest.mark.sweep


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab"), has_callback_page=False) as server:
        yield server


def test_the_answer_comes_back_where_the_page_reaches_the_kernel(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, client='Client("public")')
    notebook.notebook.run_all()
    notebook.sign_in(1)
    notebook.expect_signed_in(1)


def test_elsewhere_the_widget_says_why_the_address_is_to_be_copied(
    judged: JudgedOpener, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    keep_from_kernel(context)
    by_code = LOGIN.replace("**asked", '**asked, grant="authorization_code"')
    notebook = judged(by_code, client='Client("public")')
    notebook.kinds = frozenset()  # nobody signs in
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    assert query_of(widget.wait_for_link())["redirect_uri"].endswith("/callback")
    expect(widget.remarks).to_contain_text("pip install nb_oauth")
    notebook.page.screenshot(path=artifact("why"))
    widget.cancel.click()
    notebook.notebook.expect_output(1, "LoginCancelled")


def test_elsewhere_a_device_code_does_where_the_provider_has_it(
    judged: JudgedOpener, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    keep_from_kernel(context)
    asked = 'scope=["openid", "offline_access", "api:read"]'
    notebook = judged(LOGIN.replace("**asked", asked), QUERY, client='Client("device")')
    notebook.kinds = frozenset({"device_code", "access_token", "refresh_token", "password"})
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    expect(widget.code).to_be_visible(timeout=APPEARS_MS)
    expect(widget.remarks).to_contain_text("By a device code. The answer cannot come back")
    notebook.page.screenshot(path=artifact("code"))
    code = widget.code.inner_text()
    tab = widget.open_sign_in_page()
    expect(tab.locator("code")).to_have_text(code)
    provider_pages.confirm_device(tab)
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


def test_an_app_that_is_sent_back_to_the_missing_page_pastes_its_address(
    judged: JudgedOpener, lab: Lab
) -> None:
    there = f"{lab.url}nb-oauth/callback"
    client = CLIENT.replace(")", f', redirect_uri="{there}")')
    notebook = judged(LOGIN, client=client)
    notebook.notebook.run_all()
    tab = notebook.widget(1).open_sign_in_page()
    address = notebook.address_of_missing_page(tab, there)
    notebook.widget(1).answer(address)
    notebook.expect_signed_in(1)
