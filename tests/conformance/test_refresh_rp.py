"""The 3 modules on refresh tokens: a renewal is believed only if it is about the same person."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from nb_oauth import TokenError
from tests.conformance.fake_provider import Alter, changed, unchanged, with_one_more
from tests.conformance.plans import REFRESH, modules
from tests.conformance.relying_party import NotingStore, tokens_in

if TYPE_CHECKING:
    from nb_oauth import OAuth2Session
    from tests.conformance.fake_provider import FakeProvider
    from tests.conformance.relying_party import RelyingParty

RP = "oidcc-client-test-refresh-token"
SCOPE = "openid offline_access"
MODULES: dict[str, tuple[Alter, str]] = {
    RP: (changed(aud=with_one_more), "another app: aud"),
    f"{RP}-invalid-issuer": (changed(iss=with_one_more), r"its issuer \(iss\) is"),
    f"{RP}-invalid-sub": (changed(sub=with_one_more), "about another person"),
}


@modules(REFRESH, MODULES, "fault, words")
def test_a_renewal_about_the_same_person_is_used_and_no_other(  # noqa: PLR0913, PLR0917 - pytest's
    plan: str,
    module: str,
    fault: Alter,
    words: str,
    provider: FakeProvider,
    party: RelyingParty,
) -> None:
    renewed_and_used(provider, party)
    not_used_when_renewed_by_hand(provider, party, fault, words)
    not_used_when_renewed_for_a_request(provider, party, fault, words, seconds_left=-5)
    not_used_when_renewed_for_a_request(provider, party, fault, words, seconds_left=5)


def renewed_and_used(provider: FakeProvider, party: RelyingParty) -> None:
    session = party.sign_in(SCOPE)
    former = session.token
    session.renew()
    assert session.token["access_token"] not in {None, former["access_token"]}
    assert session.userinfo() == {"sub": "ada"}
    assert provider.asked("/token")[-1].form["refresh_token"] == former["refresh_token"]
    sent = provider.asked("/userinfo")[-1].headers["Authorization"]
    assert sent == f"Bearer {session.token['access_token']}"


def not_used_when_renewed_by_hand(
    provider: FakeProvider, party: RelyingParty, fault: Alter, words: str
) -> None:
    session, store = signed_in_before(provider, party, fault)
    with pytest.raises(TokenError, match=words) as refusal:
        session.renew()
    assert refusal.value.error == "invalid_id_token"
    only_the_former_is_there(provider, session, store)
    assert session.get(provider.api).json() == {"answer": 42}  # it lives on
    assert provider.requests[-1].headers["Authorization"] == f"Bearer {store.given[0]}"


def not_used_when_renewed_for_a_request(
    provider: FakeProvider, party: RelyingParty, fault: Alter, words: str, *, seconds_left: int
) -> None:
    """Whoever asks who signed in, shortly before or after the end, has it renewed and is told."""
    session, store = signed_in_before(provider, party, fault)
    session.token = {**session.token, "expires_at": time.time() + seconds_left}
    with pytest.raises(TokenError, match=words):
        session.userinfo()
    only_the_former_is_there(provider, session, store)


def signed_in_before(
    provider: FakeProvider, party: RelyingParty, fault: Alter
) -> tuple[OAuth2Session, NotingStore]:
    store = NotingStore()
    provider.alter_claims = unchanged
    session = party.sign_in(SCOPE, store)
    provider.alter_claims = fault
    provider.forget_requests()
    return session, store


def only_the_former_is_there(
    provider: FakeProvider, session: OAuth2Session, store: NotingStore
) -> None:
    former, refused = provider.issued[-2:]
    assert store.given == [former]
    assert tokens_in(session) == {former} != {refused}
    assert (len(provider.asked("/token")), provider.uses) == (1, [])
