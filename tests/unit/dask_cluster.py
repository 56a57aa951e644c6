"""A Dask cluster of separate processes: scheduler and workers, and what goes over the wire.

The scheduler is not in the process of the tests, which is the notebook here: what may never be on a
cluster is in its memory. Scheduler, workers and client speak through a relay that keeps all.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import psutil

from tests import tools
from tests.polling import wait_until
from tests.server_process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

PIECE = 1 << 16


class Wire:
    """A relay on loopback that keeps what goes through it."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._to = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._kept: list[bytearray] = []

    def begin(self, port: int) -> None:
        """Relay to ``port``."""
        self._to = port
        self._in_thread(self._accept)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for one in self._open:
            one.close()

    def holds(self, text: str) -> bool:
        """Whether it went through, in either direction of any connection."""
        with self._lock:
            return any(text.encode() in one for one in self._kept)

    @property
    def size(self) -> int:
        with self._lock:
            return sum(map(len, self._kept))

    def _in_thread(self, target: Any, *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    self._in_thread(self._relay, source, target)

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        kept = bytearray()
        with self._lock:
            self._kept.append(kept)
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                with self._lock:
                    kept.extend(piece)
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


class Cluster(ServerProcess):
    """A ``LocalCluster`` in a process of its own, with worker processes below it."""

    def __init__(self, log: Path, *, workers: int = 2, threads: int = 2) -> None:
        self.wire = Wire()
        given = map(str, (workers, threads, self.wire.port, log.parent))
        command = [sys.executable, "-m", "tests.unit.dask_cluster", *given]
        super().__init__(command, log=log, env=tools.unmeasured())

    def __enter__(self) -> Self:
        super().__enter__()
        said = wait_until(self._said, "the scheduler listens", seconds=60)
        self.wire.begin(said["port"])
        return self

    def __exit__(self, *error: object) -> None:
        self.wire.close()
        for one in self.processes():  # to end in order takes them seconds
            with contextlib.suppress(psutil.Error):
                one.kill()
        super().__exit__(*error)

    def _said(self) -> dict[str, Any] | None:
        self.check_alive()
        lines = [one for one in self.read_log().splitlines() if one.startswith("{")]
        return json.loads(lines[0]) if lines else None

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.wire.port}"

    def processes(self) -> list[psutil.Process]:
        """The scheduler's, and all below it: nannies live with it, workers are its children."""
        mine = psutil.Process(self.pid)
        return [mine, *mine.children(recursive=True)]


def main(workers: str, threads: str, port: str, folder: str) -> None:
    import dask
    from distributed import LocalCluster

    dask.config.set({"distributed.scheduler.contact-address": f"tcp://127.0.0.1:{port}"})
    with LocalCluster(
        n_workers=0,
        threads_per_worker=int(threads),
        processes=True,
        dashboard_address=None,
        host="127.0.0.1",
        local_directory=folder,
    ) as cluster:
        listening = int(cluster.scheduler.address.rpartition(":")[2])
        print(json.dumps({"port": listening}), flush=True)  # then the relay knows where to
        cluster.scale(int(workers))
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
