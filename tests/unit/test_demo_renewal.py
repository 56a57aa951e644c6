"""How tokens of the demo provider are renewed, and how they are taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.unit.demo_visitor import Visitor, is_live, refused

SERVICE = ("demo-service", "published-with-the-demo")


# Renewal (RFC 6749 §6, RFC 9700 §4.14)


def test_a_renewal_rotates_the_refresh_token_and_keeps_the_lifetime(visitor: Visitor) -> None:
    token = visitor.signed_in(token_lifetime="20")
    assert token["expires_in"] == 20
    renewed = visitor.renew(token).json()
    assert renewed["expires_in"] == 20
    assert renewed["refresh_token"] != token["refresh_token"]
    assert renewed["access_token"] != token["access_token"]
    assert is_live(visitor, renewed)
    visitor.later(seconds=20)
    assert not is_live(visitor, renewed)
    assert is_live(visitor, visitor.renew(renewed).json())


def test_a_refresh_token_used_twice_ends_the_whole_family(visitor: Visitor) -> None:
    token, other = visitor.signed_in(), visitor.signed_in()
    renewed = visitor.renew(token).json()
    assert "used before" in refused(visitor.renew(token), "invalid_grant")
    assert not is_live(visitor, renewed)
    refused(visitor.renew(renewed), "invalid_grant")
    assert is_live(visitor, other)


def test_of_many_renewals_at_once_one_succeeds(visitor: Visitor) -> None:
    token = visitor.signed_in()

    def renew(_number: int) -> int:
        own = Visitor(visitor.server)
        with own.http:
            return own.renew(token).status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(renew, range(12)))
    assert statuses == [200] + [400] * 11


def test_fewer_scopes_can_be_asked_for_and_all_be_had_again(visitor: Visitor) -> None:
    narrow = visitor.renew(visitor.signed_in(), scope="profile:read").json()
    assert narrow["scope"] == "profile:read"
    assert visitor.api("/stars", narrow).status_code == 403
    assert visitor.renew(narrow).json()["scope"] == "observations:read profile:read"


def test_more_scopes_than_were_allowed_are_refused(visitor: Visitor) -> None:
    token = visitor.signed_in(scope="profile:read")
    refused(visitor.renew(token, scope="observations:read"), "invalid_scope")


def test_a_refresh_token_is_its_clients_alone(visitor: Visitor) -> None:
    token = visitor.signed_in()
    refused(visitor.renew(token, client_id=None, auth=SERVICE), "invalid_grant")
    refused(visitor.renew({"refresh_token": "made-up"}), "invalid_grant")
    assert visitor.renew(token).status_code == 200


# Revocation (RFC 7009)


def test_revoking_an_access_token_ends_it_alone(visitor: Visitor) -> None:
    token = visitor.signed_in()
    assert visitor.revoke(token["access_token"]).status_code == 200
    assert not is_live(visitor, token)
    assert is_live(visitor, visitor.renew(token).json())


def test_revoking_a_refresh_token_ends_the_sign_in(visitor: Visitor) -> None:
    token = visitor.signed_in()
    reply = visitor.revoke(token["refresh_token"], token_type_hint="refresh_token")
    assert reply.status_code == 200
    assert not is_live(visitor, token)
    refused(visitor.renew(token), "invalid_grant")


def test_nobody_revokes_what_another_client_was_given(visitor: Visitor) -> None:
    token = visitor.signed_in()
    for value in (token["access_token"], token["refresh_token"], "made-up"):
        form = {"client_id": SERVICE[0], "client_secret": SERVICE[1], "token": value}
        assert visitor.post("/revoke", form).status_code == 200
    assert is_live(visitor, token)
    assert visitor.renew(token).status_code == 200


def test_who_revokes_says_who_it_is(visitor: Visitor) -> None:
    assert visitor.revoke("x", client_id="nobody").status_code == 401
