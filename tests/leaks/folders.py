"""A folder in which a program runs: what has come to be in it, file by file, and which place it is.

Logs only grow, and other files are written anew: so what has been there before a test, and is as
it was, is not read again. What a person has chosen to keep is left out: an app's secret, tokens.
It is in files that nobody else may read.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.leaks.files import Growing, rows_in
from tests.leaks.logs import LOG_FILE, OWN_LOG, RECORDS
from tests.leaks.places import (
    CHECKPOINTS,
    FILES,
    HISTORY,
    KERNEL_LOG,
    LOG,
    SAVED_NOTEBOOK,
    TEMPORARY,
    WIDGET_STATE,
    WORKSPACES,
    Place,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.leaks.left_behind import LeftBehind

TEMPORARY_FOLDER = "tmp"
CHECKPOINT_FOLDER = ".ipynb_checkpoints"
WORKSPACE_FOLDER = "workspaces"
_COARSE = 0.1  # seconds: a file's time may be that much behind the clock
_FOR_THE_OWNER = 0o077  # no bit of these
_HAS_STATE = '"application/vnd.jupyter.widget-state+json"'


class Folder:
    """What is written in a folder from now on.

    Args:
        path: the folder.
        logs: name of a file in it to place, where its name alone does not say so.
        apart_from: files or folders that are none of it.
        others_lines: lines of logs that somebody else writes, out of our reach; see SECURITY.md.
    """

    def __init__(
        self,
        path: Path,
        logs: dict[str, Place] | None = None,
        apart_from: tuple[Path, ...] = (),
        others_lines: str | None = None,
    ) -> None:
        self.path = path
        self._others_line = others_lines and re.compile(f"^(?:{others_lines}).*$", re.MULTILINE)
        self._logs = {LOG_FILE: LOG, **(logs or {})}
        self._apart_from = set(apart_from)
        self.begin()

    def begin(self) -> None:
        """Pass over what is there by now."""
        self._since = time.time() - _COARSE
        self._growing: dict[Path, Growing] = {}
        for path in self.path.rglob("*.log"):
            self._growing[path] = Growing(path)
            self._growing[path].skip()

    def leave(self, left: LeftBehind) -> None:
        """Leave what has come since, and the names of all."""
        paths = sorted(self.path.rglob("*"))
        names = "\n".join(map(str, paths))
        left.leave(FILES, names, "the names of files")
        left.leave(TEMPORARY, names, "the names of files")  # it may be empty
        for path in paths:
            if path.is_file() and not self._apart_from & {path, *path.parents}:
                self._leave_file(path, left)

    def _leave_file(self, path: Path, left: LeftBehind) -> None:
        name = str(path.relative_to(self.path))
        if path.suffix == ".log":
            text = self._growing.get(path, Growing(path)).read()
            if self._others_line:
                text = self._others_line.sub("", text)
            left.leave(self._place_of_log(path), text, name)
        elif path.stat().st_mtime >= self._since and not _is_kept(path):
            content = path.read_bytes().decode("latin-1")
            left.leave(self._place_of(path, content), content, name)
            if path.name == "history.sqlite":
                left.leave(HISTORY, rows_in(path), f"the rows of {name}")

    def _place_of_log(self, path: Path) -> Place:
        if path.name.startswith(RECORDS):
            return LOG
        if path.name.startswith(OWN_LOG):
            return KERNEL_LOG
        return self._logs.get(path.name, FILES)

    def _place_of(self, path: Path, content: str) -> Place:
        folders = path.relative_to(self.path).parts[:-1]
        if CHECKPOINT_FOLDER in folders:
            return CHECKPOINTS
        if folders[:1] in {(TEMPORARY_FOLDER,), (WORKSPACE_FOLDER,)}:
            return TEMPORARY if folders[0] == TEMPORARY_FOLDER else WORKSPACES
        if path.name.startswith("history.sqlite"):
            return HISTORY
        if path.suffix == ".ipynb":
            return WIDGET_STATE if _HAS_STATE in content else SAVED_NOTEBOOK
        return FILES


def _is_kept(path: Path) -> bool:
    """Whether it is where a person keeps tokens or an app, and nobody else may read it."""
    is_one = path.name == "clients.toml" or path.parent.name == "tokens"
    is_ours = "nb_oauth" in path.parts
    return is_one and is_ours and not path.stat().st_mode & _FOR_THE_OWNER
