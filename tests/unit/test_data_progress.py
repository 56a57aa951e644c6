"""A bar for whoever watches: how often it is drawn, and where nobody sees it."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from nb_oauth.data.progress import progress
from nb_oauth.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator


def put_at(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nb_oauth.data.progress.here", lambda: place)


@pytest.mark.parametrize("place", Place)
def test_it_is_shown_where_somebody_watches(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_at(place, monkeypatch)
    with progress(3, show=None, unit="pages", description="Stars") as bar:
        bar.update()
        bar.expect(4, "pages")
    assert ("Stars" in capsys.readouterr().err) is place.is_attended


@pytest.mark.parametrize(("show", "place"), [(False, Place.TERMINAL), (True, Place.ELSEWHERE)])
def test_one_argument_decides(
    show: bool,  # noqa: FBT001 - the example
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_at(place, monkeypatch)
    with progress(3, show=show, unit="pages", description="Stars") as bar:
        bar.update()
    assert ("Stars" in capsys.readouterr().err) is show


def test_where_nobody_watches_tqdm_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with progress(3, show=False, unit="pages", description="Stars") as bar:
        bar.update()


def test_it_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(40, show=True, unit="records", description="Stars") as bar:
        bar.update(40)
    last = capsys.readouterr().err.rpartition("\r")[2]
    assert "Stars: 100%" in last
    assert "40/40" in last
    assert " records/s" in last


def test_a_total_may_come_later(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(None, show=True, unit="records", description="Stars") as bar:
        bar.update(5)
        bar.expect(20, "pages")
        bar.update(5)
    last = capsys.readouterr().err.rpartition("\r")[2]
    assert "50%" in last
    assert "10/20" in last
    assert "pages" in last


def test_it_is_drawn_ten_times_a_second_at_most(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    with progress(10_000, show=True, unit="records", description="Stars") as bar:
        monkeypatch.setattr(bar._bar, "_time", lambda: now[0])  # type: ignore[attr-defined]
        bar._bar.last_print_t = bar._bar.start_t = now[0]  # type: ignore[attr-defined]
        capsys.readouterr()
        for _ in range(2000):
            now[0] += 0.001
            bar.update()
        drawn = capsys.readouterr().err.count("\r")
    assert 18 <= drawn <= 20


def test_it_leaves_no_thread(capsys: pytest.CaptureFixture[str]) -> None:
    before = threading.enumerate()
    with progress(3, show=True, unit="pages", description="Stars") as bar:
        bar.update()
        assert threading.enumerate() == before


def test_who_has_seen_enough_has_not_failed(capsys: pytest.CaptureFixture[str]) -> None:
    def counted() -> Iterator[int]:
        with progress(50, show=True, unit="records", description="Stars") as bar:
            for number in range(50):
                bar.update()
                yield number

    some = counted()
    next(some)
    some.close()  # type: ignore[attr-defined]
    last = capsys.readouterr().err.rpartition("\r")[2]
    assert "1 records" in last
    assert "/50" not in last  # tqdm would call the rest a failure, and in a notebook colour it red
