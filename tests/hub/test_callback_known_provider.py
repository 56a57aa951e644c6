"""A provider that is known by name, on a Hub: where to be sent back to depends on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.callback_page import CLIENT
from tests.browser.harness.judged import QUERY, JudgedNotebook, leave_behind, query_of
from tests.browser.harness.widget import APPEARS_MS
from tests.hub.lab import KINDS, SERVICE, finish, send_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import NotebookOpener
    from tests.hub.lab import HubLab
    from tests.leaks.left_behind import LeftBehind
    from tests.providers.oidc import OidcProvider

pytestmark = [
    pytest.mark.provider,
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.timeout(600),
]

ID = "callback-page"
# What another package adds by an entry point; here the test puts it where that would be found.
KNOWN = """\
import nb_oauth
from nb_oauth import Client
from nb_oauth.providers import directory
from nb_oauth.providers.entry import read_entry

api = {api!r}
directory.ours()["judge"] = read_entry({entry!r})
"""
LOGIN = """\
session = nb_oauth.login("judge", scope="openid offline_access api:read", {client}
                         extra={{"prompt": "consent"}}, timeout=60)
print("GOES ON")"""


@pytest.fixture
def known(
    open_notebook: NotebookOpener, oidc: OidcProvider, at_the_hub: BrowserContext
) -> Callable[[str], JudgedNotebook]:
    """A notebook that knows the judge by name: it takes any port of a loopback address."""
    names = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    entry = {
        "name": "Judge",
        "metadata": {name: getattr(oidc, name) for name in names},
        "grants": {"authorization_code": {}},
        "redirect_uri": "http://127.0.0.1/callback",
        "register": f"{oidc.issuer}/register",
    }

    def opener(client: str) -> JudgedNotebook:
        cells = [KNOWN.format(api=oidc.api, entry=entry), LOGIN.format(client=client), QUERY]
        notebook = JudgedNotebook(open_notebook(cells), oidc)
        notebook.kinds = KINDS
        notebook.notebook.run_all()
        return notebook

    return opener


@pytest.fixture
def clients_file(lab: HubLab) -> Iterator[Path]:
    file = lab.home / ".config" / "nb_oauth" / "clients.toml"
    assert not file.exists()
    yield file
    file.unlink(missing_ok=True)


def test_what_the_provider_takes_of_loopback_addresses_is_no_reason_to_paste(
    known: Callable[[str], JudgedNotebook], lab: HubLab
) -> None:
    notebook = known(f"client={CLIENT},")
    link = query_of(notebook.widget(1).wait_for_link())
    assert link["redirect_uri"] == lab.hub.address + SERVICE
    finish(notebook, send_back(notebook))


def test_the_question_names_what_will_be_used_and_that_is_kept(
    known: Callable[[str], JudgedNotebook],
    lab: HubLab,
    clients_file: Path,
    left_behind: LeftBehind,
    artifact: Callable[[str], Path],
) -> None:
    notebook = known("")
    widget, there = notebook.widget(1), lab.hub.address + SERVICE
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(widget.redirect_uri).to_have_value(there, timeout=APPEARS_MS)
    widget.root.locator(".nb-oauth-copy-redirect").click()
    expect(widget.root.locator(".nb-oauth-copied-redirect")).to_have_text("Copied")
    assert notebook.page.evaluate("navigator.clipboard.readText()") == there
    widget.root.screenshot(path=artifact("asked"))
    widget.client_id.fill(ID)
    widget.register.click()

    assert query_of(widget.wait_for_link())["redirect_uri"] == there
    expect(widget.remarks).to_contain_text("by itself through this JupyterHub")
    finish(notebook, send_back(notebook))
    assert f'redirect_uri = "{there}"' in clients_file.read_text()
    leave_behind(notebook.notebook, left_behind)
