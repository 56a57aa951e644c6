"""A JupyterLab server that shares nothing with the person who runs the tests."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.leaks import sources
from tests.leaks.folders import TEMPORARY_FOLDER, WORKSPACE_FOLDER, Folder
from tests.leaks.logs import log_in_kernels
from tests.leaks.places import SERVER_LOG
from tests.leaks.processes import Processes
from tests.polling import wait_until
from tests.server_process import Server, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.leaks.left_behind import LeftBehind
    from tests.providers.tls import Certificates

# Pop-ups that would lie over the notebook.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}

# What installing the package puts beside the configuration of a Jupyter server.
ENABLED = Path(__file__).parents[3] / "jupyter-config"

# A person's own set-up, and whatever would make the kernel believe that nobody is there.
SCRUBBED = ("CI", "JUPYTER", "JPY_", "IPYTHON", "NB_OAUTH_", "OAUTHLIB_", "XDG_")


class Lab(Server):
    """JupyterLab on 127.0.0.1 and a free port, its notebooks in ``notebooks``.

    Its log is at DEBUG and holds what its kernels print to their standard output. Each kernel has
    two more: of what our session and those beneath it log, and of all else.

    Args:
        folder: where all its files are.
        env: more of the environment.
        options: more of the command line.
        host: the name that a browser knows the server by; None for 127.0.0.1.
        certificates: what it shows of itself over https; None for plain http.
        has_callback_page: whether the package is installed where the server runs.
        others_lines: lines of its log that are none of ours; see ``Folder``.
    """

    program: tuple[str, ...] = (str(Path(__file__).with_name("lab_process.py")),)

    def __init__(  # noqa: PLR0913 - what a server can be like
        self,
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        host: str | None = None,
        certificates: Certificates | None = None,
        has_callback_page: bool = True,
        others_lines: str | None = None,
    ) -> None:
        self._host = host
        self._handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if certificates is not None:
            trusted = ssl.create_default_context(cafile=certificates.authority)
            self._handlers.append(urllib.request.HTTPSHandler(context=trusted))
            server = certificates.folder / "server"
            shown = (f"--ServerApp.certfile={server}.pem", f"--ServerApp.keyfile={server}.key")
            options = (*options, *shown)
        self.notebooks = folder / "notebooks"
        self.home = folder / "home"
        self.log = folder / "jupyterlab.log"
        self.token = secrets.token_hex(16)
        self._folder = folder
        self._has_callback_page = has_callback_page
        self._left_in = Folder(folder, {self.log.name: SERVER_LOG}, others_lines=others_lines)
        self._process = ServerProcess(
            [
                sys.executable,
                *self.program,
                "--no-browser",
                "--allow-root",
                "--ServerApp.ip=127.0.0.1",
                "--ServerApp.port=0",
                "--ServerApp.log_level=DEBUG",
                f"--ServerApp.root_dir={self.notebooks}",
                f"--IdentityProvider.token={self.token}",
                *options,
            ],
            log=self.log,
            env=environment(folder, env or {}),
            cwd=folder,
        )

    def _prepare(self) -> None:
        self._lay_out()
        sources.announce(self)

    def _wait_until_ready(self) -> None:
        self.url = wait_until(self._running_at, "JupyterLab starts", seconds=60)
        wait_until(self._answers, "JupyterLab answers", seconds=60)

    def begin(self) -> None:
        """Another test begins."""
        self._left_in.begin()
        self._seen: Processes | None = None

    def look(self) -> None:
        """Note what the process list shows now."""
        self._seen = self._seen or self.processes()
        self._seen.look()

    def leave_behind(self, left: LeftBehind) -> None:
        """Leave all that it and its kernels have written in this test."""
        self._left_in.leave(left)
        if self._seen is not None and self._seen.have_been_seen:
            self._seen.leave(left)

    def _lay_out(self) -> None:
        self.notebooks.mkdir(parents=True)
        for name, content in SETTINGS.items():
            path = self._folder / "settings" / name
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(content), encoding="utf-8")
        if self._has_callback_page:
            shutil.copytree(ENABLED, self._folder / "config", dirs_exist_ok=True)
        log_in_kernels(self._folder / "ipython", self._folder)

    def _running_at(self) -> str | None:
        self._process.check_alive()
        for path in (self._folder / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # it is there before anything is in it
                return str(json.loads(path.read_text(encoding="utf-8"))["url"])
        return None

    def _answers(self) -> bool:
        self._process.check_alive()
        try:
            return bool(self.request("GET", "api/status"))
        except OSError:
            return False

    def request(self, method: str, path: str) -> Any:
        """Ask the server's REST API."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        opener = urllib.request.build_opener(*self._handlers)
        with opener.open(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def page_url(self, name: str) -> str:
        """Where the notebook opens, in a workspace of its own."""
        workspace = name.removesuffix(".ipynb")
        url = self.url.replace("127.0.0.1", self._host) if self._host else self.url
        return f"{url}lab/workspaces/{workspace}/tree/{name}?token={self.token}"

    def write_notebook(self, name: str, cells: Sequence[str]) -> None:
        """Lay out a notebook with these code cells."""
        notebook = {
            "cells": [_code_cell(f"cell-{i}", source) for i, source in enumerate(cells)],
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.notebooks / name).write_text(json.dumps(notebook), encoding="utf-8")

    def read_notebook(self, name: str) -> str:
        """The notebook as it is saved now."""
        return (self.notebooks / name).read_text(encoding="utf-8")

    def read_log(self) -> str:
        return self._process.read_log()

    def files(self) -> Iterator[tuple[str, str]]:
        """Each file that the server or a kernel wrote: its path, and its bytes as Latin-1."""
        for path in self._folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(self._folder)), path.read_bytes().decode("latin-1")

    def processes(self) -> Processes:
        """What others see of the server and of every kernel."""
        return Processes(self._process.pid)

    def end_kernels(self) -> None:
        """End every kernel, so that the next test finds an idle machine."""
        for session in self.request("GET", "api/sessions"):
            self.request("DELETE", f"api/sessions/{session['id']}")
        wait_until(lambda: not self.request("GET", "api/kernels"), "every kernel ends")


class NotebookSeven(Lab):
    """The same with Notebook 7, which shows one notebook a page."""

    program = (str(Path(__file__).with_name("module_process.py")), "notebook")

    def page_url(self, name: str) -> str:
        """Where the notebook opens."""
        return f"{self.url}notebooks/{name}?token={self.token}"


def _code_cell(cell_id: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": source,
    }


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SCRUBBED)}
    own = {
        "HOME": folder / "home",
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / WORKSPACE_FOLDER,
        "IPYTHONDIR": folder / "ipython",
        "TMPDIR": folder / TEMPORARY_FOLDER,
    }
    for path in own.values():
        path.mkdir(parents=True, exist_ok=True)
    return {**kept, **{name: str(path) for name, path in own.items()}, **more}
