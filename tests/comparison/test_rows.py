"""Every row is compared, and a row that is no longer true is noticed."""

from __future__ import annotations

import pytest
import requests_oauthlib

from tests.comparison import (  # noqa: F401 - each says which rows it is of
    test_at_the_judge,
    test_renewal,
    test_requests,
    test_secrets,
    test_tokens,
)
from tests.comparison.rows import (
    LOOKED_AT,
    MENDED,
    ROWS,
    SAME,
    as_table,
    judge_theirs,
    rows_with_a_test,
)
from tests.comparison.sides import OPENED, OURS, THEIRS, error_of

ERROR = ValueError("no such thing\nand more")


def test_every_row_has_a_test() -> None:
    assert rows_with_a_test() == set(ROWS) == set(range(1, 27))


def test_theirs_fails_in_the_words_of_the_row() -> None:
    assert judge_theirs(ERROR, "^ValueError: no such thing$") == "ValueError: no such thing"
    assert judge_theirs(AssertionError("is gone\nassert x"), "^is gone$") == "is gone"


def test_a_failure_for_another_reason_is_none_of_the_row() -> None:
    with pytest.raises(AssertionError, match="not what the row names"):
        judge_theirs(ERROR, "^TypeError")


def test_what_they_mended_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_oauthlib, "__version__", LOOKED_AT)
    with pytest.raises(AssertionError, match="passes: this row is not true"):
        judge_theirs(None, "anything")
    monkeypatch.setattr(requests_oauthlib, "__version__", "2.1.0")
    assert judge_theirs(None, "anything") == MENDED


def test_the_table_says_the_worst_of_each_row() -> None:
    lines = as_table(
        {
            (1, THEIRS): [SAME, "posts json"],
            (1, OURS): ["ok"],
            (1, OPENED): ["FAILED", "ok"],
            (2, THEIRS): [SAME],
            (2, OURS): [SAME],
            (3, OPENED): [SAME, "ok"],
        }
    )
    assert [line.split("  ")[-1].strip() for line in lines[:4]] == [
        "FAILED",
        "same",
        "ok",
        "not run",
    ]
    assert "posts json" in lines[0]
    assert len(lines) == len(ROWS)


def test_an_error_is_returned_and_no_error_is_none() -> None:
    assert isinstance(error_of(int, "x"), ValueError)
    assert error_of(int, "1") is None
