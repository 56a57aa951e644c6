"""What the process list shows of a program and of all that it starts."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import psutil

from tests.leaks.places import COMMAND_LINES, ENVIRONMENTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.leaks.left_behind import LeftBehind

EVERY_SECONDS = 0.1  # to look through all processes takes some milliseconds


class Processes:
    """What others on the machine could see whenever this was told to look.

    Args:
        pid: the program's.
        given: the variables by which the test itself gives it a secret.
    """

    def __init__(self, pid: int, given: Collection[str] = ()) -> None:
        self._pid = pid
        self._given = set(given)
        self._next = 0.0
        self._commands: dict[tuple[str, ...], None] = {}
        self._variables: dict[tuple[str, str], None] = {}

    @property
    def have_been_seen(self) -> bool:
        """Whether somebody has looked in time."""
        return any(self._commands)

    def look_now_and_then(self) -> None:
        """Look if the last time is long enough ago."""
        if time.monotonic() >= self._next:
            self.look()

    def look(self) -> None:
        """Note what is there now."""
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            program = psutil.Process(self._pid)
            for one in [program, *program.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    self._commands[tuple(one.cmdline())] = None
                    self._variables.update(dict.fromkeys(one.environ().items()))
        self._next = time.monotonic() + EVERY_SECONDS

    def leave(self, left: LeftBehind) -> None:
        """Leave all that was seen to be searched."""
        assert self.have_been_seen, "nobody has looked in time"
        left.leave(COMMAND_LINES, "\n".join(" ".join(words) for words in self._commands))
        others = (pair for pair in self._variables if pair[0] not in self._given)
        left.leave(ENVIRONMENTS, "\n".join(f"{name}={value}" for name, value in others))
