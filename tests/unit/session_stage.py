"""An authorization server and an API that do as they are told: what the session's tests share."""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests_oauthlib

from nb_oauth import Client, OAuth2Session, Provider
from tests.polling import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from typing_extensions import Self

ENDED = {"access_token": "access-0", "refresh_token": "refresh-0", "token_type": "Bearer"}


@dataclass(frozen=True)
class Request:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """What is answered to it."""

    body: str | bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


def reply(status: int = 200, **members: Any) -> Reply:
    return Reply(json.dumps(members), status)


class Stage:
    """Serves ``/token`` and everything else (the API) on a free loopback port.

    The token endpoint rotates: it takes the refresh token it gave last, and no other. Give
    ``at_token`` another function to let it do something else. The API takes the access token
    that was given last.
    """

    def __init__(self) -> None:
        self.at_token: Callable[[Request], Reply] = self.rotate
        self.token_requests: list[Request] = []
        self.api_requests: list[Request] = []
        self.delay = 0.0
        self.lifetime = 3600
        self.pauses: list[float] = []
        self._generation = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._server.request_queue_size = 128
        self._server.socket.listen(128)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def token_endpoint(self) -> str:
        return f"{self.issuer}/token"

    @property
    def api(self) -> str:
        return f"{self.issuer}/api"

    @property
    def provider(self) -> Provider:
        return Provider(
            "Stage",
            token_endpoint=self.token_endpoint,
            authorization_endpoint=f"{self.issuer}/authorize",
        )

    def open(self, client: Client | None = None, **arguments: Any) -> OAuth2Session:
        """A session that was opened here; it asks no proxy, whatever the environment says.

        Before it asks the token endpoint again it does not wait, but notes how long it would.
        """
        client = client or Client("app", redirect_uri="http://127.0.0.1/callback")
        session = OAuth2Session.open(self.provider, client, **arguments)
        session.trust_env, session._pause = False, self.pauses.append
        return session

    def classic(
        self,
        kind: type[requests_oauthlib.OAuth2Session] = OAuth2Session,
        *arguments: Any,
        **keywords: Any,
    ) -> Any:
        """A session made by its constructor."""
        session = kind(*(arguments or ("app",)), **keywords)
        session.trust_env = False
        return session

    def rotate(self, request: Request) -> Reply:
        with self._lock:
            good = request.form.get("refresh_token") == f"refresh-{self._generation}"
            if request.form.get("grant_type") == "refresh_token" and not good:
                return reply(400, error="invalid_grant")
            self._generation += 1
            return reply(
                access_token=f"access-{self._generation}",
                refresh_token=f"refresh-{self._generation}",
                token_type="bearer",
                expires_in=self.lifetime,
            )

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            self.token_requests.append(request)
            time.sleep(self.delay)
            return self.at_token(request)
        self.api_requests.append(request)
        return reply(path=request.path)

    @property
    def sent_tokens(self) -> list[str | None]:
        return [request.headers.get("Authorization") for request in self.api_requests]


def ending(seconds: float, lifetime: float = 3600, **members: Any) -> dict[str, Any]:
    """A token that ends in ``seconds``."""
    return {**ENDED, "expires_in": lifetime, "expires_at": time.time() + seconds, **members}


def threads_inside(function: Any) -> int:
    """How many threads are inside a function, or wait to enter it."""
    code = function.__code__
    stacks = [traceback.walk_stack(frame) for frame in sys._current_frames().values()]
    return sum(any(frame.f_code is code for frame, _ in stack) for stack in stacks)


def once_inside(
    function: Any, threads: int, answer: Callable[[Request], Reply]
) -> Callable[[Request], Reply]:
    """Let the first answer come once so many threads are inside ``function``: none is late."""
    has_come = threading.Event()

    def held(request: Request) -> Reply:
        if not has_come.is_set():
            has_come.set()
            wait_until(lambda: threads_inside(function) >= threads, "all of them are there")
        return answer(request)

    return held


def at_once(count: int, function: Callable[[], Any]) -> list[Any]:
    """Call ``function`` in that many threads at the same moment; errors are among the results."""
    barrier, results = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        try:
            results.append(function())
        except Exception as error:  # noqa: BLE001 - whatever it is, the test judges it
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def let_theirs_use_http(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    """requests-oauthlib refuses loopback http without this; ours must do without."""
    if kind is requests_oauthlib.OAuth2Session:
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def _handler(stage: Stage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            address = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            answer = stage.answer(
                Request(
                    self.command,
                    address.path,
                    dict(parse_qsl(address.query)),
                    dict(self.headers.items()),
                    dict(parse_qsl(body, keep_blank_values=True)),
                )
            )
            content = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - the standard library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
