"""The harness itself: a search that finds what is planted, and a browser as people have it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.browser.harness.chromium import command_line
from tests.browser.harness.judged import leave_behind
from tests.browser.harness.leaks import find_secrets
from tests.leaks.folders import WORKSPACE_FOLDER
from tests.leaks.garden import Garden
from tests.leaks.places import (
    BROWSER_STORAGE,
    CHECKPOINTS,
    CONVERTED,
    KERNEL_LOG,
    LOG,
    SAVED_NOTEBOOK,
    SERVER_LOG,
    TEMPORARY,
    WIDGET_STATE,
)
from tests.polling import wait_until
from tests.providers.oidc import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.browser.conftest import NotebookOpener
    from tests.browser.harness.lab import Lab

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


PLANTS = """\
import json, os, pathlib
of = lambda name: json.loads(pathlib.Path({path!r}).read_text())[name]
get_ipython().kernel.log.debug("%s", of("kernel's log at DEBUG"))
__import__("logging").getLogger("urllib3").debug("%s", of("log records at DEBUG"))
pathlib.Path(__import__("tempfile").gettempdir(), "planted").write_text(
    " ".join(of("temporary folder")))
_ = os.write(1, " ".join(of("server's log at DEBUG")).encode())
print(*of("saved notebook"), *of("checkpoints"), *of("nbconvert's HTML"))
import anywidget, traitlets
class Planted(anywidget.AnyWidget):
    _esm = "export default {{}}"
    label = traitlets.Unicode().tag(sync=True)
Planted(label=" ".join(of("saved widget state")))"""
KEEPS = """
async ([local, session, database, workspace]) => {
  localStorage.setItem("planted", local);
  sessionStorage.setItem("planted", session);
  const opened = indexedDB.open("planted", 1);
  await new Promise((resolve) => {
    opened.onupgradeneeded = () => opened.result.createObjectStore("all");
    opened.onsuccess = resolve;
  });
  const store = opened.result.transaction("all", "readwrite").objectStore("all");
  await new Promise((resolve) => { store.put(database, "one").onsuccess = resolve; });
  opened.result.close();
}
"""


def test_what_is_planted_in_jupyterlab_is_found(
    open_notebook: NotebookOpener, lab: Lab, tmp_path: Path
) -> None:
    """Each in a place of its own; the browser has three, and JupyterLab writes its workspace."""
    garden = Garden(tmp_path)
    notebook = open_notebook([PLANTS.format(path=str(garden.path))])
    notebook.run_all()
    notebook.expect_done(0)
    planted = garden.planted[BROWSER_STORAGE.name]
    three = [" ".join(one.value for one in planted[number::3]) for number in range(3)]
    notebook.page.evaluate(KEEPS, [*three, ""])
    leave_behind(notebook, garden.left)
    lab.leave_behind(garden.left)
    workspace = lab.notebooks.with_name(WORKSPACE_FOLDER)
    wait_until(lambda: list(workspace.glob("*.jupyterlab-workspace")), "a workspace is written")
    garden.expect_found_at(
        *(KERNEL_LOG, LOG, TEMPORARY, SERVER_LOG, SAVED_NOTEBOOK, CHECKPOINTS, CONVERTED),
        *(WIDGET_STATE, BROWSER_STORAGE),
    )
