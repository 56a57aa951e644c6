"""The search itself: secrets of every kind that are planted at a place are found there."""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernel.harness import KernelProcess
from tests.leaks.left_behind import LeftBehind
from tests.leaks.logs import LOGGING
from tests.leaks.places import (
    COMMAND_LINES,
    ENVIRONMENTS,
    FILES,
    KINDS,
    LOG,
    MESSAGES,
    PLACES,
    SAVED_NOTEBOOK,
    SCROLLBACK,
    STANDARD_OUTPUT,
    Place,
)
from tests.providers.oidc import Secret
from tests.terminal import PseudoTerminal, python

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

# It plants the secrets that are meant for each place, and waits until somebody has looked. The
# child itself says that it is there: while it begins, the process list shows nothing of it yet.
PLANTING = f"""
{LOGGING}
import json, os, subprocess, sys

meant_for = json.load(open("../planted.json"))
print(*meant_for["standard output"])
print(*meant_for["terminal scrollback"], file=sys.stderr)
for one in meant_for["logs at DEBUG"]:
    logging.getLogger("urllib3").debug("%s", one)
with open("left.txt", "w") as file:
    file.write(" ".join(meant_for["other files"]))
code = "import sys; print('planted', file=sys.stderr); input()"
program = [sys.executable, "-c", code, *meant_for["process list: commands"]]
variables = {{"PLANTED": " ".join(meant_for["process list: variables"])}}
child = subprocess.Popen(program, env={{**os.environ, **variables}}, stdin=subprocess.PIPE)
input()
child.communicate(b"\\n")
"""
PRINTING = "import json\nprint(*json.load(open({path!r}))[{name!r}])"


class Garden:
    """A secret of each kind for each place, and what was left with them in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.planted = {
            place.name: [Secret(kind, f"+/%: {secrets.token_hex(20)}") for kind in KINDS]
            for place in PLACES
        }
        self.path = folder / "planted.json"
        values = {name: [one.value for one in all_] for name, all_ in self.planted.items()}
        self.path.write_text(json.dumps(values), encoding="utf-8")
        self.left = LeftBehind()
        for of_a_place in self.planted.values():
            for one in of_a_place:
                self.left.made(one.kind, one.value)

    def printing(self, place: Place) -> str:
        return PRINTING.format(path=str(self.path), name=place.name)

    def expect_found_at(self, *places: Place) -> None:
        """Found is what was planted there, and of nothing else that anything was left at."""
        found = self.left.search([])
        assert found.keys() == {place.name for place in places}
        for place in places:
            searched = [kind for kind in KINDS if kind not in place.shows]
            assert found[place.name] == dict.fromkeys(searched, (len(PLACES), 1))
        told = " ".join(self.left.found)
        assert not any(one.value in told for all_ in self.planted.values() for one in all_)


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return Garden(tmp_path)


def test_what_a_program_at_a_terminal_leaves(garden: Garden) -> None:
    home = garden.folder / "home"
    home.mkdir()
    given = {"GIVEN": garden.planted[MESSAGES.name][0].value}  # by the test: that is no leak
    with PseudoTerminal(python(PLANTING), home, given) as terminal:
        terminal.wait_for("planted")
        terminal.type("\n")
        garden.left.leave(STANDARD_OUTPUT, terminal.end())
        terminal.leave_behind(garden.left)
    garden.expect_found_at(SCROLLBACK, STANDARD_OUTPUT, COMMAND_LINES, ENVIRONMENTS, LOG, FILES)


def test_what_a_kernel_says(garden: Garden) -> None:
    with KernelProcess(sys.executable, garden.folder) as kernel:
        kernel.run(garden.printing(MESSAGES))
        garden.left.leave(MESSAGES, json.dumps([one["content"] for one in kernel.said]))
    garden.expect_found_at(MESSAGES)


def test_what_is_saved(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(garden.folder))
    cell = nbformat.v4.new_code_cell(garden.printing(SAVED_NOTEBOOK))
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook).execute()
    garden.left.leave(SAVED_NOTEBOOK, nbformat.writes(notebook))
    garden.expect_found_at(SAVED_NOTEBOOK)


def test_the_name_of_a_file_is_searched_as_well(tmp_path: Path) -> None:
    left = LeftBehind()
    left.made("code", "a-code-of-this-run")
    (tmp_path / "a-code-of-this-run").mkdir()
    left.leave_files(FILES, tmp_path)
    assert left.search([]) == {FILES.name: {"code": (1, 1)}}


def test_who_only_looks_at_what_has_ended_is_told(tmp_path: Path) -> None:
    with PseudoTerminal(python("pass"), tmp_path) as terminal:
        terminal.process.wait()
        with pytest.raises(AssertionError, match="nobody has looked in time"):
            terminal.processes.leave(LeftBehind())
