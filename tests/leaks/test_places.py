"""The search itself: secrets of every kind that are planted at a place are found there."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.kernel.harness import KernelProcess
from tests.leaks import sources
from tests.leaks.converted import as_page
from tests.leaks.garden import Garden
from tests.leaks.left_behind import LeftBehind
from tests.leaks.logs import LOGGING
from tests.leaks.places import (
    CHECKPOINTS,
    COMMAND_LINES,
    CONVERTED,
    ENVIRONMENTS,
    FILES,
    HISTORY,
    KERNEL_LOG,
    LOG,
    MESSAGES,
    NAMESPACE,
    PICKLES,
    PLAIN_HTML,
    REPRESENTATIONS,
    SAVED_NOTEBOOK,
    SCROLLBACK,
    STANDARD_OUTPUT,
    TEMPORARY,
    TRACEBACKS,
    WARNINGS,
    WIDGET_STATE,
    WORKSPACES,
)
from tests.leaks.shown import pickles_of, text_of, ways_to_tell
from tests.terminal import PseudoTerminal, python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernel

# It plants the secrets that are meant for each place, and waits until somebody has looked. The
# child itself says that it is there: while it begins, the process list shows nothing of it yet.
PLANTING = f"""
{LOGGING}
import json, os, subprocess, sys, tempfile

meant_for = json.load(open("../planted.json"))
print(*meant_for["standard output"])
print(*meant_for["terminal scrollback"], file=sys.stderr)
for one in meant_for["log records at DEBUG"]:
    logging.getLogger("urllib3").debug("%s", one)
with open("left.txt", "w") as file:
    file.write(" ".join(meant_for["other files"]))
with tempfile.NamedTemporaryFile("w", delete=False) as file:
    file.write(" ".join(meant_for["temporary folder"]))
code = "import sys; print('planted', file=sys.stderr); input()"
program = [sys.executable, "-c", code, *meant_for["process list: commands"]]
variables = {{"PLANTED": " ".join(meant_for["process list: variables"])}}
child = subprocess.Popen(program, env={{**os.environ, **variables}}, stdin=subprocess.PIPE)
input()
child.communicate(b"\\n")
"""
# The same in a kernel: each in a cell of its own, and none of them in its source.
IN_A_KERNEL = {
    MESSAGES: "print(*of('messages of a kernel'))",
    SAVED_NOTEBOOK: "print(*of('saved notebook'))",
    WIDGET_STATE: """\
import anywidget, traitlets
class Planted(anywidget.AnyWidget):
    _esm = "export default {}"
    label = traitlets.Unicode().tag(sync=True)
Planted(label=" ".join(of('saved widget state')))""",
    LOG: "import logging; logging.getLogger('oauthlib').debug('%s', of('log records at DEBUG'))",
    KERNEL_LOG: "get_ipython().kernel.log.debug('%s', of(\"kernel's log at DEBUG\"))",
    NAMESPACE: "planted = of('In, Out, _, variables')",
    # A thread writes it, in its own time.
    HISTORY: """\
get_ipython().run_cell(repr(of("IPython's history")), store_history=True)
get_ipython().history_manager.writeout_cache()""",
    TEMPORARY: """\
import tempfile
with tempfile.NamedTemporaryFile("w", delete=False) as file:
    _ = file.write(" ".join(of("temporary folder")))""",
    CHECKPOINTS: "write('.ipynb_checkpoints/one.ipynb', of('checkpoints'))",
    WORKSPACES: "write('workspaces/one.jupyterlab-workspace', of(\"JupyterLab's workspace\"))",
}
BEFORE = """\
import json, pathlib
of = lambda name: json.loads(pathlib.Path({path!r}).read_text())[name]
def write(name, values):
    pathlib.Path(name).parent.mkdir()
    pathlib.Path(name).write_text(" ".join(values))"""


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
        terminal.end()
    terminal.leave_behind(garden.left)
    garden.expect_found_at(
        *(SCROLLBACK, STANDARD_OUTPUT, COMMAND_LINES, ENVIRONMENTS, LOG, FILES, TEMPORARY)
    )
    assert garden.left.search([])[ENVIRONMENTS.name]["client_secret"][1] == 1


def test_what_a_kernel_leaves(garden: Garden) -> None:
    folder = garden.folder / "kernel"
    folder.mkdir()
    with KernelProcess(sys.executable, folder, logs_all=True) as kernel:
        kernel.run(BEFORE.format(path=str(garden.path)))
        for cell in IN_A_KERNEL.values():
            kernel.run(cell)
        kernel.leave_behind(garden.left)
        garden.expect_found_at(*IN_A_KERNEL)

        kernel.begin()  # another test: a front end that shows no widget
        kernel.shows_plain_html = True
        kernel.run(garden.printing(PLAIN_HTML))
        midway = Garden.again(garden)
        kernel.leave_behind(midway.left)
        midway.expect_found_at(PLAIN_HTML)
        found = {name for name, kinds in midway.left.search([]).items() if _total(kinds)}
        assert found == {MESSAGES.name, NAMESPACE.name, HISTORY.name, PLAIN_HTML.name}


def _total(kinds: dict[str, tuple[int, int]]) -> int:
    return sum(found for _, found in kinds.values())


def test_what_is_converted(garden: Garden) -> None:
    output = nbformat.v4.new_output("stream", text=garden.of(CONVERTED))
    cell = nbformat.v4.new_code_cell(outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    garden.left.leave(CONVERTED, as_page(nbformat.writes(notebook)))
    garden.expect_found_at(CONVERTED)


class Telling:
    """It says whatever it holds."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def test_what_is_shown_of_objects(garden: Garden) -> None:
    garden.left.leave(REPRESENTATIONS, text_of(Telling(garden.of(REPRESENTATIONS))))
    garden.left.leave(PICKLES, pickles_of(Telling(garden.of(PICKLES))))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        warnings.warn(garden.of(WARNINGS), stacklevel=1)
    garden.left.leave(WARNINGS, str(warned[0].message))
    garden.expect_found_at(REPRESENTATIONS, PICKLES, WARNINGS)


OURS = """\
def fail(secret):
    try:
        raise KeyError("x")
    except KeyError:
        int("x")
"""


@pytest.mark.parametrize("way", ["in part 2 of its traceback", "with %xmode Verbose"])
def test_what_an_error_tells(garden: Garden, way: str) -> None:
    """The variables of a frame of ours, and those of a frame below it."""
    names: dict[str, object] = {}
    module = garden.folder / "nb_oauth" / "ours.py"
    module.parent.mkdir()
    module.write_text(OURS, encoding="utf-8")
    exec(compile(OURS, str(module), "exec"), names)  # noqa: S102 - our own
    fail: object = names["fail"]
    assert callable(fail)
    with pytest.raises(ValueError, match="invalid literal") as told:
        fail(garden.of(TRACEBACKS))
    ways = dict(ways_to_tell(told.value))
    assert not [one for one, text in ways.items() if one == "as text" and "+/%" in text]
    garden.left.leave(TRACEBACKS, "\n".join(ways.values()))
    garden.expect_found_at(TRACEBACKS)


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


# -- that no test has to ask for it --------------------------------------------------------


@pytest.fixture
def of_another_test() -> Iterator[LeftBehind]:
    """A test within this one."""
    left = LeftBehind()
    sources.begin(left)
    yield left
    assert sources.end() is left


def test_all_that_runs_in_a_test_is_searched_at_its_end(
    of_another_test: LeftBehind, tmp_path: Path
) -> None:
    with PseudoTerminal(python("print('a-code-'[::-1][::-1] + 'of-it')"), tmp_path) as terminal:
        terminal.end()
    of_another_test.made("code", "a-code-of-it")
    sources.leave_all(of_another_test)
    assert of_another_test.search([])[STANDARD_OUTPUT.name] == {"code": (1, 1)}
