"""Kernels that begin as forks of a process which has imported much already: in a third of the time.

Each is a process of its own: its sockets, threads and IPython shell are new. What looks for the
kernel when it is imported, as ipywidgets does, is not imported before there is one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Self

FORKING = """
import faulthandler, json, os, signal, sys, threading
import IPython, ipykernel.ipkernel, ipykernel.kernelapp, requests_oauthlib, cryptography.x509
import nb_oauth.session
assert threading.active_count() == 1
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever has ended is forgotten
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND)
    for file, number in [(null, 0), (log, 1), (log, 2)]:
        os.dup2(file, number)
    faulthandler.enable()
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"  # it ends when its parent dies
    sys.argv = ["ipykernel_launcher", parent, *order["arguments"]]
    ipykernel.kernelapp.launch_new_instance()
    os._exit(0)
"""


class Forking:
    """Starts kernels for one environment; see `start`."""

    def __init__(self, interpreter: str, path: str) -> None:
        self._command = [interpreter, "-c", FORKING]
        self._path = path

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": self._path},
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
    ) -> Fork:
        """As `tests.kernel.harness.start_process`."""
        order = {
            "arguments": command[3:],  # without the interpreter and -m ipykernel_launcher
            "environment": dict(environment),
            "folder": str(folder),
            "log": str(log),
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Fork(int(self._process.stdout.readline()))


class Fork:
    """As much of a ``Popen`` as is used of it: the process is a child of somebody else."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process = psutil.Process(pid)

    def poll(self) -> int | None:
        return None if self._process.is_running() else 0

    def wait(self, timeout: float | None = None) -> int:
        try:
            self._process.wait(timeout)
        except psutil.TimeoutExpired:
            raise subprocess.TimeoutExpired([], timeout or 0) from None
        return 0

    def kill(self) -> None:
        if self._process.is_running():
            self._process.kill()

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
