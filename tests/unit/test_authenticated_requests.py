"""Where a session shows its client's certificate, and what comes of one that will not do."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from joserfc.jwk import ECKey

from nb_oauth import Client, ConfigurationError, OAuth2Session, Provider, TokenError
from tests.providers.tls import Certificates, make_certificates
from tests.unit.session_stage import Stage, ending, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

API, AS, MTLS = "https://api.example/v1", "https://as.example", "https://mtls.as.example"


class Recorder(requests.adapters.BaseAdapter):
    """Answers for the internet, and notes which certificate was at hand for each request."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, object]] = []
        self.redirects: dict[str, str] = {}

    def send(self, request: requests.PreparedRequest, **arguments: Any) -> requests.Response:  # type: ignore[override]
        url = str(request.url)
        self.seen.append((url, arguments["cert"]))
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, url, request
        answer._content = b'{"access_token": "new", "refresh_token": "r", "token_type": "bearer"}'
        if url in self.redirects:
            answer.status_code = 302
            answer.headers["Location"] = self.redirects[url]
        return answer

    def close(self) -> None:
        """Nothing is open."""


def opened(client: Client, **members: Any) -> tuple[OAuth2Session, Recorder]:
    provider = Provider(
        "Example",
        **{"token_endpoint": f"{AS}/token", "revocation_endpoint": f"{AS}/revoke", **members},
    )
    session = OAuth2Session.open(provider, client, token=ending(1000))
    session.trust_env = False
    recorder = Recorder()
    session.mount("https://", recorder)
    return session, recorder


def test_it_goes_to_the_provider_and_along_with_the_token(certificate: tuple[str, str]) -> None:
    session, recorder = opened(Client("app", cert=certificate))
    session.refresh_token(f"{AS}/token")
    session.revoke_token("refresh_token")
    session.get(API)
    session.get(f"{AS}/jwks", withhold_token=True)
    session.get("https://elsewhere.example", withhold_token=True)
    assert [cert for _, cert in recorder.seen] == [certificate] * 4 + [None]


def test_it_does_not_follow_a_redirect_to_another_host(certificate: tuple[str, str]) -> None:
    session, recorder = opened(Client("app", cert=certificate))
    recorder.redirects = {API: f"{API}/", f"{API}/": "https://cdn.example/file"}
    session.get(API)
    assert recorder.seen == [
        (API, certificate),
        (f"{API}/", certificate),
        ("https://cdn.example/file", None),
    ]


def test_one_of_the_caller_s_own_goes_where_requests_takes_it(tmp_path: Path) -> None:
    mine, other = make_certificates(tmp_path / "tls").analyst, make_certificates(tmp_path / "o")
    session, recorder = opened(Client("app", cert=mine))
    session.get(API, cert=other.analyst)
    session.cert = other.somebody
    session.get(API)
    session.get("https://elsewhere.example", withhold_token=True)
    session.send(session.prepare_request(requests.Request("GET", API)))
    assert [cert for _, cert in recorder.seen] == [other.analyst] + [other.somebody] * 3


def test_a_session_whose_client_has_none_shows_none() -> None:
    session, recorder = opened(Client("app"), mtls_endpoint_aliases={"token_endpoint": MTLS})
    session.refresh_token(f"{AS}/token")
    session.get(API)
    assert recorder.seen == [(f"{AS}/token", None), (API, None)]


def test_with_it_the_provider_is_asked_where_it_says(certificate: tuple[str, str]) -> None:
    aliases = {"userinfo_endpoint": f"{MTLS}/me", "token_endpoint": f"{MTLS}/token"}
    session, recorder = opened(Client("app", cert=certificate), mtls_endpoint_aliases=aliases)
    session.fetch_token(f"{AS}/token", code="code")
    session.renew()
    session.revoke_token("refresh_token")
    session.fetch_token(f"{AS}/another", code="code")
    session.get(f"{MTLS}/jwks", withhold_token=True)
    where = [f"{MTLS}/token", f"{MTLS}/token", f"{AS}/revoke", f"{AS}/another", f"{MTLS}/jwks"]
    assert recorder.seen == [(url, certificate) for url in where]


# -- one that will not do -----------------------------------------------------------------------


def test_a_certificate_that_vanished_is_told_before_anything_is_sent(
    certificate: tuple[str, str],
) -> None:
    session, recorder = opened(Client("app", cert=certificate))
    Path(certificate[0]).unlink()
    for ask in (session.renew, lambda: session.revoke_token("access_token")):
        with pytest.raises(TokenError, match=r"client\.pem cannot be read") as raised:
            ask()
        assert isinstance(raised.value, ConfigurationError)
    with pytest.raises(ConfigurationError, match=r"client\.pem cannot be read"):
        session.get(API)
    assert not recorder.seen


def test_a_token_that_lives_is_used_though_the_key_to_renew_it_vanished(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(ECKey.generate_key().as_pem(private=True))
    session, recorder = opened(Client("app", private_key=key))
    key.unlink()
    session.token = ending(10)
    session.get(API)
    session.token = ending(-1)
    with pytest.raises(TokenError, match="cannot be read"):
        session.get(API)
    assert [url for url, _ in recorder.seen] == [API]


def test_a_classic_session_is_told_too(tmp_path: Path) -> None:
    session = OAuth2Session("app")
    with pytest.raises(ConfigurationError, match=r"none\.pem cannot be read"):
        session.fetch_token(f"{AS}/token", code="c", cert=str(tmp_path / "none.pem"))


def test_it_is_of_no_use_over_http_and_so_not_looked_at(certificate: tuple[str, str]) -> None:
    with Stage() as stage:
        session = stage.open(Client("app", cert=certificate), token=ending(9))
        Path(certificate[0]).write_text("nothing")
        session.refresh_token(stage.token_endpoint)
        assert stage.token_requests[0].form["client_id"] == "app"


# -- one that the server refuses ----------------------------------------------------------------


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path / "tls")


@pytest.fixture
def strict(certificates: Certificates) -> Iterator[str]:
    """A server that ends the connection where it does not know the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = certificates.folder
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_certificate_that_the_server_refuses_is_named(
    strict: str, certificates: Certificates
) -> None:
    client = Client("app", cert=certificates.stranger)
    provider = Provider("Strict", token_endpoint=f"{strict}/token")
    session = OAuth2Session.open(provider, client, token=ending(9))
    session.trust_env, session.verify = False, certificates.authority
    words = r"may also have refused .* Certificate CN=analyst \(stranger\.pem\), good until"
    with pytest.raises(TokenError, match=words) as raised:
        session.renew()
    assert isinstance(raised.value, requests.ConnectionError)


def test_a_server_that_repeats_what_was_signed_is_not_quoted() -> None:
    client = Client("app", private_key=ECKey.generate_key().as_pem(private=True))
    with Stage() as stage:
        stage.at_token = lambda request: reply(
            400,
            error="invalid_client",
            # Behind a letter it looks like no JWT to anybody who does not know it.
            error_description="x" + request.form["client_assertion"],
        )
        session = stage.open(client, token=ending(9))
        for ask in (
            lambda: session.fetch_token(stage.token_endpoint, code="code"),
            lambda: session.refresh_token(stage.token_endpoint),
        ):
            with pytest.raises(TokenError, match="invalid_client") as raised:
                ask()
            for part in stage.token_requests[-1].form["client_assertion"].split("."):
                assert part[:20] not in str(raised.value)
            assert "x•••" in str(raised.value)
