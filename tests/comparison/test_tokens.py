"""What becomes of a token response: rows 8, 10 to 12 and 17."""

from __future__ import annotations

import json
import time
import warnings
from typing import Any

import pytest

from nb_oauth import TokenError
from tests.comparison.rows import row, same
from tests.comparison.sides import OPENED, Side, error_of
from tests.unit.session_stage import Reply, Stage, ending, reply

FETCHED = {"access_token": "fetched-access", "token_type": "Bearer"}
AN_HOUR = 3600


def answer_with(stage: Stage, expires_in: str) -> None:
    """Let the token endpoint answer with ``expires_in`` as it stands there, in JSON."""
    body = json.dumps(FETCHED)[:-1] + f', "expires_in": {expires_in}}}'
    stage.at_token = lambda _: Reply(body)


@row(8, "^sends a token that ended an hour ago$")
def test_a_token_that_was_kept_ends_when_it_would_have_ended(
    side: Side, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun_with = {**FETCHED, "refresh_token": "refresh-0", "expires_in": AN_HOUR}
    kept = json.dumps(side.session(stage.provider, begun_with).token)
    two_hours_on = time.time() + 2 * AN_HOUR
    monkeypatch.setattr(time, "time", lambda: two_hours_on)
    side.session(stage.provider, json.loads(kept)).get(stage.api)
    assert stage.sent_tokens == ["Bearer access-1"], "sends a token that ended an hour ago"


@row(10, "^the token is lost: Warning$")
def test_a_token_for_less_than_was_asked_for_is_a_token(side: Side, stage: Stage) -> None:
    stage.at_token = lambda _: reply(**FETCHED, scope="read")
    session = side.session(stage.provider, scope=["read", "write"])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        error = error_of(session.fetch_token, stage.token_endpoint, code="code")
    assert session.authorized, f"the token is lost: {type(error).__name__}"
    assert session.get(stage.api).ok
    assert session.token["scope"] in ("read", ["read"])
    if side is OPENED:
        assert session.scope == ["read"]
    [warning] = said
    assert "write" in str(warning.message)


@row(10, "^the token is lost: Warning$")
def test_who_wants_the_whole_scope_is_told_and_has_the_token(side: Side, stage: Stage) -> None:
    stage.at_token = lambda _: reply(**FETCHED, scope="read")
    session = side.session(stage.provider, scope=["read", "write"])
    session.strict_scope = True  # theirs knows nothing else
    error = error_of(session.fetch_token, stage.token_endpoint, code="code")
    assert session.authorized, f"the token is lost: {type(error).__name__}"
    assert isinstance(error, TokenError)
    assert "write" in str(error)
    assert session.get(stage.api).ok


PAGE = "<html><title>Down for maintenance</title> code=the-code client_secret=the-secret</html>"


@pytest.mark.parametrize("status", [200, 500])
@row(11, "^says only '\\(missing_token\\) Missing access token parameter.'$")
def test_a_page_from_the_token_endpoint_is_told(side: Side, stage: Stage, status: int) -> None:
    stage.at_token = lambda _: Reply(PAGE, status, {"Content-Type": "text/html"})
    session = side.session(stage.provider)
    how = {"code": "the-code", "client_secret": "the-secret"}
    said = str(error_of(session.fetch_token, stage.token_endpoint, **how))
    for part in (f"HTTP {status}", "text/html", "Down for maintenance"):
        assert part in said, f"says only {said!r}"
    assert not any(secret in said for secret in how.values())


@row(11, "^takes a token from an HTTP 500$")
def test_a_token_in_a_failure_is_none(side: Side, stage: Stage) -> None:
    stage.at_token = lambda _: reply(500, **FETCHED)
    session = side.session(stage.provider)
    error = error_of(session.fetch_token, stage.token_endpoint, code="code")
    assert not session.authorized, "takes a token from an HTTP 500"
    assert "HTTP 500" in str(error)


def lifetime(session: Any) -> float | None:
    """How long the token lives, as the session knows."""
    end = session.token.get("expires_at")
    return None if end is None else end - time.time()


def fetched(side: Side, stage: Stage, expires_in: str) -> Any:
    """A session whose token has ``expires_in`` as it stands there, in JSON."""
    answer_with(stage, expires_in)
    session = side.session(stage.provider)
    error = error_of(session.fetch_token, stage.token_endpoint, code="code")
    assert not error, f"raises {type(error).__name__}"
    return session


@pytest.mark.parametrize("written", ['"3600.5"', '"3.6e3"'])
@row(12, "^raises ValueError$")
def test_a_lifetime_is_read_as_a_number(side: Side, stage: Stage, written: str) -> None:
    assert lifetime(fetched(side, stage, written)) == pytest.approx(AN_HOUR, abs=5)


@pytest.mark.parametrize("written", ["3600", "3600.5", '"3600"'])
@same(12)
def test_a_lifetime_that_is_a_number_is_read(side: Side, stage: Stage, written: str) -> None:
    assert lifetime(fetched(side, stage, written)) == pytest.approx(AN_HOUR, abs=5)


@pytest.mark.parametrize("written", ["-30", '"-30"'])
@same(12)
def test_a_negative_lifetime_means_ended(side: Side, stage: Stage, written: str) -> None:
    assert lifetime(fetched(side, stage, written)) == pytest.approx(-30, abs=5)


@pytest.mark.parametrize("written", ['""', '"never"', "1e400", "true", '"1e400"', "[]", "{}"])
@row(12, "^raises (ValueError|OverflowError)$|^takes it for 1 second$")
def test_a_lifetime_that_is_no_number_is_unknown(side: Side, stage: Stage, written: str) -> None:
    session = fetched(side, stage, written)
    end = lifetime(session)
    assert end is None, f"takes it for {session.token['expires_in']:d} second"
    assert session.get(stage.api).ok


@pytest.mark.parametrize("given", ["3600.5", "", "never", float("inf"), [], {}])
@row(12, "^raises (ValueError|OverflowError)$")
def test_a_token_that_was_kept_may_have_any_lifetime(
    side: Side, stage: Stage, given: object
) -> None:
    token = {**FETCHED, "expires_in": given}

    def use() -> None:
        session = side.session(stage.provider, token)
        session.token = token
        assert "expires_at" not in session.token or given == "3600.5"
        session.get(stage.api)

    error = error_of(use)
    assert not error, f"raises {type(error).__name__}"
    assert stage.sent_tokens == ["Bearer fetched-access"]


@row(17, "^the good token is gone$")
def test_a_failed_fetch_leaves_the_token_that_there_was(side: Side, stage: Stage) -> None:
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    session = side.session(stage.provider, ending(3000))
    assert error_of(session.fetch_token, stage.token_endpoint, code="a-wrong-one")
    session.get(stage.api, withhold_token=not session.token)
    assert stage.sent_tokens == ["Bearer access-0"], "the good token is gone"
