"""A listener on this machine's loopback interface that the provider redirects to (RFC 8252 §7.3).

It lives only while somebody is signing in, answers one path under one ``Host``, and passes on the
address it was called with. Whether that is an answer is for others to judge; the page it shows
says what they made of it.
"""

import errno
import secrets
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, urlsplit

from nb_oauth import forks
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.redirects import loopback_page
from nb_oauth.transport import is_loopback

Deliver = Callable[[str], "Future[str | None]"]
"""Takes the address called; its future tells why it is no answer, or None if it is one."""

REACHED = "nb_oauth"
"""What a page gets that reaches the listener."""
_VERDICT_PATIENCE = 3.0  # seconds that the browser is kept waiting for the verdict
_REQUEST_PATIENCE = 10.0  # seconds that a connection may be silent: browsers open spare ones
_LONGEST_FRAGMENT = 100_000  # bytes; a token with all its claims is a few thousand
_BREATH = 0.1  # seconds until files may have been closed
_HTTP_PORT = 80  # which browsers leave out of Host
_TRIES = 20  # for a free port that is free on both address families


def is_loopback_redirect(redirect_uri: str) -> bool:
    """Tell whether a listener on this machine can catch what goes to ``redirect_uri``."""
    parts = urlsplit(redirect_uri)
    return parts.scheme == "http" and is_loopback(parts.hostname)


class LoopbackRedirect:
    """Listens at a loopback redirect URI until closed.

    Args:
        redirect_uri: such as ``http://127.0.0.1/callback``: without a port (or with port 0) a
            free one is taken. ``localhost`` is listened to on 127.0.0.1 and, where the machine
            has it, on ``::1``.
        deliver: is called, in a thread of the listener's, with each address that may hold an
            answer.
        taken_over: is called when a newer listener of this process takes the same address: the
            newest sign-in is the one that somebody is about to answer.

    Attributes:
        redirect_uri: the address that is really listened to, with its port.
        probe: an address that nobody can guess, for a page to find out whether its browser
            reaches this listener and no other: it answers :data:`REACHED` to any origin.

    Raises:
        ConfigurationError: ``redirect_uri`` is not http on a loopback address.
        OSError: the port is taken.
    """

    def __init__(
        self,
        redirect_uri: str,
        deliver: Deliver,
        taken_over: Callable[[], None] = lambda: None,
    ) -> None:
        if not is_loopback_redirect(redirect_uri):
            raise ConfigurationError(f"{redirect_uri!r} is not an http loopback address.")
        parts = urlsplit(redirect_uri)
        host = str(parts.hostname)
        self._taken_over = taken_over
        with _changing:
            _take_over(parts.port)
            self._listen(parts, host, deliver)

    def _listen(self, parts: SplitResult, host: str, deliver: Deliver) -> None:
        sockets = _listen(host, parts.port or 0)
        port = sockets[0].getsockname()[1]
        netloc = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.redirect_uri = parts._replace(netloc=netloc).geturl()
        hosts = {netloc, host} if port == _HTTP_PORT else {netloc}
        probe = f"/probe-{secrets.token_urlsafe(16)}"
        self.probe = f"http://{netloc}{probe}"
        handler = partial(_Handler, hosts, netloc, (parts.path or "/", probe), deliver)
        self.port = port
        self._servers = [_Server(listening, handler) for listening in sockets]
        _listening.add(self)

    def close(self) -> None:
        """Stop listening: the port is free at once. May be called more than once."""
        with _changing:
            _listening.discard(self)
            while self._servers:
                self._servers.pop().close()

    def forget(self) -> None:  # pragma: no cover - runs in forked children only; tested there
        """Let go of a copy that a fork made; the original goes on listening."""
        while self._servers:
            self._servers.pop().let_go()

    def give_way(self) -> None:
        """Close for a newer listener at the same address, and say so."""
        self.close()
        self._taken_over()


_listening: set[LoopbackRedirect] = set()
_changing = threading.RLock()  # who listens where: one change at a time
_reached = threading.Event()


def was_reached() -> bool:
    """Tell whether a browser has brought an answer here: then it runs on this machine."""
    return _reached.is_set()


def _take_over(port: int | None) -> None:
    """Make an older listener of this process, at the very port asked for, give way."""
    for older in list(_listening):
        if older.port == port:
            older.give_way()


def _forget_in_child() -> None:  # pragma: no cover - the same
    """Let go of what a fork copied: the child answers nobody, and must not keep the port."""
    while _listening:
        _listening.pop().forget()


forks.in_child(_forget_in_child)


def _listen(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets for ``host``: one, or for ``localhost`` one an address family."""
    if host.rstrip(".").lower() != "localhost":
        return [_bind(host, port)]
    for _ in range(_TRIES):
        first = _bind("127.0.0.1", port)
        try:
            return [first, _bind("::1", first.getsockname()[1])]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:  # the machine has no IPv6
                return [first]
            first.close()
            if port:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free on both 127.0.0.1 and ::1")


def _bind(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two listeners share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


class _Server(ThreadingHTTPServer):
    """Serves a socket that listens already, in a thread of its own that never polls."""

    def __init__(self, listening: socket.socket, handler: Callable[..., "_Handler"]) -> None:
        super().__init__(listening.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        listening.setblocking(False)
        self.socket = listening
        self._asleep, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="nb_oauth loopback", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            selector.register(self._asleep, selectors.EVENT_READ)
            while self._asleep not in (key.fileobj for key, _ in selector.select()):
                self._serve_one()

    def _serve_one(self) -> None:
        try:
            request, address = self.get_request()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:  # it would be asked for at once again
                time.sleep(_BREATH)
            return  # or the browser hung up before it was served
        try:
            self.process_request(request, address)
        except RuntimeError:  # no thread can be started: the browser is told by a closed connection
            self.shutdown_request(request)

    def close(self) -> None:
        """Stop, and free the port before returning."""
        self._waker.send(b"!")
        self._thread.join()
        self.let_go()

    def let_go(self) -> None:
        """Close the sockets."""
        self.server_close()
        self._asleep.close()
        self._waker.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that hangs up is no news, and a traceback could hold a code."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one path under one ``Host``."""

    server_version = "nb_oauth"
    sys_version = ""
    timeout = _REQUEST_PATIENCE

    def __init__(
        self, hosts: set[str], netloc: str, paths: tuple[str, str], deliver: Deliver, *args: object
    ) -> None:
        self._hosts = hosts
        self._netloc = netloc
        self._path, self._probe = paths
        self._deliver = deliver
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Take an answer in the query, and tell the browser what it came to."""
        if self.path == self._probe and self._has_our_host():
            self._send(REACHED.encode(), {"Access-Control-Allow-Origin": "*"})
        elif self._is_for_us():
            query = self.path.partition("?")[2]
            self._send(self._take(self.path) if query else loopback_page.nothing_here())

    def do_POST(self) -> None:
        """Take an answer that came in the fragment: our own page sends it in the body."""
        if not self._is_for_us():
            return
        if self.headers.get("Origin", "").lower() not in {f"http://{host}" for host in self._hosts}:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isdecimal() and int(length) <= _LONGEST_FRAGMENT):
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        fragment = self.rfile.read(int(length)).decode("utf-8", "replace")
        self._send(self._take(f"{self._path}#{fragment}"))

    def _is_for_us(self) -> bool:
        if not self._has_our_host():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif self.path.partition("?")[0] != self._path:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            return True
        return False

    def _has_our_host(self) -> bool:
        # A page of another site that has its name resolve to 127.0.0.1 sends its own Host.
        return self.headers.get("Host", "").lower() in self._hosts

    def _take(self, path: str) -> bytes:
        verdict = self._deliver(f"http://{self._netloc}{path}")
        try:
            reason = verdict.result(_VERDICT_PATIENCE)
        except FutureTimeoutError:
            return loopback_page.undecided()
        if reason is not None:
            return loopback_page.rejected(reason)
        _reached.set()
        return loopback_page.accepted()

    def _send(self, page: bytes, headers: Mapping[str, str] = loopback_page.HEADERS) -> None:
        self.send_response(HTTPStatus.OK)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: a request line holds the code."""
