"""What it costs to look at a stored token, and whether others beside it matter."""

from __future__ import annotations

from statistics import median
from timeit import repeat
from typing import TYPE_CHECKING

from nb_oauth import FileTokenStore
from nb_oauth.tokens import TokenKey

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.figures import Figures

MANY = 10_000
LOOKS = 2_000
TOKEN = {"access_token": "a" * 40, "refresh_token": "r" * 40, "expires_at": 9e9}


def key(number: int) -> TokenKey:
    return TokenKey(f"https://provider{number}.example", "app", "authorization_code")


def microseconds(store: FileTokenStore) -> float:
    store.load(key(0))
    taken = repeat(lambda: store.load(key(0)), number=LOOKS, repeat=9)
    return median(taken) / LOOKS * 1e6


def test_a_look_at_an_unchanged_token(figures: Figures, tmp_path: Path) -> None:
    one, many = FileTokenStore(tmp_path / "one"), FileTokenStore(tmp_path / "many")
    one.save(key(0), TOKEN)
    for number in range(MANY):
        many.save(key(number), TOKEN)
    section = "a look at a stored token that did not change"
    alone, among = microseconds(one), microseconds(many)
    figures.add(section, "the only one", f"{alone:.1f} us", "10 us")
    figures.add(section, f"one of {MANY:,}", f"{among:.1f} us", "10 us", f"x {among / alone:.2f}")
