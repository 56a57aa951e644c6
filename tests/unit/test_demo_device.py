"""The device grant at the demo provider (RFC 8628), with a person who answers elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.demo_visitor import PKCE, VERIFIER, Token, Visitor, refused, text_of

SERVICE = {"client_id": "demo-service", "client_secret": "published-with-the-demo"}


@pytest.fixture
def device(visitor: Visitor) -> Token:
    return visitor.device_code().json()


# The device authorization request (RFC 8628 §3.1, §3.2)


def test_a_device_code_comes_with_what_a_person_needs(visitor: Visitor) -> None:
    reply = visitor.device_code()
    assert reply.headers["Cache-Control"] == "no-store"
    device = reply.json()
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", device["user_code"])
    assert len(device["device_code"]) == 40
    assert device["verification_uri"] == f"{visitor.issuer}/device"
    complete = f"{visitor.issuer}/device?user_code={device['user_code']}"
    assert device["verification_uri_complete"] == complete
    assert (device["expires_in"], device["interval"]) == (300, 1)


def test_a_tutorial_sets_how_long_codes_and_tokens_last(visitor: Visitor) -> None:
    asked = {"device_code_lifetime": "20", "polling_interval": "7", "token_lifetime": "45"}
    device = visitor.device_code(**asked).json()
    assert (device["expires_in"], device["interval"]) == (20, 7)
    visitor.decide(visitor.follow(device))
    token = visitor.poll(device).json()
    assert token["expires_in"] == visitor.renew(token).json()["expires_in"] == 45


@pytest.mark.parametrize(
    ("asked", "error", "status"),
    [
        ({"client_id": None}, "invalid_client", 401),
        ({"client_id": "nobody"}, "invalid_client", 401),
        ({**SERVICE, "client_secret": "guessed"}, "invalid_client", 401),
        (SERVICE, "unauthorized_client", 400),
        ({"scope": "everything"}, "invalid_scope", 400),
        ({"scope": ["openid", "profile"]}, "invalid_request", 400),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request", 400),
        ({"device_code_lifetime": "1801"}, "invalid_request", 400),
        ({"polling_interval": "0"}, "invalid_request", 400),
        ({"token_lifetime": "long"}, "invalid_request", 400),
    ],
)
def test_a_wrong_request_is_refused(
    visitor: Visitor, asked: dict[str, Any], error: str, status: int
) -> None:
    reply = visitor.device_code(**asked)
    refused(reply, error, status)
    assert ("WWW-Authenticate" in reply.headers) == (status == 401)


def test_a_request_outside_the_body_or_unreadable_is_refused(visitor: Visitor) -> None:
    form = {"client_id": "demo-notebook"}
    refused(visitor.post("/device_authorization?scope=openid", form), "invalid_request")
    status, problem = visitor.raw("POST", "/device_authorization?scope=%ZZ")
    assert status == 400
    assert "cannot be read" in problem


# The polls (RFC 8628 §3.4, §3.5)


def test_a_link_that_holds_the_code_takes_a_person_there_in_two_steps(
    visitor: Visitor, device: Token
) -> None:
    refused(visitor.poll(device), "authorization_pending")
    consent = visitor.follow(device)
    told = text_of(consent)
    assert device["user_code"] in told
    assert "Your notebook asks you, Ada Lovelace" in told
    assert "Read the observatory’s star measurements" in told
    done = visitor.decide(consent)
    assert "You can close this tab" in text_of(done)
    token = visitor.poll(device).json()
    assert (token["scope"], token["expires_in"]) == ("observations:read", 3600)
    assert visitor.api("/stars", token).status_code == 200
    assert visitor.api("/stars", visitor.renew(token).json()).status_code == 200


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower", "without the dash"])
def test_a_code_is_typed_however_people_type(visitor: Visitor, device: Token, typed: str) -> None:
    code = device["user_code"]
    spelled = {"lower": code.lower(), "without the dash": code.replace("-", "")}
    page = visitor.sign_in(visitor.get("/device"))
    assert "You are signed in as Ada Lovelace" in text_of(page)
    consent = visitor.type_code(page, spelled.get(typed, typed.format(code)))
    visitor.decide(consent)
    assert visitor.poll(device).status_code == 200


def test_somebody_else_may_allow_it(visitor: Visitor) -> None:
    device = visitor.device_code(scope="profile:read").json()
    page = visitor.sign_in(visitor.get("/device"), "grace", "hopper")
    visitor.decide(visitor.type_code(page, device["user_code"]))
    assert visitor.api("/me", visitor.poll(device).json()).json()["name"] == "Grace Hopper"


def test_deny_is_access_denied(visitor: Visitor, device: Token) -> None:
    done = visitor.decide(visitor.follow(device), "deny")
    assert "was told so, and nothing else" in text_of(done)
    assert "Deny" in refused(visitor.poll(device), "access_denied")
    refused(visitor.poll(device), "access_denied")


@pytest.mark.parametrize("decision", [None, "allow", "deny"])
def test_a_code_runs_out_whatever_was_decided(visitor: Visitor, decision: str | None) -> None:
    device = visitor.device_code(device_code_lifetime="2").json()
    if decision:
        visitor.decide(visitor.follow(device), decision)
    visitor.later(seconds=2)
    refused(visitor.poll(device), "expired_token")


def test_who_asks_too_soon_is_slowed_down_each_time(visitor: Visitor, device: Token) -> None:
    refused(visitor.poll(device), "authorization_pending")
    assert "6 s" in refused(visitor.poll(device), "slow_down")
    visitor.later(seconds=5)
    assert "11 s" in refused(visitor.poll(device), "slow_down")
    visitor.later(seconds=11)
    refused(visitor.poll(device), "authorization_pending")


def test_who_keeps_the_interval_is_not(visitor: Visitor) -> None:
    device = visitor.device_code(polling_interval="3").json()
    for _ in range(4):
        refused(visitor.poll(device), "authorization_pending")
        visitor.later(seconds=3)


def test_what_was_decided_is_told_however_soon(visitor: Visitor, device: Token) -> None:
    refused(visitor.poll(device), "authorization_pending")
    visitor.decide(visitor.follow(device))
    assert visitor.poll(device).status_code == 200


@pytest.mark.parametrize(
    ("asked", "error", "status"),
    [
        ({"device_code": None}, "invalid_grant", 400),
        ({"device_code": "made-up"}, "invalid_grant", 400),
        ({"code_verifier": VERIFIER}, "invalid_grant", 400),
        ({"client_id": "nobody"}, "invalid_client", 401),
        (SERVICE, "unauthorized_client", 400),
    ],
)
def test_a_wrong_poll_is_refused(
    visitor: Visitor, device: Token, asked: dict[str, Any], error: str, status: int
) -> None:
    visitor.decide(visitor.follow(device))
    refused(visitor.poll(device, **asked), error, status)
    assert visitor.poll(device).status_code == 200


def test_a_device_code_is_its_clients_alone(
    visitor: Visitor, device: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = visitor.application.ledger.device_code(device["device_code"])
    assert code
    monkeypatch.setattr(code, "client_id", "demo-service")
    refused(visitor.poll(device), "invalid_grant")


def test_a_device_code_is_exchanged_once(visitor: Visitor, device: Token) -> None:
    visitor.decide(visitor.follow(device))
    token = visitor.poll(device).json()
    assert "used before" in refused(visitor.poll(device), "invalid_grant")
    assert visitor.api("/stars", token).status_code == 200


def test_with_a_challenge_the_verifier_is_needed(visitor: Visitor) -> None:
    device = visitor.device_code(**PKCE).json()
    visitor.decide(visitor.follow(device))
    refused(visitor.poll(device), "invalid_grant")
    refused(visitor.poll(device, code_verifier="w" * 64), "invalid_grant")
    assert visitor.poll(device, code_verifier=VERIFIER).status_code == 200


def test_what_ran_out_long_ago_is_forgotten(visitor: Visitor, device: Token) -> None:
    visitor.later(seconds=3901)
    visitor.device_code()
    refused(visitor.poll(device), "invalid_grant")
