"""The judge at the implicit, the password and the device grant: what the tests rely on there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.polling import wait_until
from tests.providers.visitor import Visitor, authorization_link, authorize, code_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.provider

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
NO_PKCE = {"code_challenge": "", "code_challenge_method": ""}


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as visitor:
        yield visitor


def ask(address: str, **form: str) -> requests.Response:
    return requests.post(address, form, timeout=10)


def opens_the_api(oidc: OidcProvider, token: dict[str, Any]) -> dict[str, str]:
    header = {"Authorization": f"Bearer {token['access_token']}"}
    answer = requests.get(oidc.api, headers=header, timeout=10)
    assert answer.ok, answer.text
    opened: dict[str, str] = answer.json()
    return opened


def kinds(oidc: OidcProvider) -> dict[str, str]:
    return {secret.value: secret.kind for secret in oidc.secrets()}


# -- the implicit grant --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response_type", "scope", "brings"),
    [
        (
            "token",
            "api:read",
            {"access_token", "token_type", "expires_in", "scope", "state", "iss"},
        ),
        (
            "id_token token",
            "openid api:read",
            {"access_token", "token_type", "expires_in", "scope", "state", "id_token"},
        ),
    ],
)
def test_a_token_comes_in_the_fragment(
    oidc: OidcProvider, response_type: str, scope: str, brings: set[str]
) -> None:
    asked = {"response_type": response_type, "scope": scope, **NO_PKCE}
    nonce = "the-nonce" if "openid" in scope else ""
    came_back = authorize(oidc, "implicit", **asked, nonce=nonce)

    assert came_back.keys() == brings
    assert opens_the_api(oidc, came_back)["client_id"] == "implicit"
    secrets = brings & {"access_token", "id_token", "state"}
    assert {kinds(oidc).get(came_back[kind]) for kind in secrets} == secrets


# -- the password grant --------------------------------------------------------------------


def by_password(oidc: OidcProvider, **form: str) -> requests.Response:
    asked = {"grant_type": "password", "client_id": "password", "scope": "api:read"}
    return ask(oidc.token_endpoint, **asked, **form)


def test_one_name_and_its_password_are_worth_a_token_that_renews(oidc: OidcProvider) -> None:
    password = oidc.passwords["analyst"]
    token = by_password(oidc, username="analyst", password=password).json()
    assert opens_the_api(oidc, token) == {
        "sub": "analyst",
        "client_id": "password",
        "scope": "api:read",
    }
    renewed = ask(
        oidc.token_endpoint,
        grant_type="refresh_token",
        client_id="password",
        refresh_token=token["refresh_token"],
    ).json()
    assert opens_the_api(oidc, renewed)["sub"] == "analyst"
    assert kinds(oidc)[password] == "password"


@pytest.mark.parametrize(
    ("username", "password"), [("analyst", "wrong"), ("nobody", ""), ("constructor", "x")]
)
def test_any_other_is_an_invalid_grant(oidc: OidcProvider, username: str, password: str) -> None:
    answer = by_password(oidc, username=username, password=password)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert oidc.errors() == {"invalid_grant": 1}


# -- the device grant ----------------------------------------------------------------------


def device_code(oidc: OidcProvider) -> dict[str, Any]:
    answer = ask(oidc.device_authorization_endpoint, client_id="device", scope="openid api:read")
    assert answer.ok, answer.text
    given: dict[str, Any] = answer.json()
    return given


def poll(oidc: OidcProvider, given: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = ask(
        oidc.token_endpoint,
        grant_type=DEVICE,
        client_id="device",
        device_code=given["device_code"],
    ).json()
    return answer


def test_a_code_that_was_entered_is_worth_a_token(oidc: OidcProvider, visitor: Visitor) -> None:
    oidc.set_device_codes(interval=0, lifetime=77)
    given = device_code(oidc)
    assert given["expires_in"] == 77
    assert given["interval"] == 0
    assert poll(oidc, given)["error"] == "authorization_pending"

    assert "Success" in visitor.enter_code(given["verification_uri"], given["user_code"])

    token = poll(oidc, given)
    assert opens_the_api(oidc, token)["sub"] == "alice"
    assert oidc.errors() == {"authorization_pending": 1}
    known = kinds(oidc)
    assert known[given["device_code"]] == "device_code"
    assert {known[token[kind]] for kind in ("access_token", "refresh_token", "id_token")} == {
        "access_token",
        "refresh_token",
        "id_token",
    }


def test_the_complete_address_brings_the_code_along(oidc: OidcProvider, visitor: Visitor) -> None:
    oidc.set_device_codes(interval=0)
    given = device_code(oidc)
    page = visitor.submit(visitor.open(given["verification_uri_complete"]))
    assert given["user_code"] in page.text
    visitor.enter_code(given["verification_uri_complete"], given["user_code"])
    assert "access_token" in poll(oidc, given)


def test_a_code_that_is_denied_or_wrong_is_worth_nothing(
    oidc: OidcProvider, visitor: Visitor
) -> None:
    oidc.set_device_codes(interval=0)
    given = device_code(oidc)
    assert "incorrect" in visitor.enter_code(given["verification_uri"], "WRONG-CODE")
    assert poll(oidc, given)["error"] == "authorization_pending"
    visitor.enter_code(given["verification_uri"], given["user_code"], deny=True)
    assert poll(oidc, given)["error"] == "access_denied"


def test_a_code_runs_out(oidc: OidcProvider) -> None:
    oidc.set_device_codes(interval=0, lifetime=1)
    given = device_code(oidc)
    wait_until(
        lambda: poll(oidc, given)["error"] in {"expired_token", "invalid_grant"}, "it runs out"
    )


def test_who_asks_too_soon_is_told_to_slow_down(oidc: OidcProvider) -> None:
    oidc.set_device_codes(interval=600)
    given = device_code(oidc)
    assert poll(oidc, given)["error"] == "slow_down"
    assert oidc.errors() == {"slow_down": 1}


def test_who_was_told_to_slow_down_must_leave_more_time(oidc: OidcProvider) -> None:
    oidc.set_device_codes(interval=0)
    given = device_code(oidc)
    oidc.set_token_fault("slow_down", times=1)
    assert [poll(oidc, given)["error"] for _ in range(2)] == ["slow_down", "slow_down"]


# -- faults --------------------------------------------------------------------------------


def test_the_device_endpoint_and_the_keys_fail_as_told(oidc: OidcProvider) -> None:
    oidc.set_device_fault("server_error", times=1)
    oidc.set_keys_fault("html", times=1)
    form = {"client_id": "device"}
    assert ask(oidc.device_authorization_endpoint, **form).status_code == 500
    assert ask(oidc.device_authorization_endpoint, **form).status_code == 200
    assert [requests.get(oidc.jwks_uri, timeout=10).status_code for _ in range(2)] == [502, 200]
    assert oidc.token_requests() == []


def test_a_token_that_is_revoked_keeps_the_name_it_was_given_by(oidc: OidcProvider) -> None:
    token = by_password(oidc, username="analyst", password=oidc.passwords["analyst"]).json()
    access_token = token["access_token"]
    assert ask(oidc.revocation_endpoint, client_id="password", token=access_token).ok
    assert kinds(oidc)[access_token] == "access_token"


def test_a_code_lasts_as_long_as_the_test_says(oidc: OidcProvider) -> None:
    oidc.set_lifetimes(authorization_code=1)
    request = code_request(oidc)
    oidc.set_token_fault(delay_ms=1100)  # it runs out on its way
    assert ask(oidc.token_endpoint, **request).json()["error"] == "invalid_grant"
    oidc.reset()
    assert ask(oidc.token_endpoint, **code_request(oidc)).ok


def test_a_sign_in_page_lasts_as_long_as_the_test_says(
    oidc: OidcProvider, visitor: Visitor
) -> None:
    oidc.set_lifetimes(sign_in_page=1)
    page = visitor.open(authorization_link(oidc))
    wait_until(lambda: visitor.open(page.url).status_code == 400, "the page ends")
