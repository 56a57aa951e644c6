"""The tutorials where nobody sits: the file that people click through runs by schedule as well."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from nb_oauth import FileTokenStore, OAuth2Session, demo
from nb_oauth.demo.server import DemoServer
from tests.leaks.places import FILES, SAVED_NOTEBOOK, STANDARD_OUTPUT
from tests.leaks.witness.demo_witness import watched
from tests.unit.demo_visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbformat import NotebookNode

    from tests.leaks.left_behind import LeftBehind

pytestmark = pytest.mark.kernel

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
INTERACTIVE, BACKEND, UNATTENDED, QUERYING = (
    "01-web-application-flow",
    "04-backend-application-flow",
    "09-unattended",
    "10-querying-an-api",
)
SCOPE = "observations:read profile:read"
REFRESH_TOKEN = "NB_OAUTH_DEMO_REFRESH_TOKEN"
SHORT = "6"  # seconds that an access token lives, so that a renewal is seen
A_CELL = 90  # seconds; the one that draws may have to look for fonts first
AT_ONCE = 20  # seconds, of which a kernel needs most


@dataclass
class Night:
    """A machine on which nobody sits, and a demo provider that a terminal serves."""

    visitor: Visitor
    folder: Path
    left: LeftBehind
    variables: dict[str, str] = field(default_factory=dict)

    def sign_in_for_the_job(self) -> str:
        """What ``nb-oauth login demo --for-ci`` does; returns the refresh token."""
        token = self.visitor.signed_in(scope=SCOPE, token_lifetime=SHORT)
        self.variables[REFRESH_TOKEN] = token["refresh_token"]
        return str(token["refresh_token"])

    def store_a_token(self) -> None:
        """What ``nb-oauth login demo`` does."""
        store = FileTokenStore(self.store)
        token = self.visitor.signed_in(scope=SCOPE, token_lifetime=SHORT)
        known = {"scope": SCOPE, "token": token, "store": store}
        OAuth2Session.open(demo.provider(), demo.client(), **known)

    @property
    def store(self) -> Path:
        """Where tokens are kept, for nobody else to read."""
        return self.folder / "nb_oauth" / "tokens"

    def leave(self) -> None:
        """Leave all that was written to be searched for what the provider has issued."""
        notebooks = [*self.folder.rglob("*.ipynb")]
        for path in notebooks:
            self.left.leave(SAVED_NOTEBOOK, path.read_text(encoding="utf-8"), path.name)
        self.left.leave_files(FILES, self.folder, apart_from=[*notebooks, self.store])

    def grants(self) -> list[str]:
        return [event.what for event in self.visitor.server.journal() if "issued" in event.what]


@pytest.fixture
def night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_behind: LeftBehind
) -> Iterator[Night]:
    for name in [name for name in os.environ if name.startswith("NB_OAUTH_")]:
        monkeypatch.delenv(name)
    own = ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME")
    for name in own:
        monkeypatch.setenv(name, str(tmp_path))
    server = DemoServer()
    visitor = Visitor(server)
    application = visitor.application
    monkeypatch.setattr(application, "answer", watched(application.answer))
    server.serve()
    monkeypatch.setenv("NB_OAUTH_DEMO_ISSUER", server.issuer)
    night = Night(visitor, tmp_path, left_behind)
    yield night
    night.leave()
    visitor.http.close()
    server.close()


def by_nbclient(night: Night, name: str) -> NotebookNode:
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": night.folder}}
    client = NotebookClient(notebook, timeout=A_CELL, resources=resources)
    client.execute(env={**os.environ, **night.variables})
    night.left.leave(SAVED_NOTEBOOK, nbformat.writes(notebook), name)
    return notebook


def by_papermill(night: Night, name: str) -> NotebookNode:
    written = night.folder / "tonight.ipynb"
    typed = [sys.executable, "-m", "papermill", "--no-progress-bar", "--cwd", str(night.folder)]
    run = subprocess.run(  # noqa: S603 - our own
        [*typed, str(NOTEBOOKS / f"{name}.ipynb"), str(written)],
        env={**os.environ, **night.variables},
        capture_output=True,
        text=True,
        timeout=4 * A_CELL,
        check=False,
    )
    night.left.leave(STANDARD_OUTPUT, run.stdout + run.stderr)
    assert run.returncode == 0, run.stderr[-3000:]
    return nbformat.read(written, as_version=4)


def by_nbconvert(night: Night, name: str) -> NotebookNode:
    typed = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"]
    run = subprocess.run(  # noqa: S603 - our own
        [*typed, "--output-dir", str(night.folder), str(NOTEBOOKS / f"{name}.ipynb")],
        env={**os.environ, **night.variables},
        capture_output=True,
        text=True,
        timeout=4 * A_CELL,
        check=False,
    )
    night.left.leave(STANDARD_OUTPUT, run.stdout + run.stderr)
    assert run.returncode == 0, run.stderr[-3000:]
    return nbformat.read(night.folder / f"{name}.ipynb", as_version=4)


SWEEP = pytest.mark.sweep  # each starts kernels of its own; one scheduler each will do every time
SCHEDULERS = [by_nbclient, pytest.param(by_papermill, marks=SWEEP)]


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(one for one in notebook.cells if one.id == name)


def result(notebook: NotebookNode, name: str) -> Any:
    """What the last expression of a cell came to, where that is made of literals."""
    (output,) = (one for one in cell(notebook, name).outputs if "data" in one)
    return ast.literal_eval(output.data["text/plain"])


def printed(notebook: NotebookNode, name: str) -> str:
    return "".join(one.text for one in cell(notebook, name).outputs if "text" in one)


def assert_ran_to_its_end(notebook: NotebookNode) -> None:
    code = [one for one in notebook.cells if one.cell_type == "code"]
    assert all(one.execution_count for one in code)
    kinds = {output.output_type for one in code for output in one.outputs}
    assert kinds <= {"stream", "execute_result", "display_data"}
    assert not any(
        "widget-view" in kind
        for one in code
        for output in one.outputs
        for kind in output.get("data", {})
    )


# -- with what the job was given -----------------------------------------------------------------


@pytest.mark.parametrize(
    "run",
    [by_papermill, *(pytest.param(other, marks=SWEEP) for other in (by_nbclient, by_nbconvert))],
)
def test_the_tutorial_on_signing_in_runs_with_a_refresh_token(
    night: Night, run: Callable[[Night, str], NotebookNode]
) -> None:
    night.sign_in_for_the_job()
    notebook = run(night, INTERACTIVE)

    assert_ran_to_its_end(notebook)
    assert result(notebook, "me")["name"] == "Ada Lovelace"
    assert "← a new token" in printed(notebook, "countdown")


@SWEEP
def test_it_runs_with_a_token_that_was_stored(night: Night) -> None:
    night.store_a_token()
    notebook = by_nbclient(night, INTERACTIVE)

    assert_ran_to_its_end(notebook)
    assert result(notebook, "me")["name"] == "Ada Lovelace"


@SWEEP
@pytest.mark.parametrize("run", [by_nbclient, by_papermill])
def test_the_tutorial_of_an_app_that_is_itself_needs_nothing(
    night: Night, run: Callable[[Night, str], NotebookNode]
) -> None:
    notebook = run(night, BACKEND)

    assert_ran_to_its_end(notebook)
    assert result(notebook, "me")["username"] is None


@pytest.mark.parametrize("run", SCHEDULERS)
def test_the_tutorial_on_running_unattended_is_one_of_its_jobs(
    night: Night, run: Callable[[Night, str], NotebookNode]
) -> None:
    night.sign_in_for_the_job()
    notebook = run(night, UNATTENDED)

    assert_ran_to_its_end(notebook)
    assert result(notebook, "me") == "Ada Lovelace"
    assert any("image/png" in one.get("data", {}) for one in cell(notebook, "clocks").outputs)
    words = " ".join(printed(notebook, "nothing").split())
    assert words.startswith("LoginRequired: Somebody must sign in to Lovelace Observatory (demo)")
    assert f"Set {REFRESH_TOKEN}: `nb-oauth login demo --scope" in words
    assert result(notebook, "variable") == [REFRESH_TOKEN]
    for name in ("first-night", "second-night"):
        assert printed(notebook, name) == "'This is Ada Lovelace, asleep.'\n"
    journal = night.visitor.server.journal()
    rotated = [one for one in journal if "the refresh token was rotated" in one.what]
    assert len(rotated) >= 3  # for this notebook, and each night for the job
    assert not any("twice" in one.what for one in journal)
    [kept] = result(notebook, "left-behind")
    assert "/environment-" in kept
    assert list(night.folder.glob("tmp*")) == []


@SWEEP
@pytest.mark.parametrize("run", [by_nbclient, by_papermill])
def test_the_tutorial_on_querying_fetches_all_pages_through_every_renewal(
    night: Night, run: Callable[[Night, str], NotebookNode]
) -> None:
    night.sign_in_for_the_job()
    notebook = run(night, QUERYING)

    assert_ran_to_its_end(notebook)
    assert result(notebook, "records") == [76, 77, 78, 79, 80]
    assert printed(notebook, "table") == ""  # no bar where nobody watches
    assert int(printed(notebook, "renewals").rpartition(" ")[2]) >= 1
    types, catalogued = result(notebook, "types")
    assert (types["hd"], types["parallax.mas"]) == ("Int64", "float64")
    assert {type(number) for number in catalogued} == {int}
    for name in ("sky", "motion", "line"):
        assert any("image/png" in one.get("data", {}) for one in cell(notebook, name).outputs)
    assert result(notebook, "cluster") == (100, True)
    assert not any("twice" in one.what for one in night.visitor.server.journal())


def test_the_night_after_begins_with_the_successor(night: Night) -> None:
    original = night.sign_in_for_the_job()
    first, second = (by_nbclient(night, INTERACTIVE) for _ in range(2))

    assert_ran_to_its_end(first)
    assert_ran_to_its_end(second)
    assert night.visitor.renew({"refresh_token": original}).status_code == 400  # spent long ago


# -- with nothing --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [INTERACTIVE, pytest.param(UNATTENDED, marks=SWEEP)])
def test_with_nothing_it_stops_at_once_where_it_signs_in_and_names_the_variable(
    night: Night, name: str
) -> None:
    with pytest.raises(CellExecutionError) as failure:
        by_nbclient(night, name)

    assert failure.value.ename == "LoginRequired"
    words = failure.value.evalue
    assert "\n" not in words
    assert "Lovelace Observatory" in words
    assert f"Set {REFRESH_TOKEN}: `nb-oauth login demo --scope" in words
    assert night.grants() == []


def test_what_papermill_saves_then_is_one_line(night: Night) -> None:
    with pytest.raises(AssertionError, match="LoginRequired"):
        by_papermill(night, INTERACTIVE)

    saved = nbformat.read(night.folder / "tonight.ipynb", as_version=4)
    [error] = [one for one in cell(saved, "login").outputs if one.output_type == "error"]
    assert len(error.traceback) == 1
    assert not cell(saved, "me").outputs
