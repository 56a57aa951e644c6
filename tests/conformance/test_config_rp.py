"""The 6 modules of the Config RP plan: what a provider says of itself, and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nb_oauth import ConfigurationError, TokenError
from tests.conformance.fake_provider import DISCOVERY, changed
from tests.conformance.plans import CONFIG, module
from tests.conformance.relying_party import NotingStore, tokens_in
from tests.unit.openid_stage import public, rsa, sign, unsigned

if TYPE_CHECKING:
    from tests.conformance.fake_provider import FakeProvider
    from tests.conformance.relying_party import RelyingParty

RP = "oidcc-client-test"


def rotate(provider: FakeProvider, kid: str, *, publish: bool = True) -> None:
    """Sign with another key from now on, the only one that is published."""
    provider.sign = lambda claims: sign(claims, rsa(kid), kid=kid)
    if publish:
        provider.published = [public(rsa(kid), use="sig")]


@module(CONFIG, f"{RP}-discovery-openid-config")
def test_the_configuration_is_asked_for_and_used(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    assert provider.requests[0].path == DISCOVERY
    assert [len(provider.asked(one)) for one in ("/authorize", "/token", "/userinfo")] == [1, 1, 1]
    provider.forget_requests()
    provider.alter_metadata = changed(token_endpoint="http://provider.example/token")
    with pytest.raises(ConfigurationError, match="token_endpoint must be an https address"):
        party.sign_in()
    assert {one.path for one in provider.requests} == {DISCOVERY}


@module(CONFIG, f"{RP}-discovery-jwks-uri-keys")
def test_the_keys_are_those_at_jwks_uri(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    paths = [one.path for one in provider.requests]
    keys, userinfo = provider.asked("/jwks")[0].path, provider.asked("/userinfo")[0].path
    assert paths.index(keys) < paths.index(userinfo)
    assert "Authorization" not in provider.asked("/jwks")[0].headers
    provider.published = [public(rsa("2"), use="sig")]  # of somebody else
    assert "publishes no key" in party.is_refused()


@module(CONFIG, f"{RP}-discovery-issuer-mismatch")
def test_a_configuration_of_another_issuer_is_not_used(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.forget_requests()
    provider.alter_metadata = changed(issuer=lambda issuer: f"{issuer}INVALID")
    with pytest.raises(ConfigurationError, match="is that of the issuer"):
        party.sign_in()
    assert {one.path for one in provider.requests} == {DISCOVERY}


@module(CONFIG, f"{RP}-idtoken-sig-none")
def test_an_id_token_that_nobody_signed_is_refused(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    # As in the Basic plan; here the configuration says that there are none without a signature.
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.sign = unsigned
    assert "algorithm (alg) 'none'" in party.is_refused()


@module(CONFIG, f"{RP}-signing-key-rotation-just-before-signing")
def test_keys_that_change_before_the_signature_are_asked_for(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    session = party.sign_in("openid offline_access")  # from here on it knows a key: the old one
    provider.before_signing = lambda: rotate(provider, "2")
    session.renew()
    assert session.userinfo() == {"sub": "ada"}
    assert len(provider.asked("/jwks")) == 2
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.before_signing = lambda: rotate(provider, "encryption", publish=False)
    assert "publishes no key" in party.is_refused()


@module(CONFIG, f"{RP}-signing-key-rotation")
def test_keys_that_change_between_two_sign_ins_are_asked_for(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    session = party.open()
    party.sign_in_by_hand(session)
    assert session.userinfo() == {"sub": "ada"}
    rotate(provider, "2")
    party.sign_in_by_hand(session)
    assert session.userinfo() == {"sub": "ada"}
    assert (len(provider.asked("/jwks")), session.token["access_token"]) == (2, "access-2")

    store = NotingStore()
    session = party.open(store=store)
    party.sign_in_by_hand(session)
    provider.forget_requests()
    rotate(provider, "encryption", publish=False)
    with pytest.raises(TokenError, match="publishes no key"):
        party.sign_in_by_hand(session)
    assert (tokens_in(session), store.given) == ({"access-3"}, ["access-3"])
    assert provider.uses == []
