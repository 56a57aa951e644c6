"""A person at a terminal: a program in a pseudo-terminal of its own, and all that it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.leaks import sources
from tests.leaks.folders import TEMPORARY_FOLDER, Folder
from tests.leaks.issued import WITNESS
from tests.leaks.places import SCROLLBACK, STANDARD_OUTPUT
from tests.leaks.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from tests.leaks.left_behind import LeftBehind

REPOSITORY = Path(__file__).parents[1]
PATH = os.pathsep.join(map(str, [REPOSITORY, WITNESS]))
PATIENCE = 30  # seconds that a program may take to show what is waited for
ROWS, COLUMNS = 60, 100
# Whatever would make another machine of this one: a screen, a connection, a browser.
_NOT_OURS = {"BROWSER", "CI", "DISPLAY", "SSH_CONNECTION", "SSH_TTY", "WAYLAND_DISPLAY"}
_CLEARED = "\r\x1b[K"
_MARKS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\x00]")


class PseudoTerminal:
    """A program with a terminal of its own as standard input and error.

    Its standard output goes to a pipe, unless ``all_of_it`` goes to the terminal, as an
    interactive program needs it.

    Args:
        command: the program.
        folder: where it runs.
        env: further environment variables.
        all_of_it: whether its standard output is the terminal, too.

    Attributes:
        shown: all that the terminal showed, with every mark.
        processes: what others see of the program, and of all that it starts.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str] | None = None,
        *,
        all_of_it: bool = False,
    ) -> None:
        self.shown = ""
        self._printed = ""
        self._command = command
        self._folder = folder
        self._env = env or {}
        self._all_of_it = all_of_it

    is_over = False

    def __enter__(self) -> Self:
        temporary = self._folder / TEMPORARY_FOLDER
        temporary.mkdir(exist_ok=True)
        self._left_in = Folder(self._folder)
        self._ours, self._theirs = self._ends = list(pty.openpty())
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.settings = self.settings_now()
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
        own = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PYTHONPATH": PATH}
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            stdin=self._theirs,
            stdout=self._theirs if self._all_of_it else subprocess.PIPE,
            stderr=self._theirs,
            cwd=self._folder,
            env=kept | own | self._folders(temporary) | dict(self._env),
            start_new_session=True,
            preexec_fn=self._take_terminal,  # noqa: PLW1509 - one thread, and it calls the system only
        )
        self.processes = Processes(self.process.pid, given=self._env)
        sources.announce(self)
        return self

    def _folders(self, temporary: Path) -> dict[str, str]:
        return {"HOME": str(self._folder), "TMPDIR": str(temporary)}

    def __exit__(self, *_: object) -> None:
        self.is_over = True
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Let the terminal go away, as when a window is closed."""
        for end in self._ends:
            os.close(end)
        self._ends.clear()

    @staticmethod
    def _take_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal for it

    # -- what a person does ----------------------------------------------------------------

    def type(self, text: str) -> None:
        """Type or paste ``text``, once nothing shows that."""
        left = text.encode()
        while left:
            left = left[os.write(self._ours, left) :]
            self._look(0)

    def press_control(self, letter: str) -> None:
        self.type(chr(ord(letter) - ord("a") + 1))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read until what is shown, without marks, matches ``pattern``; returns the last match."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = list(re.finditer(pattern, self.text))
            if found:
                self.processes.look()
                return found[-1]
            alive = self.process.poll() is None
            assert self._look(0.2) or alive, f"ended without {pattern!r}:\n{self.text}"
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{self.text}"

    def end(self) -> str:
        """Wait until the program ends; returns what it wrote to its standard output."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it goes on:\n{self.text}"
            self._look(0.05)
        while self._look(0):
            pass
        if self.process.stdout and not self.process.stdout.closed:
            self._printed += self.process.stdout.read().decode()
        return self._printed

    # -- what there is to see --------------------------------------------------------------

    @property
    def text(self) -> str:
        """All that was shown, without colours; what was shown for a while has a line of its own."""
        return _MARKS.sub("", self.shown.replace(_CLEARED, "\n"))

    def begin(self) -> None:
        """A terminal is of one test alone."""

    def leave_behind(self, left: LeftBehind) -> None:
        """Leave all that others could read of the program."""
        left.leave(SCROLLBACK, f"{self.shown}\n{self.text}")
        if not self._all_of_it:
            left.leave(STANDARD_OUTPUT, self._printed)
        self._left_in.leave(left)
        if self.processes.have_been_seen:
            self.processes.leave(left)

    def settings_now(self) -> list[Any]:
        return termios.tcgetattr(self._theirs)

    @property
    def shows_typing(self) -> bool:
        return bool(self.settings_now()[3] & termios.ECHO)

    def _look(self, seconds: float) -> bool:
        self.processes.look_now_and_then()
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if ready:
            self.shown += os.read(self._ours, 65536).decode(errors="replace")
        return bool(ready)


def python(code: str) -> list[str]:
    """The command that runs ``code``."""
    return [sys.executable, "-c", code]
