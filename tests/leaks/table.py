"""Which kinds of secret were searched for at which place: how many of them, and how many found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.leaks.places import KINDS, MOMENTS, PLACES, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.report import Noted

TITLE = "secrets found / searched for"
NAME, CELL = 26, 16  # characters


def as_table(noted: Sequence[Noted]) -> tuple[list[str], list[str]]:
    """Make the table; returns its lines, and what was found or not searched for."""
    lines, wrong = [_row("", KINDS)], []
    for place in PLACES:
        cells = [_cell(place, kind, noted) for kind in KINDS]
        lines.append(_row(place.name, cells))
        wrong += [
            f"{kind}, {place.name}: {cell}"
            for kind, cell in zip(KINDS, cells, strict=True)
            if not cell.startswith(("0 ", "–"))
        ]
    told = (
        f"– {', '.join(sorted(place.shows))}, {place.name}: {place.why}"
        for place in PLACES
        if place.shows
    )
    moments, never = _by_moment(noted)
    return [*lines, *told, *moments], wrong + never


def _by_moment(noted: Sequence[Noted]) -> tuple[list[str], list[str]]:
    """How many places were searched when a sign-in had come that far, and where something was."""
    lines, wrong = [], []
    for moment in MOMENTS:
        then = [one.searched for one in noted if moment in one.moments]
        places = {name for searched in then for name in searched}
        found = sum(
            count for searched in then for kinds in searched.values() for _, count in kinds.values()
        )
        cell = f"{found} / {len(places)} places" if places else "MISSING"
        lines.append(_row(f"when {moment}", [cell]))
        if found or not places:
            wrong.append(f"{moment}: {cell}")
    return lines, wrong


def _cell(place: Place, kind: str, noted: Sequence[Noted]) -> str:
    if kind in place.shows:
        return "–"
    sums: Counter[str] = Counter()
    for one in noted:
        looked, found = one.searched.get(place.name, {}).get(kind, (0, 0))
        sums.update(looked=looked, found=found)
    return f"{sums['found']} / {sums['looked']}" if sums["looked"] else "MISSING"


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:{NAME}}" + "".join(f"{cell:{CELL}}" for cell in cells).rstrip()
