"""What a provider says of itself, and when that is believed."""

from __future__ import annotations

import json
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import ConfigurationError, OAuthError, Provider
from nb_oauth.providers import discovery_cache, metadata_request
from nb_oauth.providers.metadata import METADATA
from nb_oauth.providers.metadata_document import read_document
from nb_oauth.providers.well_known import place_of
from tests.unit.metadata_server import OAUTH, OPENID, MetadataServer, Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.oidc import OidcProvider


@pytest.fixture
def server() -> Iterator[MetadataServer]:
    with MetadataServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(discovery_cache, "_here", {})


def refused(asked: str, words: str, **options: Any) -> str:
    with pytest.raises(ConfigurationError, match=words) as caught:
        Provider.discover(asked, **options)
    return str(caught.value)


# -- where it is looked for ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "issuer", "paths"),
    [
        ("https://as.example", "https://as.example", (OPENID, OAUTH)),
        (" https://as.example/ ", "https://as.example", (OPENID, OAUTH)),
        (
            "https://as.example/a/b/",
            "https://as.example/a/b",
            (f"/a/b{OPENID}", f"{OAUTH}/a/b"),
        ),
        (f"https://as.example{OPENID}", "https://as.example", (OPENID,)),
        (f"https://as.example/a/b{OPENID}", "https://as.example/a/b", (f"/a/b{OPENID}",)),
        (f"https://as.example{OAUTH}/a/b", "https://as.example/a/b", (f"{OAUTH}/a/b",)),
        (f"https://as.example{OAUTH}/a/", "https://as.example/a", (f"{OAUTH}/a",)),
        (f"https://as.example/a{OAUTH}", "https://as.example/a", (f"/a{OAUTH}",)),
    ],
)
def test_the_well_known_addresses(typed: str, issuer: str, paths: tuple[str, ...]) -> None:
    place = place_of(typed)
    assert place.issuer == issuer
    assert place.addresses == tuple(f"https://as.example{path}" for path in paths)
    assert place.host == "as.example"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("http://as.example/", "give an https address"),
        ("as.example", "give an https address"),
        ("", "give an https address"),
        (5, "'5' is no issuer"),
        ("https://as.example/?a=s3cret", "leave out"),
        ("https://as.example/#s3cret", "leave out"),
        ("https://s3cret@as.example/", "leave out"),
        ("http://s3cret@as.example/", "give an https address"),
    ],
)
def test_what_is_no_issuer_is_refused_before_anything_is_sent(typed: Any, words: str) -> None:
    assert "s3cret" not in refused(typed, words)


def test_the_openid_document_is_read_first(server: MetadataServer) -> None:
    server.publish(OPENID, userinfo_endpoint=f"{server.issuer}/me")
    server.publish(OAUTH)
    assert Provider.discover(server.issuer).userinfo_endpoint == f"{server.issuer}/me"
    assert server.asked == [OPENID]


@pytest.mark.parametrize(
    "elsewhere",
    [
        None,
        Page("<h1>Sign in</h1>", headers={"Content-Type": "text/html"}),
        Page('["a list"]'),
        Page('{"error": "not_found"}'),
        Page("{}", 500),
    ],
)
def test_else_the_oauth_document_with_the_path_after_it(
    server: MetadataServer, elsewhere: Page | None
) -> None:
    if elsewhere:
        server.pages[f"/tenant{OPENID}"] = elsewhere
    server.publish(f"{OAUTH}/tenant", "/tenant")
    provider = Provider.discover(f"{server.issuer}/tenant")
    assert provider.issuer == f"{server.issuer}/tenant"
    assert server.asked == [f"/tenant{OPENID}", f"{OAUTH}/tenant"]


def test_the_address_of_a_document_is_taken_as_it_stands(server: MetadataServer) -> None:
    server.publish(OAUTH)
    assert Provider.discover(server.issuer + OAUTH).issuer == server.issuer
    assert server.asked == [OAUTH]


# -- whose it is -------------------------------------------------------------------------------


@pytest.mark.parametrize("typed_slash", ["", "/"])
@pytest.mark.parametrize("named_slash", ["", "/"])
def test_both_spellings_have_one_address_and_the_document_says_which_is_right(
    server: MetadataServer, typed_slash: str, named_slash: str
) -> None:
    server.publish(f"/tenant{OPENID}", issuer=f"{server.issuer}/tenant{named_slash}")
    provider = Provider.discover(f"{server.issuer}/tenant{typed_slash}")
    assert provider.issuer == f"{server.issuer}/tenant{named_slash}"


@pytest.mark.parametrize(
    "named",
    [
        "https://other.example",
        "{issuer}/tenant",
        "{issuer}//",
        "{issuer}/?a",
        "HTTP{issuer[4:]}",
        None,
        "",
        5,
        ["{issuer}"],
    ],
)
def test_another_issuers_document_is_refused(server: MetadataServer, named: Any) -> None:
    if isinstance(named, str):
        named = named.replace("{issuer}", server.issuer)
        named = named.replace("{issuer[4:]}", server.issuer[4:])
    server.publish(issuer=named)
    server.publish(OAUTH)  # no second try: somebody speaks for another
    message = refused(server.issuer, "was asked for")
    assert repr(named) in message
    assert server.asked == [OPENID]


def test_a_placeholder_in_the_issuer_is_explained(server: MetadataServer) -> None:
    server.publish(issuer="https://login.example/{tenantid}/v2.0")
    message = refused(server.issuer, "pass the address of your own tenant, with its ID")
    assert "Provider(name, authorization_endpoint=…, token_endpoint=…)" in message
    assert "without issuer=…" in message


# -- what it says ------------------------------------------------------------------------------


def test_every_member_is_taken_and_what_is_unknown_left_out(server: MetadataServer) -> None:
    document = server.publish(
        name="Evil",
        grant_types_supported=["authorization_code", "refresh_token"],
        response_types_supported=["code"],
        scopes_supported=["openid"],
        code_challenge_methods_supported=["S256"],
        id_token_signing_alg_values_supported=["RS256"],
        token_endpoint_auth_signing_alg_values_supported=[],
        end_session_endpoint=f"{server.issuer}/end",
        jwks_uri=None,
        mtls_endpoint_aliases={"token_endpoint": f"{server.issuer}/mtls"},
        tls_client_certificate_bound_access_tokens=True,
        authorization_response_iss_parameter_supported=True,
        service_documentation=5,
    )
    assert Provider.discover(server.issuer) == Provider(
        "127.0.0.1",
        issuer=server.issuer,
        authorization_endpoint=document["authorization_endpoint"],
        token_endpoint=document["token_endpoint"],
        grant_types_supported=("authorization_code", "refresh_token"),
        response_types_supported=("code",),
        scopes_supported=("openid",),
        code_challenge_methods_supported=("S256",),
        id_token_signing_alg_values_supported=("RS256",),
        token_endpoint_auth_signing_alg_values_supported=(),
        end_session_endpoint=f"{server.issuer}/end",
        mtls_endpoint_aliases={"token_endpoint": f"{server.issuer}/mtls"},
        tls_client_certificate_bound_access_tokens=True,
        authorization_response_iss_parameter_supported=True,
    )


@pytest.mark.provider
def test_the_judge_describes_itself(oidc: OidcProvider) -> None:
    provider = Provider.discover(f"{oidc.issuer}/")
    assert provider.issuer == oidc.issuer
    assert provider.token_endpoint == f"{oidc.issuer}/token"
    assert provider.code_challenge_methods_supported == ("S256",)
    assert provider.mtls_endpoint_aliases["token_endpoint"].startswith("https://localhost:")


def test_the_name_is_what_one_says(server: MetadataServer) -> None:
    server.publish()
    assert Provider.discover(server.issuer, name="Example").name == "Example"
    assert Provider.discover(server.issuer).name == "127.0.0.1"


def test_needed_members_of_another_kind_are_all_named(server: MetadataServer) -> None:
    server.publish(
        token_endpoint=5,
        authorization_endpoint="http://as.example/authorize",
        device_authorization_endpoint="/device",
        jwks_uri=["x"],
        authorization_response_iss_parameter_supported="true",
        grant_types_supported="authorization_code",
    )
    message = refused(server.issuer, "cannot be used")
    for words in (
        "token_endpoint must be an https address (or http on a loopback address), not 5",
        "authorization_endpoint must be an https",
        "device_authorization_endpoint must be an https",
        "jwks_uri must be an https",
        "authorization_response_iss_parameter_supported must be True or False, not 'true'",
    ):
        assert words in message
    assert "grant_types_supported" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("end_session_endpoint", ""),
        ("end_session_endpoint", "/logout"),
        ("device_authorization_endpoint", ""),
        ("jwks_uri", ""),
        ("introspection_endpoint", "http://intern.example/introspect"),
        ("userinfo_endpoint", 5),
        ("scopes_supported", "openid email"),
        ("grant_types_supported", ""),
        ("tls_client_certificate_bound_access_tokens", "true"),
        ("mtls_endpoint_aliases", {"token_endpoint": None}),
        ("mtls_endpoint_aliases", {"token_endpoint": "http://intern.example/token"}),
        ("mtls_endpoint_aliases", ["x"]),
    ],
)
def test_any_other_member_of_another_kind_is_left_out(
    server: MetadataServer, name: str, value: object
) -> None:
    server.publish()
    without = Provider.discover(server.issuer)
    server.publish(**{name: value})
    assert Provider.discover(server.issuer, refresh=True) == without


def test_one_alias_without_an_address_leaves_the_others(server: MetadataServer) -> None:
    there = f"{server.issuer}/mtls"
    server.publish(mtls_endpoint_aliases={"token_endpoint": there, "revocation_endpoint": None})
    assert dict(Provider.discover(server.issuer).mtls_endpoint_aliases) == {"token_endpoint": there}


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint": "http://127.0.0.1:8080/token"},
        {"token_endpoint": "https://localhost/token"},
        {"jwks_uri": "http://[::1]/keys"},
    ],
)
def test_another_machine_cannot_say_what_is_sent_to_this_one(members: dict[str, Any]) -> None:
    document = {"issuer": "https://as.example", **members}
    with pytest.raises(ConfigurationError, match="must be an address in the network"):
        read_document(document, METADATA, place_of("https://as.example"), "https://as.example/…")


@pytest.mark.parametrize(
    "members",
    [
        {"mtls_endpoint_aliases": {"token_endpoint": "http://[::1]/token"}},
        {"revocation_endpoint": "http://127.0.0.1:8080/revoke"},
    ],
)
def test_nor_where_it_could_be_done_without(members: dict[str, Any]) -> None:
    document = {"issuer": "https://as.example", **members}
    read = read_document(document, METADATA, place_of("https://as.example"), "https://as.example/…")
    assert read == {"issuer": "https://as.example"}


# -- what can come instead ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page("no", 404), "answers HTTP 404"),
        (
            Page("<html>", headers={"Content-Type": "text/html"}),
            re.escape("answers with what is no JSON (text/html)"),
        ),
        (Page('{"issuer": ', headers={}), "no content type"),
        (Page("[" * 100_000), "no JSON"),
        (Page(b"\xff\xfe\xff"), "no JSON"),
        (Page("[]"), "names no issuer"),
        (Page(b" " * (1 << 20) + b"{}"), "more than 1048576 bytes"),
    ],
)
def test_what_is_no_metadata_is_told_with_what_to_do(
    server: MetadataServer, page: Page, words: str
) -> None:
    server.pages[OPENID] = page
    message = refused(server.issuer, words)
    assert "HTTP 404" in message  # of the other address
    assert "token_endpoint=…" in message


def test_a_server_out_of_order_is_told_as_requests_would(server: MetadataServer) -> None:
    server.pages[OPENID] = Page("", 503)
    with pytest.raises(OAuthError, match=r"HTTP 503.*Try again later") as caught:
        Provider.discover(server.issuer)
    assert isinstance(caught.value, requests.HTTPError)


def test_a_dead_server_is_told_as_requests_would(server: MetadataServer) -> None:
    server.stop()
    with pytest.raises(OAuthError, match=r"127\.0\.0\.1:\d+ could not be reached") as caught:
        Provider.discover(server.issuer)
    assert isinstance(caught.value, requests.ConnectionError)
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert isinstance(copy, OAuthError)
    assert isinstance(copy, requests.ConnectionError)
    assert str(copy) == str(caught.value)


def test_an_authority_that_nobody_trusts_is_told_with_what_to_do(
    server: MetadataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(*_: Any, **__: Any) -> None:
        raise requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] s3cret")

    monkeypatch.setattr(requests.Session, "send", send)
    with pytest.raises(OAuthError, match="set REQUESTS_CA_BUNDLE") as caught:
        Provider.discover(server.issuer)
    assert isinstance(caught.value, requests.exceptions.SSLError)
    assert "s3cret" not in str(caught.value)


def test_a_silent_server_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(metadata_request, "_TIMEOUT", (1.0, 0.05))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(requests.ReadTimeout, match="ReadTimeout") as caught:
            Provider.discover(issuer)
    assert isinstance(caught.value, OAuthError)


def test_a_redirect_within_the_server_is_followed(server: MetadataServer) -> None:
    server.pages[OPENID] = Page(status=302, headers={"Location": "/metadata"})
    server.pages["/metadata"] = Page(json.dumps(server.metadata()))
    assert Provider.discover(server.issuer).issuer == server.issuer
    assert server.asked == [OPENID, "/metadata"]


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://as.example/", "sends on to another server, http://as.example"),
        ("https://127.0.0.1/", "sends on to another server, https://127"),
        ("http://127.0.0.1:9/", "another server"),
        ("http://localhost/", "another server"),
        ("file:///etc/passwd", "another server"),
        ("http://[x/", "no address"),
        (OPENID, "again and again"),
    ],
)
def test_any_other_redirect_is_not(server: MetadataServer, location: str, words: str) -> None:
    server.pages[OPENID] = Page(status=302, headers={"Location": location})
    refused(server.issuer, words)
