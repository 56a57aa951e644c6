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

pytestmark = pytest.mark.sweep


@pytest.fixture(scope="module", params=["direct", "proxy"])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab"), base_url="/user/alice/") as server:
        own = urlsplit(server.url)
        assert own.port
        if request.param == "direct":
            yield server
            return
        with Proxy(own.port) as proxy:
            server.url = own._replace(netloc=f"localhost:{proxy.port}").geturl()
            yield server


def test_comes_back_to_where_the_browser_is(
    judged: JudgedOpener, context: BrowserContext, lab: Lab
) -> None:
    keep_from_kernel(context)
    notebook = judged(LOGIN, client=CLIENT)
    notebook.notebook.run_all()
    link = query_of(notebook.widget(1).wait_for_link())
    assert link["redirect_uri"] == f"{lab.url}nb-oauth/callback"
    assert "/user/alice/nb-oauth/" in link["redirect_uri"]
    page = CallbackTab(notebook.widget(1).open_sign_in_page())
    provider_pages.sign_in_and_consent(page.tab)
    page.expect_heading(ACCEPTED)
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
