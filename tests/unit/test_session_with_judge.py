"""The session at oidc-provider: what we send is what a certified server takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from nb_oauth import Client, LoginRequired, OAuth2Session
from tests.providers.visitor import Visitor
from tests.unit.session_stage import at_once

if TYPE_CHECKING:
    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.provider
REDIRECT_URI = "http://127.0.0.1:49152/callback"


def signed_in(oidc: OidcProvider, client_id: str, method: str) -> OAuth2Session:
    client = Client(
        client_id,
        oidc.client_secrets.get(client_id),
        redirect_uri=REDIRECT_URI,
        token_endpoint_auth_method=method,
    )
    session = OAuth2Session.open(oidc.provider(), client, scope="openid offline_access api:read")
    session.trust_env = False
    url, _ = session.authorization_url(oidc.authorization_endpoint, prompt="consent")
    with Visitor() as visitor:
        session.fetch_token(oidc.token_endpoint, authorization_response=visitor.answer(url))
    return session


def let_end(session: OAuth2Session) -> None:
    session.token = {**session.token, "expires_at": time.time() - 1}


@pytest.mark.parametrize(
    ("client_id", "method", "seen"),
    [
        ("public", "none", "none"),
        ("confidential-basic", "client_secret_basic", "Basic"),
        ("confidential-post", "client_secret_post", "post"),
    ],
)
def test_every_kind_of_client_is_taken_and_renews_once_for_sixteen_threads(
    oidc: OidcProvider, client_id: str, method: str, seen: str
) -> None:
    session = signed_in(oidc, client_id, method)
    before = session.token["access_token"]
    let_end(session)
    results = at_once(16, lambda: session.get(oidc.api).status_code)
    assert results == [200] * 16
    assert session.token["access_token"] != before
    (renewal,) = oidc.token_requests("refresh_token")
    assert renewal["status"] == 200
    assert {one["authentication"] for one in oidc.token_requests()} == {seen}


def test_a_revoked_family_means_signing_in_again(oidc: OidcProvider) -> None:
    session = signed_in(oidc, "public", "none")
    used = session.token["refresh_token"]
    session.refresh_token(oidc.token_endpoint)
    session.token = {**session.token, "refresh_token": used}
    let_end(session)
    with pytest.raises(LoginRequired):
        session.get(oidc.api)
    with pytest.raises(LoginRequired):
        session.get(oidc.api)
    assert len(oidc.token_requests("refresh_token")) == 2
