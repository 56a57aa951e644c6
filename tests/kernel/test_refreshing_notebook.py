"""The tutorial on refreshing: requests-oauthlib's documentation, to the letter and executed."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.leaks import issued
from tests.leaks.places import FILES, SAVED_NOTEBOOK

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from tests.leaks.left_behind import LeftBehind

pytestmark = pytest.mark.kernel

TUTORIAL = Path(__file__).parents[2] / "notebooks" / "06-refreshing.ipynb"
A_CELL = 60  # seconds

# requests-oauthlib 2.0.0, docs/oauth2_workflow.rst, "Refreshing tokens", without the prompts.
DOCUMENTED = {
    "define": """\
        token = {
            'access_token': 'eswfld123kjhn1v5423',
            'refresh_token': 'asdfkljh23490sdf',
            'token_type': 'Bearer',
            'expires_in': '-30',     # initially 3600, need to be updated by you
         }
        client_id = r'foo'
        refresh_url = 'https://provider.com/token'
        protected_url = 'https://provider.com/secret'

        # most providers will ask you for extra credentials to be passed along
        # when refreshing tokens, usually for authentication purposes.
        extra = {
            'client_id': client_id,
            'client_secret': r'potato',
        }

        # After updating the token you will most likely want to save it.
        def token_saver(token):
            # save token in database / session
        """,
    "first": """\
        from requests_oauthlib import OAuth2Session
        from oauthlib.oauth2 import TokenExpiredError
        try:
            oauth = OAuth2Session(client_id, token=token)
            r = oauth.get(protected_url)
        except TokenExpiredError as e:
            token = oauth.refresh_token(refresh_url, **extra)
            token_saver(token)
        oauth = OAuth2Session(client_id, token=token)
        r = oauth.get(protected_url)
        """,
    "second": """\
        from requests_oauthlib import OAuth2Session, TokenUpdated
        try:
            oauth = OAuth2Session(client_id, token=token,
                    auto_refresh_kwargs=extra, auto_refresh_url=refresh_url)
            r = oauth.get(protected_url)
        except TokenUpdated as e:
            token_saver(e.token)
        """,
    "third": """\
        from requests_oauthlib import OAuth2Session
        oauth = OAuth2Session(client_id, token=token, auto_refresh_url=refresh_url,
            auto_refresh_kwargs=extra, token_updater=token_saver)
        r = oauth.get(protected_url)
        """,
}
# What the documentation has made up, or leaves to its reader.
OURS = {
    "'eswfld123kjhn1v5423'": "issued['access_token']",
    "'asdfkljh23490sdf'": "issued['refresh_token']",
    "r'foo'": "r'demo-notebook'",
    "'https://provider.com/token'": "provider.token_endpoint",
    "'https://provider.com/secret'": "f'{api}/me'",
    "# After updating": "database = []\n\n# After updating",
    "database / session\n": "database / session\n    database.append(token)\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tutorial")


@pytest.fixture(scope="module")
def begun() -> int:
    """Where what its demo provider issues begins."""
    return issued.mark()


@pytest.fixture(scope="module")
def executed(folder: Path, begun: int) -> NotebookNode:
    """The tutorial as far as it goes with nobody there."""
    notebook = nbformat.read(TUTORIAL, as_version=4)
    notebook.cells = notebook.cells[: number(notebook, "login")]
    with pytest.MonkeyPatch.context() as environment:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
            environment.setenv(name, str(folder))
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=A_CELL, resources=resources).execute()
    return notebook


def number(notebook: NotebookNode, name: str) -> int:
    return [one.id for one in notebook.cells].index(name)


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return notebook.cells[number(notebook, name)]


def result(notebook: NotebookNode, name: str) -> Any:
    """What the last expression of a cell came to, where that is made of literals."""
    (output,) = cell(notebook, name).outputs
    return ast.literal_eval(output.data["text/plain"])


@pytest.mark.parametrize("name", DOCUMENTED)
def test_each_example_is_the_documentation_s_with_the_import_changed(name: str) -> None:
    expected = textwrap.dedent(DOCUMENTED[name]).replace("requests_oauthlib", "nb_oauth")
    if name == "define":
        for theirs, ours in OURS.items():
            assert theirs in expected
            expected = expected.replace(theirs, ours)

    assert cell(nbformat.read(TUTORIAL, as_version=4), name).source == expected.strip()


def test_it_is_kept_without_outputs() -> None:
    cells = [one for one in nbformat.read(TUTORIAL, as_version=4).cells if "outputs" in one]
    assert [one.outputs for one in cells] == [[]] * len(cells)


def test_the_three_ways_run_with_nobody_there_and_without_a_warning(
    executed: NotebookNode,
) -> None:
    cells = [one for one in executed.cells if one.cell_type == "code"]
    outputs = [output for one in cells for output in one.outputs]

    assert [one.execution_count for one in cells] == list(range(1, len(cells) + 1))
    assert {one.output_type for one in outputs} == {"execute_result"}


def test_each_cell_shows_what_the_text_says(executed: NotebookNode) -> None:
    assert "refresh_token" in result(executed, "issued")
    assert 3590 < result(executed, "first-answer") <= 3600
    assert result(executed, "second-answer") == (2, None)  # renewed, and the request thrown away
    saved, left = result(executed, "third-answer")
    assert (saved, 3590 < left <= 3600) == (3, True)
    journal = cell(executed, "journal").outputs[0].data["text/plain"]
    assert journal.count("Token renewed for 3600 s; the refresh token was rotated") == 3
    assert "used twice" not in journal


def test_no_token_is_in_what_it_leaves(
    executed: NotebookNode, begun: int, folder: Path, left_behind: LeftBehind
) -> None:
    secrets = issued.secrets(begun)
    kinds = [one.kind for one in secrets]
    # The first, and one for each way.
    assert (kinds.count("access_token"), kinds.count("refresh_token")) == (4, 4)
    for one in secrets:
        left_behind.made(one.kind, one.value)
    left_behind.leave(SAVED_NOTEBOOK, nbformat.writes(executed))
    left_behind.leave_files(FILES, folder)
