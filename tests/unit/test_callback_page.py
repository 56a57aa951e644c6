"""The callback page, served by a real Jupyter server that asks everybody else for its token."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import json
import os
import re
import sys
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from nb_oauth.redirects import callback_page, jupyter
from tests.polling import wait_until
from tests.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
BASE = "/user/a.b+c/"
CODE, STATE = "c0de-of-a-person", "stat3-of-a-sign-in"
QUERY = f"?code={CODE}&state={STATE}&session={CODE}"
# As `jupyter server` does, and ends with its standard input: it outlives no test run.
PROGRAM = """\
import os, signal, sys, threading
from jupyter_server.serverapp import main

def end():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end, daemon=True).start()
main(sys.argv[1:])
"""


class Server:
    """A Jupyter server that has what installing the package puts into its configuration."""

    def __init__(self, folder: Path) -> None:
        config = folder / "config"
        enabled = config / "jupyter_server_config.d"
        enabled.mkdir(parents=True)
        for file in (ROOT / "jupyter-config" / "jupyter_server_config.d").iterdir():
            (enabled / file.name).write_bytes(file.read_bytes())
        self._runtime = folder / "runtime"
        own = {"JUPYTER_CONFIG_DIR": config, "JUPYTER_RUNTIME_DIR": self._runtime, "HOME": folder}
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": 0,
            "ServerApp.base_url": BASE,
            "ServerApp.log_level": "DEBUG",
            "ServerApp.root_dir": folder,
            "ServerApp.allow_unauthenticated_access": False,
            "IdentityProvider.token": "a-token",
        }
        self.process = ServerProcess(
            [sys.executable, "-c", PROGRAM, "--no-browser", "--allow-root"]
            + [f"--{name}={value}" for name, value in options.items()],
            log=folder / "server.log",
            env={**os.environ, **{name: str(path) for name, path in own.items()}},
            cwd=folder,
        )

    def port(self) -> int | None:
        self.process.check_alive()
        for path in self._runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # it is there before anything is in it
                return urlsplit(json.loads(path.read_text())["url"]).port
        return None

    def ask(self, path: str, method: str = "GET") -> tuple[HTTPResponse, str]:
        port = wait_until(self.port, "the server runs", seconds=60)
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    with server.process:
        wait_until(server.port, "the server runs", seconds=60)
        yield server


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("callback", "text/html", "history.replaceState"),
        ("listen.js", "text/javascript", "export const listen"),
    ],
)
def test_is_served_to_whoever_asks(server: Server, name: str, kind: str, words: str) -> None:
    answer, text = server.ask(f"{BASE}nb-oauth/{name}")
    assert answer.status == 200
    assert answer.getheader("Content-Type") == f"{kind}; charset=utf-8"
    assert words in text
    assert answer.getheader("Set-Cookie") is None


def test_the_server_knows_that_this_is_meant_for_everybody(server: Server) -> None:
    server.ask(f"{BASE}nb-oauth/callback")
    log = server.process.read_log()
    assert not re.search(r"\(nb_oauth\S*|nb.?oauth\S*\): GET|CallbackPage", log)


def test_everything_else_of_the_server_is_not(server: Server) -> None:
    answer, _ = server.ask(f"{BASE}api/contents")
    assert (answer.status, "login?next=" in str(answer.getheader("Location"))) == (302, True)


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 403)])
def test_its_policy_lets_it_do_nothing_but_that(server: Server, method: str, status: int) -> None:
    answer, text = server.ask(f"{BASE}nb-oauth/callback{QUERY}", method)
    assert answer.status == status
    policy = dict(
        part.strip().split(" ", 1)
        for part in str(answer.getheader("Content-Security-Policy")).split(";")
    )
    assert policy.pop("default-src") == "'none'"
    sources = [policy.pop("script-src"), policy.pop("style-src")]
    assert [source.partition("-")[0] for source in sources] == ["'sha256"] * 2
    assert policy == dict.fromkeys(("base-uri", "form-action", "frame-ancestors"), "'none'")
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    assert answer.getheader("Cache-Control") == "no-store"
    assert CODE not in text


def test_the_page_is_the_same_whatever_it_is_asked_with(server: Server) -> None:
    assert (
        server.ask(f"{BASE}nb-oauth/callback")[1]
        == server.ask(f"{BASE}nb-oauth/callback{QUERY}")[1]
    )


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_the_log_of_the_server_has_no_answer(server: Server, method: str) -> None:
    begin = len(server.process.read_log())
    server.ask(f"{BASE}nb-oauth/callback{QUERY}", method)
    wait_until(lambda: "nb-oauth/callback" in server.process.read_log()[begin:], "it is logged")
    log = server.process.read_log()[begin:]
    assert CODE not in log
    assert STATE not in log
    assert re.search(rf"{method} \S*nb-oauth/callback \(", log), log


def test_a_server_before_2_13_has_no_mark_for_what_everybody_may_see(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without_the_mark(name: str, *more: Any) -> Any:
        if name == "jupyter_server.auth.decorator":
            raise ImportError
        return real(name, *more)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", without_the_mark)
        importlib.reload(jupyter)
    try:
        rule, *_ = callback_page.rules("/", jupyter.allow_unauthenticated)
        assert rule[1].get is callback_page.CallbackPage.get
    finally:
        importlib.reload(jupyter)
    rule, *_ = callback_page.rules("/", jupyter.allow_unauthenticated)
    assert rule[1].get is not callback_page.CallbackPage.get
