"""The tutorial where nobody sits: it says so at once, in words, and does not hang."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

TUTORIAL = Path(__file__).parents[2] / "notebooks" / "01-web-application-flow.ipynb"
AT_ONCE = 10  # seconds; a cell that takes longer is ended with CellTimeoutError


@pytest.fixture
def unattended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NotebookClient:
    """What papermill, nbconvert and a scheduled run do: execute the cells, answer nothing."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    notebook = nbformat.read(TUTORIAL, as_version=4)
    return NotebookClient(notebook, timeout=AT_ONCE, resources={"metadata": {"path": tmp_path}})


def test_the_tutorial_says_at_once_what_to_do(unattended: NotebookClient) -> None:
    with pytest.raises(CellExecutionError) as failure:
        unattended.execute()

    assert failure.value.ename == "LoginRequired"
    words = failure.value.evalue
    assert "\n" not in words
    assert "Lovelace Observatory" in words
    assert "JupyterLab" in words
    assert "OAuth2Session.open(" in words
