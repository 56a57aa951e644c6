"""What a certified provider makes of it: rows 2, 6 and 19 to 21."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from nb_oauth import Client, Provider
from tests.comparison.rows import row, same
from tests.comparison.sides import OPENED, REDIRECT_URI, Side, error_of
from tests.providers.oidc import OidcProvider
from tests.providers.visitor import Visitor
from tests.unit.session_stage import Stage, at_once

pytestmark = pytest.mark.provider
SCOPE = "openid offline_access api:read"
THREADS = 20
PUBLIC = Client("public", redirect_uri=REDIRECT_URI)


def judge(oidc: OidcProvider) -> Provider:
    return oidc.provider(
        "jwks_uri", "revocation_endpoint", authorization_response_iss_parameter_supported=True
    )


def over_https(oidc: OidcProvider) -> Provider:
    """The judge where it asks for a certificate."""
    at = {name: getattr(oidc, name) for name in ("token_endpoint", "revocation_endpoint")}
    moved = {name: url.replace(oidc.issuer, oidc.secure_base) for name, url in at.items()}
    return replace(judge(oidc), **moved)


def answer_of_a_person(session: Any, oidc: OidcProvider, **more: str) -> str:
    url, _ = session.authorization_url(oidc.authorization_endpoint, prompt="consent", **more)
    with Visitor() as visitor:
        answer = visitor.answer(url)
    assert "code=" in answer, answer
    return answer


def let_end(session: Any) -> None:
    session.token = {**session.token, "expires_at": 1}


# -- row 2: certificates ------------------------------------------------------------------------


@row(2, "^in 1 of 2 token requests, the provider sees the certificate$")
def test_the_certificate_is_shown_in_every_request_of_the_client(
    side: Side, oidc: OidcProvider
) -> None:
    cert = oidc.certificates.analyst
    client = Client("tls-client-auth", redirect_uri=REDIRECT_URI, **_shown(side, cert))
    provider = over_https(oidc)
    session = side.session(provider, client=client, scope=SCOPE, **side.pkce)
    session.verify = oidc.certificates.authority
    how = {} if side is OPENED else {"cert": cert, "include_client_id": True}
    answer = answer_of_a_person(session, oidc)
    session.fetch_token(provider.token_endpoint, authorization_response=answer, **how)
    let_end(session)
    if side is not OPENED:
        session.auto_refresh_kwargs = {"client_id": client.client_id}
        how = {"cert": cert}
    error = error_of(session.get, oidc.secure_api, **how)
    seen = [one["certificate"] for one in oidc.token_requests()]
    told = f"in {seen.count('CN=analyst')} of {len(seen)} token requests"
    assert seen == ["CN=analyst"] * 2, f"{told}, the provider sees the certificate"
    assert error is None
    if side is OPENED:
        look_up = oidc.introspection_endpoint.replace(oidc.issuer, oidc.secure_base)
        asked = {"token": session.token["access_token"], "client_id": client.client_id}
        assert session.post(look_up, asked, withhold_token=True).json()["active"]
        session.revoke_token("access_token")
        assert session.post(look_up, asked, withhold_token=True).json() == {"active": False}


def _shown(side: Side, cert: Any) -> dict[str, Any]:
    how = {"cert": cert, "token_endpoint_auth_method": "tls_client_auth"}
    return how if side is OPENED else {}


# -- row 6: threads and rotation ----------------------------------------------------------------


@row(6, f"^{THREADS} threads renew [0-9]+ times and [0-9]+ of their requests fail$")
def test_threads_renew_a_rotating_token_once(side: Side, oidc: OidcProvider) -> None:
    session = side.session(judge(oidc), client=PUBLIC, scope=SCOPE, **side.pkce)
    answer = answer_of_a_person(session, oidc)
    how = {} if side is OPENED else {"include_client_id": True}
    session.fetch_token(oidc.token_endpoint, authorization_response=answer, **how)
    let_end(session)
    session.auto_refresh_kwargs = {} if side is OPENED else {"client_id": "public"}
    oidc.set_token_fault(delay_ms=100)
    answers = at_once(THREADS, lambda: session.get(oidc.api).status_code)
    renewals, failed = len(oidc.token_requests("refresh_token")), THREADS - answers.count(200)
    told = f"{THREADS} threads renew {renewals} times and {failed} of their requests fail"
    assert (renewals, failed) == (1, 0), told


# -- row 19: answers ----------------------------------------------------------------------------


def changed(answer: str, **members: str | None) -> str:
    """The same answer with other members; None leaves one out."""
    parts = urlsplit(answer)
    query = {**dict(parse_qsl(parts.query)), **members}
    kept = {name: value for name, value in query.items() if value is not None}
    return parts._replace(query=urlencode(kept)).geturl()


@pytest.mark.parametrize(
    "wrong",
    [{"iss": "https://attacker.example"}, {"iss": None}, {"state": None}],
    ids=["another-issuer", "no-issuer", "no-state"],
)
@row(19, "^takes an answer with the wrong (iss|state)$", OPENED)
def test_an_answer_is_taken_from_the_issuer_and_for_the_request_alone(
    side: Side, oidc: OidcProvider, wrong: dict[str, str | None]
) -> None:
    session = side.session(judge(oidc), client=PUBLIC, scope=SCOPE, **side.pkce)
    answer = answer_of_a_person(session, oidc, state="a-state-of-the-callers-own")
    forged = changed(answer, **wrong)
    how = {} if side is OPENED else {"include_client_id": True}
    error = error_of(session.fetch_token, oidc.token_endpoint, authorization_response=forged, **how)
    assert not session.authorized, f"takes an answer with the wrong {next(iter(wrong))}"
    assert error is not None
    assert not oidc.token_requests()


@row(19, "^exchanges an answer to nothing$", OPENED)
def test_an_answer_is_taken_once(side: Side, stage: Stage) -> None:
    session = side.session(stage.provider)
    _, state = session.authorization_url(f"{stage.issuer}/authorize")
    answer = f"{REDIRECT_URI}?code=code&state={state}"
    session.fetch_token(stage.token_endpoint, authorization_response=answer)
    error_of(session.fetch_token, stage.token_endpoint, authorization_response=answer)
    assert len(stage.token_requests) == 1, "exchanges an answer to nothing"


@row(19, "^exchanges an answer to nothing$", OPENED)
def test_an_answer_to_nothing_is_refused(side: Side, stage: Stage) -> None:
    session = side.session(stage.provider)
    answer = f"{REDIRECT_URI}?code=code&state=of-somebody"
    error_of(session.fetch_token, stage.token_endpoint, authorization_response=answer)
    assert not stage.token_requests, "exchanges an answer to nothing"


# -- rows 20 and 21: credentials ----------------------------------------------------------------


@row(20, "authorization header are not properly encoded$", OPENED)
def test_a_secret_with_special_characters_goes_by_basic(side: Side, oidc: OidcProvider) -> None:
    secret = oidc.client_secrets["service-basic"]
    assert any(character in secret for character in "+/%:")
    client = Client("service-basic", secret)
    session = side.session(judge(oidc), client=client, grant="client_credentials")
    how = {} if side is OPENED else {"client_secret": secret}
    error = error_of(session.fetch_token, oidc.token_endpoint, **how)
    assert not error, str(error)


@same(20, OPENED)
def test_a_secret_goes_by_basic_as_it_is_where_the_provider_wants_that(
    side: Side, stage: Stage
) -> None:
    client = Client("app", "s3cr+t/%:", basic_urlencoded=False)
    session = side.session(stage.provider, client=client, grant="client_credentials")
    how = {} if side is OPENED else {"client_secret": "s3cr+t/%:"}
    session.fetch_token(stage.token_endpoint, **how)
    assert stage.token_requests[0].headers["Authorization"] == "Basic YXBwOnMzY3IrdC8lOg=="


@row(21, "^shows an empty password, and the provider refuses the client$", OPENED)
def test_a_public_client_shows_no_password(side: Side, oidc: OidcProvider) -> None:
    session = side.session(judge(oidc), client=PUBLIC, scope=SCOPE, **side.pkce)
    answer = answer_of_a_person(session, oidc)
    error = error_of(session.fetch_token, oidc.token_endpoint, authorization_response=answer)
    [request] = oidc.token_requests()
    told = "shows an empty password, and the provider refuses the client"
    assert (request["authentication"], error) == ("none", None), told
