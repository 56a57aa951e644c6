"""A server as a child process of a test run: started, found ready, and surely ended."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

STOP_SECONDS = 10


class ServerProcess:
    """A child process with its output in a file, ended with all its own children.

    Its standard input is a pipe that closes when the test run dies, so that a server which
    watches it never outlives a run that was killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.command = command
        self.log = log
        self._env = dict(env) if env is not None else None
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command is the test's own
                self.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,  # Ctrl-C ends the tests, which then end the server
            )
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        process = self._running
        family = _family(process.pid)
        process.terminate()
        _end(family)
        if process.stdin:  # not before: it would end itself again while it ends, half written
            process.stdin.close()
        process.wait(STOP_SECONDS)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    @property
    def pid(self) -> int:
        return self._running.pid

    def read_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def check_alive(self) -> None:
        """Fail with the end of the log if the server has died."""
        code = self._running.poll()
        if code is not None:
            message = f"{self.command[0]} ended with {code}:\n{self.read_log()[-3000:]}"
            raise RuntimeError(message)


class Server(ABC):
    """A server of the tests: started, found ready, and ended whatever came of it.

    Attributes:
        is_over: whether it has ended.
    """

    is_over = False
    _process: ServerProcess

    def __enter__(self) -> Self:
        self._prepare()
        with ExitStack() as started:
            started.enter_context(self._process)
            self._wait_until_ready()
            started.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.is_over = True
        self._process.__exit__(kind, error, traceback)

    def _prepare(self) -> None:  # noqa: B027 - not all have to
        """Lay out what it needs before it starts."""

    @abstractmethod
    def _wait_until_ready(self) -> None:
        """Return once it answers, and fail if it ends before."""


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _end(family: list[psutil.Process]) -> None:
    """Give them time to end by themselves (a Jupyter server ends its kernels), then kill."""
    _gone, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS)
