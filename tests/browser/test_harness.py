"""The harness itself: a search that finds what is planted, and a browser as people have it."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.browser.harness.chromium import command_line
from tests.browser.harness.judged import LOGIN, JudgedNotebook, describe
from tests.browser.harness.leaks import find_secrets
from tests.leaks.left_behind import LeftBehind
from tests.leaks.places import LOG, SAVED_NOTEBOOK
from tests.providers.oidc import OidcProvider, Secret

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.conftest import NotebookOpener

SECRET = Secret("access_token", "q/Zx+93-kd%~81Lm_4")


@pytest.mark.parametrize(
    "disguised",
    [
        SECRET.value,
        json.dumps({"token": SECRET.value}),
        quote(SECRET.value, safe=""),
        quote(quote(SECRET.value, safe=""), safe=""),
        base64.b64encode(SECRET.value.encode()).decode(),
        base64.b64encode(b"a:" + SECRET.value.encode() + b"!").decode(),
        base64.b64encode(b"client:" + SECRET.value.encode() + b"?").decode(),
        base64.urlsafe_b64encode(b"12345678" + SECRET.value.encode()).decode(),
        SECRET.value.encode().hex(),
    ],
)
def test_the_search_finds_a_planted_secret(disguised: str) -> None:
    found = find_secrets(f'{{"outputs": ["before {disguised} after"]}}', [SECRET])
    assert found
    assert SECRET.value not in "".join(found)


def test_the_search_finds_nothing_where_nothing_is() -> None:
    assert find_secrets("q/Zx+93-kd%~81Lm_", [SECRET]) == []


def test_chromium_runs_with_its_own_default_features(chromium_browser: Browser) -> None:
    switches = " ".join(command_line(chromium_browser))
    assert "ThirdPartyStoragePartitioning" not in switches


PLANTED = """
import anywidget, traitlets
class Planted(anywidget.AnyWidget):
    _esm = "export default { render({ model, el }) { el.textContent = model.get('label'); } }"
    label = traitlets.Unicode().tag(sync=True)
Planted(label="{reversed}"[::-1])
"""


def test_a_secret_planted_in_widget_state_is_found_when_that_is_saved(
    open_notebook: NotebookOpener,
) -> None:
    notebook = open_notebook([PLANTED.replace("{reversed}", SECRET.value[::-1])])
    notebook.run_all()
    notebook.expect_output(0, SECRET.value)

    notebook.set_save_widget_state(on=False)
    assert "widgets" not in json.loads(notebook.save())["metadata"]
    notebook.set_save_widget_state(on=True)
    state = json.loads(notebook.save())["metadata"]["widgets"]
    assert find_secrets(json.dumps(state), [SECRET])


BROKEN = """
import anywidget
class Broken(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.textContent = 'here'; console.error('broken'); } }"
Broken()
"""


def test_an_error_in_the_console_is_heard(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([BROKEN])
    notebook.run_all()
    notebook.expect_output(0, "here")
    assert [error for error in notebook.console_errors if error.startswith("broken")]
    notebook.console_errors.clear()


LOGS = '__import__("logging").getLogger("urllib3").debug("{reversed}"[::-1])'


def test_a_token_that_a_cell_prints_and_a_secret_that_it_logs_are_found(
    open_notebook: NotebookOpener, oidc: OidcProvider
) -> None:
    logs = LOGS.replace("{reversed}", SECRET.value[::-1])
    cells = [describe(oidc), LOGIN, f'{logs}\nprint(session.token["access_token"])']
    judged = JudgedNotebook(open_notebook(cells), oidc)
    judged.notebook.run_all()
    judged.sign_in(1)
    judged.notebook.expect_done(2)
    left = LeftBehind()
    left.made("id_token", SECRET.value)
    judged.leave_behind(left)
    searched = left.search(oidc.secrets())
    assert searched[SAVED_NOTEBOOK.name]["access_token"] == (1, 1)
    assert "saved notebook, with widget state False: access_token, as it is" in left.found
    assert searched[LOG.name]["id_token"][1] == 1
    assert any(re.match(r"logs at DEBUG, kernel-\d+\.log: id_token", one) for one in left.found)
