"""What the token endpoint answers: a token, or an error that says what it was."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from oauthlib.oauth2 import (
    InvalidGrantError,
    MissingTokenError,
    OAuth2Error,
    WebApplicationClient,
)
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from nb_oauth import OAuthError, TokenError
from nb_oauth.token_responses import read_token_response


@dataclass
class Answer:
    """As much of a ``requests.Response`` as is read."""

    text: str
    status_code: object = 200
    headers: object = field(default_factory=lambda: {"Content-Type": "application/json"})


def read(answer: object, scope: str | None = None, sent: tuple[str, ...] = ()) -> dict[str, object]:
    return dict(read_token_response(WebApplicationClient("app"), answer, scope, sent))


def failure(answer: object, sent: tuple[str, ...] = ()) -> Any:
    with pytest.raises(TokenError) as raised:
        read(answer, sent=sent)
    return raised.value


# -- tokens -------------------------------------------------------------------------------------


def test_a_form_encoded_token_is_a_token() -> None:
    token = read(Answer("access_token=a&token_type=bearer&scope=x&expires_in=60"))
    assert (token["access_token"], token["scope"], token["expires_in"]) == ("a", ["x"], 60)


@pytest.mark.parametrize("granted", ["a", "a b c", "c"])
def test_another_scope_than_asked_for_is_accepted(granted: str) -> None:
    token = read(Answer(json.dumps({"access_token": "t", "scope": granted})), scope="a b")
    assert (token["access_token"], token["scope"]) == ("t", granted.split())


def test_members_of_the_providers_own_are_kept() -> None:
    assert read(Answer('{"access_token": "t", "team": {"id": 3}}'))["team"] == {"id": 3}


@pytest.mark.parametrize(
    ("written", "lifetime"),
    [
        ("3600", 3600),
        ('"3600"', 3600),
        ('"3600.5"', 3600),
        ("3600.5", 3600),
        ('" 60 "', 60),
        ("-30", -30),
        ('"-30"', -30),
        ("0", 0),
        ("1e3", 1000),
    ],
)
def test_a_life_is_read_however_it_is_written(written: str, lifetime: int) -> None:
    token = read(Answer(f'{{"access_token": "t", "expires_in": {written}}}'))
    assert token["expires_in"] == lifetime
    assert isinstance(token["expires_in"], int)


@pytest.mark.parametrize(
    "written",
    ['""', '"never"', "1e400", "-1e400", "NaN", "true", "false", "null", "[]", "{}", "1e30"],
)
def test_a_life_that_cannot_be_read_is_unknown_and_never_raises(written: str) -> None:
    token = read(Answer(f'{{"access_token": "t", "expires_in": {written}}}'))
    assert token == {"access_token": "t"}


def test_a_life_that_cannot_be_read_in_a_form_is_unknown_too() -> None:
    assert read(Answer("access_token=t&expires_in=never")) == {"access_token": "t"}


def test_the_client_learns_nothing_from_an_answer_that_is_refused() -> None:
    client = WebApplicationClient("app", token={"access_token": "good"})
    answer = Answer('{"access_token": "bad"}', 500)
    with pytest.raises(TokenError):
        read_token_response(client, answer, None)
    assert (client.access_token, client.token) == ("good", {"access_token": "good"})


# -- errors of RFC 6749 §5.2 --------------------------------------------------------------------


def test_an_error_is_ours_and_oauthlibs() -> None:
    error = failure(Answer('{"error": "invalid_grant", "error_description": "too old"}', 400))
    assert all(isinstance(error, kind) for kind in (InvalidGrantError, OAuthError))
    assert (error.error, error.status) == ("invalid_grant", 400)
    assert str(error) == "The token endpoint answered invalid_grant (too old)."


def test_an_error_without_description_is_short() -> None:
    error = failure(Answer('{"error": "server_error"}', 500))
    assert str(error) == "The token endpoint answered server_error."


def test_an_error_of_the_providers_own_keeps_its_code() -> None:
    error = failure(Answer('{"error": "bad_verification_code"}', 200))
    assert isinstance(error, CustomOAuth2Error)
    assert error.error == "bad_verification_code"


@pytest.mark.parametrize("empty", ["null", '""', "{}", "[]", "false"])
@pytest.mark.parametrize("lifetime", ["", ', "expires_in": 60.5'])
def test_an_empty_error_beside_a_token_is_none(empty: str, lifetime: str) -> None:
    token = read(Answer(f'{{"access_token": "t", "error": {empty}{lifetime}}}'))
    assert token["access_token"] == "t"
    assert "error" not in token


def test_an_empty_error_alone_is_no_token() -> None:
    assert isinstance(failure(Answer('{"error": ""}', 400)), MissingTokenError)


@pytest.mark.parametrize(
    ("theirs", "code", "words"),
    [
        ({"message": "bad", "type": "OAuthException", "code": 100}, "OAuthException", " (bad)"),
        ({"message": "bad", "status": "INVALID_ARGUMENT", "code": 4}, "INVALID_ARGUMENT", " (bad)"),
        ({"code": 100}, "100", ""),
        ({"message": "bad"}, "error", " (bad)"),
    ],
)
def test_an_error_that_is_an_object_is_read(theirs: object, code: str, words: str) -> None:
    error = failure(Answer(json.dumps({"error": theirs}), 400))
    assert error.error == code
    assert str(error) == f"The token endpoint answered {code}{words}."


def test_what_the_provider_said_is_kept_for_itself() -> None:
    said = '{"error": "invalid_grant", "error_description": "the code c0de-123 is old."}'
    assert failure(Answer(said, 400), ("c0de-123",)).error_description == "the code ••• is old"
    assert failure(Answer('{"error": "invalid_grant"}', 400)).error_description is None


def test_what_a_provider_says_of_an_error_is_text_alone() -> None:
    said = '{"error": "invalid\\u001b[2J_grant", "error_description": "old\\u202e\\n\\u0007code"}'
    error = failure(Answer(said, 400))
    assert (error.error, error.error_description) == ("invalid[2J_grant", "old code")
    assert str(error).startswith("The token endpoint answered invalid[2J_grant (old code).")


def test_an_error_that_repeats_a_secret_is_masked() -> None:
    text = json.dumps({"error": "invalid_grant", "error_description": "code c0de-123 is old"})
    assert "c0de" not in str(failure(Answer(text, 400), ("c0de-123",)))


# -- what is no answer (row 11) -----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "<html>Bad gateway</html>", "[]", "null", "3", '"text"', "{}", '{"access_token": ""}'],
)
@pytest.mark.parametrize("status", [200, 302, 500])
def test_what_is_no_token_is_a_token_error_with_its_status(text: str, status: int) -> None:
    error = failure(Answer(text, status, {"Content-Type": "text/html"}))
    assert error.status == status
    assert f"(HTTP {status} text/html)" in str(error)
    assert repr(text)[1:-1] in str(error)
    assert isinstance(error, MissingTokenError)


@pytest.mark.parametrize("status", [400, 401, 403, 500, 503])
def test_a_token_with_an_error_status_is_none(status: int) -> None:
    error = failure(Answer('{"access_token": "t0ken-1", "token_type": "bearer"}', status))
    assert error.status == status
    assert "t0ken" not in str(error)


def test_an_answer_is_quoted_briefly() -> None:
    assert len(str(failure(Answer("x" * 10_000, 500)))) < 500


@pytest.mark.parametrize("answer", [Answer("", "mock", None), type("Bare", (), {"text": ""})()])
def test_an_answer_needs_no_more_than_a_text(answer: object) -> None:
    error = failure(answer)
    assert error.status is None
    assert "no details" in str(error)


def test_where_the_error_came_from_holds_no_secret() -> None:
    error = failure(Answer("access_token=&refresh_token=s3cret", 500))
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert isinstance(error, OAuth2Error)
