"""Many requests go as the session sends one: each test does both, and compares."""

from __future__ import annotations

import asyncio
import functools
import gzip
import ssl
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from urllib3.exceptions import InsecureRequestWarning

from nb_oauth import ConfigurationError, InsecureTransportError, LoginRequired, OAuth2Session
from nb_oauth.data import exchange, fetch, hosts, transport
from nb_oauth.data.exchange import Call, Exchange, Terms, _Pattern
from nb_oauth.data.stand_ins import rehearsed
from tests.providers.tls import make_certificates
from tests.unit.session_stage import Reply, Request, Stage, ending, reply
from tests.unit.test_transport_proxies import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = "abcdefgh"


class Server(Stage):
    """Redirects what comes to ``/to``, as its query says; has ``replies`` by path, else an echo."""

    def __init__(self) -> None:
        super().__init__()
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.replies: dict[str, Reply] = {}
        self.takes = 0.0
        self.is_strict = False

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return super().answer(request)
        self.api_requests.append(request)
        time.sleep(self.takes)
        sent = {name.lower(): value for name, value in request.headers.items()}
        if self.is_strict and sent.get("authorization") != f"Bearer access-{self._generation}":
            return Reply("", 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if request.path == "/to":
            to = {"Location": request.query["url"], "Set-Cookie": "way=taken; Path=/"}
            return Reply("", int(request.query["status"]), to)
        if request.path in self.replies:
            return self.replies[request.path]
        echo: dict[str, Any] = {"path": request.path, "query": request.query, "form": request.form}
        return reply(**echo, method=request.method, headers=sent)

    def redirecting(self, url: str, status: int = 302) -> str:
        return f"{self.issuer}/to?{urlencode({'url': url, 'status': status})}"

    @property
    def as_localhost(self) -> str:
        return self.issuer.replace("127.0.0.1", "localhost")


class TlsServer(Server):
    """The same over TLS; it asks for a certificate."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.certificates = make_certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.issuer = self.issuer.replace("http:", "https:").replace("127.0.0.1", "localhost")


@pytest.fixture
def api() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[TlsServer]:
    with TlsServer(tmp_path / "certificates") as server:
        yield server


@pytest.fixture
def session(api: Server) -> Iterator[OAuth2Session]:
    with api.open(token=ending(3600)) as session:
        yield session


@pytest.fixture(autouse=True)
def _nothing_is_known_of_any_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_hosts", {})


def both(session: requests.Session, urls: list[str], **arguments: Any) -> list[requests.Response]:
    """The answers to ``fetch``; they are those to ``session.get``, and so was what it sent."""
    method = arguments.pop("method", "GET")
    before = session.cookies.copy()
    singly = [session.request(method, url, **arguments) for url in urls]
    session.cookies = before
    arguments |= {"method": method, "concurrency": 1, "on_error": "return", "retry": None}
    answers = fetch(session, urls, **arguments).all()
    assert [said(one) for one in answers] == [said(one) for one in singly]
    return [one for one in answers if isinstance(one, requests.Response)]


def said(answer: Any) -> Any:
    assert isinstance(answer, requests.Response)
    varying = {"date", "server"}
    return {
        "url": answer.url,
        "status": (answer.status_code, answer.reason, answer.ok),
        "content": answer.content,
        "encoding": answer.encoding,
        "headers": {n.lower(): v for n, v in answer.headers.items() if n.lower() not in varying},
        "cookies": dict(answer.cookies),
        "history": [said(one) for one in answer.history],
        "sent": (answer.request.method, answer.request.url, answer.request.body),
        "sent headers": dict(answer.request.headers),
    }


# -- sessions with ways of their own -----------------------------------------------------------


def test_a_cookie_for_some_addresses_of_a_host(api: Server, session: OAuth2Session) -> None:
    session.cookies.set("a", "b", domain="127.0.0.1", path="/in")
    both(session, [f"{api.issuer}/{path}" for path in ("out", "in/1", "out", "in/2")])


class BaseUrl(requests.Session):
    base = ""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        answer = super().request(method, self.base + str(url), *args, **kwargs)
        assert answer.json()["path"] == url
        return answer


class Signing(requests.Session):
    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        prepared = super().prepare_request(request)
        prepared.headers["X-Signature"] = f"of {prepared.url}"
        return prepared


class Caching(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.known: dict[Any, requests.Response] = {}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if request.url not in self.known:
            self.known[request.url] = super().send(request, **kwargs)
        return self.known[request.url]


def test_an_adapter_for_some_addresses_of_a_host(api: Server, session: OAuth2Session) -> None:
    class Own(HTTPAdapter):
        pass

    session.mount(f"{api.issuer}/in/", Own())
    urls = [f"{api.issuer}/out", f"{api.issuer}/in/1"]
    first, second = fetch(session, urls, concurrency=1, on_error="return").all()
    assert isinstance(first, requests.Response)
    assert isinstance(second, ConfigurationError)


def test_a_class_that_completes_addresses_and_reads_answers(api: Server) -> None:
    with BaseUrl() as session:
        session.base = api.issuer
        both(session, [f"/{name}" for name in NAMES])


def test_a_class_that_signs_each_request(api: Server) -> None:
    with Signing() as session:
        both(session, [f"{api.issuer}/{name}" for name in NAMES])


def test_a_class_that_keeps_answers_is_given_true_ones(api: Server) -> None:
    urls = [f"{api.issuer}/{name}" for name in NAMES]
    with Caching() as session:
        fetched = fetch(session, urls).all()
        assert [session.get(url).content for url in urls] == [one.content for one in fetched]
    assert all(one.json()["path"] for one in fetched)
    assert len(api.api_requests) == len(urls)


def test_a_session_whose_request_was_given_further_arguments(api: Server) -> None:
    with requests.Session() as session:
        session.request = functools.partial(session.request, headers={"X-Own": "1"})  # type: ignore[method-assign]
        both(session, [f"{api.issuer}/{name}" for name in NAMES])


# -- what is sent ------------------------------------------------------------------------------


def test_settings_of_the_session(api: Server, session: OAuth2Session) -> None:
    session.headers.update({"X-Own": "1", "X-Bytes": b"2", "Accept": "application/geo+json"})
    session.headers["User-Agent"] = "mine/1"
    session.params = {"key": "a b"}
    found = both(session, [f"{api.issuer}/{name}?n={name}" for name in NAMES])
    assert found[1].json()["query"] == {"n": "b", "key": "a b"}
    assert found[1].json()["headers"]["user-agent"] == "mine/1"
    assert found[1].json()["headers"]["authorization"] == "Bearer access-0"


def test_a_setting_that_is_changed_on_the_way(
    api: Server, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_LONGEST", 0.0)
    urls = [f"{api.issuer}/{name}" for name in NAMES]
    changed, well = threading.Event(), api.answer

    def answer(request: Request) -> Reply:
        if request.path == "/b":
            changed.wait(20)
        return well(request)

    api.answer = answer  # type: ignore[method-assign]
    seen = []
    for number, answered in enumerate(fetch(session, urls, concurrency=1)):
        seen.append(answered.json()["headers"].get("x-number"))
        session.headers["X-Number"] = str(number)
        changed.set()
    assert len(set(seen)) > 1


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/a b/ü?q=ü x",
        "/a%2Fb%7Ec?x=%41%20%zz",
        "/a/../b/./c",
        "/.hidden/..",
        "/a?",
        "/a#fragment",
        "/a?b#c",
        "?n=1",
        "/a;b=1?c=d;e",
        "/a?b=1&&c==/.../?x",
        "/a:b@c,d+e~f=g-h_i.j",
        "/[x]|{y}\\z^`",
        "/$filter?$top=5&'*!()",
    ],
)
def test_addresses(api: Server, session: OAuth2Session, path: str) -> None:
    both(session, [f"{api.issuer}/first", api.issuer + path, f"{api.issuer}/last"])


@pytest.mark.parametrize("origin", ["HTTP://LOCALHOST:{port}", " http://localhost:{port}"])
def test_odd_spellings_of_a_host(api: Server, session: OAuth2Session, origin: str) -> None:
    there = origin.format(port=api.issuer.rpartition(":")[2])
    both(session, [f"{there}/a", f"{there}/b"])


@pytest.mark.parametrize(
    "arguments",
    [
        {"method": "POST", "json": {"a": ["ü"]}},
        {"method": "POST", "data": {"a": "b c"}},
        {"method": "POST", "data": "text"},
        {"method": "POST", "data": b"bytes"},
        {"method": "POST"},
        {"params": [("a", "1"), ("a", "2")]},
        {"headers": {"X-Own": "1", "Accept": None}},
        {"headers": {"Authorization": "Own"}},
        {"cookies": {"a": "b"}},
        {"withhold_token": True},
        {"auth": ("user", "password")},
        {"auth": HTTPBasicAuth("user", "password")},
        {"timeout": 5},
        {"timeout": (5, None)},
        {"allow_redirects": False},
    ],
    ids=str,
)
def test_arguments(api: Server, session: OAuth2Session, arguments: dict[str, Any]) -> None:
    both(session, [f"{api.issuer}/a", api.redirecting(f"{api.issuer}/b")], **arguments)


def test_an_auth_that_looks_at_the_address(api: Server, session: OAuth2Session) -> None:
    class Signed(AuthBase):
        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["X-Signature"] = f"signed {request.url}"
            return request

    found = both(session, [f"{api.issuer}/{name}" for name in NAMES], auth=Signed())
    assert {one.json()["headers"]["x-signature"][-1] for one in found} == set(NAMES)


def test_digest_authentication(api: Server) -> None:
    challenge = {"WWW-Authenticate": 'Digest realm="stars", nonce="n", qop="auth"'}
    echo = api.answer

    def answer(request: Request) -> Reply:
        if request.headers.get("Authorization", "").startswith('Digest username="user"'):
            return echo(request)
        return Reply("", 401, challenge)

    api.answer = answer  # type: ignore[method-assign]
    with requests.Session() as plain:
        plain.trust_env, plain.auth = False, HTTPDigestAuth("user", "password")
        found = fetch(plain, [f"{api.issuer}/{name}" for name in NAMES], concurrency=1).all()
    assert [one.json()["path"] for one in found] == [f"/{name}" for name in NAMES]


def test_a_token_in_another_place(api: Server, session: OAuth2Session) -> None:
    session._client.default_token_placement = "query"
    found = both(session, [f"{api.issuer}/{name}?n={name}" for name in NAMES])
    assert found[2].json()["query"] == {"n": "c", "access_token": "access-0"}


def test_hooks_of_the_session(api: Server, session: OAuth2Session) -> None:
    looked_at: list[str] = []

    def look(answer: requests.Response, **_: object) -> None:
        looked_at.append(answer.json()["path"])

    def tell(url: str, headers: Any, data: Any) -> tuple[str, Any, Any]:
        return url, {**(headers or {}), "X-For": url[-1]}, data

    session.hooks["response"] = [look]
    session.register_compliance_hook("protected_request", tell)
    found = both(session, [f"{api.issuer}/{name}" for name in NAMES])
    assert sorted(looked_at) == sorted([f"/{name}" for name in NAMES] * 2)
    assert [one.json()["headers"]["x-for"] for one in found] == list(NAMES)


def test_any_other_requests_session(api: Server) -> None:
    with requests.Session() as plain:
        plain.trust_env, plain.headers["X-Own"] = False, "1"
        found = both(plain, [f"{api.issuer}/{name}" for name in NAMES])
    assert found[0].json()["headers"]["x-own"] == "1"


def test_what_it_refuses(api: Server, session: OAuth2Session) -> None:
    with pytest.raises(InsecureTransportError):
        fetch(session, ["http://api.example/"]).all()
    session.allowed_hosts = ["api.example"]
    with pytest.raises(ConfigurationError, match="does not go to localhost"):
        fetch(session, [f"{api.as_localhost}/a"]).all()
    with pytest.raises(ConfigurationError, match="read from a file"):
        fetch(session, [api.api], method="POST", data=iter([b"a"])).all()
    assert not api.api_requests


def test_an_adapter_of_the_callers_own(api: Server, session: OAuth2Session) -> None:
    class Own(HTTPAdapter):
        pass

    session.mount("http://", HTTPAdapter(max_retries=3))
    assert both(session, [api.api])
    session.mount("http://", Own())
    with pytest.raises(ConfigurationError, match="Own"):
        fetch(session, [api.api]).all()


# -- what comes back ---------------------------------------------------------------------------


def test_answers(api: Server, session: OAuth2Session) -> None:
    text = "größer".encode("latin-1")
    api.replies = {
        "/plain": Reply(text, headers={"Content-Type": "text/plain"}),
        "/charset": Reply(text, headers={"Content-Type": "text/html; charset=latin-1"}),
        "/gzip": Reply(gzip.compress(b"x" * 9_000), headers={"Content-Encoding": "gzip"}),
        "/deflate": Reply(zlib.compress(b"x" * 9_000), headers={"Content-Encoding": "deflate"}),
        "/none": Reply("", 204, {}),
        "/long": Reply("", 200, {"Link": f'<{"x" * 20_000}>; rel="next"'}),
        "/error": Reply("no", 404),
    }
    found = both(session, [api.issuer + path for path in api.replies])
    assert found[4].links == {}
    assert found[5].links["next"]["rel"] == "next"
    assert found[2].iter_lines() is not None
    found[0].close()


def test_a_body_that_is_not_what_it_says(api: Server, session: OAuth2Session) -> None:
    api.replies["/gzip"] = Reply(b"no such thing", headers={"Content-Encoding": "gzip"})
    with pytest.raises(requests.exceptions.ContentDecodingError):
        fetch(session, [f"{api.issuer}/gzip"]).all()


def test_cookies(api: Server, session: OAuth2Session) -> None:
    api.replies["/set"] = Reply("", headers={"Set-Cookie": "balancer=3; Path=/in"})
    [answer] = fetch(session, [f"{api.issuer}/set"]).all()
    assert answer.raw.read() == b""
    assert session.cookies.get_dict() == {"balancer": "3"}
    found = both(session, [f"{api.issuer}/in/a", f"{api.issuer}/out"])
    assert [one.json()["headers"].get("cookie") for one in found] == ["balancer=3", None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirects(api: Server, session: OAuth2Session, status: int, method: str) -> None:
    here, there = f"{api.issuer}/there", f"{api.as_localhost}/there"
    urls = [api.redirecting(url, status) for url in (here, there, api.redirecting(there))]
    arguments: dict[str, Any] = {"method": method} | ({"data": "x"} if method == "POST" else {})
    found = both(session, urls, **arguments)
    tokens = [one.json()["headers"].get("authorization") for one in found]
    assert tokens == ["Bearer access-0", None, None]
    assert [len(one.history) for one in found] == [1, 1, 2]


def test_redirects_without_an_end(api: Server, session: OAuth2Session) -> None:
    session.max_redirects = 3
    api.replies["/round"] = Reply("", 302, {"Location": "/round"})
    with pytest.raises(requests.TooManyRedirects):
        fetch(session, [f"{api.issuer}/round"]).all()


# -- the token ---------------------------------------------------------------------------------


def test_one_that_has_ended_is_renewed_once_for_all(api: Server) -> None:
    with api.open(token=ending(-1)) as session:
        api.delay, api.is_strict = 0.1, True
        urls = [f"{api.issuer}/{number}" for number in range(64)]
        found = fetch(session, urls, concurrency=64).all()
    assert {one.status_code for one in found} == {200}
    assert (len(api.token_requests), len(api.api_requests)) == (1, 64)


def test_one_that_all_are_refused_with_is_renewed_once(api: Server) -> None:
    api.rotate(Request("POST", "/token", {}, {}, {}))  # so that the one that is held is old
    with api.open(token=ending(3600, refresh_token="refresh-1")) as session:
        api.delay, api.is_strict, api.takes = 0.1, True, 0.05
        urls = [f"{api.issuer}/{number}" for number in range(64)]
        found = fetch(session, urls, concurrency=64).all()
        assert {one.status_code for one in found} == {200}
        assert session.token["access_token"] == "access-2"
    assert len(api.token_requests) == 1


def test_one_that_nothing_renews(api: Server) -> None:
    with api.open(token={"access_token": "a", "expires_at": time.time() + 3600}) as session:
        api.is_strict = True
        [answer] = fetch(session, [api.api], on_error="return")
        assert isinstance(answer, requests.Response)
        assert answer.status_code == 401
    with api.open(token=ending(-1)) as session:
        api.at_token = lambda _: reply(400, error="invalid_grant")
        with pytest.raises(LoginRequired):
            fetch(session, [api.api], on_error="return").all()


def test_short_ones(api: Server) -> None:
    api.lifetime, api.is_strict, began = 1, True, time.monotonic()
    with api.open(token=ending(-1)) as session:
        urls = (f"{api.issuer}/{number}" for number in range(120))
        found = fetch(session, urls, rate="50/s", concurrency=4).all()
    took = time.monotonic() - began
    assert {one.status_code for one in found} == {200}
    assert 2 <= len(api.token_requests) <= took / 0.9 + 2  # a tenth of a life before its end


# -- the way there -----------------------------------------------------------------------------


def test_tls(secure: TlsServer, tmp_path: Path) -> None:
    certificates = secure.certificates
    with secure.open(token=ending(3600)) as session:
        with pytest.raises(requests.exceptions.SSLError):
            fetch(session, [secure.api], retry=None).all()
        session.verify = str(certificates.folder / "ca.pem")
        both(session, [f"{secure.issuer}/{name}" for name in NAMES])
        both(session, [secure.api], verify=str(certificates.folder / "ca.pem"))
        with pytest.raises(requests.exceptions.SSLError):  # a folder with none in it
            fetch(session, [secure.api], retry=None, verify=str(tmp_path)).all()
        session.verify = False
        with pytest.warns(InsecureRequestWarning, match="verify=False"):
            assert fetch(session, [secure.api]).all()[0].ok


def test_certificates(secure: TlsServer, certificate: tuple[str, str]) -> None:
    folder = secure.certificates.folder
    with secure.open(token=ending(3600)) as session:
        session.verify, session.cert = str(folder / "ca.pem"), certificate
        with pytest.raises((requests.exceptions.SSLError, requests.ConnectionError)):
            fetch(session, [secure.api], retry=None).all()  # the server does not know it
        session.cert = secure.certificates.analyst
        both(session, [f"{secure.issuer}/{name}" for name in NAMES])


def test_proxies(session: OAuth2Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy() as proxy:
        session.proxies = {"https": proxy.url}
        with pytest.raises(requests.exceptions.ProxyError):
            fetch(session, ["https://api.example/stars"], retry=None).all()
        with pytest.raises(requests.exceptions.ProxyError):
            fetch(
                session,
                ["https://api.example/stars"],
                retry=None,
                proxies={"https": f"127.0.0.1:{proxy.url.rpartition(':')[2]}"},
            ).all()
    with pytest.raises(requests.exceptions.ProxyError):
        fetch(session, ["https://api.example/stars"], retry=None).all()
    with pytest.raises(ConfigurationError, match="socks5"):
        fetch(session, ["https://api.example/"], proxies={"https": "socks5://127.0.0.1:9"}).all()


def test_a_loopback_address_asks_no_proxy(api: Server, session: OAuth2Session) -> None:
    with Proxy() as proxy:
        session.proxies = {"http": proxy.url}
        both(session, [api.api])
        assert proxy.asked == []


def test_time_that_runs_out(api: Server, session: OAuth2Session) -> None:
    api.takes = 0.5
    with pytest.raises(requests.ReadTimeout, match=r"127\.0\.0\.1"):
        fetch(session, [api.api], timeout=(5, 0.05), retry=None).all()


def test_an_answer_that_is_cut_off(
    api: Server, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler: Any = api._server.RequestHandlerClass
    assert issubclass(handler, BaseHTTPRequestHandler)
    send_header = handler.send_header

    def promise_more(self: Any, name: str, value: str) -> None:
        send_header(self, name, "9999" if name == "Content-Length" else value)

    monkeypatch.setattr(handler, "send_header", promise_more)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        fetch(session, [api.api], retry=None).all()


# -- how it is done ----------------------------------------------------------------------------


def test_most_requests_are_not_worked_out_anew(api: Server, session: OAuth2Session) -> None:
    call = Call("GET", f"{api.issuer}/a?b=c", {})
    pattern = _Pattern(session, call, rehearsed(session, *call[:2]))
    for url in (f"{api.issuer}/b/c.d?e=f&g=h/../i", f"{api.issuer}/", api.issuer):
        alike = pattern.request_to(url)
        assert alike is not None
        assert alike.url == rehearsed(session, "GET", url).request.url


def test_hosts_without_number(api: Server, session: OAuth2Session, monkeypatch: Any) -> None:
    monkeypatch.setattr(exchange, "_MOST_PATTERNS", 2)
    port = api.issuer.rpartition(":")[2]
    urls = [f"http://127.0.0.{number}:{port}/" for number in (1, 1, 1)] + [
        f"{api.as_localhost}/",
        f"http://LOCALHOST:{port}/",
        f"http://Localhost:{port}/",
    ]
    assert len(fetch(session, urls).all()) == 6


def test_what_trust_is_based_on_is_read_once(tmp_path: Path) -> None:
    assert transport._context(None, None) is transport._context(None, None)


def test_nothing_is_sent_once_all_is_over(stage: Stage) -> None:
    session = stage.open(token=ending(3600))
    outgoing = rehearsed(session, "GET", stage.api)

    async def send_late() -> None:
        async with Exchange(session, Terms(None, None, 1)) as over:
            pass
        await over._sent(outgoing)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(send_late())
    assert not stage.api_requests
