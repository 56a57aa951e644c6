"""Client credentials in JupyterLab: a cell signs an app in, and there is nothing to click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.judged import SIGNED_IN, describe
from tests.browser.harness.widget import SignInWidget
from tests.flows_by_place import CLIENT_CREDENTIALS, JUPYTERLAB, signs_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import NotebookOpener
    from tests.browser.harness.notebook import NotebookPage
    from tests.providers.oidc import OidcProvider

KINDS = {"access_token", "client_secret"}

# As from an environment variable: the secret comes into the kernel and is in no cell.
CLIENT = """\
Client(
    "service-basic",
    client_secret=__import__("requests")
    .get("{issuer}/__test__/client_secrets").json()["service-basic"],
)"""
LOGIN = """\
from nb_oauth import ClientCredentialsLogin

login = ClientCredentialsLogin(provider, client, scope="api:read")
login"""
QUERY = 'print(login.session.get(api).json()["client_id"], login.status)'


def open_backend(
    open_notebook: NotebookOpener, oidc: OidcProvider, *cells: str, client: str = CLIENT
) -> NotebookPage:
    return open_notebook([describe(oidc, client.format(issuer=oidc.issuer)), *cells])


@signs_in(CLIENT_CREDENTIALS, JUPYTERLAB, "widget: nothing to click")
@pytest.mark.parametrize("run", ["run_all", pytest.param("one_by_one", marks=pytest.mark.sweep)])
def test_the_cell_shows_the_clean_line_and_the_session_works(
    open_notebook: NotebookOpener,
    oidc: OidcProvider,
    artifact: Callable[[str], Path],
    run: str,
) -> None:
    notebook = open_backend(open_notebook, oidc, LOGIN, QUERY)
    if run == "run_all":
        notebook.run_all()
    else:
        notebook.run_cell(0)
        notebook.run_cell(1)
        notebook.expect_output(1, SIGNED_IN)  # nobody has to ask for the session
        notebook.run_cell(2)

    notebook.expect_output(2, "service-basic signed_in")
    notebook.expect_output(1, SIGNED_IN)
    expect(SignInWidget(notebook.cell(1)).root).to_have_count(0)
    notebook.page.screenshot(path=artifact("signed-in"))
    (request,) = oidc.token_requests()
    assert (request["grant_type"], request["status"]) == ("client_credentials", 200)
    assert {secret.kind for secret in oidc.secrets()} >= KINDS


def test_a_wrong_secret_is_told_in_the_widget_and_in_the_cell(
    open_notebook: NotebookOpener, oidc: OidcProvider, artifact: Callable[[str], Path]
) -> None:
    wrong = 'Client("service-basic", client_secret="not" + "-" * 3 + "the-secret")'
    notebook = open_backend(open_notebook, oidc, LOGIN, QUERY, client=wrong)
    notebook.run_cell(0)
    notebook.run_cell(1)

    widget = SignInWidget(notebook.cell(1))
    widget.wait_for_status("failed")
    expect(widget.error).to_contain_text("invalid_client")
    notebook.page.screenshot(path=artifact("failed"))
    notebook.run_cell(2)
    notebook.expect_output(2, "InvalidClientError: The token endpoint answered invalid_client")
    assert "not---the-secret" not in notebook.save()
