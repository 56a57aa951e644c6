"""What the FAPI 2 client plan asks about ``iss`` and ``state`` (RFC 9207, RFC 6749 §10.12).

An answer of the browser that is somebody else's is not even exchanged: the token endpoint hears
nothing of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from nb_oauth import ConfigurationError
from tests.conformance.fake_provider import DISCOVERY, Alter, changed, with_one_more
from tests.conformance.plans import FAPI, module, modules
from tests.unit.openid_stage import ABSENT

if TYPE_CHECKING:
    from tests.conformance.fake_provider import FakeProvider
    from tests.conformance.relying_party import RelyingParty

CLIENT_TEST = "fapi2-security-profile-final-client-test"
STATE_FAILS = f"{CLIENT_TEST}-ensure-authorization-response-with-invalid"

OF_ANOTHER_ISSUER = (changed(iss=with_one_more), "This answer comes from ")
WITHOUT_ISSUER = (changed(iss=ABSENT), "always names itself in its answers")
OF_ANOTHER_SIGN_IN = (changed(state=with_one_more), "belongs to another sign-in")
WITHOUT_STATE = (changed(state=ABSENT), "holds no state")


@module(FAPI, f"{CLIENT_TEST}-happy-path")
def test_a_token_is_used_at_the_api(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    session = party.sign_in()
    assert session.get(provider.api).json() == {"answer": 42}
    assert provider.uses == ["/api"]
    provider.alter_answer = changed(code=ABSENT, error="access_denied")
    party.is_refused()
    assert provider.asked("/token") == []


@module(FAPI, f"{CLIENT_TEST}-discovery-issuer-mismatch")
def test_a_configuration_of_another_issuer_is_not_used(
    plan: str, module: str, provider: FakeProvider, party: RelyingParty
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.forget_requests()
    provider.alter_metadata = changed(issuer=lambda issuer: f"{issuer}INVALID")
    with pytest.raises(ConfigurationError, match="is that of the issuer"):
        party.sign_in()
    assert {one.path for one in provider.requests} == {DISCOVERY}


ANSWERS: dict[str, tuple[Alter, str]] = {
    f"{CLIENT_TEST}-invalid-authorization-response-iss": OF_ANOTHER_ISSUER,
    f"{CLIENT_TEST}-remove-authorization-response-iss": WITHOUT_ISSUER,
    f"{STATE_FAILS}-state-fails": OF_ANOTHER_SIGN_IN,
    f"{STATE_FAILS}-missing-state-fails": WITHOUT_STATE,
}


@modules(FAPI, ANSWERS, "fault, words")
def test_an_answer_of_somebody_else_is_not_exchanged(  # noqa: PLR0913, PLR0917 - pytest's
    plan: str,
    module: str,
    fault: Alter,
    words: str,
    provider: FakeProvider,
    party: RelyingParty,
) -> None:
    assert party.sign_in().userinfo() == {"sub": "ada"}
    provider.alter_answer = fault
    assert words in party.is_refused()
    assert words in party.page  # where the person is looking
    assert provider.asked("/token") == []
    party.is_refused_by_hand()
    assert provider.asked("/token") == []


TOKENS: dict[str, tuple[Alter, str]] = {
    f"{CLIENT_TEST}-invalid-iss": (changed(iss=with_one_more), r"its issuer \(iss\) is"),
    f"{CLIENT_TEST}-invalid-missing-iss": (changed(iss=ABSENT), "claim iss is missing"),
}


@modules(FAPI, TOKENS, "fault, words")
def test_an_id_token_of_another_issuer_is_refused(  # noqa: PLR0913, PLR0917 - pytest's
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
