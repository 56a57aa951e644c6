"""HTTP on a loopback address: reads a request, asks the application, writes its answer."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

from nb_oauth.demo import through_jupyter
from nb_oauth.demo.application import Application
from nb_oauth.demo.messages import Call, Reply
from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    from nb_oauth.demo.events import Journal

__all__ = ["DemoServer"]

_MOST_BYTES = 64 * 1024
_FORM = "application/x-www-form-urlencoded"


class DemoServer:
    """The demo provider, listening.

    Args:
        host: an IPv4 loopback address.
        port: 0 for a free one.

    Attributes:
        issuer: its address, without a slash at the end.

    Raises:
        ConfigurationError: the host is no loopback address, or the port cannot be had.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._http = _listening(_loopback(host), port)
        self.host, self.port = self._http.server_address[:2]
        self.issuer = f"http://{self.host!s}:{self.port}"
        self._http.application = Application(self.issuer)
        self._thread = threading.Thread(
            # A short poll, so that stopping is not felt.
            target=lambda: self._http.serve_forever(poll_interval=0.05),
            name="nb-oauth-demo",
            daemon=True,
        )

    def serve(self) -> None:
        """Begin to answer, in threads that end with the process."""
        self._thread.start()

    def journal(self) -> Journal:
        """What happened until now."""
        return self._http.application.recorder.journal()

    def close(self) -> None:
        """Stop listening, and hang up on whoever is still connected."""
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()

    def forget(self) -> None:
        """Let go of the socket in a forked process, where no thread serves it."""
        self._http.socket.close()


class _Server(ThreadingHTTPServer):
    application: Application
    daemon_threads = True
    # A browser keeps its connection open: closing must not wait for it.
    block_on_close = False

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - the base class's
        self._connections: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the base class's
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        # A browser that hangs up early is no news in a notebook.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):  # the other side hung up first
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "nb_oauth-demo"
    sys_version = ""
    # One packet an answer and no waiting for acknowledgements: else 45 ms a request.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        self._respond(self._answer(""))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            # What was not read would be taken for the next request.
            self.close_connection = True
            self._respond(Reply(413, b"Too long, or of unknown length."))
            return
        body = self.rfile.read(int(length))
        if self.headers.get_content_type() != _FORM:
            self._respond(Reply(415, f"Send {_FORM}.".encode()))
            return
        try:
            text = body.decode()
        except UnicodeDecodeError:
            self._respond(Reply(400, b"Not UTF-8."))
            return
        self._respond(self._answer(text))

    def _answer(self, body: str) -> Reply:
        application = self.server.application
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(str(self.command), path, query, headers, body)
        if f"http://{headers.get('host')}" == application.issuer:
            return application.answer(call)
        # A page that another name brought here (DNS rebinding) is told nothing.
        let_in = through_jupyter.let_in(call, self.server.server_port)
        if let_in is None:
            return Reply(421, f"This is {application.issuer} and nothing else.".encode())
        return application.answer(let_in)

    def _respond(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {
            "Content-Type": reply.content_type,
            "Content-Length": str(len(reply.body)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            **reply.headers,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_args: object) -> None:
        """Write nothing: a notebook's output is not a server's log."""


def _loopback(host: str) -> str:
    try:
        address = IPv4Address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ConfigurationError(
            f"The demo provider serves this machine alone: pass 127.0.0.1, not {host!r}."
        )
    return str(address)


def _listening(host: str, port: int) -> _Server:
    try:
        return _Server((host, port), _Handler)
    except OSError as error:
        raise ConfigurationError(
            f"The demo provider cannot have port {port} ({error.strerror}). Leave it out or pass "
            "port=0 for a free one, or see which program has it."
        ) from None
