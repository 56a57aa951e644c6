"""Who signed in, as the session knows it: kept, renewed, stored, and asked for."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import Client, ConfigurationError, MemoryTokenStore, OAuth2Session, TokenError
from tests.unit.openid_stage import (
    ABSENT,
    CLIENT,
    SECRET,
    In,
    OpenIDStage,
    public,
    query_of,
    rsa,
    sign,
    symmetric,
    unsigned,
)
from tests.unit.session_stage import Reply, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def idp() -> Iterator[OpenIDStage]:
    with OpenIDStage() as stage:
        yield stage


@pytest.fixture
def session(idp: OpenIDStage) -> OAuth2Session:
    """Signed in, about to renew."""
    session = idp.open_with()
    idp.sign_in(session)
    return session


def let_end(session: OAuth2Session) -> None:
    session.token = {**session.token, "expires_at": time.time() - 1}


def test_nothing_is_loaded_before_there_is_an_id_token() -> None:
    code = (
        "import sys, nb_oauth as n; p = n.Provider('P', token_endpoint='https://p.example/t');"
        "s = n.OAuth2Session.open(p, n.Client('c'), scope='openid'); s.id_claims;"
        "s.authorization_url('https://p.example/a'); print('joserfc' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert ran.stdout == "False\n"


# -- the request ---------------------------------------------------------------------------


def test_each_request_has_a_nonce_of_its_own(idp: OpenIDStage) -> None:
    session = idp.open_with(scope=["openid", "api:read"])
    nonces = {
        query_of(session.authorization_url(f"{idp.issuer}/authorize")[0])["nonce"] for _ in "ab"
    }
    assert len(nonces) == 2
    assert min(map(len, nonces)) >= 32


def test_the_nonce_is_forgotten_with_the_state(idp: OpenIDStage) -> None:
    session = idp.open_with()
    idp.ask(session)
    assert idp.nonce
    assert idp.nonce not in repr(session._asked_for)
    session._forget_request()
    assert session._asked_for is None


@pytest.mark.parametrize("response_type", ["id_token token", "token"])
def test_the_implicit_flow_sends_a_nonce_too(idp: OpenIDStage, response_type: str) -> None:
    session = idp.open_with(grant="implicit")
    session._client.response_type = response_type
    url, _ = session.authorization_url(f"{idp.issuer}/authorize")
    assert query_of(url)["nonce"]
    assert query_of(url)["response_type"] == response_type


def test_none_is_sent_where_openid_is_not_asked_for(idp: OpenIDStage) -> None:
    url, _ = idp.open_with(scope="api").authorization_url(f"{idp.issuer}/authorize")
    assert "nonce" not in query_of(url)
    url, _ = idp.open_with(scope="api").authorization_url(f"{idp.issuer}/authorize", nonce="mine")
    assert query_of(url)["nonce"] == "mine"


# -- claims --------------------------------------------------------------------------------


def test_the_claims_cannot_be_changed(session: OAuth2Session) -> None:
    with pytest.raises(TypeError):
        session.id_claims["sub"] = "eve"  # type: ignore[index]


def test_the_claims_come_out_of_a_store(idp: OpenIDStage) -> None:
    store = MemoryTokenStore()
    idp.claims = {"exp": In(-30)}  # long over when it is used again
    idp.sign_in(idp.open_with(store=store))
    again = idp.open_with(store=store)
    assert again.id_claims["sub"] == "ada"
    assert len(idp.jwks_requests) == 1


@pytest.mark.parametrize("claims", [{"iss": "https://elsewhere.example"}, {"aud": "another"}])
def test_a_stored_token_from_elsewhere_tells_nothing(
    idp: OpenIDStage, claims: dict[str, Any]
) -> None:
    idp.claims = claims
    token = {"access_token": "a", "id_token": idp.id_token("a", None)}
    assert idp.open_with(token=token).id_claims == {}
    assert idp.open_with(token={"access_token": "a", "id_token": "junk"}).id_claims == {}


def test_signed_out_there_are_none(session: OAuth2Session) -> None:
    session.forget_token()
    assert session.id_claims == {}


# -- renewal (OpenID Connect Core §12.2) ---------------------------------------------------


def test_a_renewed_id_token_is_checked_and_kept(idp: OpenIDStage, session: OAuth2Session) -> None:
    idp.claims = {"email": "ada@example"}
    let_end(session)
    session.get(idp.api)
    assert session.id_claims["email"] == "ada@example"
    assert "nonce" not in session.id_claims
    assert len(idp.jwks_requests) == 1


@pytest.mark.parametrize("response", ["without one", "with null", "with the same"])
def test_without_a_new_one_the_former_stays(
    idp: OpenIDStage, session: OAuth2Session, response: str
) -> None:
    former = session.token["id_token"]
    more = {"without one": {}, "with null": {"id_token": None}}
    more["with the same"] = {"id_token": former}

    def renewed(_: object) -> Reply:
        return reply(access_token="access-new", token_type="Bearer", **more[response])

    idp.at_token = renewed
    session.renew()
    assert session.token["access_token"] == "access-new"
    assert session.token["id_token"] == former
    assert session.id_claims["sub"] == "ada"


RENEWED: list[tuple[dict[str, Any], str]] = [
    ({"sub": "eve"}, r"about another person \(sub\)"),
    ({"aud": ["app", "x"], "azp": "app"}, r"for other apps \(aud\)"),
    ({"nonce": "another"}, "nonce is not that of the one before"),
    ({"iss": "http://127.0.0.1:1"}, "issuer"),
    ({"iat": ABSENT}, "iat"),
    ({"exp": 5}, "ended"),
    ({"at_hash": "AAAA"}, "at_hash"),
]


@pytest.mark.parametrize(("claims", "words"), RENEWED, ids=str)
def test_a_renewed_one_that_is_wrong_changes_nothing(
    idp: OpenIDStage, session: OAuth2Session, claims: dict[str, Any], words: str
) -> None:
    before = dict(session.token)
    idp.claims = claims
    with pytest.raises(TokenError, match=words) as caught:
        session.renew()
    assert caught.value.error == "invalid_id_token"
    assert session.token == before
    assert session.id_claims["sub"] == "ada"


def test_another_issuer_is_noticed_where_none_was_given(idp: OpenIDStage) -> None:
    session = idp.open_with(provider={"issuer": None})
    idp.sign_in(session)
    idp.claims = {"iss": "https://elsewhere.example"}
    with pytest.raises(TokenError, match=r"about another issuer \(iss\)"):
        session.renew()


def test_the_nonce_may_come_again(idp: OpenIDStage, session: OAuth2Session) -> None:
    idp.claims = {"nonce": idp.nonce, "email": "ada@example"}
    session.renew()
    assert session.id_claims["email"] == "ada@example"


def test_the_first_id_token_may_come_with_a_renewal(idp: OpenIDStage) -> None:
    session = idp.open_with(token={"access_token": "a", "refresh_token": "refresh-0"})
    session.renew()
    assert session.id_claims["sub"] == "ada"


@pytest.mark.parametrize(
    ("signer", "words"),
    [
        (unsigned, "'none' is not accepted"),
        (lambda claims: sign(claims, rsa("another"), kid="1"), "signature"),
    ],
)
def test_a_forged_renewal_is_refused(
    idp: OpenIDStage, session: OAuth2Session, signer: Callable[[Any], str], words: str
) -> None:
    idp.sign = signer
    let_end(session)
    with pytest.raises(TokenError, match=words):
        session.get(idp.api)
    assert idp.api_requests == []


def test_a_renewal_is_not_thrown_away_for_keys_out_of_reach(idp: OpenIDStage) -> None:
    token = {"access_token": "a", "refresh_token": "refresh-0", "token_type": "Bearer"}
    session = idp.open_with(token=token)
    idp.at_jwks = lambda: reply(503)
    session.renew()  # it came straight from the token endpoint: §3.1.3.7, item 6
    assert session.token["refresh_token"] == "refresh-1"
    assert len(idp.jwks_requests) == 1


# -- keys ----------------------------------------------------------------------------------


def test_a_provider_that_changes_its_keys(idp: OpenIDStage, session: OAuth2Session) -> None:
    idp.published = [public(rsa("another"))]
    idp.sign = lambda claims: sign(claims, rsa("another"), kid="another")
    session.renew()
    assert len(idp.jwks_requests) == 2
    session.renew()
    assert len(idp.jwks_requests) == 2

    idp.sign = lambda claims: sign(claims, rsa("1"), kid="1")  # the old one is good no more
    with pytest.raises(TokenError, match="publishes no key"):
        session.renew()


def test_keys_are_asked_for_with_nothing_that_says_who_asks(
    idp: OpenIDStage, session: OAuth2Session
) -> None:
    session.headers["Authorization"] = "Bearer of-the-callers-own"
    session.auth = ("a-name", "a-password")
    session._signing_keys = None
    session.renew()
    assert len(idp.jwks_requests) == 2
    for request in idp.jwks_requests:
        assert "Authorization" not in request.headers
        assert "access-" not in str(request)


def test_another_address_has_other_keys(idp: OpenIDStage, session: OAuth2Session) -> None:
    keys = session._keys_of(f"{idp.issuer}/jwks")
    assert keys is session._keys_of(f"{idp.issuer}/jwks")
    assert keys is not session._keys_of(f"{idp.issuer}/others")


def test_a_redirect_of_the_keys_is_not_followed(idp: OpenIDStage) -> None:
    idp.at_jwks = lambda: Reply("", 302, {"Location": f"{idp.issuer}/api"})
    session = idp.open_with()
    with pytest.raises(TokenError, match="answered with HTTP 302"):
        idp.sign_in(session)
    assert idp.api_requests == []
    assert session.token == {}


def test_keys_out_of_reach(idp: OpenIDStage) -> None:
    session = idp.open_with(provider={"jwks_uri": "http://127.0.0.1:1/jwks"})
    with pytest.raises(TokenError, match=r"keys at 127.0.0.1:1 could not be had") as caught:
        idp.sign_in(session)
    assert isinstance(caught.value, requests.ConnectionError)
    assert caught.value.error is None
    assert session.token == {}


# -- userinfo ------------------------------------------------------------------------------


def test_userinfo(idp: OpenIDStage, session: OAuth2Session) -> None:
    assert session.userinfo() == {"sub": "ada", "name": "Ada"}
    let_end(session)
    session.userinfo()
    sent = [request.headers["Authorization"] for request in idp.userinfo_requests]
    assert sent == ["Bearer access-1", "Bearer access-2"]


def test_userinfo_of_somebody_else(idp: OpenIDStage, session: OAuth2Session) -> None:
    for answer in ({"sub": "eve"}, {"name": "Ada"}, {"sub": None}):
        idp.at_userinfo = lambda answer=answer: reply(**answer)
        with pytest.raises(TokenError, match="somebody else") as caught:
            session.userinfo()
        assert caught.value.error == "invalid_userinfo"


def test_userinfo_where_nobody_vouched_for_anybody(idp: OpenIDStage) -> None:
    session = idp.open_with(scope="api:read", token={"access_token": "a"})
    assert session.userinfo()["name"] == "Ada"


def test_userinfo_needs_an_endpoint(idp: OpenIDStage) -> None:
    session = idp.open_with(provider={"userinfo_endpoint": None})
    with pytest.raises(ConfigurationError, match="no userinfo_endpoint"):
        session.userinfo()
    with pytest.raises(ConfigurationError, match="that was opened"):
        idp.classic().userinfo()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(401, error="no", token="access-1"), "HTTP 401.*no"),
        (reply(403, error="insufficient_scope"), "HTTP 403.*Check the userinfo_endpoint"),
        (Reply("", 302, {"Location": "/api"}), "HTTP 302"),
        (Reply("<html>"), "no JSON object"),
        (Reply("[1]"), "no JSON object"),
        (Reply("[" * 100_000), "no JSON object"),
        (Reply('"' + "x" * (1 << 20) + '"'), "more than 1048576 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_userinfo_that_is_none(
    idp: OpenIDStage, session: OAuth2Session, answer: Reply, words: str
) -> None:
    idp.at_userinfo = lambda: answer
    with pytest.raises(TokenError, match=words) as caught:
        session.userinfo()
    assert "access-1" not in str(caught.value)
    assert idp.api_requests == []


def signed_userinfo(idp: OpenIDStage, signer: Callable[[Any], str], **claims: Any) -> None:
    said = {"sub": "ada", "iss": idp.issuer, "aud": "app", **claims}
    said = {name: value for name, value in said.items() if value is not ABSENT}
    kind = {"Content-Type": "application/jwt; charset=utf-8"}
    idp.at_userinfo = lambda: Reply(signer(said), 200, kind)


def by_provider(claims: Any) -> str:
    return sign(claims, rsa("1"), kid="1")


def test_signed_userinfo(idp: OpenIDStage, session: OAuth2Session) -> None:
    signed_userinfo(idp, by_provider, name="Ada")
    assert session.userinfo()["name"] == "Ada"
    signed_userinfo(idp, by_provider, iss=ABSENT, aud=ABSENT)
    assert session.userinfo()["sub"] == "ada"


@pytest.mark.parametrize(
    ("signer", "claims", "words"),
    [
        (by_provider, {"sub": "eve"}, "somebody else"),
        (by_provider, {"iss": "https://elsewhere.example"}, "issuer"),
        (by_provider, {"aud": ["another"]}, "another app"),
        (unsigned, {}, "'none' is not accepted"),
        (lambda claims: sign(claims, rsa("another"), kid="1"), {}, "signature"),
        (lambda claims: sign(claims, symmetric(SECRET), "HS256"), {}, "'HS256' is not accepted"),
        (lambda _: "a.b.c.d.e", {}, "encrypted"),
        (lambda _: "junk", {}, "no JSON Web Token"),
    ],
)
def test_signed_userinfo_that_is_wrong(
    idp: OpenIDStage,
    session: OAuth2Session,
    signer: Callable[[Any], str],
    claims: dict[str, Any],
    words: str,
) -> None:
    signed_userinfo(idp, signer, **claims)
    with pytest.raises(TokenError, match=words) as caught:
        session.userinfo()
    assert caught.value.error == "invalid_userinfo"


def test_signed_userinfo_of_a_provider_described_by_hand(idp: OpenIDStage) -> None:
    session = idp.open_with(provider={"issuer": None})
    idp.sign_in(session)
    signed_userinfo(idp, by_provider, iss="https://whoever.example")
    assert session.userinfo()["sub"] == "ada"


def test_userinfo_signed_with_the_secret(idp: OpenIDStage) -> None:
    client = Client("app", SECRET, redirect_uri=CLIENT.redirect_uri)
    says = {"id_token_signing_alg_values_supported": ("RS256", "HS256")}
    session = idp.open_with(client, provider=says)
    idp.sign_in(session)
    signed_userinfo(idp, lambda claims: sign(claims, symmetric(SECRET), "HS256"))
    assert session.userinfo()["sub"] == "ada"
