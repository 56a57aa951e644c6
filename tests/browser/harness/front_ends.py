"""The front ends in which no cell can wait: real servers of Voilà and marimo.

They live in an environment of their own, built once and kept: Voilà would add to JupyterLab's
server and its toolbar. Everything else in it is the environment of the tests.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.harness.lab import environment
from tests.free_ports import free_port
from tests.leaks import sources
from tests.leaks.folders import Folder
from tests.leaks.issued import WITNESS
from tests.leaks.logs import log_in_kernels
from tests.leaks.places import FILES, SERVER_LOG
from tests.leaks.processes import Processes
from tests.polling import wait_until
from tests.server_process import Server, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.leaks.left_behind import LeftBehind

REPOSITORY = Path(__file__).parents[3]
KEPT = REPOSITORY / ".cache" / "front-ends"
REQUIREMENTS = ["voila==0.5.13", "marimo==0.25.2"]
# What shows widgets, and no other extension of the JupyterLab beside it.
_EXTENSIONS = (
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
)
LAUNCHER = Path(__file__).with_name("module_process.py")


def python() -> str:
    """The interpreter of the environment with these front ends, which is built if need be."""
    interpreter = KEPT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ours = sysconfig.get_path("purelib")
    wanted = "\n".join([*REQUIREMENTS, ours])
    built = KEPT / "built-for.txt"
    if not built.exists() or built.read_text(encoding="utf-8") != wanted:
        _run(sys.executable, "-m", "venv", "--clear", str(KEPT))
        theirs = Path(_run(str(interpreter), "-c", _WHERE).strip())
        # Behind its own, so that pip finds there what need not be installed again.
        (theirs / "tests.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
        _run(str(interpreter), "-m", "pip", "install", "--quiet", *REQUIREMENTS)
        built.write_text(wanted, encoding="utf-8")
    return str(interpreter)


# What the kernels import is these tests' own tree; Voilà wants nbconvert's and the widgets' files.
_LAYERED = {
    "PYTHONPATH": os.pathsep.join(map(str, [REPOSITORY, WITNESS])),
    "JUPYTER_PATH": os.pathsep.join(
        str(Path(data, "share", "jupyter")) for data in (KEPT, sysconfig.get_path("data"))
    ),
}
_WHERE = "import sysconfig; print(sysconfig.get_path('purelib'))"


def _run(*command: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own commands
        command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


class FrontEnd(Server):
    """A server of a front end on 127.0.0.1 and a free port, with one notebook.

    Args:
        folder: where all is kept that the server and its kernels write.

    Attributes:
        log_is: which place its log is.
    """

    log_is = FILES

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._process = ServerProcess(
            [python(), str(LAUNCHER), *self.command()],
            log=folder / "server.log",
            env=environment(folder, _LAYERED),
            cwd=self.notebooks,
        )

    def command(self) -> list[str]:
        """The module to run, and its arguments."""
        raise NotImplementedError

    def _prepare(self) -> None:
        log_in_kernels(self.folder / "ipython", self.folder)
        self._left_in = Folder(self.folder, {self._process.log.name: self.log_is})
        sources.announce(self)

    def _wait_until_ready(self) -> None:
        wait_until(self._answers, f"{self.command()[0]} answers", seconds=60)

    def _answers(self) -> bool:
        """Whether it speaks HTTP: a connection alone may be one from the port to itself."""
        self._process.check_alive()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/favicon.ico")  # the page itself would start a kernel
            return connection.getresponse().status > 0
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def processes(self) -> Processes:
        """What others see of the server and of every kernel."""
        return Processes(self._process.pid)

    def begin(self) -> None:
        """A server is of one test alone."""

    def leave_behind(self, left: LeftBehind) -> None:
        """Leave each file that the server or a kernel wrote."""
        self._left_in.leave(left)


class Voila(FrontEnd):
    """Voilà, which runs all cells of a notebook for each visitor, and then shows the page."""

    log_is = SERVER_LOG

    def __init__(self, folder: Path, cells: Sequence[str]) -> None:
        super().__init__(folder)
        code = [
            {
                "cell_type": "code",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "id": f"cell-{number}",
                "source": source,
            }
            for number, source in enumerate(cells)
        ]
        notebook = {"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (self.notebooks / "notebook.ipynb").write_text(json.dumps(notebook), encoding="utf-8")

    def command(self) -> list[str]:
        return [
            "voila",
            "notebook.ipynb",
            "--no-browser",
            "--debug",  # errors are shown only then; and its log holds the most
            f"--port={self.port}",
            "--Voila.ip=127.0.0.1",
            *(f"--VoilaConfiguration.extension_allowlist={name}" for name in _EXTENSIONS),
        ]


class Marimo(FrontEnd):
    """marimo: cells run when what they use has changed.

    Its log is not at DEBUG, where it would hold whatever is typed into a widget.

    Args:
        folder: where all is kept that the server and its kernels write.
        cells: what is in the cells.
        mode: "run" for an app, "edit" for its author.
        forgets_after: seconds until a visitor who has closed the page is taken to have left; None
            for marimo's two minutes.
    """

    def __init__(
        self,
        folder: Path,
        cells: Sequence[str],
        *,
        mode: str,
        forgets_after: int | None = None,
    ) -> None:
        self.mode = mode
        self.forgets_after = forgets_after
        super().__init__(folder)
        settings = folder / "home" / ".config" / "marimo" / "marimo.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text("[runtime]\nauto_instantiate = true\n", encoding="utf-8")
        (self.notebooks / "notebook.py").write_text(_as_marimo(cells), encoding="utf-8")

    def command(self) -> list[str]:
        server = ["--headless", "--no-token", "--host", "127.0.0.1", "--port", str(self.port)]
        if self.forgets_after is not None:
            server += ["--session-ttl", str(self.forgets_after)]
        return ["marimo", "--yes", self.mode, "notebook.py", *server]


def _as_marimo(cells: Sequence[str]) -> str:
    """A notebook as marimo reads it; it finds out itself what each cell defines and uses."""
    parts = ["import marimo", "app = marimo.App()"]
    for source in cells:
        body = "\n".join(f"    {line}" for line in source.splitlines())
        parts.append(f"@app.cell\ndef _():\n{body}\n    return")
    return "\n\n".join([*parts, 'if __name__ == "__main__":\n    app.run()\n'])
