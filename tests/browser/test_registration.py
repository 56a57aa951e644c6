"""The question for an app that nobody has named, in JupyterLab."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.judged import ALL_KINDS, QUERY
from tests.browser.harness.leaks import find_secrets
from tests.browser.harness.widget import SignInWidget
from tests.providers.oidc import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.browser.conftest import NotebookOpener
    from tests.browser.harness.lab import Lab
    from tests.providers.oidc import OidcProvider

ID = "confidential-post"
REGISTER = "http://127.0.0.1:1/register"  # nobody goes there
# What another package adds by an entry point; here the test puts it where that would be found.
KNOWN = """\
import nb_oauth
from nb_oauth.providers import directory
from nb_oauth.providers.entry import read_entry

api = {api!r}
directory.ours()["judge"] = read_entry({entry!r})
"""
LOGIN = """\
session = nb_oauth.login("judge", scope="openid offline_access api:read",
                         extra={"prompt": "consent"}, timeout=60)
print("GOES ON")"""


def entry_of(oidc: OidcProvider) -> dict[str, object]:
    names = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    return {
        "name": "Judge",
        "metadata": {name: getattr(oidc, name) for name in names} | methods,
        "grants": {"authorization_code": {"secret": True}},
        "redirect_uri": "http://127.0.0.1/callback",
        "register": REGISTER,
    }


@pytest.fixture
def clients_file(lab: Lab) -> Iterator[Path]:
    """Where this Lab's person keeps apps; nothing is there, before and after."""
    file = lab.home / ".config" / "nb_oauth" / "clients.toml"
    assert not file.exists()
    yield file
    file.unlink(missing_ok=True)


def test_one_is_asked_once_and_the_notebook_holds_neither_id_nor_secret(
    open_notebook: NotebookOpener,
    oidc: OidcProvider,
    clients_file: Path,
    artifact: Callable[[str], Path],
) -> None:
    secret = oidc.client_secrets[ID]
    notebook = open_notebook([KNOWN.format(api=oidc.api, entry=entry_of(oidc)), LOGIN, QUERY])
    page, widget = notebook.page, SignInWidget(notebook.cell(1))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    notebook.run_all()
    expect(widget.client_id).to_be_visible(timeout=20_000)
    expect(widget.root.get_by_text("Open the registration page")).to_have_attribute(
        "href", REGISTER
    )
    widget.root.locator(".nb-oauth-copy-redirect").click()
    expect(widget.root.locator(".nb-oauth-copied-redirect")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "http://127.0.0.1/callback"
    expect(widget.keep).to_be_checked()
    widget.root.screenshot(path=artifact("asked"))

    widget.client_id.fill(ID)
    widget.register.click()
    expect(widget.error).to_contain_text("Judge lets in no app without a secret")
    expect(widget.client_secret).to_be_focused()
    widget.client_secret.fill(secret)
    widget.root.screenshot(path=artifact("refused"))
    widget.client_secret.press("Enter")

    tab = widget.open_sign_in_page()
    expect(widget.client_secret).to_be_hidden()
    expect(widget.client_secret).to_have_value("")
    provider_pages.sign_in_and_consent(tab)
    expect(tab.locator("main#nb-oauth-loopback h1")).to_be_visible()
    page.bring_to_front()
    notebook.expect_output(1, "GOES ON")
    notebook.expect_output(2, "I am alice")

    assert stat.S_IMODE(clients_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(clients_file.parent.stat().st_mode) == 0o700
    assert {one.kind for one in oidc.secrets()} >= ALL_KINDS - {"password"}
    assert find_secrets(clients_file.read_text(), [Secret("client_secret", secret)]) != []
    assert ID not in notebook.save()

    notebook.reopen_with_a_new_kernel()
    notebook.run_all()
    link = widget.wait_for_link()
    assert f"client_id={ID}&" in link
    expect(widget.client_id).to_be_hidden()
    widget.cancel.click()
    notebook.expect_output(1, "LoginCancelled")


def test_cancel_ends_the_question(
    open_notebook: NotebookOpener, oidc: OidcProvider, clients_file: Path
) -> None:
    notebook = open_notebook(
        [KNOWN.format(api=oidc.api, entry=entry_of(oidc)), LOGIN, "print('NO')"]
    )
    notebook.run_all()
    widget = SignInWidget(notebook.cell(1))
    expect(widget.client_id).to_be_visible(timeout=20_000)
    widget.client_id.fill(ID)
    widget.cancel.click()
    notebook.expect_output(1, "LoginCancelled")
    expect(widget.client_id).to_be_hidden()
    assert "NO" not in "".join(notebook.outputs())
    assert not clients_file.exists()
