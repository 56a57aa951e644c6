"""A server that is 5 ms away, and quick: a protocol of asyncio's, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AWAY = 0.005  # seconds
BODY = b'{"id": 1, "name": "Delta Cephei", "magnitude": 4.07}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Date: Mon, 23 Nov 2026 07:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


class FarAway(asyncio.Protocol):
    """Answers each request a while after it came."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._received = transport, b""

    def data_received(self, data: bytes) -> None:
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for _ in requests:
            asyncio.get_running_loop().call_later(AWAY, self._transport.write, ANSWER)


async def serve() -> None:
    """Serve on a free port, which is printed, until the standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FarAway, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def far_away() -> Iterator[str]:
    """The address of one that runs meanwhile."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, __file__], text=True, **pipes) as process:  # noqa: S603 - this file
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.communicate()


if __name__ == "__main__":
    asyncio.run(serve())
