"""What requests-oauthlib's session gets wrong, row by row, and how a test says which row it is of.

A test is written once and runs with each side. With ours it passes. With theirs it must fail, and
in the words that the test says, so that it fails for the reason the row names and for no other.
A row that they mend one day is noticed: with the version that was looked at as a failure, with a
newer one in the table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests_oauthlib

from tests.comparison.sides import OPENED, OURS, THEIRS, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LOOKED_AT = "2.0.0"
"""The version of requests-oauthlib that has every one of these defects."""
SAME, MENDED = "same", "mended"

ROWS = {
    1: "a renewal takes nothing of the request to the API along",
    2: "the client certificate is shown in every request of the client",
    3: "the client authenticates in a renewal as it did before",
    4: "each answer says anew when the token ends",
    5: "a renewal does not throw the request away",
    6: "twenty threads renew once, and each gets its answer",
    7: "a token is renewed before its end, or when the API refuses it",
    8: "a token that was kept ends when it ended",
    9: "client credentials renew by asking again",
    10: "a token for another scope is not lost",
    11: "an answer that is no token says what it is",
    12: "any expires_in can be read",
    13: "a verifier goes along only if there is one",
    14: "loopback http needs no variable, and none opens all else",
    15: "no request waits for ever",
    16: "a session can be pickled, without what is worth stealing",
    17: "a failure leaves the token that there was",
    18: "no secret is in a log",
    19: "an answer counts once, for its request, from its issuer",
    20: "HTTP Basic is encoded as RFC 6749 says",
    21: "a public client shows no password",
    22: "the caller's headers are his own",
    23: "an implicit answer to another request is named as such",
    24: "the token goes nowhere else",
    25: "no client secret is in an address",
    26: "client_id= and client_secret= mean the same",
}

_WIDTH = 62

Test = Any  # pytest's marks give back what they are given
_marked: set[int] = set()


def row(number: int, theirs: str, *ours: Side) -> Callable[[Test], Test]:
    """The test is of row ``number``. It takes ``side``.

    Args:
        number: which.
        theirs: a regular expression for the words in which it fails with theirs; empty where it
            is the same with both.
        ours: which of our sessions it is about; none given means both kinds.
    """
    _marked.add(number)
    sides = pytest.mark.parametrize("side", [THEIRS, *(ours or (OURS, OPENED))], ids=str)
    marked = pytest.mark.row(number, theirs)
    return lambda test: sides(marked(test))


def same(number: int, *ours: Side) -> Callable[[Test], Test]:
    """The test is of row ``number``, and passes with theirs as well."""
    return row(number, "", *ours)


def rows_with_a_test() -> set[int]:
    return set(_marked)


def judge_theirs(error: BaseException | None, theirs: str) -> str:
    """Return what came of a test with theirs.

    Args:
        error: what it raised; None if nothing.
        theirs: in which words it should.

    Raises:
        AssertionError: it passes, or fails for another reason.
    """
    if error is None:
        version = requests_oauthlib.__version__
        assert version != LOOKED_AT, f"requests-oauthlib {version} passes: this row is not true"
        return MENDED
    said = in_a_few_words(error)
    assert re.search(theirs, said), f"{said!r} is not what the row names ({theirs!r})"
    return said


def in_a_few_words(error: BaseException) -> str:
    """Return the first line of what ``error`` says, and what it is where that says nothing."""
    line = next(iter(str(error).splitlines()), "").removeprefix("AssertionError: ")
    if isinstance(error, AssertionError | pytest.fail.Exception):
        return line
    return f"{type(error).__name__}: {line}".removesuffix(": ")


def as_table(said: Mapping[tuple[int, Side], Sequence[str]]) -> list[str]:
    """Every row: what it is about, whether ours is right, and what theirs does.

    Args:
        said: what came of the tests of a row with a side: words of theirs, or FAILED.
    """
    lines = []
    for number, what in ROWS.items():
        ours = [*said.get((number, OURS), ()), *said.get((number, OPENED), ())]
        theirs = _worst(said.get((number, THEIRS), ()))
        if len(theirs) > _WIDTH:
            theirs = f"{theirs[: _WIDTH - 1]}…"
        lines.append(f"{number:2}  {what:{_WIDTH}}  {theirs:{_WIDTH}}  {_worst(ours)}")
    return lines


def _worst(said: Sequence[str]) -> str:
    """What failed, else what theirs said at first; what both have the same says little."""
    failed = [one for one in said if one.isupper()]
    telling = [one for one in said if one != SAME]
    return (failed or telling or [*said, "not run"])[0]
