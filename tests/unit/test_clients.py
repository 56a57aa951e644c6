"""Your app, and how it authenticates."""

from __future__ import annotations

import dataclasses

import pytest
from requests.auth import HTTPBasicAuth

from nb_oauth import Client, ConfigurationError
from nb_oauth.clients import authenticate


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"client_id": ""}, "needs the client_id"),
        ({"client_id": "a", "token_endpoint_auth_method": "magic"}, "'magic' is not one of none,"),
        (
            {"client_id": "a", "token_endpoint_auth_method": "client_secret_basic"},
            "client_secret=…",
        ),
        ({"client_id": "a", "token_endpoint_auth_method": "client_secret_post"}, "client_secret=…"),
    ],
)
def test_what_cannot_work_is_said_at_once(arguments: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Client(**arguments)


@pytest.mark.parametrize(
    ("redirect_uri", "words"),
    [
        ("", "absolute"),
        ("/callback", "absolute"),
        ("//app.example/callback", "absolute"),
        ("app.example/callback", "absolute"),
        ("localhost:8080/callback", "absolute"),
        ("app.example:8080", "absolute"),
        ("https:callback", "absolute"),
        ("https://", "absolute"),
        ("https:///callback", "absolute"),
        ("http://127.0.0.1:port/callback", "Port"),
        ("http://127.0.0.1:65536/callback", "Port"),
        ("http://127.0.0.1:-1/callback", "Port"),
        ("http://[::1/callback", "IPv6"),
        ("https://app.example/call back", "absolute"),
        ("https://app.example/callback\n", "absolute"),
        ("https://app.example/callback#here", "fragment"),
        ("https://app.example/callback#", "fragment"),
    ],
)
def test_a_redirect_uri_is_an_absolute_uri_without_fragment(redirect_uri: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Client("app", redirect_uri=redirect_uri)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "https://app.example/callback?tenant=1",
        "HTTPS://app.example:8443",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:/callback",
        "http://[::1]:65535/callback",
        "com.example.app:/callback",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
def test_a_redirect_uri_is_taken_as_it_is(redirect_uri: str | None) -> None:
    assert Client("app", redirect_uri=redirect_uri).redirect_uri == redirect_uri


def test_no_secret_is_in_the_repr() -> None:
    client = Client("app", "s3cret")
    assert "s3cret" not in repr(client)
    assert "s3cret" not in repr(authenticate(Client("app", "s3cret"), ("client_secret_post",)))


def test_a_client_is_a_value() -> None:
    assert Client("app", "s") == Client("app", "s")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Client("app").client_id = "other"  # type: ignore[misc]


BASIC, POST = "client_secret_basic", "client_secret_post"


@pytest.mark.parametrize(
    ("secret", "method", "supported", "sent"),
    [
        (None, None, None, {"client_id": "app"}),
        (None, None, (BASIC,), {"client_id": "app"}),
        ("s", "none", None, {"client_id": "app"}),
        ("s", None, None, BASIC),
        ("s", None, (), BASIC),
        ("s", None, (POST, BASIC), BASIC),
        ("s", None, (POST,), {"client_id": "app", "client_secret": "s"}),
        ("s", POST, (BASIC,), {"client_id": "app", "client_secret": "s"}),
        ("s", BASIC, (POST,), BASIC),
    ],
)
def test_how_a_client_authenticates(
    secret: str | None, method: str | None, supported: tuple[str, ...] | None, sent: object
) -> None:
    client = Client("app", secret, token_endpoint_auth_method=method)
    says = authenticate(client, supported)
    if sent == BASIC:
        assert says.auth == HTTPBasicAuth("app", "s")
        assert says.parameters == {}
    else:
        assert (says.auth, says.parameters) == (None, sent)


def test_basic_is_form_urlencoded_before_it_is_put_together() -> None:
    says = authenticate(Client("a:b", "s3cr+t/% é"))
    assert says.auth == HTTPBasicAuth("a%3Ab", "s3cr%2Bt%2F%25+%C3%A9")


@pytest.mark.parametrize("redirect_uri", ["http://example.com/cb", "http://10.0.0.1/cb"])
def test_a_code_must_not_come_back_in_the_open(redirect_uri: str) -> None:
    with pytest.raises(ConfigurationError, match="neither https nor on a loopback"):
        Client("app", redirect_uri=redirect_uri)
