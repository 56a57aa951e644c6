"""A person runs a cell, signs in at a real provider, and the very same cell goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.judged import ELSEWHERE, LOGIN, QUERY, SIGNED_IN, query_of
from tests.flows_by_place import CODE, JUPYTERLAB, signs_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import JudgedOpener
    from tests.providers.oidc import OidcProvider


@signs_in(CODE, JUPYTERLAB, "widget: link")
def test_comes_back_by_loopback_and_the_same_cell_goes_on(
    judged: JudgedOpener, artifact: Callable[[str], Path]
) -> None:
    notebook = judged(LOGIN, QUERY)
    notebook.notebook.run_cell(0)
    notebook.notebook.run_cell(1)

    widget = notebook.widget(1)
    link = query_of(widget.wait_for_link())
    expect(widget.heading).to_have_text("Sign in to Judge")
    expect(widget.scope).to_contain_text("api:read")
    assert link["code_challenge_method"] == "S256"
    assert link["prompt"] == "consent"
    assert link["redirect_uri"].startswith("http://127.0.0.1:")
    notebook.page.screenshot(path=artifact("widget"))

    tab = widget.open_sign_in_page()
    provider_pages.sign_in(tab)
    tab.screenshot(path=artifact("consent"))
    provider_pages.consent(tab)
    notebook.leave(tab, picture=artifact("loopback"))
    assert "code=" not in tab.url

    notebook.expect_signed_in(1)
    notebook.notebook.run_cell(2)
    notebook.notebook.expect_output(2, "I am alice")


def _whole(url: str) -> str:
    return url


def _query_only(url: str) -> str:
    return url.partition("?")[2]


def _bare_code(url: str) -> str:
    return query_of(url)["code"]


def _quoted_and_broken_into_lines(url: str) -> str:
    return f' "{url[:60]}\n{url[60:]}" \n'


SWEEP = pytest.mark.sweep  # tests/unit reads what is pasted, tests/providers asks with secrets


@signs_in(CODE, JUPYTERLAB, "widget: pasted address")
@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(_whole, marks=SWEEP),
        pytest.param(_query_only, marks=SWEEP),
        pytest.param(_bare_code, marks=SWEEP),
        _quoted_and_broken_into_lines,
    ],
)
def test_pasting_the_address_of_a_page_that_will_not_load(
    judged: JudgedOpener, pasted: Callable[[str], str]
) -> None:
    notebook = judged(LOGIN, QUERY, client=ELSEWHERE)
    notebook.notebook.run_all()

    address = notebook.address_that_will_not_load(1)
    notebook.widget(1).answer(pasted(address))

    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


CONFIDENTIAL = """\
Client(
    "{client_id}",
    __import__("requests").get("{issuer}/__test__/client_secrets").json()["{client_id}"],
    redirect_uri="http://localhost/callback",
    token_endpoint_auth_method="{method}",
)"""


@pytest.mark.parametrize(
    "method", ["client_secret_basic", pytest.param("client_secret_post", marks=SWEEP)]
)
def test_a_client_with_a_secret_comes_back_to_localhost(
    judged: JudgedOpener, oidc: OidcProvider, method: str
) -> None:
    client_id = method.replace("client_secret", "confidential").replace("_", "-")
    client = CONFIDENTIAL.format(client_id=client_id, issuer=oidc.issuer, method=method)
    notebook = judged(LOGIN, QUERY, client=client)
    notebook.notebook.run_all()
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")
    (exchange,) = oidc.token_requests()
    assert exchange["client_id"] == client_id
    assert ("client_secret" in exchange["parameters"]) == (method == "client_secret_post")


AWAITING = """
login = AuthorizationCodeLogin(provider, client, **asked)
display(login)
session = await login
print("GOES ON", login.status)
"""


def test_awaiting_in_a_cell(judged: JudgedOpener) -> None:
    notebook = judged(AWAITING, QUERY)
    notebook.notebook.run_all()
    notebook.sign_in(1)
    notebook.notebook.expect_output(1, "GOES ON signed_in")
    notebook.notebook.expect_output(2, "I am alice")


SHOWING = "login = AuthorizationCodeLogin(provider, client, **asked)\nlogin"


def test_showing_the_widget_and_going_on(judged: JudgedOpener) -> None:
    notebook = judged(SHOWING, 'print("MEANWHILE", login.status)', "session = login.session", QUERY)
    for cell in (0, 1, 2):
        notebook.notebook.run_cell(cell)
    notebook.notebook.expect_output(2, "MEANWHILE")
    notebook.sign_in(1)
    notebook.notebook.expect_output(1, SIGNED_IN)
    notebook.notebook.run_cell(3)
    notebook.notebook.run_cell(4)
    notebook.notebook.expect_output(4, "I am alice")


IN_A_BOX = """
import ipywidgets
login = AuthorizationCodeLogin(provider, client, **asked)
seen = []
login.observe(lambda change: seen.append(change["new"]), "status")
ipywidgets.VBox([ipywidgets.Label("Our dashboard"), login])
"""


# Observers are told after whoever waits: one of them may wait for the session in turn.
WAIT_AND_SEE = """
import time
session = login.wait(timeout=60)
while seen[-1] != "signed_in":
    time.sleep(0.01)
print("GOES ON", login.status, seen)
"""


def test_inside_a_box(judged: JudgedOpener, artifact: Callable[[str], Path]) -> None:
    notebook = judged(IN_A_BOX, WAIT_AND_SEE, QUERY)
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    widget.wait_for_link()
    expect(notebook.notebook.output(1)).to_contain_text("Our dashboard")
    notebook.page.screenshot(path=artifact("box"))

    notebook.sign_in(1)

    notebook.notebook.expect_output(2, "GOES ON signed_in")
    notebook.notebook.expect_output(3, "I am alice")
    widget.wait_for_status("signed_in")
    expect(notebook.notebook.output(1)).to_contain_text(SIGNED_IN)
    expect(notebook.notebook.output(1)).to_contain_text("Our dashboard")
