from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from tests.unit.demo_visitor import VERIFIER, Visitor, is_live, refused

SERVICE = ("demo-service", "published-with-the-demo")


# The authorization code (RFC 6749 §4.1, RFC 7636)


def test_a_code_becomes_a_token_for_an_hour(visitor: Visitor) -> None:
    reply = visitor.exchange(visitor.answer()["code"])
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    token = reply.json()
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 3600
    assert token["scope"] == "observations:read profile:read"
    assert is_live(visitor, token)


def test_requests_oauthlibs_empty_basic_secret_is_a_public_client_too(visitor: Visitor) -> None:
    code = visitor.answer()["code"]
    reply = visitor.exchange(code, client_id=None, auth=("demo-notebook", ""))
    assert reply.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "w" * 64},
        {"redirect_uri": "http://127.0.0.1:49153/callback"},
        {"redirect_uri": None},
        {"client_id": "demo-service", "client_secret": SERVICE[1]},
    ],
)
def test_a_code_is_bound_to_its_verifier_its_redirect_uri_and_its_client(
    visitor: Visitor, wrong: dict[str, Any]
) -> None:
    code = visitor.answer()["code"]
    refused(visitor.exchange(code, **wrong), "invalid_grant")


@pytest.mark.parametrize("code", ["made-up", ""])
def test_a_made_up_code_is_refused(visitor: Visitor, code: str) -> None:
    refused(visitor.exchange(code), "invalid_grant")


def test_a_code_without_its_verifier_is_refused(visitor: Visitor) -> None:
    code = visitor.answer()["code"]
    refused(visitor.exchange(code, code_verifier=None), "invalid_request")


def test_a_code_lasts_sixty_seconds(visitor: Visitor) -> None:
    code = visitor.answer()["code"]
    visitor.later(seconds=60)
    assert "60 seconds" in refused(visitor.exchange(code), "invalid_grant")


def test_a_code_used_twice_ends_everything_it_led_to(visitor: Visitor) -> None:
    code = visitor.answer()["code"]
    token = visitor.exchange(code).json()
    renewed = visitor.renew(token).json()
    assert is_live(visitor, renewed)
    assert "used before" in refused(visitor.exchange(code), "invalid_grant")
    assert not is_live(visitor, token)
    assert not is_live(visitor, renewed)
    refused(visitor.renew(renewed), "invalid_grant")


def test_a_confidential_client_may_leave_pkce_out_but_authenticates(visitor: Visitor) -> None:
    def code() -> str:
        parameters = {"code_challenge": None, "code_challenge_method": None}
        return visitor.answer(client_id="demo-service", **parameters)["code"]

    service = {"client_id": None, "code_verifier": None}
    assert visitor.exchange(code(), auth=SERVICE, **service).status_code == 200
    as_form = {**service, "client_id": SERVICE[0], "client_secret": SERVICE[1]}
    assert visitor.exchange(code(), **as_form).status_code == 200
    # A verifier that no challenge asked for: somebody removed the challenge (RFC 9700 §2.1.1).
    downgraded = {**service, "code_verifier": VERIFIER}
    refused(visitor.exchange(code(), auth=SERVICE, **downgraded), "invalid_grant")


@pytest.mark.parametrize(
    "authentication",
    [
        {"auth": ("demo-service", "guessed")},
        {"client_id": "demo-service"},
        {"client_id": "demo-service", "client_secret": "guessed"},
        {"client_id": "nobody"},
        {"client_id": None},
        {"auth": ("demo-notebook", "guessed")},
    ],
)
def test_who_cannot_authenticate_gets_401_and_a_basic_challenge(
    visitor: Visitor, authentication: dict[str, Any]
) -> None:
    reply = visitor.token(grant_type="client_credentials", **authentication)
    refused(reply, "invalid_client", status=401)
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", ["Basic !!!", "Basic /////w==", "Negotiate abc"])
def test_an_unreadable_authorization_header_is_a_failed_authentication(
    visitor: Visitor, header: str
) -> None:
    form = {"grant_type": "client_credentials"}
    reply = visitor.post("/token", form, headers={"Authorization": header})
    refused(reply, "invalid_client", status=401)


# The other grants


def test_a_password_becomes_a_token_and_a_wrong_one_does_not(visitor: Visitor) -> None:
    asked = {"grant_type": "password", "username": "ada", "scope": "profile:read"}
    token = visitor.token(**asked, password="lovelace", token_lifetime="45").json()
    assert token["expires_in"] == 45
    assert visitor.api("/me", token).json()["username"] == "ada"
    assert visitor.renew(token).json()["expires_in"] == 45
    refused(visitor.token(**asked, password="byron"), "invalid_grant")
    refused(visitor.token(**asked | {"username": "bob"}, password="x"), "invalid_grant")


def test_a_service_gets_a_token_for_itself_and_no_refresh_token(visitor: Visitor) -> None:
    asked = {"grant_type": "client_credentials", "client_id": None}
    token = visitor.token(**asked, auth=SERVICE, scope="profile:read", token_lifetime="5").json()
    assert token["expires_in"] == 5
    assert "refresh_token" not in token
    me = visitor.api("/me", token).json()
    assert (me["username"], me["name"]) == (None, "Your nightly job")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (
            {"grant_type": "client_credentials", "auth": ("demo-notebook", "")},
            "unauthorized_client",
        ),
        (
            {
                "grant_type": "password",
                "username": "ada",
                "password": "lovelace",
                "auth": SERVICE,
                "client_id": None,
            },
            "unauthorized_client",
        ),
        (
            {
                "grant_type": "password",
                "username": "ada",
                "password": "lovelace",
                "token_lifetime": "soon",
            },
            "invalid_request",
        ),
        (
            {
                "grant_type": "password",
                "username": "ada",
                "password": "lovelace",
                "scope": "everything",
            },
            "invalid_scope",
        ),
        ({"grant_type": "urn:made-up"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
    ],
)
def test_grants_that_are_not_for_the_asker_are_refused(
    visitor: Visitor, asked: dict[str, Any], error: str
) -> None:
    refused(visitor.token(**asked), error)


# What must never happen


def test_requests_that_cannot_be_read_are_refused(visitor: Visitor) -> None:
    refused(visitor.post("/token?scope=x", {"grant_type": "password"}), "invalid_request")
    for target in ("/token?scope=%ZZ", "/revoke?token=%ZZ"):
        status, problem = visitor.raw("POST", target, "token=x&grant_type=password")
        assert (status, json.loads(problem)["error"]) == (400, "invalid_request")


def test_what_ended_long_ago_is_forgotten(visitor: Visitor) -> None:
    code = visitor.answer()["code"]
    token = visitor.exchange(code).json()
    ledger = visitor.application.ledger
    visitor.later(seconds=2 * 3600 + 61)
    visitor.signed_in()
    assert ledger.code(code) is None
    assert ledger.access_token(token["access_token"]) is None
    assert visitor.renew(token).status_code == 200


def test_no_secret_is_logged_journalled_or_shown_by_repr(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "oauthlib"):
        code = visitor.answer()["code"]
        token = visitor.exchange(code).json()
        renewed = visitor.renew(token).json()
        refused(visitor.renew(token), "invalid_grant")
        visitor.revoke(renewed["refresh_token"])
        visitor.api("/me", renewed)
    told = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("oauthlib")
    )
    told += repr(visitor.server.journal()) + repr(visitor.application.ledger)
    assert "Dispatching" in told
    secrets = [code, VERIFIER, token["access_token"], token["refresh_token"], "lovelace"]
    secrets += [renewed["access_token"], renewed["refresh_token"]]
    assert not [secret for secret in secrets if secret in told]
