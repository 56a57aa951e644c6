"""The listener on this machine that a provider redirects to."""

import errno
import http.client
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

import pytest

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.redirects import LoopbackRedirect, is_loopback_redirect, loopback
from tests.free_ports import free_port

Listen = Callable[..., LoopbackRedirect]


class Deliveries:
    """Takes addresses, and says of each what it is told to."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.verdict: str | None = None
        self.is_decided = True

    def __call__(self, address: str) -> "Future[str | None]":
        self.addresses.append(address)
        verdict: Future[str | None] = Future()
        if self.is_decided:
            verdict.set_result(self.verdict)
        return verdict


@pytest.fixture
def deliveries() -> Deliveries:
    return Deliveries()


@pytest.fixture
def listen(deliveries: Deliveries) -> Iterator[Listen]:
    open_ones = []

    def start(redirect_uri: str = "http://127.0.0.1/callback") -> LoopbackRedirect:
        open_ones.append(LoopbackRedirect(redirect_uri, deliveries))
        return open_ones[-1]

    yield start
    for listener in open_ones:
        listener.close()


def get(url: str, address: str = "127.0.0.1", **headers: str) -> tuple[int, str, dict[str, str]]:
    parts = urlsplit(url)
    assert parts.port
    connection = http.client.HTTPConnection(address, parts.port, timeout=5)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Host": parts.netloc, **headers})
        response = connection.getresponse()
        return response.status, response.read().decode(), dict(response.getheaders())
    finally:
        connection.close()


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(("::1", 9)) != errno.EADDRNOTAVAIL


def test_passes_on_the_address_and_shows_a_page(listen: Listen, deliveries: Deliveries) -> None:
    listener = listen()
    status, page, headers = get(f"{listener.redirect_uri}?code=abc&state=xyz")
    assert status == 200
    assert "You can close this tab" in page
    assert deliveries.addresses == [f"{listener.redirect_uri}?code=abc&state=xyz"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_page_says_why_an_answer_was_rejected_as_text(
    listen: Listen, deliveries: Deliveries
) -> None:
    deliveries.verdict = "An <b>older</b> link"
    _, page, _ = get(f"{listen().redirect_uri}?code=abc")
    assert "An &lt;b&gt;older&lt;/b&gt; link" in page
    assert "abc" not in page


def test_a_slow_verdict_does_not_keep_the_browser(
    listen: Listen, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "_VERDICT_PATIENCE", 0.01)
    deliveries.is_decided = False
    _, page, _ = get(f"{listen().redirect_uri}?code=abc")
    assert "will say what came of it" in page


def test_a_free_port_is_taken_when_none_is_asked_for(listen: Listen) -> None:
    first, second = listen(), listen("http://127.0.0.1:0/callback")
    ports = {urlsplit(listener.redirect_uri).port for listener in (first, second)}
    assert len(ports) == 2
    assert None not in ports


def test_the_port_asked_for_is_taken_and_can_be_taken_again(listen: Listen) -> None:
    port = free_port()
    uri = f"http://127.0.0.1:{port}/callback"
    for _ in range(2):
        listener = listen(uri)
        assert listener.redirect_uri == uri
        assert get(f"{uri}?code=abc")[0] == 200
        listener.close()


def test_a_port_in_use_is_an_os_error(listen: Listen) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError, match="in use"),
    ):
        listen(f"http://127.0.0.1:{other.getsockname()[1]}/callback")


def test_a_newer_listener_takes_the_address_over(deliveries: Deliveries) -> None:
    told: list[str] = []
    older = LoopbackRedirect("http://127.0.0.1/a", deliveries, lambda: told.append("older"))
    port = urlsplit(older.redirect_uri).port
    newer = LoopbackRedirect(f"http://localhost:{port}/b", deliveries)
    assert told == ["older"]
    assert get(f"{newer.redirect_uri}?code=abc")[0] == 200
    newer.close()
    older.close()
    assert told == ["older"]


def test_a_fork_neither_keeps_the_port_nor_stops_the_listener(listen: Listen) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    listener = listen()
    from_child, to_parent = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        os.write(to_parent, b"1" if listener._servers == [] else b"0")
        os.read(from_child, 0)
        os._exit(0)
    assert os.read(from_child, 1) == b"1"
    os.waitpid(child, 0)
    os.close(from_child)
    os.close(to_parent)
    assert get(f"{listener.redirect_uri}?code=abc")[0] == 200


def test_on_port_80_browsers_leave_the_port_out(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = listen()
    port = urlsplit(listener.redirect_uri).port
    listener.close()
    monkeypatch.setattr(loopback, "_HTTP_PORT", port)
    uri = listen(f"http://127.0.0.1:{port}/callback").redirect_uri
    assert get(f"{uri}?code=abc", Host="127.0.0.1")[0] == 200
    assert get(f"{uri}?code=abc")[0] == 200
    assert get(f"{uri}?code=abc", Host="evil.test")[0] == 421


@pytest.mark.parametrize("path", ["/", "/callback/x", "/favicon.ico", "/Callback"])
def test_answers_no_other_path(listen: Listen, deliveries: Deliveries, path: str) -> None:
    netloc = urlsplit(listen().redirect_uri).netloc
    assert get(f"http://{netloc}{path}?code=abc")[0] == 404
    assert deliveries.addresses == []


@pytest.mark.parametrize("host", ["evil.test", "localhost", "127.0.0.1", ""])
def test_answers_no_other_host(listen: Listen, deliveries: Deliveries, host: str) -> None:
    status, _, _ = get(f"{listen().redirect_uri}?code=abc", Host=host)
    assert status == 421
    assert deliveries.addresses == []


def test_answers_no_other_method(listen: Listen) -> None:
    parts = urlsplit(listen().redirect_uri)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=5)
    connection.request("PUT", parts.path, body="code=abc")
    assert connection.getresponse().status == 501
    connection.close()


def post(url: str, body: str, **headers: str) -> tuple[int, str]:
    """Send a fragment as the listener's own page does, but for what ``headers`` say otherwise."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=5)
    try:
        own = {"Origin": f"http://{parts.netloc}"}
        connection.request("POST", parts.path, body, own | headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


FRAGMENT = "access_token=abc&state=xyz"


def test_takes_a_fragment_from_its_own_page(listen: Listen, deliveries: Deliveries) -> None:
    url = listen().redirect_uri
    status, page = post(url, FRAGMENT)
    assert (status, deliveries.addresses) == (200, [f"{url}#{FRAGMENT}"])
    assert "You can close this tab" in page


def test_says_why_a_fragment_is_no_answer(listen: Listen, deliveries: Deliveries) -> None:
    deliveries.verdict = "This answer belongs to an older link."
    _, page = post(listen().redirect_uri, FRAGMENT)
    assert "an older link" in page


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.test"}, 421),
        ({"Content-Length": "none"}, 413),
        ({"Content-Length": "100001"}, 413),
    ],
    ids=str,
)
def test_takes_a_fragment_from_no_other_page(
    listen: Listen, deliveries: Deliveries, headers: dict[str, str], status: int
) -> None:
    assert post(listen().redirect_uri, FRAGMENT, **headers)[0] == status
    assert deliveries.addresses == []


def test_takes_a_fragment_at_its_own_path_alone(listen: Listen, deliveries: Deliveries) -> None:
    assert post(f"{listen().redirect_uri}/other", FRAGMENT)[0] == 404
    assert deliveries.addresses == []


def test_without_a_query_there_is_nothing_to_pass_on(
    listen: Listen, deliveries: Deliveries
) -> None:
    _, page, _ = get(listen().redirect_uri)
    assert "Nothing to do here" in page
    assert deliveries.addresses == []


def test_a_redirect_uri_without_a_path_works(listen: Listen, deliveries: Deliveries) -> None:
    listener = listen("http://127.0.0.1")
    assert urlsplit(listener.redirect_uri).path == ""
    assert get(f"{listener.redirect_uri}/?code=abc")[0] == 200
    assert len(deliveries.addresses) == 1


def test_nothing_is_listening_after_close(listen: Listen) -> None:
    listener = listen()
    listener.close()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        get(f"{listener.redirect_uri}?code=abc")


def test_localhost_is_listened_to_on_both_families(listen: Listen, deliveries: Deliveries) -> None:
    listener = listen("http://localhost/callback")
    addresses = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
    for address in addresses:
        assert get(f"{listener.redirect_uri}?code=abc", address)[0] == 200
    assert len(deliveries.addresses) == len(addresses)


def test_an_ipv6_literal_is_listened_to(listen: Listen) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no ::1")
    listener = listen("http://[::1]/callback")
    assert listener.redirect_uri.startswith("http://[::1]:")
    assert get(f"{listener.redirect_uri}?code=abc", "::1")[0] == 200


def test_without_ipv6_localhost_is_127_0_0_1(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = loopback._bind

    def no_ipv6(address: str, port: int) -> socket.socket:
        if address == "::1":
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return bind(address, port)

    monkeypatch.setattr(loopback, "_bind", no_ipv6)
    assert get(f"{listen('http://localhost/callback').redirect_uri}?code=abc")[0] == 200


def test_a_port_taken_on_one_family_is_not_used_on_the_other(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = loopback._bind
    tries: list[int] = []

    def taken_once(address: str, port: int) -> socket.socket:
        if address == "::1":
            tries.append(port)
            if len(tries) == 1:
                raise OSError(errno.EADDRINUSE, "in use")
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return bind(address, port)

    monkeypatch.setattr(loopback, "_bind", taken_once)
    listener = listen("http://localhost/callback")
    assert urlsplit(listener.redirect_uri).port == tries[1] != tries[0]


def always_taken(address: str, port: int) -> socket.socket:
    if address == "::1":
        raise OSError(errno.EADDRINUSE, "in use")
    listening = socket.socket()
    listening.bind((address, port))
    return listening


def test_gives_up_where_no_port_is_free_on_both(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "_bind", always_taken)
    with pytest.raises(OSError, match="free on both"):
        listen("http://localhost/callback")


def test_a_fixed_port_taken_on_one_family_is_an_os_error(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr(loopback, "_bind", always_taken)
    with pytest.raises(OSError, match="in use"):
        listen(f"http://localhost:{port}/callback")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://127.0.0.1/cb", True),
        ("http://localhost:8000/cb", True),
        ("http://[::1]/cb", True),
        ("https://127.0.0.1/cb", False),
        ("http://example.test/cb", False),
        ("com.example.app:/cb", False),
    ],
)
def test_knows_what_it_can_catch(uri: str, *, expected: bool) -> None:
    assert is_loopback_redirect(uri) is expected


def test_refuses_to_listen_elsewhere(listen: Listen) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        listen("http://0.0.0.0/callback")


def test_writes_nothing_of_the_request_anywhere(
    listen: Listen, capfd: pytest.CaptureFixture[str]
) -> None:
    url = listen().redirect_uri
    get(f"{url}?code=a-secret-code")
    get(f"{url}x?code=a-secret-code")
    out, err = capfd.readouterr()
    assert "a-secret-code" not in out + err


def test_a_failure_while_answering_is_no_traceback(
    listen: Listen, deliveries: Deliveries, capfd: pytest.CaptureFixture[str]
) -> None:
    deliveries.addresses = None  # type: ignore[assignment]  # makes taking the address fail
    with pytest.raises(http.client.RemoteDisconnected):
        get(f"{listen().redirect_uri}?code=a-secret-code")
    assert capfd.readouterr().err == ""


def test_windows_does_not_share_the_port(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback.sys, "platform", "win32")
    listening = listen()._servers[0].socket
    assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 0


def test_two_sign_ins_that_begin_together_never_lose_the_port(deliveries: Deliveries) -> None:
    uri = f"http://127.0.0.1:{free_port()}/callback"
    failures: list[OSError] = []

    def begin(barrier: threading.Barrier) -> None:
        barrier.wait()
        try:
            LoopbackRedirect(uri, deliveries).close()
        except OSError as error:
            failures.append(error)

    for _ in range(50):
        barrier = threading.Barrier(2)
        both = [threading.Thread(target=begin, args=(barrier,)) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    assert failures == []


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ECONNABORTED])
def test_a_connection_that_cannot_be_taken_ends_nothing(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    listener = listen()
    [server] = listener._servers
    take = server.get_request
    failures = [OSError(number, "no")]

    def fail_once() -> Any:
        if failures:
            raise failures.pop()
        return take()

    monkeypatch.setattr(server, "get_request", fail_once)
    assert get(f"{listener.redirect_uri}?code=abc")[0] == 200
    assert failures == []


def test_a_browser_that_no_thread_can_serve_is_hung_up_on(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = listen()
    [server] = listener._servers
    with monkeypatch.context() as short_of_threads:

        def fail(*_: Any) -> None:
            raise RuntimeError("can't start new thread")

        short_of_threads.setattr(server, "process_request", fail)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            get(f"{listener.redirect_uri}?code=abc")
    assert get(f"{listener.redirect_uri}?code=abc")[0] == 200


def test_a_page_of_any_origin_can_find_out_that_it_reaches_it(
    listen: Listen, deliveries: Deliveries
) -> None:
    listener = listen()
    status, text, headers = get(listener.probe)
    assert (status, text) == (200, loopback.REACHED)
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert deliveries.addresses == []


def test_only_who_was_told_of_the_probe_can_use_it(listen: Listen) -> None:
    first, second = listen(), listen()
    status, text, headers = get(first.probe.replace(str(first.port), str(second.port)))
    assert (status, "Access-Control-Allow-Origin" in headers) == (404, False)
    assert loopback.REACHED not in text
    assert get(first.probe, Host="rebound.example")[0] == 421
