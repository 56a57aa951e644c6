"""No proxy sees what is meant for this machine."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import OAuth2Session
from nb_oauth.transport import DirectLoopback
from tests.unit.session_stage import Reply, Stage, ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

VARIABLES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


class Proxy:
    """Notes what it is asked for, and sends whoever asks to ``location``."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.location = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        # With a password: at a redirect requests would hand that on as well.
        self.url = f"http://proxy-user:proxy-pass@127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            proxy.asked.append(self.path)
            self.send_response(302 if proxy.location else 502)
            if proxy.location:
                self.send_header("Location", proxy.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = _serve  # noqa: N815 - the standard library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with Proxy() as proxy:
        yield proxy


def from_environment(session: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    session.trust_env = True
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    return {}


def from_session(session: Any, proxy: Proxy, _: pytest.MonkeyPatch) -> dict[str, Any]:
    session.proxies = {"http": proxy.url, "http://127.0.0.1": proxy.url, "all": proxy.url}
    return {}


def from_argument(_: Any, proxy: Proxy, __: pytest.MonkeyPatch) -> dict[str, Any]:
    return {"proxies": {"http": proxy.url, "http://127.0.0.1": proxy.url, "all": proxy.url}}


named = pytest.mark.parametrize("named", [from_environment, from_session, from_argument])


@named
@pytest.mark.parametrize("kind", ["opened", "classic"])
def test_no_proxy_is_asked_for_loopback_http(
    stage: Stage, proxy: Proxy, named: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = stage.open(token=ending(100)) if kind == "opened" else stage.classic()
    arguments = named(session, proxy, monkeypatch)
    session.fetch_token(stage.token_endpoint, code="s3cret", **arguments)
    session.refresh_token(stage.token_endpoint, **arguments)
    assert session.get(stage.api, **arguments).status_code == 200
    assert not proxy.asked
    assert (len(stage.token_requests), stage.sent_tokens) == (2, ["Bearer access-2"])


@named
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_no_proxy_is_asked_after_a_redirect_to_loopback_http(
    stage: Stage, proxy: Proxy, named: Any, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: Any = DirectLoopback()
    session.trust_env = False
    arguments = named(session, proxy, monkeypatch)
    proxy.location = stage.api.replace("127.0.0.1", host)
    assert session.get("http://api.example/", **arguments).status_code == 200
    assert proxy.asked == ["http://api.example/"]
    assert "Proxy-Authorization" not in stage.api_requests[0].headers


@named
def test_a_redirect_from_loopback_to_elsewhere_asks_the_proxy(
    stage: Stage, proxy: Proxy, named: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.at_token = lambda _: Reply("", 302, {"Location": "http://api.example/"})
    session: Any = DirectLoopback()
    session.trust_env = False
    arguments = named(session, proxy, monkeypatch)
    assert session.get(stage.token_endpoint, **arguments).status_code == 502
    assert proxy.asked == ["http://api.example/"]


@pytest.mark.parametrize("arguments", [{}, {"proxies": None}])
def test_a_request_that_was_prepared_goes_there_directly_as_well(
    stage: Stage, proxy: Proxy, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session: Any = OAuth2Session("app")
    from_session(session, proxy, monkeypatch)
    from_environment(session, proxy, monkeypatch)
    prepared = session.prepare_request(requests.Request("GET", stage.api))
    assert session.send(prepared, **arguments).status_code == 200
    assert not proxy.asked
