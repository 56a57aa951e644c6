"""Your app, and how it authenticates."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OctKey, OKPKey

from nb_oauth import Client, ConfigurationError


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


def test_a_client_is_a_value() -> None:
    assert Client("app", "s") == Client("app", "s")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Client("app").client_id = "other"  # type: ignore[misc]


@pytest.mark.parametrize("redirect_uri", ["http://example.com/cb", "http://10.0.0.1/cb"])
def test_a_code_must_not_come_back_in_the_open(redirect_uri: str) -> None:
    with pytest.raises(ConfigurationError, match="neither https nor on a loopback"):
        Client("app", redirect_uri=redirect_uri)


# -- what it authenticates with -----------------------------------------------------------------

KEY = ECKey.generate_key()
PEM = KEY.as_pem(private=True).decode()
DSA = dsa.generate_private_key(1024).private_bytes(  # noqa: S505 - quick to make, never used
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "needs client_secret=…"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "needs private_key=…"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "needs cert=…"),
        ({"token_endpoint_auth_method": "self_signed_tls_client_auth"}, "needs cert=…"),
        ({"private_key": PEM, "token_endpoint_auth_method": "none"}, "not for 'none'"),
        ({"private_key": PEM, "client_secret": "s"}, "say which"),
        ({"key_id": "mine"}, "key_id=… names a private key"),
        ({"token_endpoint_auth_signing_alg": "PS256"}, "is for 'client_secret_jwt' and"),
        ({"client_secret": "s", "assertion_audience": "https://as.example"}, "is for 'client_"),
        ({"private_key": PEM, "token_endpoint_auth_signing_alg": "RS256"}, "signs by ES256"),
        ({"private_key": PEM, "token_endpoint_auth_signing_alg": "none"}, "signs by ES256"),
        ({"private_key": PEM, "token_endpoint_auth_signing_alg": "HS256"}, "signs by ES256"),
        ({"client_secret": "é", "basic_urlencoded": False}, "not ASCII"),
        ({"cert": 7}, "pair of paths"),
        ({"cert": ("a", "b", "c")}, "pair of paths"),
        ({"cert": ("a", None)}, "pair of paths"),
    ],
)
def test_what_contradicts_itself_is_said_at_once(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        Client("app", **arguments)
    assert "PRIVATE" not in str(raised.value)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (7, "PEM text, a JWK"),
        ("client.key", "is no private key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "is no private key"),
        ({"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c"}, "is no private key"),
        ({}, "is no private key"),
        (DSA, "is no private key"),
        (KEY.as_dict(private=False), "is no private key"),
        (KEY.as_pem(private=False).decode(), "is no private key"),
        (OctKey.generate_key().as_dict(private=True), "is no private key"),
        (KEY.as_pem(private=True, password="p"), "is encrypted"),
        (OKPKey.generate_key("X25519").as_dict(private=True), "kind X25519 cannot sign"),
        (Path("nowhere.key"), r"nowhere\.key cannot be read \(No such file"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_and_not_shown(key: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        Client("app", private_key=key)
    assert "AAAA" not in str(raised.value)


def test_a_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "image.key"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"image\.key cannot be read \(it is no text"):
        Client("app", private_key=file)
    file.write_text("hello")
    with pytest.raises(ConfigurationError, match=r"image\.key is no private key"):
        Client("app", private_key=file)


def test_with_a_key_it_is_a_value_that_shows_nothing() -> None:
    jwk: Any = KEY.as_dict(private=True)
    one, same = (
        Client("app", private_key=jwk, key_id="k"),
        Client("app", private_key=dict(jwk), key_id="k"),
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != Client("app", private_key=PEM, key_id="k")
    assert jwk["d"] not in repr(one)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own


def test_with_a_certificate_it_is_a_value(certificate: tuple[str, str]) -> None:
    one = Client("app", cert=certificate)
    same = Client("app", cert=[Path(path) for path in certificate])  # type: ignore[arg-type]
    assert one == same
    assert hash(one) == hash(same)
    assert one.cert == certificate


def test_a_secret_may_be_there_for_something_else(certificate: tuple[str, str]) -> None:
    Client("app", "s", private_key=PEM, token_endpoint_auth_method="private_key_jwt")
    Client("app", "s", cert=certificate, token_endpoint_auth_method="tls_client_auth")


def test_who_can_show_that_it_is_itself(certificate: tuple[str, str]) -> None:
    assert not Client("app").is_confidential
    assert Client("app", "s").is_confidential
    assert Client("app", private_key=PEM).is_confidential
    assert Client("app", cert=certificate).is_confidential
    assert not Client("app", cert=certificate, token_endpoint_auth_method="none").is_confidential


def test_only_who_signs_or_shows_a_certificate_imports_what_that_takes() -> None:
    code = (
        "import sys, nb_oauth; nb_oauth.Client('app', 's'); nb_oauth.OAuth2Session('app');"
        "print([name for name in ('joserfc', 'cryptography') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - ours
    assert said.stdout.strip() == "[]"
