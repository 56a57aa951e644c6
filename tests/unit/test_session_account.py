"""What a session says of itself in a cell."""

from __future__ import annotations

import time

import pytest

from nb_oauth import session_account
from nb_oauth.session_account import Account, as_html, as_text


@pytest.fixture(autouse=True)
def _the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(session_account.time, "time", lambda: now)


def account(left: float | None = 100.5, *, renews: bool = True, signed_in: bool = True) -> Account:
    ends_at = None if left is None else time.time() + left
    return Account("Example", ("a", "b"), signed_in, ends_at, renews)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (30.5, "token ends in 30 s ("),
        (119, "token ends in 119 s ("),
        (180.5, "token ends in 3 min ("),
        (7201, "token ends in 2 h ("),
        (3 * 86400 + 1, "token ends in 3 days ("),
        (-1, "token ended: the next request renews it"),
        (None, "token says nothing about its end"),
    ],
)
def test_the_end_of_a_token_is_in_words(left: float | None, words: str) -> None:
    assert words in as_text(account(left))


def test_the_end_of_a_token_that_nothing_renews_has_a_time() -> None:
    assert "token ended at " in as_text(account(-1, renews=False))


def test_one_line_says_it_all() -> None:
    assert as_text(account(None)) == (
        "<OAuth2Session: Signed in to Example · scope a b · token says nothing about its end · "
        "renewal by itself>"
    )


def test_a_token_that_cannot_be_renewed_says_what_to_do() -> None:
    assert "renewal none: sign in again at its end" in as_text(account(renews=False))


def test_without_a_token_there_is_neither_end_nor_renewal() -> None:
    said = as_text(account(signed_in=False))
    assert said == "<OAuth2Session: Not signed in to Example · scope a b>"


def test_nothing_known_is_nothing_said() -> None:
    assert as_text(Account(None, (), False, None, False)) == "<OAuth2Session: Not signed in>"


def test_a_scope_in_the_provider_s_words_is_text_alone() -> None:
    said = as_text(Account("Exa\x07mple", ("a\x1b[2Jb\u202e",), True, None, True))
    assert "Signed in to Example · scope a[2Jb · " in said


def test_html_holds_names_as_text() -> None:
    said = as_html(Account("<script>", ("<b>",), True, None, True))
    assert "<strong>Signed in to &lt;script&gt;</strong>" in said
    assert "&lt;b&gt;" in said
