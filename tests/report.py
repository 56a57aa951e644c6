"""What the tests of several runs of pytest have noted, and the tables that are made of it.

The browser tests run in a process of their own, and the tables are of them and of the others. So
each run appends what it notes to a file: ``python -m tests.report erase`` begins anew, and
``python -m tests.report show`` prints the tables of all runs since then. It fails where one lacks
something, as ``coverage report`` does: a run of a few tests alone never does.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

NOTED = Path(__file__).parent / "artifacts" / "noted.jsonl"
PROPERTIES = ("ways", "searched", "moments")
WORST_FIRST = ("failed", "skipped", "passed")

Ways = list[tuple[str, str, str]]
"""Each: a flow, where it was done, and how."""
Searched = dict[str, dict[str, tuple[int, int]]]
"""Place → kind of secret → how many were searched for there, and how many found."""


@dataclass(frozen=True)
class Noted:
    """What one test has noted, and what came of it."""

    test: str
    outcome: str
    ways: Ways = field(default_factory=list)
    searched: Searched = field(default_factory=dict)
    moments: list[str] = field(default_factory=list)


class Notes:
    """Puts together what pytest reports of each test; a plugin of it."""

    def __init__(self) -> None:
        self._outcomes: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test is over when it has been cleaned up after: that may fail as well."""
        outcomes = self._outcomes.setdefault(report.nodeid, set())
        outcomes.add(report.outcome)
        if report.when == "teardown":
            noted = dict(report.user_properties)
            known = {name: noted[name] for name in PROPERTIES if noted.get(name)}
            worst = next(one for one in WORST_FIRST if one in outcomes)
            if known:
                _append(Noted(report.nodeid, worst, **known))  # type: ignore[arg-type]


def _append(noted: Noted) -> None:
    NOTED.parent.mkdir(exist_ok=True)
    with NOTED.open("ab", buffering=0) as file:  # in one piece: two runs may append at once
        file.write((json.dumps(asdict(noted)) + "\n").encode())


def all_noted() -> list[Noted]:
    """What each test has noted; the newest, where one ran twice."""
    lines = NOTED.read_text(encoding="utf-8").splitlines() if NOTED.exists() else []
    newest = {one.test: one for one in (Noted(**json.loads(line)) for line in lines)}
    return list(newest.values())


def show(noted: Sequence[Noted]) -> list[str]:
    """Print the tables; returns what is missing or failed."""
    from tests import flows_by_place
    from tests.leaks import table

    wrong: list[str] = []
    for one in (flows_by_place, table):
        lines, missing = one.as_table(noted)
        print(f" {one.TITLE} ".center(flows_by_place.WIDTH, "="), *lines, sep="\n")
        wrong += missing
    return wrong


def main(command: str) -> int:
    if command == "erase":
        NOTED.unlink(missing_ok=True)
        return 0
    wrong = show(all_noted())
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
