"""Reading, dating and identifying a token."""

from __future__ import annotations

import math

import pytest

from nb_oauth import Client, ConfigurationError, Provider, tokens
from nb_oauth.tokens import TokenKey

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3600, 3600),
        (3600.5, 3600.5),
        ("3600", 3600),
        ("3600.5", 3600.5),
        (" -30 ", -30),
        ("1e3", 1000),
        (0, 0),
        (True, None),
        ("", None),
        ("never", None),
        ("1e400", None),
        (math.inf, None),
        (math.nan, None),
        (10**400, None),
        (1e13, None),
        (None, None),
        ([3600], None),
    ],
)
def test_a_number_of_seconds_is_read_as_providers_write_it(value: object, number: object) -> None:
    assert tokens.seconds(value) == number


@pytest.mark.parametrize(
    ("token", "end"),
    [
        ({"expires_in": 60}, NOW + 60),
        ({"expires_in": "-30"}, NOW - 30),
        ({"expires_in": 60, "expires_at": 5}, 5),
        ({"expires_in": 60, "expires_at": "soon"}, NOW + 60),
        ({"expires_in": "never", "expires_at": "soon"}, None),
        ({}, None),
    ],
)
def test_a_token_is_dated(token: dict[str, object], end: float | None) -> None:
    before = dict(token)
    assert tokens.expires_at(tokens.dated(token, NOW)) == end
    assert token == before


def test_what_oauthlib_cannot_read_is_left_out() -> None:
    token = {"access_token": "a", "expires_in": "never", "expires_at": "60.5"}
    assert tokens.readable(token) == {"access_token": "a", "expires_at": 60.5}


@pytest.mark.parametrize(("left", "ended"), [(1, False), (0, True), (-1, True)])
def test_a_token_ends_at_its_end(left: float, *, ended: bool) -> None:
    assert tokens.has_ended({"expires_at": NOW + left}, NOW) is ended


def test_a_token_without_end_neither_ends_nor_is_due() -> None:
    assert not tokens.has_ended({}, NOW)
    assert not tokens.is_due({}, NOW)


@pytest.mark.parametrize(
    ("lifetime", "leeway"),
    [(3600, 30), (300, 30), (100, 10), (10, 1), (0, 0), (-5, 0), (None, 30), ("never", 30)],
)
def test_leeway_is_half_a_minute_and_at_most_a_tenth_of_its_life(
    lifetime: object, leeway: float
) -> None:
    assert tokens.leeway({"expires_in": lifetime}) == leeway


@pytest.mark.parametrize(("left", "due"), [(31, False), (30, True), (-1, True)])
def test_a_token_is_due_within_its_leeway(left: float, *, due: bool) -> None:
    assert tokens.is_due({"expires_at": NOW + left, "expires_in": 3600}, NOW) is due


@pytest.mark.parametrize(
    ("scope", "values"), [(None, []), ("", []), (" a  b ", ["a", "b"]), (("a", "b"), ["a", "b"])]
)
def test_scope_is_one_string_or_several(scope: tokens.Scope, values: list[str]) -> None:
    assert tokens.scope_list(scope) == values


@pytest.mark.parametrize(
    ("said", "asked", "granted"),
    [
        ("a", "a b", ["a"]),
        (["a"], "a b", ["a"]),
        (None, "a b", ["a", "b"]),
        ("", "a b", ["a", "b"]),
        ("repo,gist", "repo gist", ["repo", "gist"]),
        ("one,two", "one,two", ["one,two"]),
    ],
)
def test_what_was_granted_is_what_the_token_says_else_what_was_asked(
    said: object, asked: str, granted: list[str]
) -> None:
    assert tokens.granted_scope({"scope": said}, asked) == granted


def test_a_scope_covers_its_parts() -> None:
    assert tokens.covers("a b c", ["c", "a"])
    assert tokens.covers("a", None)
    assert not tokens.covers("a", "a b")


@pytest.mark.parametrize(
    ("granted", "requested", "missing"),
    [
        ("User.Read", "user.read offline_access", ""),  # Microsoft Entra
        ("user", "user user:email", ""),  # GitHub
        ("https://g.example/userinfo.email openid", "email openid", ""),  # Google
        ("https://g.example/a", "a b", ""),  # as far as anybody knows
        ("a", "a b a:b", "b"),
        ("user:email", "user:email user", "user"),
    ],
)
def test_what_is_missing_is_what_was_asked_for_and_is_under_no_name_there(
    granted: str, requested: str, missing: str
) -> None:
    token = {"access_token": "t", "scope": granted}
    assert tokens.missing_scope(token, requested) == missing.split()
    assert tokens.may_cover(token, requested, requested) == (not missing)


def test_a_token_is_known_by_its_issuer_client_grant_and_account() -> None:
    client = Client("app")
    named = Provider("P", issuer="https://as.example", token_endpoint="https://as.example/t")
    unnamed = Provider("P", token_endpoint="https://as.example/t")
    assert TokenKey.of(named, client, "g", "work") == TokenKey(
        "https://as.example", "app", "g", "work"
    )
    assert TokenKey.of(unnamed, client, "g").issuer == "https://as.example/t"


def test_a_provider_that_nothing_identifies_has_no_key() -> None:
    with pytest.raises(ConfigurationError, match="authorization_endpoint"):
        TokenKey.of(Provider("P"), Client("app"), "g")
