"""The 14 modules of the Basic RP plan: each done right is taken, with one fault it is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from nb_oauth import TokenError
from tests.conformance.fake_provider import PERSON, Alter, changed, with_one_more
from tests.conformance.keys import nameless, spoiled
from tests.conformance.plans import BASIC, MORE, module, modules
from tests.unit.openid_stage import ABSENT, public, rsa, sign, symmetric, unsigned

if TYPE_CHECKING:
    from tests.conformance.fake_provider import FakeProvider
    from tests.conformance.relying_party import RelyingParty

RP = "oidcc-client-test"


@module(BASIC, RP)
def test_who_signs_in_is_told(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    session = party.sign_in()
    assert session.userinfo() == {"sub": "ada"}
    assert session.id_claims["sub"] == "ada"
    assert provider.uses == [provider.asked("/userinfo")[0].path]
    assert provider.asked("/userinfo")[0].headers["Authorization"] == "Bearer access-1"
    provider.alter_token = changed(id_token=ABSENT)
    assert "sent no ID token" in party.is_refused()


CLAIMS: dict[str, tuple[Alter, str]] = {
    f"{RP}-invalid-iss": (changed(iss=with_one_more), r"its issuer \(iss\) is"),
    f"{RP}-missing-sub": (changed(sub=ABSENT), "claim sub is missing"),
    f"{RP}-invalid-aud": (changed(aud=with_one_more), "another app: aud"),
    f"{RP}-missing-iat": (changed(iat=ABSENT), "claim iat is missing"),
    f"{RP}-nonce-invalid": (changed(nonce=with_one_more), "its nonce is not the one"),
}


@modules(BASIC, CLAIMS, "fault, words")
def test_an_id_token_that_claims_something_wrong_is_refused(  # noqa: PLR0913, PLR0917 - pytest's
    plan: str,
    module: str,
    fault: Alter,
    words: str,
    provider: FakeProvider,
    party: RelyingParty,
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.alter_claims = fault
    assert re.search(words, party.is_refused())
    assert re.search(words, party.is_refused_by_hand())


@module(MORE, f"{RP}-missing-aud")
def test_an_id_token_for_nobody_is_refused(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.alter_claims = changed(aud=ABSENT)
    assert "does not say for which app" in party.is_refused()


@module(BASIC, f"{RP}-kid-absent-single-jwks")
def test_the_only_key_needs_no_name(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    provider.published = [nameless(rsa("1"))]
    provider.sign = lambda claims: sign(claims, rsa("1"))
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.sign = lambda claims: sign(claims, rsa("2"))
    assert "signature is not the provider's" in party.is_refused()


@module(BASIC, f"{RP}-kid-absent-multiple-jwks")
def test_several_keys_without_a_name_are_all_tried(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    # The module also passes a client that refuses here. Ours tries each key, as it lets it.
    provider.published = [nameless(rsa("2")), nameless(rsa("1"))]
    provider.sign = lambda claims: sign(claims, rsa("1"))
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.sign = lambda claims: sign(claims, rsa("encryption"))
    assert "signature is not the provider's" in party.is_refused()


@module(BASIC, f"{RP}-idtoken-sig-rs256")
def test_only_the_algorithm_that_the_provider_names_is_taken(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    known_to_all = rsa("1").as_pem(private=False)
    provider.sign = lambda claims: sign(claims, symmetric(known_to_all), "HS256", kid="1")
    assert "algorithm (alg) 'HS256'" in party.is_refused()


@module(BASIC, f"{RP}-idtoken-sig-none")
def test_an_id_token_that_nobody_signed_is_refused(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    # The module lets a client take it or leave it: the suite says "skipped" of one that leaves it.
    provider.alter_metadata = changed(id_token_signing_alg_values_supported=["RS256", "none"])
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.sign = unsigned
    assert "algorithm (alg) 'none'" in party.is_refused()


@module(BASIC, f"{RP}-invalid-sig-rs256")
def test_a_signature_that_does_not_fit_is_refused(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    signed_well = provider.sign
    provider.sign = lambda claims: spoiled(signed_well(claims))
    assert "signature is not the provider's" in party.is_refused()


@module(BASIC, f"{RP}-userinfo-invalid-sub")
def test_userinfo_about_somebody_else_is_not_told(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    session = party.sign_in("openid profile")
    assert session.userinfo() == {"sub": "ada", **PERSON["profile"]}
    provider.alter_userinfo = changed(sub=lambda sub: f"{sub}invalid")
    with pytest.raises(TokenError, match="about somebody else") as refusal:
        session.userinfo()
    assert refusal.value.error == "invalid_userinfo"
    assert "Lovelace" not in str(refusal.value)
    assert session.id_claims["sub"] == "ada"


@module(BASIC, f"{RP}-scope-userinfo-claims")
def test_scopes_bring_claims(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    session = party.sign_in("openid profile email")
    expected: dict[str, Any] = {"sub": "ada", **PERSON["profile"], **PERSON["email"]}
    assert session.userinfo() == expected
    provider.alter_userinfo = changed(sub=ABSENT)  # §5.3.2: always there
    with pytest.raises(TokenError, match="about somebody else"):
        session.userinfo()


@module(BASIC, f"{RP}-client-secret-basic")
def test_the_client_authenticates_by_http_basic(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    [request] = provider.asked("/token")
    assert request.headers["Authorization"].startswith("Basic ")
    assert not {"client_secret", "client_assertion"} & request.form.keys()
    provider.client_secret = "another"
    assert "invalid_client" in party.is_refused()


def test_the_other_keys_of_the_provider_are_there_to_be_passed_over(provider: FakeProvider) -> None:
    assert [key.get("use") for key in provider.published] == ["enc", "sig", "sig"]
    assert public(rsa("1"), use="sig") in provider.published
