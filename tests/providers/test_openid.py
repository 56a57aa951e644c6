"""OpenID Connect at oidc-provider: what a certified provider sends is taken, and means much."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from nb_oauth import Client, MemoryTokenStore, OAuth2Session, Provider, TokenError
from tests.providers.visitor import Visitor

if TYPE_CHECKING:
    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.provider

REDIRECT_URI = "http://127.0.0.1:49153/callback"
SCOPE = "openid offline_access profile api:read"


def judge(oidc: OidcProvider) -> Provider:
    return oidc.provider("userinfo_endpoint", "jwks_uri")


def opened(
    provider: Provider, client_id: str = "public", grant: str = "authorization_code", **more: object
) -> OAuth2Session:
    client = Client(client_id, redirect_uri=REDIRECT_URI)
    scope = SCOPE if grant == "authorization_code" else "openid profile api:read"
    session = OAuth2Session.open(provider, client, scope=scope, grant=grant, **more)
    session.trust_env = False
    return session


def ask(session: OAuth2Session, **parameters: str) -> str:
    endpoint = session.provider.require("authorization_endpoint")
    return session.authorization_url(endpoint, prompt="consent", **parameters)[0]


def sign_in(session: OAuth2Session, **parameters: str) -> None:
    answer = answer_of(ask(session, **parameters))
    endpoint = session.provider.require("token_endpoint")
    session.fetch_token(endpoint, authorization_response=answer)


def answer_of(url: str, name: str = "ada") -> str:
    """Sign in and consent; return the address that the browser is sent to."""
    with Visitor(name) as visitor:
        return visitor.answer(url)


def test_who_signed_in_by_code(oidc: OidcProvider) -> None:
    session = opened(judge(oidc))
    url = ask(session)
    nonce = dict(parse_qsl(urlsplit(url).query))["nonce"]
    session.fetch_token(oidc.token_endpoint, authorization_response=answer_of(url))
    assert session.id_claims["sub"] == "ada"
    assert session.id_claims["iss"] == oidc.issuer
    assert session.id_claims["aud"] == "public"
    assert session.id_claims["nonce"] == nonce
    assert session.userinfo() == {"sub": "ada", "name": "ada"}


def test_who_signed_in_stays_known_through_renewals_and_stores(oidc: OidcProvider) -> None:
    store = MemoryTokenStore()
    session = opened(judge(oidc), store=store)
    sign_in(session)
    for _ in range(2):  # its refresh token rotates
        former = session.token
        session.renew()
        assert session.token["refresh_token"] != former["refresh_token"]
        assert session.token["id_token"]
        assert session.id_claims["sub"] == "ada"
    again = opened(judge(oidc), store=store)
    assert again.id_claims["sub"] == "ada"
    assert again.userinfo()["sub"] == "ada"


def test_when_the_person_signed_in_is_checked(oidc: OidcProvider) -> None:
    session = opened(judge(oidc))
    sign_in(session, max_age="60")
    assert session.id_claims["auth_time"] <= session.id_claims["iat"]


def test_who_signed_in_through_the_browser(oidc: OidcProvider) -> None:
    session = opened(judge(oidc), "implicit", "implicit")
    session.token_from_fragment(answer_of(ask(session)))
    assert session.id_claims["sub"] == "ada"
    assert session.id_claims["at_hash"]
    assert session.userinfo()["sub"] == "ada"


def test_who_signed_in_on_another_device(oidc: OidcProvider) -> None:
    oidc.set_device_codes(interval=0)
    session = opened(judge(oidc), "device", "device_code")
    given = session.device_authorization(oidc.device_authorization_endpoint, {})
    with Visitor("ada") as visitor:
        visitor.enter_code(given.verification_uri, given.user_code)
    session.fetch_token(oidc.token_endpoint, device_code=given.device_code)
    assert session.id_claims["sub"] == session.userinfo()["sub"] == "ada"
    session.renew()
    assert session.id_claims["sub"] == "ada"


def test_a_token_of_another_sign_in_is_no_answer(oidc: OidcProvider) -> None:
    """What eve got is put into ada's answer: the ID token, then the access token."""
    of_eve = dict(parse_qsl(urlsplit(eve(oidc)).fragment))
    for stolen, words in (("id_token", "nonce"), ("access_token", "at_hash")):
        session = opened(judge(oidc), "implicit", "implicit")
        address, _, fragment = answer_of(ask(session)).partition("#")
        mixed = {**dict(parse_qsl(fragment)), stolen: of_eve[stolen]}
        with pytest.raises(TokenError, match=words):
            session.token_from_fragment(f"{address}#{urlencode(mixed)}")
        assert session.token == {}


def eve(oidc: OidcProvider) -> str:
    return answer_of(ask(opened(judge(oidc), "implicit", "implicit")), "eve")


def test_keys_of_another_provider_are_no_proof(oidc: OidcProvider) -> None:
    provider = replace(judge(oidc), jwks_uri=f"{oidc.issuer}/nothing-is-here")
    session = opened(provider)
    with pytest.raises(TokenError, match="HTTP 404"):
        sign_in(session)
    assert session.token == {}


def test_a_provider_described_by_hand_will_do(oidc: OidcProvider) -> None:
    session = opened(replace(judge(oidc), jwks_uri=None))
    sign_in(session)
    assert session.id_claims["sub"] == "ada"
