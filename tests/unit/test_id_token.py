"""Each check of an ID token, failing once: no token is kept, and the words say which it was."""

from __future__ import annotations

import json
from contextlib import nullcontext
from hashlib import sha512
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.errors import SecurityWarning

from nb_oauth import Client, ConfigurationError, TokenError
from tests.unit.openid_stage import (
    ABSENT,
    CLIENT,
    SECRET,
    In,
    OpenIDStage,
    at_hash,
    b64,
    half,
    other_keys,
    public,
    rsa,
    sign,
    symmetric,
    unsigned,
)
from tests.unit.session_stage import reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMER = {"access_token": "access-before", "token_type": "Bearer"}


@pytest.fixture
def idp() -> Iterator[OpenIDStage]:
    with OpenIDStage() as stage:
        yield stage


def refusal(idp: OpenIDStage, attempt: Callable[[], Any], words: str) -> TokenError:
    """The error of a sign-in that must fail; it quotes no token."""
    with pytest.raises(TokenError, match=words) as caught:
        attempt()
    said = f"{caught.value!r} {caught.value}"
    assert caught.value.error == "invalid_id_token", said
    assert "eyJ" not in said
    assert "access-" not in said
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def test_a_good_one_is_kept(idp: OpenIDStage) -> None:
    session = idp.open_with()
    token = idp.sign_in(session)
    assert token["id_token"]
    assert session.id_claims["sub"] == "ada"
    assert session.authorized


CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"iss": "http://127.0.0.1:1"}, r"issuer \(iss\) is 'http://127.0.0.1:1', not"),
    ({"iss": ABSENT}, "claim iss is missing"),
    ({"iss": 7}, "claim iss is missing or no text"),
    ({"sub": ABSENT}, "claim sub is missing"),
    ({"sub": ""}, "claim sub is missing"),
    ({"sub": 12}, "claim sub is missing or no text"),
    ({"aud": "another"}, "made for another app: aud"),
    ({"aud": ["another"], "azp": "app"}, "made for another app: aud"),
    ({"aud": ABSENT}, r"for which app it was made \(aud\)"),
    ({"aud": []}, r"for which app it was made \(aud\)"),
    ({"aud": ["app", 3]}, r"for which app it was made \(aud\)"),
    ({"aud": ["app", "another"]}, "for several apps"),
    ({"aud": ["app", "another"], "azp": "another"}, "azp is not the client_id"),
    ({"azp": "another"}, "azp is not the client_id"),
    ({"azp": None}, "azp is not the client_id"),
    ({"exp": ABSENT}, "claim exp is missing"),
    ({"exp": "never"}, "claim exp is missing or no time"),
    ({"exp": "99999999999"}, "claim exp is missing or no time"),
    ({"exp": True}, "claim exp is missing or no time"),
    ({"exp": In(-3 * 86400)}, r"ended \(exp\) 3 days ago.* clock of this computer is wrong"),
    ({"exp": In(-90)}, r"ended \(exp\) \d\d seconds ago"),
    ({"iat": ABSENT}, "claim iat is missing"),
    ({"iat": In(7200)}, r"in the future \(iat\): \d+ (minutes|hours) ahead.* clock"),
    ({"nbf": In(1000)}, r"in the future \(nbf\)"),
    ({"nbf": "soon"}, "claim nbf is missing or no time"),
    ({"nonce": ABSENT}, "lacks the nonce"),
    ({"nonce": None}, "lacks the nonce"),
    ({"nonce": "another"}, "its nonce is not the one that was sent"),
    ({"nonce": "änother"}, "its nonce is not the one that was sent"),
    ({"nonce": ["x"]}, "its nonce is not the one that was sent"),
    ({"at_hash": at_hash("another")}, "at_hash does not fit"),
    ({"at_hash": 7}, "claim at_hash is missing or no text"),
]


@pytest.mark.parametrize(("claims", "words"), CLAIMS, ids=lambda value: str(value)[:50])
def test_a_claim_that_is_wrong(idp: OpenIDStage, claims: dict[str, Any], words: str) -> None:
    session = idp.open_with(token=FORMER)
    idp.claims = claims
    refusal(idp, lambda: idp.sign_in(session), words)
    assert session.token == FORMER  # the good one from before
    assert session.id_claims == {}
    assert not idp.jwks_requests  # nothing is asked for the sake of what is wrong anyway


GOOD_CLAIMS: list[dict[str, Any]] = [
    {"aud": ["app"]},
    {"aud": ["app", "another"], "azp": "app"},
    {"azp": "app"},
    {"exp": In(-10)},  # within the leeway
    {"iat": In(50)},
    {"nbf": In(-5)},
    {"exp": In(600.5)},
    {"at_hash": ABSENT},
    {"auth_time": 5},  # nobody asked for it
]


@pytest.mark.parametrize("claims", GOOD_CLAIMS, ids=str)
def test_a_claim_that_is_right(idp: OpenIDStage, claims: dict[str, Any]) -> None:
    session = idp.open_with()
    idp.claims = claims
    idp.sign_in(session)
    assert session.id_claims["sub"] == "ada"


def test_the_person_signed_in_longer_ago_than_was_asked(idp: OpenIDStage) -> None:
    session = idp.open_with()
    idp.claims = {"auth_time": In(-1000)}
    refusal(idp, lambda: idp.sign_in(session, max_age="300"), "longer ago than max_age")
    idp.claims = {}
    refusal(idp, lambda: idp.sign_in(session, max_age=300), "claim auth_time is missing")
    idp.claims = {"auth_time": In(-200)}
    assert idp.sign_in(session, max_age=300)


# -- the signature -------------------------------------------------------------------------


def tampered(claims: dict[str, Any]) -> str:
    """The signature of other claims."""
    signature = sign({**claims, "sub": "eve"}, rsa("1"), kid="1").rpartition(".")[2]
    return f"{sign(claims, rsa('1'), kid='1').rpartition('.')[0]}.{signature}"


def confused(claims: dict[str, Any]) -> str:
    """HMAC with the public key for a secret."""
    return sign(claims, symmetric(rsa("1").as_pem(private=False)), "HS256", kid="1")


def without_algorithm(claims: dict[str, Any]) -> str:
    return f"{b64({'kid': '1'})}.{b64(claims)}.{b64('x')}"


def with_header(**header: Any) -> Callable[[dict[str, Any]], str]:
    return lambda claims: f"{b64(header)}.{b64(claims)}.{b64('x')}"


SIGNATURES: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (tampered, "signature is not the provider's"),
    (lambda claims: sign(claims, rsa("another"), kid="1"), "signature is not the provider's"),
    (lambda claims: sign(claims, rsa("another"), kid="another"), "publishes no key"),
    (lambda claims: sign(claims, rsa("1"), "PS256", kid="another"), "publishes no key"),
    (lambda claims: sign(claims, other_keys()["ES256"], "ES256"), "publishes no key"),
    (unsigned, r"algorithm \(alg\) 'none' is not accepted"),
    (confused, r"algorithm \(alg\) 'HS256' is not accepted"),
    (with_header(alg="XX1"), r"algorithm \(alg\) 'XX1' is not accepted"),
    (with_header(alg="nOnE"), "'nOnE' is not accepted"),
    (with_header(alg=5), "no JSON Web Token"),
    (with_header(alg="RS256", crit=["exp"], exp=1), r"not understood here \(crit\)"),
    (with_header(alg="RS256", b64=False, crit=["b64"]), r"no JSON Web Token|\(crit\)"),
    (without_algorithm, "no JSON Web Token"),
    (lambda claims: f"{b64(['alg'])}.{b64(claims)}.x", "no JSON Web Token"),
    (lambda claims: f"{b64({'alg': 'RS256'})}.{b64([claims])}.x", "no JSON Web Token"),
    (lambda claims: f"{b64({'alg': 'RS256'})}.###.x", "no JSON Web Token"),
    (lambda claims: "no token at all", "no JSON Web Token"),
    (lambda claims: "a.b.c.d.e", "it is encrypted"),
    (lambda claims: {"a": "mapping"}, "it is no text"),
    (lambda claims: "eyJ\ud800.eyJ.x", "no JSON Web Token"),
    (lambda claims: sign({**claims, "x": "y" * 200_000}, rsa("1"), kid="1"), "no JSON Web Token"),
]


@pytest.mark.parametrize(("signed", "words"), SIGNATURES, ids=lambda value: str(value)[:50])
def test_a_signature_that_is_wrong(
    idp: OpenIDStage, signed: Callable[[dict[str, Any]], Any], words: str
) -> None:
    session = idp.open_with()
    idp.sign = signed
    refusal(idp, lambda: idp.sign_in(session), words)
    assert session.token == {}


def test_keys_that_must_not_be_used(idp: OpenIDStage) -> None:
    key = rsa("1")
    small = {**public(key), "n": "AQAB"}
    idp.published = [
        public(key, use="enc"),
        public(key, alg="RS512"),
        public(key, key_ops=["encrypt"]),
        public(key, kid=["1"]),
        public(key, kty="EC"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "1"},
        small,
        {**small, "n": "=é"},
        {**small, "n": 7},
    ]
    refusal(idp, lambda: idp.sign_in(idp.open_with()), "publishes no key")


def test_a_key_that_is_broken_is_passed_over(idp: OpenIDStage) -> None:
    broken = {**public(rsa("1")), "e": "AA"}
    idp.published = [broken, "no key", public(rsa("1"))]  # type: ignore[list-item]
    idp.sign_in(idp.open_with())
    idp.published = [broken]
    refusal(idp, lambda: idp.sign_in(idp.open_with()), "signature is not the provider's")


def test_several_keys_without_names_are_tried(idp: OpenIDStage) -> None:
    names = (None, "1")
    idp.published = [{**public(rsa(kid)), "kid": None} for kid in names]
    for kid in names:
        idp.sign = lambda claims, kid=kid: sign(claims, rsa(kid))
        assert idp.sign_in(idp.open_with())


@pytest.mark.parametrize("alg", ["RS256", "PS384", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"])
def test_every_algorithm_with_a_public_key(idp: OpenIDStage, alg: str) -> None:
    keys = {"EdDSA": other_keys()["Ed25519"], **other_keys()}
    key = keys.get(alg, rsa("1"))
    idp.published = [public(key)]
    idp.claims = {"at_hash": ABSENT}
    idp.sign = lambda claims: signed_quietly(claims, key, alg)
    session = idp.open_with()
    idp.sign_in(session)
    assert session.id_claims["sub"] == "ada"


def signed_quietly(claims: dict[str, Any], key: Any, alg: str) -> str:
    old = pytest.warns(SecurityWarning, match="EdDSA") if alg == "EdDSA" else nullcontext()
    with old:
        return sign(claims, key, alg)


@pytest.mark.parametrize("alg", ["RS512", "Ed25519"])
def test_at_hash_goes_by_the_algorithm(idp: OpenIDStage, alg: str) -> None:
    key = rsa("1") if alg == "RS512" else other_keys()["Ed25519"]
    idp.published = [public(key)]
    idp.sign = lambda claims: sign(claims, key, alg)
    refusal(idp, lambda: idp.sign_in(idp.open_with()), "at_hash does not fit")  # that of SHA-256
    idp.claims = {"at_hash": half(sha512(b"access-2").digest()[:32])}
    assert idp.sign_in(idp.open_with())


def test_only_what_the_provider_says_it_signs_with(idp: OpenIDStage) -> None:
    only = {"id_token_signing_alg_values_supported": ("ES256", "HS256", "none")}
    refusal(idp, lambda: idp.sign_in(idp.open_with(provider=only)), "'RS256' is not accepted")
    idp.sign = unsigned
    refusal(idp, lambda: idp.sign_in(idp.open_with(provider=only)), "'none' is not accepted")
    idp.sign = confused  # this client has no secret
    refusal(idp, lambda: idp.sign_in(idp.open_with(provider=only)), "'HS256' is not accepted")


def test_the_secret_signs_where_the_provider_says_so(idp: OpenIDStage) -> None:
    client = Client("app", SECRET, redirect_uri=CLIENT.redirect_uri)
    says = {"id_token_signing_alg_values_supported": ("RS256", "HS256")}
    idp.sign = lambda claims: sign(claims, symmetric(SECRET), "HS256")
    assert idp.sign_in(idp.open_with(client, provider=says))
    assert not idp.jwks_requests
    refusal(idp, lambda: idp.sign_in(idp.open_with(client)), "'HS256' is not accepted")

    idp.sign = confused
    attempt = idp.open_with(client, provider=says)
    refusal(idp, lambda: idp.sign_in(attempt), "not signed with the client_secret")


def test_an_empty_secret_is_none(idp: OpenIDStage) -> None:
    client = Client("app", "", redirect_uri=CLIENT.redirect_uri)
    says = {"id_token_signing_alg_values_supported": ("HS256",)}
    idp.sign = confused
    refusal(idp, lambda: idp.sign_in(idp.open_with(client, provider=says)), "is not accepted")


# -- a provider described by hand ----------------------------------------------------------


def test_without_jwks_uri_the_claims_are_checked_still(idp: OpenIDStage) -> None:
    by_hand = {"jwks_uri": None, "issuer": None}
    idp.sign = lambda claims: sign(claims, rsa("another"), kid="1")  # TLS vouches for it instead
    session = idp.open_with(provider=by_hand)
    idp.sign_in(session)
    assert session.id_claims["sub"] == "ada"
    assert not idp.jwks_requests

    for claims, words in [({"nonce": "x"}, "nonce"), ({"aud": "x"}, "aud"), ({"iss": ""}, "iss")]:
        idp.claims = claims
        refusal(idp, lambda: idp.sign_in(session), words)
    idp.claims, idp.sign = {}, unsigned
    refusal(idp, lambda: idp.sign_in(session), "'none' is not accepted")


@pytest.mark.parametrize(
    ("lacks", "named"),
    [(("jwks_uri",), r"jwks_uri=… as"), (("issuer", "jwks_uri"), "issuer=… and jwks_uri=…")],
)
def test_through_the_browser_they_must_be_given(
    idp: OpenIDStage, lacks: tuple[str, ...], named: str
) -> None:
    session = idp.open_with(grant="implicit", provider=dict.fromkeys(lacks))
    with pytest.raises(ConfigurationError, match=named):
        idp.ask(session)  # before anybody signs in for nothing
    session._client.response_type = "token"  # a provider that sends one although nobody asked
    with pytest.raises(ConfigurationError, match=named):
        idp.by_browser(session)
    assert session.token == {}


# -- the implicit flow ---------------------------------------------------------------------


def test_through_the_browser(idp: OpenIDStage) -> None:
    session = idp.open_with(grant="implicit")
    token = idp.by_browser(session)
    assert token["access_token"] == "access-1"
    assert session.id_claims["sub"] == "ada"
    assert len(idp.jwks_requests) == 1


def test_through_the_browser_at_hash_is_required(idp: OpenIDStage) -> None:
    session = idp.open_with(grant="implicit", token=FORMER)
    idp.claims = {"at_hash": ABSENT}
    refusal(idp, lambda: idp.by_browser(session), "lacks at_hash")
    idp.claims = {}
    refusal(idp, lambda: idp.by_browser(session, access_token="access-eve"), "at_hash")
    idp.claims = {"nonce": "of another request"}
    refusal(idp, lambda: idp.by_browser(session), "nonce")
    assert session.token == FORMER


def test_through_the_browser_keys_must_be_at_hand(idp: OpenIDStage) -> None:
    idp.at_jwks = lambda: reply(503)
    session = idp.open_with(grant="implicit")
    with pytest.raises(TokenError, match="HTTP 503"):
        idp.by_browser(session)
    assert session.token == {}


def test_no_id_token_came(idp: OpenIDStage) -> None:
    session = idp.open_with()
    idp.at_token = idp.rotate
    with pytest.raises(TokenError, match=r"sent no ID token.*Leave openid out") as caught:
        idp.sign_in(session)
    assert caught.value.error == "missing_id_token"
    assert session.token == {}

    session = idp.open_with(grant="implicit")
    with pytest.raises(TokenError, match="sent no ID token"):
        idp.by_browser(session, id_token=ABSENT)
    session._client.response_type = "token"  # not OpenID Connect's own: it brings none
    idp.by_browser(session, id_token=ABSENT)
    assert session.authorized
    assert session.id_claims == {}


# -- once only -----------------------------------------------------------------------------


def test_an_id_token_is_good_for_one_request(idp: OpenIDStage) -> None:
    session = idp.open_with()
    before = idp.sign_in(session)["id_token"]
    first = idp.nonce
    idp.sign = lambda claims: before
    refusal(idp, lambda: idp.sign_in(session), "answers another sign-in|at_hash")
    assert idp.nonce != first

    # Nor does a session that sent nothing take one that answers something.
    other = idp.open_with()
    refusal(idp, lambda: other.fetch_token(idp.token_endpoint, code="c"), "answers another sign-in")


def test_a_session_that_sent_no_nonce_wants_none(idp: OpenIDStage) -> None:
    session = idp.open_with()
    assert session.fetch_token(idp.token_endpoint, code="c")  # the ID token has none either
    assert session.id_claims["sub"] == "ada"


def test_a_nonce_of_the_callers_own_is_kept_and_checked(idp: OpenIDStage) -> None:
    session = idp.open_with()
    idp.sign_in(session, nonce="my-own-nonce")
    assert idp.nonce == session.id_claims["nonce"] == "my-own-nonce"
    idp.claims = {"nonce": "another"}
    refusal(idp, lambda: idp.sign_in(session, nonce="my-own-nonce"), "nonce")


def test_no_check_where_nobody_asked(idp: OpenIDStage) -> None:
    idp.sign = lambda claims: "whatever"
    session = idp.open_with(scope="api:read")
    idp.sign_in(session)
    assert idp.nonce is None
    assert session.token["id_token"] == "whatever"
    assert session.id_claims == {}

    classic = idp.classic(scope=["openid"], redirect_uri="http://127.0.0.1/callback")
    idp.sign_in(classic)
    assert idp.nonce is None
    assert classic.id_claims == {}


def test_grants_that_send_nobody_check_what_comes(idp: OpenIDStage) -> None:
    session = idp.open_with(grant="password")
    person = {"username": "ada", "password": "lovelace"}
    session.fetch_token(idp.token_endpoint, **person)
    assert session.id_claims["sub"] == "ada"
    idp.claims = {"aud": "another"}
    refusal(idp, lambda: session.fetch_token(idp.token_endpoint, **person), "aud")
    idp.at_token = idp.rotate  # OpenID Connect promises nothing here
    session.fetch_token(idp.token_endpoint, **person)
    assert session.id_claims == {}


def test_nothing_is_shown_of_a_token_in_an_answer(idp: OpenIDStage) -> None:
    idp.claims = {"iss": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.x"}
    refusal(idp, lambda: idp.sign_in(idp.open_with()), "issuer")


def test_what_is_kept_is_json(idp: OpenIDStage) -> None:
    session = idp.open_with()
    idp.sign_in(session)
    assert json.loads(json.dumps(session.token)) == session.token
