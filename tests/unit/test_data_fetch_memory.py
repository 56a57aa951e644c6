"""A run of any length takes no more memory than a short one."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from nb_oauth import Client, OAuth2Session, Provider
from nb_oauth.data import fetch
from tests.benchmarks.far_away import far_away
from tests.unit.session_stage import ending

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with far_away() as address:
        yield address


SWEEP = [pytest.mark.sweep, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("few", "many", "ordered"),
    [
        (150, 600, True),
        pytest.param(2_000, 20_000, True, marks=SWEEP),
        pytest.param(2_000, 20_000, False, marks=SWEEP),
    ],
)
def test_results_that_are_consumed_as_they_come(
    api: str, few: int, many: int, *, ordered: bool
) -> None:
    _peak(api, few, ordered=ordered)  # what is imported and kept stays
    short = _peak(api, few, ordered=ordered)
    # A late answer keeps others waiting behind it, in one run and not in another; a leak is in all.
    long = min(_peak(api, many, ordered=ordered) for _ in range(3))
    assert long < short + 200_000, f"{short} bytes for {few}, {long} for {many}"


def _peak(api: str, count: int, *, ordered: bool) -> int:
    """The most bytes that a run of so many requests held at a time."""
    provider = Provider("Stage", token_endpoint=f"{api}/token")
    with OAuth2Session.open(provider, Client("app"), token=ending(3600)) as session:
        session.trust_env = False
        urls = (f"{api}/item/{number}" for number in range(count))
        gc.collect()
        tracemalloc.start()
        came = sum(answer.ok for answer in fetch(session, urls, ordered=ordered, progress=False))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert came == count
    return peak
