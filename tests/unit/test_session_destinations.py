"""Where a token may go: the hosts that a session is told, and never along with a redirect."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
import requests_oauthlib
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib.compliance_fixes import slack_compliance_fix

from nb_oauth import (
    Client,
    ClientCredentialsLogin,
    ConfigurationError,
    InsecureTransportError,
    LoginRequired,
    MemoryTokenStore,
    OAuth2Session,
    Provider,
    login,
    place,
    sign_in,
)
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.session_destinations import leave_behind
from nb_oauth.tokens import TokenKey
from tests.providers.tls import make_certificates
from tests.unit.session_stage import Reply, Request, Stage, ending, let_theirs_use_http, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "an-access-token"
REFRESH_TOKEN = "a-refresh-token"
HELD = {"access_token": TOKEN, "refresh_token": REFRESH_TOKEN, "token_type": "Bearer"}
CLIENT = Client("app", redirect_uri="http://127.0.0.1/callback")
BOTH = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(OAuth2Session, id="ours"),
        pytest.param(
            requests_oauthlib.OAuth2Session,
            id="theirs",
            marks=pytest.mark.xfail(strict=True, reason="row 24 of what requests-oauthlib does"),
        ),
    ],
)


class Server(Stage):
    """Redirects what comes to ``/to``, as its query says; says what else it was sent."""

    def answer(self, request: Request) -> Reply:
        self.api_requests.append(request)
        if request.path == "/to":
            to = {"Location": request.query["url"]}
            return Reply("", int(request.query["status"]), to)
        return reply(**_sent(request))

    def redirecting(self, url: str, status: int = 302) -> str:
        return f"{self.issuer}/to?{urlencode({'url': url, 'status': status})}"

    @property
    def as_localhost(self) -> str:
        return self.issuer.replace("127.0.0.1", "localhost")


class TlsServer(Server):
    """The same over TLS."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.certificates = make_certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.issuer = self.issuer.replace("http:", "https:")


def _sent(request: Request) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return {
        "method": request.method,
        "authorization": headers.get("authorization"),
        "api_key": headers.get("x-api-key"),
        "query": request.query,
        "form": request.form,
    }


@pytest.fixture
def api() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[TlsServer]:
    with TlsServer(tmp_path / "certificates") as server:
        yield server


def session_for(api: Stage, kind: type = OAuth2Session, **arguments: Any) -> Any:
    """A session whose token goes where ``default_token_placement`` says."""
    placement = arguments.pop("placement", "auth_header")
    client = WebApplicationClient("app", default_token_placement=placement)
    return api.classic(kind, client=client, token=dict(HELD), **arguments)


# -- the hosts that it is told ---------------------------------------------------------------------

PROVIDER = Provider(
    "Example",
    issuer="https://accounts.example",
    token_endpoint="https://accounts.example/token",
    userinfo_endpoint="https://people.example/me",
    mtls_endpoint_aliases={"token_endpoint": "https://mtls.example:8443/token"},
)


def opened(**arguments: Any) -> OAuth2Session:
    return OAuth2Session.open(PROVIDER, CLIENT, token=ending(1000), **arguments)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("api.example", "https://api.example/x"),
        ("api.example", "https://api.example:8443/x"),
        ("api.example", "HTTPS://API.Example./x"),
        ("API.example.", "https://api.example"),
        ("api.example:443", "https://api.example/x"),
        ("api.example:8443", "https://api.example:8443?x"),
        ("*.example", "https://api.example/"),
        ("*.example", "https://a.b.example/"),
        ("*.example:443", "https://api.example/"),
        ("*", "https://anything.test/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("xn--bcher-kva.example", "https://BÜCHER.example/"),
        ("api.example", "https://api%2eexample/"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("::1", "http://[::1]:8000/"),
        ("[0:0:0:0:0:0:0:1]:8000", "http://[::1]:8000/"),
        ("[::1]", "http://[0:0::1]/"),
    ],
)
def test_a_host_that_is_allowed(allowed: str, url: str) -> None:
    opened(allowed_hosts=[allowed]).require_allowed(url)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("api.example", "https://evil.test/api.example"),
        ("api.example", "https://api.example.evil.test/"),
        ("api.example", "https://evilapi.example/"),
        ("api.example", "https://api.example@evil.test/"),
        ("api.example", "https://evil.test#@api.example/"),
        ("api.example", "https://evil.test?@api.example/"),
        ("api.example", "https://api%2fexample/"),
        ("api.example", "https://api。example/"),
        ("api.example:8443", "https://api.example/"),
        ("*.example", "https://example/"),
        ("*.example", "https://api-example/"),
        ("*.example", "https://example.evil.test/"),
        ("127.0.0.1:8000", "http://127.0.0.1:8001/"),
        ("[::1]:8000", "http://[::1]:8001/"),
        ("::1", "http://127.0.0.1/"),
        ("api.example", f"https://{'ü' * 80}.example/"),
        ("api.example", "https://[fe80::1%25eth0]/"),
    ],
)
def test_a_host_that_is_not(allowed: str, url: str) -> None:
    with pytest.raises(ConfigurationError, match="The token does not go to"):
        opened(allowed_hosts=[allowed]).require_allowed(url)


@pytest.mark.parametrize(
    "url", ["http://api.example/", r"https://evil.test\@api.example/", "https:///x", "file:///x"]
)
def test_an_allowed_host_in_the_open_is_refused(url: str) -> None:
    with pytest.raises(InsecureTransportError):
        opened(allowed_hosts=["api.example"]).require_allowed(url)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "https://api.example/v1",
        "api.example/v1",
        "me@api.example",
        "api.*",
        "*.",
        "*.*.example",
        ".example",
        "api.example:port",
        "api example",
        ":443",
        ".",
        f"{'ü' * 80}.example",
        "[::1",
        None,
        b"api.example",
        443,
    ],
)
def test_what_is_no_host(entry: Any) -> None:
    with pytest.raises(ConfigurationError, match="give hosts alone, such as"):
        opened(allowed_hosts=[entry])


@pytest.mark.parametrize("hosts", [443, b"api.example"])
def test_what_is_no_list(hosts: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"such as \['api.example'\]"):
        opened(allowed_hosts=hosts)


def test_one_host_may_come_alone() -> None:
    assert opened(allowed_hosts="api.example").allowed_hosts == ("api.example",)


def test_a_providers_own_list_and_endpoints() -> None:
    from dataclasses import replace

    session = OAuth2Session.open(
        replace(PROVIDER, api_hosts=("*.api.example",)), CLIENT, token=ending(1000)
    )
    assert session.allowed_hosts == ("*.api.example",)
    for host in ("v1.api.example", "accounts.example", "people.example", "mtls.example:8443"):
        session.require_allowed(f"https://{host}/x")
    for host in ("api.example", "accounts.example:444", "mtls.example", "evil.test"):
        with pytest.raises(ConfigurationError):
            session.require_allowed(f"https://{host}/x")


def test_what_a_caller_allows_outranks_the_providers_list() -> None:
    from dataclasses import replace

    provider = replace(PROVIDER, api_hosts=("api.example",))
    session = OAuth2Session.open(provider, CLIENT, allowed_hosts=["other.example"])
    session.require_allowed("https://other.example/")
    session.require_allowed("https://people.example/me")
    with pytest.raises(ConfigurationError):
        session.require_allowed("https://api.example/")
    session.allowed_hosts = None
    session.require_allowed("https://api.example/")
    session.provider = replace(provider, api_hosts=("newer.example",))
    session.require_allowed("https://newer.example/")


def test_it_is_off_unless_given() -> None:
    session = opened()
    assert session.allowed_hosts is None
    session.require_allowed("https://anything.test/")


@pytest.mark.parametrize("is_opened", [True, False])
def test_a_request_elsewhere_is_refused_before_anything_is_sent(
    api: Server,
    is_opened: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    session = api.open(token=ending(1000)) if is_opened else session_for(api)
    session.allowed_hosts = ["api.example", "localhost:1"]
    with pytest.raises(ConfigurationError) as refused:
        session.get(f"{api.as_localhost}/data")
    assert "does not go to localhost" in str(refused.value)
    assert "['api.example', 'localhost:1', 'localhost']" in str(refused.value)
    assert "withhold_token=True" in str(refused.value)
    assert not api.api_requests
    session.allowed_hosts = [*session.allowed_hosts, "localhost"]  # as it says
    assert session.get(f"{api.as_localhost}/data").json()["authorization"]


def test_a_request_without_the_token_goes_anywhere(api: Server) -> None:
    session = api.open(token=ending(1000), allowed_hosts=["api.example"])
    url = f"{api.as_localhost}/data"
    assert session.request("GET", url, withhold_token=True).json()["authorization"] is None
    own = {"Authorization": "Basic mine"}
    assert session.get(url, headers=own).json()["authorization"] == "Basic mine"


def test_a_token_request_is_not_affected() -> None:
    with Stage() as stage:
        session = stage.open(token=ending(-1, refresh_token="refresh-0"), allowed_hosts=["*.test"])
        session.renew()
        assert len(stage.token_requests) == 1


def test_whoever_is_not_signed_in_is_told_of_the_host_first(api: Server) -> None:
    session = api.open(allowed_hosts=["api.example"])
    with pytest.raises(ConfigurationError):
        session.get(f"{api.as_localhost}/data")
    with pytest.raises(LoginRequired):
        session.get("https://api.example/data")


@pytest.mark.parametrize("headers", [None, {"Authorization": "Basic mine"}])
def test_a_hook_takes_the_token_nowhere_else(api: Server, headers: Any) -> None:
    def lead_astray(url: str, headers: Any, data: Any) -> Any:
        return url.replace("127.0.0.1", "localhost"), headers, data

    session = session_for(api)
    session.allowed_hosts = ["127.0.0.1"]
    session.register_compliance_hook("protected_request", lead_astray)
    for url in (f"{api.issuer}/data", f"{api.as_localhost}/data"):
        with pytest.raises(ConfigurationError, match="localhost"):
            session.get(url, headers=headers)
    assert not api.api_requests


def test_a_hook_does_not_lead_into_the_open(api: Server) -> None:
    session = session_for(api)
    session.register_compliance_hook(
        "protected_request", lambda url, headers, data: ("http://api.example/", headers, data)
    )
    with pytest.raises(InsecureTransportError):
        session.get(f"{api.issuer}/data")


# -- signing in ------------------------------------------------------------------------------------


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> KernelMemory:
    """Nobody sits here, and nothing is remembered from before."""
    monkeypatch.setattr(place, "here", lambda: place.Place.UNATTENDED)
    memory = KernelMemory()
    monkeypatch.setattr(sign_in, "_memory", memory)
    return memory


@pytest.mark.usefixtures("memory")
def test_a_login_says_where_the_token_may_go() -> None:
    app = Client("app", client_secret="a-secret")
    with Stage() as stage:

        def sign_in_again(**arguments: Any) -> OAuth2Session:
            return login(stage.provider, client=app, grant="client_credentials", **arguments)

        session = sign_in_again(allowed_hosts=["api.example"])
        assert session.allowed_hosts == ("api.example",)
        assert sign_in_again() is session
        assert session.allowed_hosts == ("api.example",)  # nobody said otherwise
        assert sign_in_again(allowed_hosts=["*.example"]) is session
        assert session.allowed_hosts == ("*.example",)
        assert len(stage.token_requests) == 1
        with pytest.raises(ConfigurationError, match=r"api\.example/v1' will"):
            sign_in_again(allowed_hosts=["api.example/v1"])


@pytest.mark.usefixtures("memory")
def test_a_stored_token_may_go_no_further() -> None:
    store = MemoryTokenStore()
    with Stage() as stage:
        key = TokenKey.of(stage.provider, CLIENT, "authorization_code")
        store.save(key, ending(1000))
        session = login(
            stage.provider,
            client=CLIENT,
            grant="authorization_code",
            store=store,
            allowed_hosts="api.example",
        )
    assert session.allowed_hosts == ("api.example",)


@pytest.mark.parametrize("hosts", [["api.example"], None])
def test_a_widget_of_ones_own_says_where_the_token_may_go(hosts: Any) -> None:
    app = Client("app", client_secret="a-secret")
    with Stage() as stage:
        session = ClientCredentialsLogin(stage.provider, app, allowed_hosts=hosts).wait(10)
    assert session.allowed_hosts == (hosts and tuple(hosts))
    with pytest.raises(ConfigurationError, match="443 will not do"):
        ClientCredentialsLogin(stage.provider, app, allowed_hosts=[443])  # type: ignore[list-item]


# -- redirects -------------------------------------------------------------------------------------


def test_the_header_stays_behind(api: Server, other: Server) -> None:
    session = session_for(api)
    for elsewhere in (other.issuer, api.as_localhost):
        for status in (301, 302, 303, 307, 308):
            answer = session.get(api.redirecting(f"{elsewhere}/data", status))
            assert answer.json()["authorization"] is None
            assert len(answer.history) == 1


def test_the_header_goes_on_where_it_came_from(api: Server) -> None:
    session = session_for(api)
    answer = session.get(api.redirecting(f"{api.issuer}/data", 307))
    assert answer.json()["authorization"] == f"Bearer {TOKEN}"


def test_it_does_not_come_back_with_a_second_redirect(api: Server, other: Server) -> None:
    back = other.redirecting(f"{api.issuer}/data", 307)
    answer = session_for(api).get(api.redirecting(back, 307))
    assert answer.json()["authorization"] is None


@pytest.mark.parametrize("placement", ["auth_header", "query", "body"])
def test_no_token_goes_from_https_into_the_open(
    secure: TlsServer, api: Server, placement: str
) -> None:
    session = session_for(secure, placement=placement)
    session.verify = secure.certificates.authority
    query = f"?access_token={TOKEN}" if placement == "query" else ""
    answer = session.post(secure.redirecting(f"{api.issuer}/data{query}", 307), data="a=b")
    assert TOKEN not in json.dumps(answer.json())
    assert answer.json()["form"] == {"a": "b"}
    stays = session.post(secure.redirecting(f"{secure.issuer}/data{query}", 307), data="a=b")
    assert TOKEN in json.dumps(stays.json())


@BOTH
@pytest.mark.parametrize("status", [307, 308])
def test_a_token_in_the_form_stays_behind(
    api: Server,
    other: Server,
    kind: type,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    session = session_for(api, kind, placement="body")
    url = api.redirecting(f"{other.issuer}/data", status)
    answer = session.post(url, data=urlencode({"a": "b & ü", "empty": ""})).json()
    assert answer["form"] == {"a": "b & ü", "empty": ""}
    assert answer["method"] == "POST"
    assert api.api_requests[0].form["access_token"] == TOKEN


@BOTH
def test_a_token_in_the_query_stays_behind(
    api: Server, other: Server, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    session = session_for(api, kind, placement="query")
    echoed = f"{other.issuer}/data?{urlencode({'a': 'b', 'access_token': TOKEN})}"
    assert session.get(api.redirecting(echoed)).json()["query"] == {"a": "b"}
    assert api.api_requests[0].query["access_token"] == TOKEN


@BOTH
def test_a_token_in_a_header_of_a_hook_stays_behind(
    api: Server, other: Server, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    session = session_for(api, kind)

    def add_key(url: str, headers: Any, data: Any) -> Any:
        return url, {**(headers or {}), "X-Api-Key": f"key {TOKEN}", "X-Other": b"stays"}, data

    session.register_compliance_hook("protected_request", add_key)
    stays = session.get(api.redirecting(f"{api.issuer}/data"))
    assert stays.json()["api_key"] == f"key {TOKEN}"
    left = session.get(api.redirecting(f"{other.issuer}/data"))
    assert left.json()["api_key"] is None
    assert other.api_requests[0].headers["X-Other"] == "stays"


@BOTH
def test_a_token_of_a_published_hook_stays_behind(
    api: Server, other: Server, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    session = slack_compliance_fix(session_for(api, kind))
    answer = session.post(api.redirecting(f"{other.issuer}/data", 307), data={"a": "b"})
    assert answer.json()["form"] == {"a": "b"}


@BOTH
def test_a_refresh_token_stays_behind(
    api: Server, other: Server, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    session = session_for(api, kind)
    other.answer = lambda request: reply(  # type: ignore[method-assign]
        200, **HELD, sent=request.form.get("refresh_token")
    )
    token = session.refresh_token(api.redirecting(f"{other.issuer}/token", 307))
    assert token["sent"] is None


def test_a_token_that_was_renewed_meanwhile_stays_behind(api: Server, other: Server) -> None:
    session = session_for(api, placement="body")
    answer = api.answer

    def renew_then_answer(request: Request) -> Reply:
        session.token = {**HELD, "access_token": "its-successor"}
        return answer(request)

    api.answer = renew_then_answer  # type: ignore[method-assign]
    left = session.post(api.redirecting(f"{other.issuer}/data", 307), data="a=b")
    assert left.json()["form"] == {"a": "b"}


def test_what_holds_no_token_is_sent_as_it_was(api: Server, other: Server) -> None:
    session = session_for(api)
    signed = f"{other.issuer}/data?sig=%2b%2B~&b&a=%20"
    answer = session.post(api.redirecting(signed, 307), data=b"raw=%2b&x")
    assert urlsplit(answer.url).query == urlsplit(signed).query
    assert answer.request.body == b"raw=%2b&x"


@pytest.mark.parametrize("body", [iter([b"x"]), b"\xff\xfe", "text"])
def test_a_body_that_is_no_form_is_left_alone(body: Any) -> None:
    request = requests.Request("POST", "https://api.example/", data=body).prepare()
    before = request.body
    leave_behind(request, {TOKEN})
    assert request.body is before


def test_a_form_of_bytes_is_looked_through() -> None:
    form = urlencode({"access_token": TOKEN, "a": "b"}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    request = requests.Request("POST", "https://api.example/", data=form, headers=kind).prepare()
    leave_behind(request, {TOKEN})
    assert (request.body, request.headers["Content-Length"]) == (b"a=b", "3")


def test_another_body_is_looked_through() -> None:
    request = requests.Request("POST", "https://api.example/", json={"token": TOKEN}).prepare()
    leave_behind(request, {TOKEN, "en"})
    assert (request.body, request.headers["Content-Length"]) == (b'{"token": ""}', "13")


def test_a_redirect_to_a_host_that_is_not_allowed_takes_no_token() -> None:
    """requests keeps the header from http to https on the same host; the list knows the port."""
    session = opened(allowed_hosts=["localhost:80"])
    response = requests.Response()
    response.request = requests.Request("GET", "http://localhost/").prepare()
    for there, stays in (("http://localhost/x", True), ("https://localhost/", False)):
        request = requests.Request("GET", there, headers={"Authorization": f"Bearer {TOKEN}"})
        followed = request.prepare()
        session.rebuild_auth(followed, response)
        assert ("Authorization" in followed.headers) is stays


@pytest.mark.parametrize(
    "arguments",
    [
        {"headers": {"Authorization": "Basic bWU6bWluZQ=="}},
        {"auth": ("me", "mine"), "withhold_token": True},
    ],
)
def test_what_the_caller_says_who_he_is_with_goes_on_where_it_came_from(
    api: Server, other: Server, arguments: dict[str, Any]
) -> None:
    session = api.open(token=ending(1000), allowed_hosts=["api.example"])
    api.issuer, other.issuer = api.as_localhost, other.as_localhost
    goes_on = session.get(api.redirecting(f"{api.issuer}/data"), **arguments)
    assert goes_on.json()["authorization"] == "Basic bWU6bWluZQ=="
    stays = session.get(api.redirecting(f"{other.issuer}/data"), **arguments)
    assert stays.json()["authorization"] is None


def test_redirects_are_still_the_callers(api: Server, other: Server) -> None:
    session = session_for(api, placement="body")
    url = api.redirecting(f"{other.issuer}/data", 307)
    stopped = session.post(url, data="a=b", allow_redirects=False)
    assert stopped.status_code == 307
    assert stopped.next is not None
    assert parse_qs(str(stopped.next.body)) == {"a": ["b"]}
    assert not other.api_requests
    session.max_redirects = 1
    with pytest.raises(requests.TooManyRedirects):
        session.get(api.redirecting(api.redirecting(f"{api.issuer}/data")))


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["request", "renewal"])
def test_what_the_caller_was_handling_is_left_as_it_was(way: str) -> None:
    with Server() as gone:
        session = gone.open(token=ending(1000, **HELD))
    said = f"about {TOKEN}"
    with pytest.raises(ValueError, match=TOKEN) as before:
        raise ValueError(said)
    mine, led_to_it = KeyError(said), before.value
    mine.__context__ = led_to_it

    def ask_again() -> None:
        try:
            raise mine
        except KeyError:
            session.get(gone.issuer) if way == "request" else session.renew()

    with pytest.raises(requests.ConnectionError) as failed:
        ask_again()
    assert TOKEN not in str(failed.value)
    for one in (mine, led_to_it):
        assert one.args == (said,)
        assert one.__traceback__ is not None
