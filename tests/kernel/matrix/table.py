"""The tables at the end: ipykernel and Python × what came of a waiting cell, one for each mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.kernel.matrix.runs import Result

T = TypeVar("T")

WIDTH = 155
_FIRST, _OTHERS = 29, 13

Key = tuple[str, str, str, str, str]
"""What the row calls the ipykernel, the Python, the shell, the mode and the outcome."""


def as_table(results: Mapping[Key, Result | str], repeats: int) -> tuple[list[str], list[str]]:
    """The tables of all modes, and what is wrong.

    Args:
        results: what came of each cell, or why there is nothing: one that is to be had is not
            left out.
        repeats: how often each was to be run.
    """
    lines: list[str] = []
    reasons: list[str] = []
    outcomes = _unique(key[4] for key in results)
    for shell, mode in _unique(key[2:4] for key in results):
        head = "".join(f"{outcome:>{_OTHERS}}" for outcome in outcomes)
        lines += [
            "",
            f" {shell}, {mode} ".center(WIDTH, "-"),
            f"{'ipykernel, Python':{_FIRST}}{head}",
        ]
        for row in _unique(key[:2] for key in results):
            cells = [results.get((*row, shell, mode, outcome)) for outcome in outcomes]
            shown = "".join(f"{_shown(cell, repeats, reasons):>{_OTHERS}}" for cell in cells)
            lines.append(f"{', '.join(row):{_FIRST}}{shown}")
    wrong = [
        f"{result.name}: {result.ok} of {repeats} were right"
        for result in results.values()
        if not isinstance(result, str) and result.ok != repeats
    ]
    lines += ["", *(f"{_mark(number)} {reason}" for number, reason in enumerate(reasons))]
    return lines, wrong


def _shown(cell: Result | str | None, repeats: int, reasons: list[str]) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        if cell not in reasons:
            reasons.append(cell)
        return f"–{_mark(reasons.index(cell))}"
    if cell.ok == repeats:
        return str(cell.ok)
    return f"{cell.ok} ok, {len(cell.failures)} !"


def _mark(number: int) -> str:
    return "¹²³⁴⁵⁶⁷⁸⁹"[number]


def _unique(values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))
