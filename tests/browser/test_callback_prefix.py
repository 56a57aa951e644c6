"""A Jupyter server below a path, behind a proxy: only the browser knows its address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.browser.harness import provider_pages
from tests.browser.harness.callback_page import ACCEPTED, CLIENT, CallbackTab, keep_from_kernel
from tests.browser.harness.judged import LOGIN, query_of
from tests.browser.harness.lab import Lab
from tests.browser.harness.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.judged import JudgedNotebook

pytestmark = pytest.mark.sweep


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(
        tmp_path_factory.mktemp("lab"), options=["--ServerApp.base_url=/user/alice/"]
    ) as server:
        yield server


@pytest.fixture
def proxy(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """What the browser, and nobody else, goes through for all of the server."""
    own = urlsplit(lab.url)
    assert own.port
    with Proxy(own.port) as proxy, monkeypatch.context() as patch:
        patch.setattr(lab, "url", own._replace(netloc=f"localhost:{proxy.port}").geturl())
        yield proxy


@pytest.fixture
def notebook(judged: JudgedOpener, context: BrowserContext) -> JudgedNotebook:
    keep_from_kernel(context)
    notebook = judged(LOGIN, client=CLIENT)
    notebook.notebook.run_all()
    return notebook


def sign_in(notebook: JudgedNotebook) -> None:
    lab = notebook.notebook.lab
    link = query_of(notebook.widget(1).wait_for_link())
    assert link["redirect_uri"] == f"{lab.url}nb-oauth/callback"
    assert link["redirect_uri"].endswith("/user/alice/nb-oauth/callback")
    page = CallbackTab(notebook.widget(1).open_sign_in_page())
    provider_pages.sign_in_and_consent(page.tab)
    page.expect_heading(ACCEPTED)
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)


def test_comes_back_below_a_path(notebook: JudgedNotebook) -> None:
    sign_in(notebook)


def test_comes_back_to_where_the_browser_is(proxy: Proxy, notebook: JudgedNotebook) -> None:
    assert str(proxy.port) in notebook.page.url
    sign_in(notebook)


def test_comes_back_after_the_connection_was_lost(proxy: Proxy, notebook: JudgedNotebook) -> None:
    notebook.widget(1).wait_for_link()
    proxy.cut()
    sign_in(notebook)
