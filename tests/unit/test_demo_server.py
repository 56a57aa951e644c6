from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import requests

from nb_oauth import demo
from nb_oauth.commands import main
from nb_oauth.demo import running
from nb_oauth.demo.events import Journal
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers import known_provider
from tests.unit.demo_visitor import Visitor, direct

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with direct() as session:
        yield session


def test_a_port_that_is_taken_is_named(stopped: None, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} .*port=0"):
            demo.start(port=port)
        assert main(["demo", "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert str(port) in said
    assert "Errno" not in said


@pytest.fixture
def stopped() -> Iterator[None]:
    demo.stop()
    yield
    demo.stop()


# Addresses


@pytest.mark.usefixtures("stopped")
def test_the_metadata_is_what_the_provider_value_says(http: requests.Session) -> None:
    provider = demo.provider()
    metadata = http.get(f"{provider.issuer}/.well-known/oauth-authorization-server", timeout=9)
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        assert metadata.json()[name] == getattr(provider, name)
    assert metadata.json()["code_challenge_methods_supported"] == ["S256"]
    assert provider.authorization_response_iss_parameter_supported
    assert demo.api_url() == f"{provider.issuer}/api"


@pytest.mark.usefixtures("stopped")
def test_the_clients_are_the_ones_that_are_registered(http: requests.Session) -> None:
    assert demo.client().client_id == "demo-notebook"
    assert demo.client().client_secret is None
    service = demo.service_client()
    form = {"grant_type": "client_credentials"}
    secret = service.client_secret or ""
    token_endpoint = demo.provider().require("token_endpoint")
    reply = http.post(token_endpoint, form, auth=(service.client_id, secret), timeout=9)
    assert reply.status_code == 200
    known = known_provider("demo")
    assert (known.provider, known.client) == (demo.provider(), demo.client())


def test_the_front_page_says_what_this_is(visitor: Visitor) -> None:
    page = visitor.get("/").text
    assert "A provider to practise on" in page
    assert "Never type a real password" in page
    assert "Goodricke" in page


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/static/demo.css", "text/css; charset=utf-8"), ("/static/star.svg", "image/svg+xml")],
)
def test_style_and_icon_are_served(visitor: Visitor, path: str, content_type: str) -> None:
    reply = visitor.get(path)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, content_type)


@pytest.mark.parametrize("path", ["/static/../server.py", "/static/x", "/nothing", "/apis"])
def test_nothing_else_is_served(visitor: Visitor, path: str) -> None:
    status, page = visitor.raw("GET", path)
    assert status == 404
    assert "Nothing here" in page


def test_the_wrong_method_is_told_the_right_one(visitor: Visitor) -> None:
    assert visitor.get("/token").headers["Allow"] == "POST"
    assert visitor.post("/authorize").headers.get("Allow") is None
    assert visitor.post("/authorize", {"a": "b"}).status_code == 405
    assert visitor.post("/static/demo.css", {"a": "b"}).status_code == 404


# HTTP


@pytest.mark.parametrize("host", ["evil.example", "localhost:1", "127.0.0.1", ""])
def test_another_host_name_is_misdirected(visitor: Visitor, host: str) -> None:
    status, body = visitor.raw("GET", "/api", headers={"Host": host})
    assert status == 421
    assert visitor.issuer in body


def test_every_reply_is_sniffed_cached_and_referred_to_by_nobody(visitor: Visitor) -> None:
    for path in ("/", "/api", "/token", "/nothing"):
        headers = visitor.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("", {"Content-Length": "65537"}, 413),
        ("", {"Content-Length": "-1"}, 413),
        ("", {"Transfer-Encoding": "chunked"}, 413),
        ("{}", {"Content-Type": "application/json"}, 415),
        (b"grant_type=\xff", {}, 400),
    ],
)
def test_a_body_that_is_no_small_form_is_refused(
    visitor: Visitor, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert visitor.raw("POST", "/token", body, headers)[0] == status


def test_a_browser_that_hangs_up_is_no_news(
    visitor: Visitor, capfd: pytest.CaptureFixture[str]
) -> None:
    host = ("127.0.0.1", visitor.server.port)
    with closing(socket.create_connection(host)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(b"GET / HTTP/1.1\r\nHo")
    assert visitor.get("/api").status_code == 200
    assert capfd.readouterr().err == ""


def test_a_mistake_of_ours_is_told(
    visitor: Visitor, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitor.server._http, "application", None)
    with pytest.raises(requests.ConnectionError):
        visitor.get("/api")
    assert "AttributeError" in capfd.readouterr().err


# One a process


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.com", "::1", ""])  # noqa: S104 - must be refused
def test_only_a_loopback_address_is_served(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"pass 127\.0\.0\.1"):
        demo.start(host=host)


@pytest.mark.usefixtures("stopped")
def test_localhost_is_a_loopback_address() -> None:
    assert demo.start(host="localhost").startswith("http://127.0.0.1:")


@pytest.mark.usefixtures("stopped")
def test_starting_again_changes_nothing() -> None:
    issuer = demo.start()
    assert demo.start() == issuer
    assert demo.start(port=int(issuer.rpartition(":")[2])) == issuer
    with pytest.raises(ConfigurationError, match="already"):
        demo.start(port=1)


@pytest.mark.usefixtures("stopped")
def test_many_threads_start_one() -> None:
    barrier = threading.Barrier(8)

    def start(_number: int) -> str:
        barrier.wait()
        return demo.start()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1


@pytest.mark.usefixtures("stopped")
def test_stopping_hangs_up_and_leaves_no_thread() -> None:
    issuer = demo.start()
    with direct() as browser:
        assert browser.get(issuer + "/api", timeout=9).status_code == 200
        demo.stop()
        with pytest.raises(requests.ConnectionError):
            browser.get(issuer + "/api", timeout=9)
    demo.stop()
    assert "nb-oauth-demo" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.usefixtures("stopped")
def test_a_forked_process_starts_its_own() -> None:
    if not hasattr(os, "fork"):
        pytest.skip("no fork on this system")
    script = """
import os, urllib.request
from nb_oauth import demo
issuer = demo.start()
child = os.fork()
mine = demo.start()
assert urllib.request.urlopen(mine + "/api").status == 200
assert (mine == issuer) == bool(child)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert urllib.request.urlopen(issuer + "/api").status == 200
demo.stop()
"""
    command = [sys.executable, "-W", "ignore", "-c", script]
    subprocess.run(command, check=True, timeout=30)  # noqa: S603 - our own script


@pytest.mark.usefixtures("stopped")
def test_forgetting_after_a_fork_starts_afresh() -> None:
    issuer, server = demo.start(), running.running()
    connection = server._http.socket.dup()
    running._after_fork()
    running._after_fork()
    assert demo.start() != issuer
    # This process has not forked: give the first server its socket back, and end it properly.
    server._http.socket = connection
    server.close()


# The journal


def test_the_journal_tells_the_providers_half(visitor: Visitor) -> None:
    visitor.renew(visitor.signed_in(token_lifetime="20"))
    journal = visitor.server.journal()
    assert [event.what for event in journal] == [
        "Your notebook asks for observations:read profile:read: sign-in page shown",
        "Ada Lovelace signed in",
        "Your notebook was allowed observations:read profile:read",
        "Authorization code sent back with the browser",
        "Token issued for 20 s (authorization code grant)",
        "Token renewed for 20 s; the refresh token was rotated",
    ]
    assert len(journal) == 6
    assert journal[-1].what in repr(journal)
    assert isinstance(journal[-2:], Journal)
    assert "<td" in journal[-2:]._repr_html_()


@pytest.mark.usefixtures("stopped")
def test_an_empty_journal_says_so() -> None:
    assert repr(demo.journal()) == "Nothing has happened yet."
    assert "Nothing has happened yet." in demo.journal()._repr_html_()


# The command


def test_the_command_prints_the_addresses_and_stops_at_ctrl_c(http: requests.Session) -> None:
    command = [sys.executable, "-m", "nb_oauth", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        assert process.stdout
        told = [process.stdout.readline() for _ in range(4)]
        issuer = told[0].split()[-1]
        assert http.get(issuer, timeout=9).status_code == 200
        assert f"{issuer}/.well-known/oauth-authorization-server" in told[1]
        assert f"{issuer}/api" in told[2]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_a_command_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "demo" in capsys.readouterr().err


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "('oauthlib', 'requests', 'http.server', 'joserfc')"
    script = f"import sys, nb_oauth.demo; print([m for m in {heavy} if m in sys.modules])"
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, check=True, timeout=30, capture_output=True, text=True)  # noqa: S603 - our own script
    assert told.stdout.strip() == "[]"


def test_the_command_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("nb_oauth ")
