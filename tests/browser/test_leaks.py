"""However far somebody has come in JupyterLab, nothing that is written holds a secret."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.browser.harness.judged import (
    CLEAN_LINE,
    ELSEWHERE,
    LOGIN,
    QUERY,
    SIGNED_IN,
    JudgedNotebook,
    leave_behind,
)
from tests.browser.test_grants import PASSWORD_LOGIN
from tests.leaks.converted import as_page
from tests.polling import wait_until

if TYPE_CHECKING:
    from tests.browser.conftest import JudgedOpener
    from tests.leaks.left_behind import LeftBehind
    from tests.providers.oidc import OidcProvider

A_WHILE = 4000  # milliseconds that the token endpoint takes while all is searched


def look(notebook: JudgedNotebook, left: LeftBehind, moment: str) -> None:
    """Save it both ways as it is now, and search that."""
    leave_behind(notebook.notebook, left)
    left.at(moment)


def test_half_typed_and_signed_in_and_read_with_no_kernel(
    judged: JudgedOpener, left_behind: LeftBehind
) -> None:
    notebook = judged(LOGIN, QUERY, client=ELSEWHERE)
    notebook.notebook.run_all()
    address = notebook.address_that_will_not_load(1)
    notebook.widget(1).box.fill(address[: address.index("&state=")])
    look(notebook, left_behind, "half typed")
    notebook.widget(1).answer(address)
    notebook.expect_signed_in(1)
    left_behind.at("signed in")  # and it is saved both ways once more

    saved = notebook.notebook.save()
    nbformat.validate(nbformat.reads(saved, as_version=4))
    assert f"<p>{CLEAN_LINE}</p>" in as_page(saved)
    notebook.notebook.reopen_with_a_new_kernel()
    notebook.notebook.expect_output(1, CLEAN_LINE)
    assert notebook.notebook.output(1).all_inner_texts().count(CLEAN_LINE) == 1


@pytest.mark.sweep
def test_a_password_half_typed_and_submitted_and_the_kernel_killed(
    judged: JudgedOpener, oidc: OidcProvider, left_behind: LeftBehind
) -> None:
    notebook = judged(PASSWORD_LOGIN, QUERY, client='Client("password")')
    notebook.kinds = frozenset({"password"})
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    widget.wait_for_status("waiting")
    half = f"half-{secrets.token_urlsafe(18)}"
    left_behind.made("password", half)
    widget.username.fill("analyst")
    widget.password.fill(half)
    look(notebook, left_behind, "half typed")

    oidc.set_token_fault(delay_ms=A_WHILE)
    widget.password.fill(oidc.passwords["analyst"])
    widget.sign_in.click()
    wait_until(lambda: oidc.token_requests("password"), "the password is sent")
    look(notebook, left_behind, "submitted")
    notebook.notebook.lab.end_kernels()
    look(notebook, left_behind, "kernel killed")


@pytest.mark.sweep
@pytest.mark.parametrize("moment", ["denied", "failed", "interrupted"])
def test_what_does_not_come_to_a_good_end(
    judged: JudgedOpener, oidc: OidcProvider, left_behind: LeftBehind, moment: str
) -> None:
    notebook = judged(f"%xmode Verbose\n{LOGIN}", QUERY, client=ELSEWHERE)
    notebook.kinds = frozenset({"state"})
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    address = notebook.address_that_will_not_load(1)
    if moment == "failed":
        oidc.set_token_fault("server_error", times=1)
        widget.answer(address)
        wait_until(lambda: "server_error" in widget.error.inner_text(), "an explanation")
    elif moment == "denied":
        code = address.partition("code=")[2].partition("&")[0]
        widget.answer(address.replace(f"code={code}", "error=access_denied"))
        wait_until(lambda: "access_denied" in widget.error.inner_text(), "an explanation")
    else:
        widget.box.fill(address)
        notebook.notebook.interrupt()
        notebook.notebook.expect_output(1, "KeyboardInterrupt")
    look(notebook, left_behind, moment)
    assert SIGNED_IN not in "".join(notebook.notebook.outputs())
