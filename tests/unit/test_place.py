"""Where the code runs, told from the kernel."""

import io
import multiprocessing
import subprocess
import sys
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from nb_oauth import place
from nb_oauth.place import Cell, Place
from tests.unit.fake_marimo import FakeMarimo


class Kernel:
    """A kernel whose front end said this with the running cell."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent

    def get_parent(self, channel: str) -> Any:
        assert channel == "shell"
        return self.parent


def test_a_cell_is_known_by_what_the_front_end_calls_it_else_by_its_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    header, content = {"msg_id": "2"}, {"code": "login()"}
    be_in(monkeypatch, Kernel({"header": header, "metadata": {"cellId": "c"}, "content": content}))
    assert place.running_cell() == Cell("c", "2")
    be_in(monkeypatch, Kernel({"header": header, "metadata": {}, "content": content}))
    assert place.running_cell() == Cell("login()", "2")
    clicked = {"comm_id": "x", "data": {}}
    be_in(monkeypatch, Kernel({"header": header, "metadata": {}, "content": clicked}))
    assert place.running_cell() is None  # no cell, but a widget's message


class XeusPython:
    """xeus-python's kernel, which takes no channel, and says no more than the header."""

    def get_parent(self) -> Any:
        return {"header": {"msg_id": "2"}}


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("(prompt: str = '') -> str\n", Place.NOTEBOOK),
        ("(prompt: str = '') -> None\n", Place.UNATTENDED),
    ],
)
def test_xeus_python_tells_by_its_input_whether_somebody_is_there(
    monkeypatch: pytest.MonkeyPatch, signature: str, expected: Place
) -> None:
    be_in(monkeypatch, XeusPython())
    monkeypatch.setattr("builtins.input", SimpleNamespace(__doc__=signature))
    assert place.here() is expected
    shell = SimpleNamespace(user_ns={"In": ["", "login()"]})
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    assert place.running_cell() == Cell("login()", "2")


def test_python_in_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert place.here() is Place.BROWSER
    assert not place.here().is_attended


def test_a_cell_of_marimo_and_each_run_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    marimo = FakeMarimo(monkeypatch)
    assert place.running_cell() is None
    runs = [SimpleNamespace(cell_id="Hbol") for _ in range(2)]
    cells = []
    for marimo.running in runs:
        cells.append(place.running_cell())
        assert place.running_cell() == cells[-1]
    assert [one and one.identifier for one in cells] == ["Hbol", "Hbol"]
    assert cells[0] != cells[1]


def be_in(monkeypatch: pytest.MonkeyPatch, kernel: object) -> None:
    monkeypatch.setattr(place, "kernel_of_this_process", lambda: kernel)


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        ({"content": {"allow_stdin": True}}, Place.NOTEBOOK),
        ({"content": {"allow_stdin": False}}, Place.UNATTENDED),
        ({"content": {}}, Place.NOTEBOOK),
        ({}, Place.NOTEBOOK),
        (None, Place.NOTEBOOK),
    ],
)
def test_a_kernel_is_attended_unless_its_front_end_takes_no_input(
    monkeypatch: pytest.MonkeyPatch, parent: Any, expected: Place
) -> None:
    be_in(monkeypatch, Kernel(parent))
    assert place.here() is expected


def test_a_kernel_that_tells_nothing_counts_as_attended(monkeypatch: pytest.MonkeyPatch) -> None:
    be_in(monkeypatch, object())
    assert place.here() is Place.NOTEBOOK


class Stream:
    """Standard input or error: a terminal, something else, or closed."""

    def __init__(self, kind: object) -> None:
        self._kind = kind

    def isatty(self) -> bool:
        if self._kind is None:
            raise ValueError
        return self._kind is True

    def fileno(self) -> int:
        return 0


class Shell(Stream):
    """IDLE's standard input: a terminal, by its own account, that nothing but IDLE can read."""

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


@pytest.mark.parametrize(
    ("stdin", "stderr", "expected"),
    [
        (Stream(True), Stream(True), Place.TERMINAL),
        (Stream(False), Stream(True), Place.ELSEWHERE),
        (Stream(True), Stream(False), Place.ELSEWHERE),
        (Stream(None), Stream(True), Place.ELSEWHERE),
        (None, None, Place.ELSEWHERE),
        (Shell(True), Stream(True), Place.ELSEWHERE),
    ],
)
def test_without_a_kernel_a_terminal_tells(
    monkeypatch: pytest.MonkeyPatch, stdin: object, stderr: object, expected: Place
) -> None:
    be_in(monkeypatch, None)
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys, "stderr", stderr)
    assert place.here() is expected


def test_who_is_there_what_is_seen_and_where_nothing_waits() -> None:
    nobody = {Place.UNATTENDED, Place.ELSEWHERE, Place.BROWSER}
    without_waiting = {Place.REACTIVE, Place.APP}
    assert {one for one in Place if not one.is_attended} == nobody
    assert {one for one in Place if one.shows_widgets} == {Place.NOTEBOOK, *without_waiting}
    assert {one for one in Place if not one.lets_cells_wait} == without_waiting


@pytest.mark.parametrize("takes_input", [True, False])
def test_voila_says_what_it_is(monkeypatch: pytest.MonkeyPatch, *, takes_input: bool) -> None:
    be_in(monkeypatch, Kernel({"content": {"allow_stdin": takes_input}}))
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert place.here() is Place.APP
    monkeypatch.setenv("SERVER_SOFTWARE", "gunicorn/23.0")
    assert place.here() is (Place.NOTEBOOK if takes_input else Place.UNATTENDED)


@pytest.mark.parametrize(("named", "expected"), [("a1b2", Place.APP), ("c3d4", Place.UNATTENDED)])
def test_voila_names_the_kernel_of_its_page(
    monkeypatch: pytest.MonkeyPatch, named: str, expected: Place
) -> None:
    said = {"content": {"allow_stdin": False}}
    app = SimpleNamespace(connection_file="/run/kernel-a1b2.json")
    be_in(monkeypatch, SimpleNamespace(get_parent=lambda _: said, parent=app))
    monkeypatch.setenv("VOILA_KERNEL_ID", named)  # or inherited from a page that has started this
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13" if expected is not Place.APP else "")
    assert place.here() is expected


def test_what_voila_starts_is_not_voila(monkeypatch: pytest.MonkeyPatch) -> None:
    be_in(monkeypatch, None)
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    monkeypatch.setattr(sys, "stdin", None)
    assert place.here() is Place.ELSEWHERE


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("edit", Place.REACTIVE), ("run", Place.APP), (None, Place.APP), ("another", Place.APP)],
)
def test_marimo_is_a_notebook_for_its_author_and_an_app_for_others(
    monkeypatch: pytest.MonkeyPatch, mode: Any, expected: Place
) -> None:
    FakeMarimo(monkeypatch, mode)
    assert place.here() is expected


def test_a_marimo_that_says_nothing_of_its_mode_has_visitors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    FakeMarimo(monkeypatch)
    monkeypatch.delattr(sys.modules["marimo"], "app_meta")
    assert place.here() is Place.APP


def test_a_thread_that_is_not_marimos_is_not_in_marimo(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeMarimo(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(place.here).result() in {Place.TERMINAL, Place.ELSEWHERE}


def is_strangers_thread(monkeypatch: pytest.MonkeyPatch, started_by: str = "") -> bool:
    """In a thread of a pool, in a process whose target is named so."""
    target = SimpleNamespace(__name__=started_by)
    process = SimpleNamespace(_target=target if started_by else None)
    monkeypatch.setattr(multiprocessing, "current_process", lambda: process)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(place.is_strangers_thread).result()


@pytest.mark.parametrize("server", ["marimo._server.main", "marimo._session.app_host"])
def test_a_thread_that_a_visitor_of_a_marimo_app_started_is_a_strangers(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    assert not is_strangers_thread(monkeypatch)
    FakeMarimo(monkeypatch)
    monkeypatch.setitem(sys.modules, server, ModuleType(server))
    assert is_strangers_thread(monkeypatch)
    assert is_strangers_thread(monkeypatch, "subprocess_started")  # one of a server's workers
    assert not is_strangers_thread(monkeypatch, "launch_kernel")  # its author's own kernel


def test_who_knows_whom_it_serves_is_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeMarimo(monkeypatch, "run")
    assert not place.is_strangers_thread()
    context = place.context_here()
    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(context.run, place.is_strangers_thread).result()
        assert pool.submit(place.is_strangers_thread).result()
    monkeypatch.setattr(sys.modules["marimo"], "running_in_notebook", lambda: False)
    assert not place.is_strangers_thread()  # the server's own: no visitor's code runs there


def test_each_visitor_of_a_marimo_app_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.audience() is None
    marimo = FakeMarimo(monkeypatch, "run")
    first = place.audience()
    assert first is not None
    assert place.audience() is first
    marimo.kernel = None  # another marimo, which names it otherwise: nobody is taken for another
    assert place.audience() not in {None, first, place.audience()}


SSH = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}


@pytest.mark.parametrize(
    ("platform", "environment", "found"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"WSL_DISTRO_NAME": "Debian"}, True),
        ("linux", {"BROWSER": "code --open"}, True),
        ("linux", SSH, False),
        ("linux", {**SSH, "DISPLAY": "localhost:10.0"}, True),
        ("linux", {**SSH, "BROWSER": "code --open"}, True),
        ("darwin", {}, True),
        ("darwin", SSH, False),
        ("win32", {}, True),
        ("win32", {"SSH_TTY": "yes"}, False),
    ],
)
def test_where_a_browser_would_be_seen(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], *, found: bool
) -> None:
    monkeypatch.setattr(place.os, "environ", environment)
    monkeypatch.setattr(place.sys, "platform", platform)
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("firefox"))
    assert (place.browser() is not None) is found


@pytest.mark.parametrize("name", ["lynx", "/usr/bin/www-browser"])
def test_a_browser_in_the_terminal_itself_is_none(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(place.os, "environ", {"DISPLAY": ":0"})
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser(name))
    assert place.browser() is None


def test_where_none_is_installed_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def get() -> None:
        raise webbrowser.Error

    monkeypatch.setattr(place.os, "environ", {"DISPLAY": ":0"})
    monkeypatch.setattr(webbrowser, "get", get)
    assert place.browser() is None


@pytest.mark.parametrize("first", ["", "import IPython; "])
def test_a_script_has_no_kernel(first: str) -> None:
    code = first + "from nb_oauth import place; print(place.here().name)"
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    assert out.stdout.strip() == "ELSEWHERE"
