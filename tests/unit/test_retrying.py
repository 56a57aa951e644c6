"""Which errors of a token endpoint pass, and how long to wait for that."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from nb_oauth import ConfigurationError, TokenError
from nb_oauth.exceptions import in_terms_of
from nb_oauth.retrying import LONGEST, Patience, in_words, is_transient, seconds_in
from nb_oauth.stores import locks
from nb_oauth.token_requests import DEFAULT_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_000_000_000.0  # Sun, 09 Sep 2001 01:46:40 GMT
DATE = "Sun, 09 Sep 2001 01:46:40 GMT"


def answered(status: int, error: str | None = None) -> TokenError:
    return TokenError("it said", status=status, error=error)


def unanswered(kind: type[requests.RequestException], *, was_sent: bool = True) -> TokenError:
    return in_terms_of(TokenError, kind(), "no answer", was_sent=was_sent)


# -- what passes --------------------------------------------------------------------------------

# The error, whether it passes for a refresh token, and whether for client credentials.
ERRORS = {
    "nobody listened": (unanswered(requests.ConnectionError, was_sent=False), True, True),
    "nobody let us in": (unanswered(requests.ConnectTimeout, was_sent=False), True, True),
    "the connection broke": (unanswered(requests.ConnectionError), False, True),
    "no answer came": (unanswered(requests.ReadTimeout), False, True),
    "nobody to trust": (unanswered(requests.exceptions.SSLError), False, False),
    "an address that is none": (unanswered(requests.exceptions.InvalidURL), False, False),
    "429": (answered(429), True, True),
    "429, in words of its own": (answered(429, "rate_limit_exceeded"), True, True),
    "503": (answered(503), True, True),
    "500": (answered(500), True, True),
    "502": (answered(502), True, True),
    "504": (answered(504), False, True),
    "server_error": (answered(400, "server_error"), True, True),
    "temporarily_unavailable": (answered(400, "temporarily_unavailable"), True, True),
    "slow_down": (answered(400, "slow_down"), True, True),
    "a no with a 500": (answered(500, "invalid_grant"), False, False),
    "a no": (answered(400, "invalid_client"), False, False),
    "a page": (answered(200), False, False),
    "a redirect": (answered(302), False, False),
    "not for us to say": (ConfigurationError("no key"), False, False),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_passes_where_asking_again_may_help_and_does_no_harm(name: str) -> None:
    error, for_refresh_token, for_client_credentials = ERRORS[name]
    assert is_transient(error, may_be_repeated=False) == for_refresh_token
    assert is_transient(error, may_be_repeated=True) == for_client_credentials


# -- patience -----------------------------------------------------------------------------------


def answers(*outcomes: Exception | str) -> Callable[[], str]:
    left = list(outcomes)

    def ask() -> str:
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return ask


def test_it_asks_until_there_is_an_answer_ever_later() -> None:
    pauses: list[float] = []
    ask = answers(*[answered(503)] * 4, "a token")
    assert Patience(pause=pauses.append).ask(ask, may_be_repeated=False) == "a token"
    assert all(
        0.75 * whole <= one <= whole for one, whole in zip(pauses, (0.5, 1, 2, 4), strict=True)
    )


def test_what_does_not_pass_is_raised_at_once() -> None:
    pauses: list[float] = []
    with pytest.raises(TokenError, match="it said"):
        Patience(pause=pauses.append).ask(answers(answered(400, "no")), may_be_repeated=False)
    assert pauses == []


def test_it_ends() -> None:
    pauses: list[float] = []
    patience = Patience(pause=pauses.append)
    with pytest.raises(TokenError, match="it said"):
        patience.ask(answers(*[answered(503)] * 20), may_be_repeated=False)
    assert LONGEST - 4 < sum(pauses) <= LONGEST
    assert patience.has_waited


def test_without_any_it_asks_once() -> None:
    patience = Patience(0, pause=lambda _: pytest.fail("it waits"))
    with pytest.raises(TokenError, match="it said"):
        patience.ask(answers(answered(503), "a token"), may_be_repeated=False)
    assert not patience.has_waited


def test_time_spent_on_asking_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, LONGEST])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    patience = Patience(pause=lambda _: pytest.fail("it waits"))
    with pytest.raises(TokenError, match="it said"):
        patience.ask(answers(answered(503), "a token"), may_be_repeated=False)


@pytest.mark.parametrize(("asked_for", "outcome"), [(7.0, "a token"), (16.0, "it said")])
def test_it_waits_as_long_as_it_is_asked_to_or_not_at_all(asked_for: float, outcome: str) -> None:
    pauses: list[float] = []
    busy = TokenError("it said", status=503, retry_after=asked_for)
    ask = answers(busy, "a token")
    try:
        said = Patience(pause=pauses.append).ask(ask, may_be_repeated=False)
    except TokenError as error:
        said = str(error)
    assert said == outcome
    assert pauses == ([asked_for] if outcome == "a token" else [])


def test_ctrl_c_ends_it() -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        Patience(pause=interrupt).ask(answers(answered(503)), may_be_repeated=False)
    assert raised.value.__context__ is None  # nor does it begin with an error that passes


def test_the_lock_of_a_store_is_waited_for_longer_than_a_renewal_takes() -> None:
    assert LONGEST + sum(DEFAULT_TIMEOUT) < locks.PATIENCE


# -- Retry-After --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "date", "seconds"),
    [
        ("120", None, 120),
        (" 0 ", None, 0),
        ("Sun, 09 Sep 2001 01:47:10 GMT", None, 30),
        ("Sunday, 09-Sep-01 01:47:10 GMT", None, 30),
        ("Sun Sep  9 01:47:10 2001", None, 30),
        ("Sun, 09 Sep 2001 01:00:00 GMT", None, 0),
        # By a clock that is an hour ahead of ours.
        ("Sun, 09 Sep 2001 02:47:10 GMT", "Sun, 09 Sep 2001 02:46:40 GMT", 30),
        ("Sun, 09 Sep 2001 01:47:10 GMT", "a while ago", 30),
        ("9" * 400, None, 1e9),
        ("-5", None, None),
        ("1.5", None, None),
        ("²", None, None),
        ("soon", DATE, None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None, None),
        ("", DATE, None),
        (None, DATE, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    header: str | None, date: str | None, seconds: float | None
) -> None:
    assert seconds_in(header, date, NOW) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (40, "40 s"), (120, "120 s"), (121, "3 min"), (7200, "120 min"), (9000, "3 h")],
)
def test_a_time_is_said_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
