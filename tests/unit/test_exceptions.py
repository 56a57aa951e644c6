"""Every error is ours, and its counterpart elsewhere as well."""

from __future__ import annotations

import builtins
import pickle
import traceback
from typing import Any

import oauthlib.oauth2
import pytest
import requests
import requests_oauthlib
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

import nb_oauth
from nb_oauth import exceptions
from nb_oauth.exceptions import TokenError, in_terms_of
from nb_oauth.masking import excerpt

COUNTERPARTS = {
    "ConfigurationError": builtins.ValueError,
    "LoginTimeout": builtins.TimeoutError,
    "InsecureTransportError": oauthlib.oauth2.InsecureTransportError,
    "AuthorizationError": oauthlib.oauth2.OAuth2Error,
    "StateMismatchError": oauthlib.oauth2.MismatchingStateError,
    "TokenError": oauthlib.oauth2.OAuth2Error,
    "TokenExpiredError": oauthlib.oauth2.TokenExpiredError,
    "TokenUpdated": requests_oauthlib.TokenUpdated,
}
CODES = {
    "StateMismatchError": "mismatching_state",
    "InsecureTransportError": "insecure_transport",
    "TokenExpiredError": "token_expired",
    "TokenUpdated": "token_updated",
}


def made(name: str) -> Any:
    kind = getattr(exceptions, name)
    return kind({"access_token": "s3cret"}) if name == "TokenUpdated" else kind("what to do")


@pytest.mark.parametrize("name", exceptions.__all__)
def test_every_error_is_ours_and_its_counterpart(name: str) -> None:
    error = made(name)
    assert isinstance(error, nb_oauth.OAuthError)
    assert isinstance(error, COUNTERPARTS.get(name, Exception))


@pytest.mark.parametrize("name", exceptions.__all__)
def test_every_error_says_just_what_it_was_given(name: str) -> None:
    said = str(made(name))
    assert said == "what to do" or name == "TokenUpdated"
    assert "s3cret" not in said + repr(made(name))


HOSTILE = "no\x1b]0;pwned\x07\u202e\r\n\x9b2Jfine"


@pytest.mark.parametrize("name", sorted({*exceptions.__all__} - {"TokenUpdated"}))
def test_no_error_shows_more_than_text_wherever_it_is_shown(name: str) -> None:
    error = getattr(exceptions, name)(HOSTILE)
    shown = [str(error), repr(error), *error._render_traceback_()]
    shown += traceback.format_exception_only(error)
    assert str(error) == "no]0;pwned 2Jfine"
    assert [one for one in shown if not one.rstrip("\n").isprintable()] == []


def test_nor_does_one_that_is_somebody_else_s_as_well() -> None:
    for theirs in (requests.ConnectionError(), CustomOAuth2Error("any")):
        for ours in (TokenError, exceptions.OAuthError):
            if ours is TokenError or isinstance(theirs, requests.RequestException):
                assert str(in_terms_of(ours, theirs, HOSTILE)) == "no]0;pwned 2Jfine"


def test_what_a_provider_answers_is_text_alone_in_every_member() -> None:
    error = TokenError("any", error=HOSTILE, error_description=excerpt(HOSTILE))
    assert (error.error, error.error_description) == ("no]0;pwned 2Jfine",) * 2


@pytest.mark.parametrize("name", exceptions.__all__)
def test_every_error_has_its_code(name: str) -> None:
    assert made(name).error == CODES.get(name)


@pytest.mark.parametrize("name", exceptions.__all__)
def test_every_error_survives_a_journey_to_another_process(name: str) -> None:
    there = pickle.loads(pickle.dumps(made(name)))  # noqa: S301 - our own
    assert (type(there), str(there)) == (type(made(name)), str(made(name)))


@pytest.mark.parametrize("name", ["LoginPending", "LoginRequired", "LoginCancelled"])
def test_what_stops_a_cell_shows_as_one_line(name: str) -> None:
    assert made(name)._render_traceback_() == [f"{name}: what to do"]


def test_a_notebook_shows_what_is_wrong_and_the_callers_line() -> None:
    with pytest.raises(nb_oauth.ConfigurationError) as wrong:
        nb_oauth.Client("")
    said, where = wrong.value._render_traceback_()
    assert said.startswith("ConfigurationError: Client(…) needs the client_id")
    assert where.endswith(': nb_oauth.Client("")')


def test_an_error_that_the_caller_raises_shows_what_it_says() -> None:
    with pytest.raises(nb_oauth.ConfigurationError) as wrong:
        raise nb_oauth.ConfigurationError("their own words")
    assert wrong.value._render_traceback_() == ["ConfigurationError: their own words"]


def test_where_no_code_is_known_none_is_shown() -> None:
    with pytest.raises(nb_oauth.ConfigurationError) as wrong:
        exec("nb_oauth.Client('')", {"nb_oauth": nb_oauth})  # noqa: S102 - code in no file
    assert len(wrong.value._render_traceback_()) == 1


def test_an_expired_token_says_what_to_do_by_itself() -> None:
    assert "Sign in again" in str(nb_oauth.TokenExpiredError())


def test_a_renewed_token_is_in_the_error() -> None:
    assert nb_oauth.TokenUpdated({"access_token": "a"}).token == {"access_token": "a"}


def test_status_and_code_are_the_providers() -> None:
    error = TokenError("no", error="invalid_grant", status=400)
    assert (error.error, error.status, error.status_code) == ("invalid_grant", 400, 400)


@pytest.mark.parametrize(
    "theirs",
    [
        oauthlib.oauth2.InvalidGrantError(),
        oauthlib.oauth2.MissingTokenError(),
        CustomOAuth2Error(error="own"),
        requests.ConnectTimeout("s3cret"),
        requests.exceptions.SSLError("s3cret"),
    ],
)
def test_an_error_in_terms_of_oauthlibs_is_caught_as_either(theirs: Exception) -> None:
    error = in_terms_of(TokenError, theirs, "no", error="invalid_grant", status=400)
    assert isinstance(error, TokenError)
    assert isinstance(error, type(theirs))
    assert (str(error), error.error, error.status) == ("no", "invalid_grant", 400)


def test_an_error_that_is_theirs_already_needs_no_new_class() -> None:
    assert type(in_terms_of(TokenError, oauthlib.oauth2.OAuth2Error(), "no")) is TokenError


def test_an_error_that_takes_no_code_goes_with_theirs_too() -> None:
    error = in_terms_of(nb_oauth.OAuthError, requests.HTTPError(), "no")
    there = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert isinstance(there, nb_oauth.OAuthError)
    assert isinstance(there, requests.HTTPError)
    assert str(there) == "no"


def test_what_the_provider_said_survives_a_journey_to_another_process() -> None:
    theirs = oauthlib.oauth2.InvalidGrantError()
    error = in_terms_of(TokenError, theirs, "no", error_description="too old")
    there = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert there.error_description == "too old"
    assert TokenError("no").error_description is None


def test_an_error_in_terms_of_oauthlibs_survives_a_journey_to_another_process() -> None:
    error = in_terms_of(TokenError, CustomOAuth2Error(error="own"), "no", error="own", status=400)
    there = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert isinstance(there, TokenError)
    assert isinstance(there, CustomOAuth2Error)
    assert (str(there), there.error, there.status) == ("no", "own", 400)
