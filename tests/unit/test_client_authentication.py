"""How an app says that it is itself: what goes into the header, and what into the body."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from requests.auth import HTTPBasicAuth

from nb_oauth import Client, ConfigurationError, Provider, TokenError
from nb_oauth.client_authentication import advise, authenticate
from tests.unit.session_stage import Stage, ending, reply

BASIC, POST = "client_secret_basic", "client_secret_post"
SECRET = "a secret of more than thirty-two bytes"
ISSUER, ENDPOINT = "https://as.example", "https://as.example/token"


def provider(**members: Any) -> Provider:
    return Provider("Example", **{"token_endpoint": ENDPOINT, **members})


def pem(key: Key) -> str:
    return key.as_pem(private=True).decode()


class Registry(JWSRegistry):
    """Takes every algorithm without a word."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def read(assertion: str, key: Key) -> Any:
    return jwt.decode(assertion, key, registry=Registry())


def assertion_of(client: Client, at: Provider | None = None) -> str:
    says = authenticate(client, at or provider())
    assert says.auth is None
    assert set(says.parameters) == {"client_id", "client_assertion_type", "client_assertion"}
    assert says.parameters["client_id"] == client.client_id
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert says.parameters["client_assertion_type"] == kind
    return says.parameters["client_assertion"]


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
def test_how_a_client_with_or_without_a_secret_authenticates(
    secret: str | None, method: str | None, supported: tuple[str, ...] | None, sent: object
) -> None:
    client = Client("app", secret, token_endpoint_auth_method=method)
    says = authenticate(client, provider(token_endpoint_auth_methods_supported=supported))
    if sent == BASIC:
        assert says.auth == HTTPBasicAuth("app", "s")
        assert says.parameters == {}
    else:
        assert (says.auth, says.parameters) == (None, sent)


def test_basic_is_form_urlencoded_before_it_is_put_together() -> None:
    says = authenticate(Client("a:b", "s3cr+t/% é"), provider())
    assert says.auth == HTTPBasicAuth("a%3Ab", "s3cr%2Bt%2F%25+%C3%A9")


def test_basic_is_sent_as_it_is_where_the_provider_wants_that() -> None:
    says = authenticate(Client("a b", "s3cr+t/%", basic_urlencoded=False), provider())
    assert says.auth == HTTPBasicAuth("a b", "s3cr+t/%")


@pytest.mark.parametrize("method", [POST, "client_secret_jwt"])
def test_what_authenticates_is_not_shown(method: str) -> None:
    says = authenticate(Client("app", SECRET, token_endpoint_auth_method=method), provider())
    assert SECRET in repr(says.parameters) or "eyJ" in repr(says.parameters)
    assert SECRET not in repr(says)
    assert "eyJ" not in repr(says)


# -- what is signed (RFC 7523 §3) ---------------------------------------------------------------


def test_a_secret_signs_a_jwt_that_is_good_for_one_request() -> None:
    client = Client("app", SECRET, token_endpoint_auth_method="client_secret_jwt")
    before = int(time.time())
    tokens = [read(assertion_of(client), OctKey.import_key(SECRET)) for _ in range(2)]
    assert tokens[0].header == {"typ": "JWT", "alg": "HS256"}
    claims = tokens[0].claims
    assert set(claims) == {"iss", "sub", "aud", "jti", "iat", "exp"}
    assert (claims["iss"], claims["sub"]) == ("app", "app")
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] == claims["iat"] + 60
    assert claims["jti"] != tokens[1].claims["jti"]


@pytest.mark.parametrize(
    ("client", "at", "audience"),
    [
        ({}, {}, ENDPOINT),
        ({}, {"issuer": ISSUER}, ISSUER),
        ({"assertion_audience": ENDPOINT}, {"issuer": ISSUER}, ENDPOINT),
    ],
)
def test_it_is_for_the_issuer_where_that_is_known(
    client: dict[str, Any], at: dict[str, Any], audience: str
) -> None:
    key = ECKey.generate_key()
    signed = assertion_of(Client("app", private_key=pem(key), **client), provider(**at))
    assert read(signed, key).claims["aud"] == audience


RSA = RSAKey.generate_key(2048)


@pytest.mark.parametrize(
    ("key", "wanted", "supported", "used"),
    [
        (RSA, None, None, "RS256"),
        (RSA, None, ("ES256", "PS256"), "PS256"),
        (RSA, None, ("PS256", "RS256"), "RS256"),
        (RSA, None, ("ES256",), "RS256"),
        (RSA, "PS256", ("RS256",), "PS256"),
        (RSAKey.import_key(RSA.as_dict(private=True) | {"alg": "PS384"}), None, None, "PS384"),
        (ECKey.generate_key("P-256"), None, None, "ES256"),
        (ECKey.generate_key("P-384"), None, ("ES256",), "ES384"),
        (ECKey.generate_key("P-521"), None, None, "ES512"),
        (OKPKey.generate_key("Ed25519"), None, None, "EdDSA"),
        (OKPKey.generate_key("Ed25519"), None, ("Ed25519",), "Ed25519"),
    ],
    ids=lambda value: value.key_type if hasattr(value, "key_type") else None,
)
def test_it_is_signed_as_the_key_and_the_provider_have_it(
    key: Key, wanted: str | None, supported: tuple[str, ...] | None, used: str
) -> None:
    at = provider(token_endpoint_auth_signing_alg_values_supported=supported)
    jwk: Any = key.as_dict(private=True)
    client = Client("app", private_key=jwk, token_endpoint_auth_signing_alg=wanted)
    assert read(assertion_of(client, at), key).header == {"typ": "JWT", "alg": used}


def test_a_private_key_comes_as_text_bytes_a_jwk_or_a_path(tmp_path: Path) -> None:
    key = ECKey.generate_key()
    in_pem, in_json = tmp_path / "key.pem", tmp_path / "key.json"
    in_pem.write_text(pem(key))
    in_json.write_text(Client("app", private_key=key.as_dict(private=True)).private_key)  # type: ignore[arg-type]
    ways: list[Any] = [pem(key), pem(key).encode(), key.as_dict(private=True), in_pem, in_json]
    for way in ways:
        read(assertion_of(Client("app", private_key=way)), key)


def test_a_key_that_was_replaced_is_used_without_a_new_client(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(pem(ECKey.generate_key()))
    client, successor = Client("app", private_key=file), ECKey.generate_key()
    file.write_text(pem(successor))
    read(assertion_of(client), successor)
    file.unlink()
    with pytest.raises(ConfigurationError, match=r"key\.pem cannot be read \(No such file"):
        authenticate(client, provider())


@pytest.mark.parametrize(
    ("given", "in_key", "sent"),
    [(None, None, None), ("mine", None, "mine"), (None, "its", "its"), ("mine", "its", "mine")],
)
def test_the_key_is_named_where_it_has_a_name(
    given: str | None, in_key: str | None, sent: str | None
) -> None:
    key = ECKey.generate_key()
    jwk: Any = key.as_dict(private=True) | ({"kid": in_key} if in_key else {})
    signed = assertion_of(Client("app", private_key=jwk, key_id=given))
    assert read(signed, key).header.get("kid") == sent


def test_a_key_that_says_it_is_for_something_else_does_not_sign() -> None:
    jwk: Any = ECKey.generate_key().as_dict(private=True) | {"use": "enc"}
    with pytest.raises(ConfigurationError, match="does not sign by ES256") as raised:
        authenticate(Client("app", private_key=jwk), provider())
    assert jwk["d"] not in str(raised.value)


@pytest.mark.parametrize("method", ["tls_client_auth", "self_signed_tls_client_auth", "none", None])
def test_with_a_certificate_the_request_only_names_the_client(
    method: str | None, certificate: tuple[str, str]
) -> None:
    client = Client("app", cert=certificate, token_endpoint_auth_method=method)
    says = authenticate(client, provider())
    assert (says.auth, says.parameters) == (None, {"client_id": "app"})


# -- where the client is refused ---------------------------------------------------------------


def advised(client: Client, at: Provider | None = None) -> str:
    says = authenticate(client, at or provider())
    return advise({"data": says.parameters, "auth": says.auth}, client)


@pytest.mark.parametrize("method", [BASIC, POST, None, "none"])
def test_who_has_a_secret_checks_that(method: str | None) -> None:
    client = Client("app", SECRET, token_endpoint_auth_method=method)
    words = "Check client_id, client_secret and token_endpoint_auth_method."
    assert advised(client) == words


def test_who_signs_with_a_key_checks_that_and_for_whom_it_was() -> None:
    client = Client("app", private_key=pem(ECKey.generate_key("P-256")))
    words = advised(client)
    for part in ("private_key, key_id", "signed by ES256", f"sent: {ENDPOINT!r}", "their issuer"):
        assert part in words
    assert "client_secret" not in words
    assert f"assertion_audience (sent: {ISSUER!r})" in advised(client, provider(issuer=ISSUER))


def test_who_signs_with_a_secret_checks_that() -> None:
    client = Client("app", SECRET, token_endpoint_auth_method="client_secret_jwt")
    words = advised(client)
    assert "client_id, client_secret, token_endpoint_auth_signing_alg (signed by HS256)" in words
    assert "private_key" not in words
    assert SECRET not in words


@pytest.mark.parametrize("assertion", ["", "a.b.c", None, 5, "W10.W10.x", "e30.e30.x", "é.é"])
def test_an_assertion_of_the_callers_own_need_not_be_readable(assertion: object) -> None:
    words = "Check client_id, and the client_assertion that was passed."
    assert advise({"params": {"client_assertion": assertion}}, None) == words


@pytest.mark.parametrize("method", ["tls_client_auth", None])
@pytest.mark.parametrize("pair", [True, False])
def test_who_shows_a_certificate_checks_that(
    certificate: tuple[str, str],
    method: str | None,
    pair: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    both = Path(certificate[0]).with_name("both.pem")
    both.write_text("".join(Path(one).read_text() for one in certificate))
    client = Client(
        "app", cert=certificate if pair else str(both), token_endpoint_auth_method=method
    )
    words = advised(client)
    path = certificate[0] if pair else both
    assert f"that the certificate in {path} is the one" in words
    assert "client_secret" not in words


@pytest.mark.parametrize("method", [BASIC, POST])
def test_a_certificate_beside_a_secret_is_not_what_is_checked(
    certificate: tuple[str, str], method: str
) -> None:
    client = Client("app", SECRET, cert=certificate, token_endpoint_auth_method=method)
    assert "client_secret" in advised(client)


def test_the_body_may_be_of_the_callers_own() -> None:
    assert "client_secret" in advise({"data": "a=b"}, None)


def test_the_token_endpoint_s_no_says_for_whom_it_was_signed() -> None:
    client = Client("app", SECRET, token_endpoint_auth_method="client_secret_jwt")
    with Stage() as stage:
        stage.at_token = lambda _: reply(401, error="invalid_client")
        session = stage.open(client, token=ending(100))
        with pytest.raises(TokenError, match=r"answered invalid_client\. Check cl") as refused:
            session.refresh_token(stage.token_endpoint)
    assert f"(sent: {stage.token_endpoint!r})" in str(refused.value)
