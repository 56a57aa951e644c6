"""The judge itself: what the tests rely on in oidc-provider and its controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.providers.visitor import NOWHERE, VERIFIER, authorize

if TYPE_CHECKING:
    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.provider


def token_request(oidc: OidcProvider, **data: str) -> requests.Response:
    return requests.post(oidc.token_endpoint, data={"client_id": "public", **data}, timeout=10)


def exchange(oidc: OidcProvider, code: str) -> dict[str, str]:
    answer = token_request(
        oidc,
        grant_type="authorization_code",
        code=code,
        redirect_uri=NOWHERE,
        code_verifier=VERIFIER,
    )
    assert answer.ok, answer.text
    return answer.json()


def renew(oidc: OidcProvider, refresh_token: str) -> requests.Response:
    return token_request(oidc, grant_type="refresh_token", refresh_token=refresh_token)


def test_a_token_opens_the_api_and_every_secret_is_known(oidc: OidcProvider) -> None:
    came_back = authorize(oidc)
    assert came_back["state"] == "the-state"
    assert came_back["iss"] == oidc.issuer
    token = exchange(oidc, came_back["code"])

    opened = requests.get(
        oidc.api, headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=10
    )

    assert opened.json() == {
        "sub": "alice",
        "client_id": "public",
        "scope": "openid offline_access api:read",
    }
    known = {secret.value: secret.kind for secret in oidc.secrets()}
    assert (
        known.items()
        >= {
            came_back["code"]: "code",
            VERIFIER: "code_verifier",
            "a-password": "password",
            "the-state": "state",
            token["access_token"]: "access_token",
            token["refresh_token"]: "refresh_token",
            token["id_token"]: "id_token",
            oidc.client_secrets["confidential-basic"]: "client_secret",
        }.items()
    )


def test_a_refresh_token_works_once_and_twice_revokes_all(oidc: OidcProvider) -> None:
    first = exchange(oidc, authorize(oidc)["code"])
    second = renew(oidc, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]

    assert renew(oidc, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert renew(oidc, second["refresh_token"]).json()["error"] == "invalid_grant"

    log = [(one["status"], one["error"]) for one in oidc.token_requests("refresh_token")]
    assert log == [(200, None), (400, "invalid_grant"), (400, "invalid_grant")]


def test_an_access_token_lives_as_long_as_the_test_says(oidc: OidcProvider) -> None:
    oidc.set_access_token_ttl(2)
    assert exchange(oidc, authorize(oidc)["code"])["expires_in"] == 2


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("server_error", 500, "application/json"),
        ("html", 502, "text/html"),
        ("html_ok", 200, "text/html"),
        ("invalid_client", 401, "application/json"),
    ],
)
def test_the_token_endpoint_fails_as_told_and_then_no_more(
    oidc: OidcProvider, kind: str, status: int, content_type: str
) -> None:
    oidc.set_token_fault(kind, times=1)
    failed = renew(oidc, "whatever")
    assert failed.status_code == status
    assert failed.headers["Content-Type"].startswith(content_type)
    assert renew(oidc, "whatever").json()["error"] == "invalid_grant"


def test_the_token_endpoint_is_slow_as_told(oidc: OidcProvider) -> None:
    oidc.set_token_fault(delay_ms=300)
    assert renew(oidc, "whatever").elapsed.total_seconds() >= 0.3


@pytest.mark.parametrize("client_id", ["confidential-basic", "confidential-post"])
def test_a_confidential_client_is_known_by_its_secret(oidc: OidcProvider, client_id: str) -> None:
    oidc.set_token_fault("invalid_grant", times=0)
    code = authorize(oidc, client_id)["code"]
    answer = token_request(
        oidc, grant_type="authorization_code", code=code, client_id=client_id, client_secret="wrong"
    )
    assert answer.json()["error"] == "invalid_client"
    assert oidc.token_requests()[-1]["client_id"] == client_id
