"""The tables that several runs of pytest add up to: what is missing, and what failed, is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests import flows_by_place, report
from tests.flows_by_place import CODE, DEVICE, FLOWS, PLACES, TERMINAL, signs_in
from tests.leaks import table
from tests.leaks.places import KINDS, LOG, MOMENTS, SCROLLBACK
from tests.leaks.places import PLACES as LEAKS
from tests.report import Noted, Notes

if TYPE_CHECKING:
    from pathlib import Path

EVERY_WAY = [(flow, place, "by hand") for flow in FLOWS for place in PLACES]
NOTHING_FOUND = {place.name: dict.fromkeys(KINDS, (2, 0)) for place in LEAKS}
WHOLE = Noted("test_all", "passed", EVERY_WAY, NOTHING_FOUND, list(MOMENTS))


@pytest.fixture(autouse=True)
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "artifacts" / "noted.jsonl"
    monkeypatch.setattr(report, "NOTED", path)
    return path


def finished(test: str, *outcomes: str, **noted: Any) -> list[pytest.TestReport]:
    return [
        pytest.TestReport(
            nodeid=test,
            location=("", None, ""),
            keywords={},
            outcome=outcome,  # type: ignore[arg-type]
            longrepr=None,
            when=when,  # type: ignore[arg-type]
            user_properties=list(noted.items()) if when == "teardown" else [],
        )
        for when, outcome in zip(
            ("setup", "call", "teardown")[-len(outcomes) :], outcomes, strict=True
        )
    ]


def note(*reports: pytest.TestReport) -> list[Noted]:
    notes = Notes()
    for one in reports:
        notes.pytest_runtest_logreport(one)
    return report.all_noted()


def test_a_whole_table_is_right() -> None:
    lines, wrong = flows_by_place.as_table([WHOLE])
    assert wrong == []
    assert sum(line.count("ok: by hand") for line in lines) == len(FLOWS) * len(PLACES)
    lines, wrong = table.as_table([WHOLE, WHOLE])
    assert wrong == []
    assert sum(line.count("0 / 4") for line in lines) == sum(
        len(KINDS) - len(place.shows) for place in LEAKS
    )


def test_a_cell_that_no_test_has_done_is_missing() -> None:
    without = [way for way in EVERY_WAY if way[:2] != (CODE, TERMINAL)]
    _, wrong = flows_by_place.as_table([replace(WHOLE, ways=without)])
    assert wrong == ["authorization code, terminal (a pty): MISSING"]


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (["passed", "passed"], "ok: in one way; in another"),
        (["passed", "failed"], "FAILED"),
        (["skipped", "failed"], "FAILED"),
        (["passed", "skipped"], "ok: in one way"),
        (["skipped", "skipped"], "SKIPPED"),
    ],
)
def test_a_cell_is_as_good_as_the_worst_of_its_tests(outcomes: list[str], said: str) -> None:
    ways = [[(DEVICE, TERMINAL, how)] for how in ("in one way", "in another")]
    done = [Noted(str(i), *one) for i, one in enumerate(zip(outcomes, ways, strict=True))]
    assert flows_by_place._cell(DEVICE, TERMINAL, done) == said


def test_what_is_shown_on_purpose_is_told_and_not_searched_for() -> None:
    lines, _ = table.as_table([WHOLE])
    (row,) = [line for line in lines if line.startswith(SCROLLBACK.name)]
    assert row.endswith("–")
    assert f"– state, user_code, {SCROLLBACK.name}: {SCROLLBACK.why}" in lines


def test_what_was_found_and_what_was_not_searched_for_is_told() -> None:
    found = {**NOTHING_FOUND, LOG.name: {**NOTHING_FOUND[LOG.name], "code": (2, 1)}}
    del found[LOG.name]["password"]
    _, wrong = table.as_table([replace(WHOLE, searched=found)])
    assert wrong == [
        "password, log records at DEBUG: MISSING",
        "code, log records at DEBUG: 1 / 2",
        *(f"{moment}: 1 / {len(LEAKS)} places" for moment in MOMENTS),
    ]


def test_a_moment_at_which_nothing_was_searched_is_told() -> None:
    _, wrong = table.as_table([replace(WHOLE, moments=list(MOMENTS[1:]))])
    assert wrong == [f"{MOMENTS[0]}: MISSING"]


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        (("passed", "passed", "passed"), "passed"),
        (("passed", "passed", "failed"), "failed"),  # a secret was found when all was over
        (("passed", "failed", "passed"), "failed"),
        (("skipped", "passed"), "skipped"),
    ],
)
def test_what_a_test_notes_counts_with_the_worst_that_came_of_it(
    outcomes: tuple[str, ...], outcome: str
) -> None:
    ways = [(CODE, TERMINAL, "link")]
    (noted,) = note(*finished("test_it", *outcomes, ways=ways, searched={}))
    assert noted == Noted("test_it", outcome, [list(way) for way in ways])  # type: ignore[misc]


def test_a_test_that_notes_nothing_is_none_of_it(noted: Path) -> None:
    assert note(*finished("test_it", "passed", "passed", "passed", ways=[])) == []
    assert not noted.exists()


def test_of_a_test_that_ran_twice_the_newest_counts() -> None:
    ways = [(CODE, TERMINAL, "link")]
    note(*finished("test_it", "passed", "failed", "passed", ways=ways))
    (noted,) = note(*finished("test_it", "passed", "passed", "passed", ways=ways))
    assert noted.outcome == "passed"


def test_it_fails_until_all_is_there(noted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main("show") == 1
    assert "MISSING" in capsys.readouterr().out
    note(
        *finished("test_all", "passed", ways=EVERY_WAY, searched=NOTHING_FOUND, moments=[*MOMENTS])
    )
    assert report.main("show") == 0
    shown = capsys.readouterr().out
    assert flows_by_place.TITLE in shown
    assert table.TITLE in shown
    assert "MISSING" not in shown
    assert json.loads(noted.read_text(encoding="utf-8"))["test"] == "test_all"
    assert report.main("erase") == 0
    assert report.main("erase") == 0
    assert report.main("show") == 1


def test_nobody_can_mark_a_test_with_a_cell_that_is_not_there() -> None:
    with pytest.raises(AssertionError, match="by letter"):
        signs_in("by letter", TERMINAL, "slowly")
    with pytest.raises(AssertionError, match="in bed"):
        signs_in(CODE, "in bed", "quickly")
