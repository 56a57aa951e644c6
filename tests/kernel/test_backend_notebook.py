"""The tutorial on client credentials where nobody sits: it runs to its end, and leaves no token."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from nb_oauth.demo.registry import CLIENTS
from tests.leaks import issued
from tests.leaks.places import FILES, SAVED_NOTEBOOK
from tests.providers.oidc import Secret

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from tests.leaks.left_behind import LeftBehind

pytestmark = pytest.mark.kernel

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TUTORIAL = NOTEBOOKS / "04-backend-application-flow.ipynb"
A_CELL = 60  # seconds; the one that draws may have to look for fonts first
SERVICE = CLIENTS["demo-service"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tutorial")


@pytest.fixture(scope="module")
def begun() -> int:
    """Where what its demo provider issues begins."""
    return issued.mark()


@pytest.fixture(scope="module")
def executed(folder: Path, begun: int) -> NotebookNode:
    """The tutorial as papermill, nbconvert and a scheduled run leave it."""
    notebook = nbformat.read(TUTORIAL, as_version=4)
    with pytest.MonkeyPatch.context() as environment:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
            environment.setenv(name, str(folder))
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=A_CELL, resources=resources).execute()
    return notebook


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(one for one in notebook.cells if one.id == name)


def result(notebook: NotebookNode, name: str) -> Any:
    """What the last expression of a cell came to, where that is made of literals."""
    (output,) = (one for one in cell(notebook, name).outputs if "data" in one)
    return ast.literal_eval(output.data["text/plain"])


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_kept_as_nobody_has_run_it(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [one for one in notebook.cells if one.cell_type == "code"]
    assert [(one.outputs, one.execution_count) for one in code] == [([], None)] * len(code)
    assert notebook.cells[-1].id == "your-own"
    assert "widgets" not in notebook.metadata


def test_it_runs_to_its_end_without_an_error_and_without_anything_to_click(
    executed: NotebookNode,
) -> None:
    cells = [one for one in executed.cells if one.cell_type == "code"]
    outputs = [output for one in cells for output in one.outputs]

    assert [one.execution_count for one in cells] == list(range(1, len(cells) + 1))
    assert {one.output_type for one in outputs} == {"stream", "execute_result", "display_data"}
    assert [one.name for one in outputs if one.output_type == "stream"] == ["stdout"]
    assert not any("widget-view" in kind for one in outputs for kind in one.get("data", {}))


def test_each_cell_shows_what_the_text_says(executed: NotebookNode) -> None:
    assert "renewal by itself" in cell(executed, "login").outputs[0].data["text/plain"]
    assert result(executed, "me")["username"] is None
    assert result(executed, "me")["client_id"] == SERVICE.client_id
    assert any("image/png" in output.get("data", {}) for output in cell(executed, "plot").outputs)
    assert 3590 < result(executed, "pretend") <= 3600
    journal = cell(executed, "journal").outputs[0].data["text/plain"]
    assert journal.count("Token issued for 3600 s (client credentials grant)") == 2
    assert result(executed, "as-argument") == result(executed, "as-header") == 200


def test_neither_token_nor_secret_is_in_what_it_leaves(
    executed: NotebookNode, begun: int, folder: Path, left_behind: LeftBehind
) -> None:
    secrets = issued.secrets(begun)
    tokens = [one for one in secrets if one.kind == "access_token"]
    assert len(tokens) == 4  # signed in, asked again, and requests-oauthlib's way twice
    assert Secret("client_secret", SERVICE.client_secret or "") in secrets
    for one in secrets:
        left_behind.made(one.kind, one.value)
    left_behind.leave(SAVED_NOTEBOOK, nbformat.writes(executed))
    left_behind.leave_files(FILES, folder)


def test_no_cell_s_source_holds_the_secret() -> None:
    assert SERVICE.client_secret
    assert SERVICE.client_secret not in TUTORIAL.read_text(encoding="utf-8")
