"""Every flow, wherever a person may sit: each test says which of these it has done, and how."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.report import Noted

TITLE = "every flow at oidc-provider, wherever a person sits"

FLOWS = (
    CODE,
    IMPLICIT,
    IMPLICIT_ID_TOKEN,
    PASSWORD,
    CLIENT_CREDENTIALS,
    DEVICE,
) = (
    "authorization code",
    "implicit: token",
    "implicit: id_token token",
    "password",
    "client credentials",
    "device",
)
PLACES = (JUPYTERLAB, PLAIN_HTML, TERMINAL, UNATTENDED) = (
    "JupyterLab",
    "plain HTML",
    "terminal (a pty)",
    "unattended",
)
NAME, CELL = 26, 29  # characters
WIDTH = NAME + len(PLACES) * CELL


def signs_in(flow: str, place: str, how: str) -> pytest.MarkDecorator:
    """Mark a test that signs in by ``flow`` at ``place``.

    Args:
        flow: one of ``FLOWS``.
        place: one of ``PLACES``.
        how: what was done for it, in few words.
    """
    assert flow in FLOWS, flow
    assert place in PLACES, place
    return pytest.mark.signs_in(flow, place, how)


def ways_of(item: pytest.Item) -> list[tuple[str, str, str]]:
    """What a test is marked with."""
    return [mark.args for mark in item.iter_markers("signs_in")]  # type: ignore[misc]


def as_table(noted: Sequence[Noted]) -> tuple[list[str], list[str]]:
    """Make the table; returns its lines, and which of its cells are not as they must be."""
    lines, wrong = list(_row("", PLACES)), []
    for flow in FLOWS:
        cells = [_cell(flow, place, noted) for place in PLACES]
        lines += _row(flow, cells)
        wrong += [
            f"{flow}, {place}: {cell}"
            for place, cell in zip(PLACES, cells, strict=True)
            if not cell.startswith(("ok", "SKIPPED"))
        ]
    return lines, wrong


def _cell(flow: str, place: str, noted: Sequence[Noted]) -> str:
    """Say what came of the tests of this cell: the worst, as a table is read for what is wrong."""
    done = [
        (one.outcome, how)
        for one in noted
        for one_flow, one_place, how in one.ways
        if (one_flow, one_place) == (flow, place)
    ]
    outcomes = {outcome for outcome, _ in done}
    if not outcomes:
        return "MISSING"
    if outcomes - {"passed", "skipped"}:
        return "FAILED"
    if "passed" not in outcomes:  # on a machine that lacks a tool; a test of CI fails there
        return "SKIPPED"
    return f"ok: {'; '.join(dict.fromkeys(how for outcome, how in done if outcome == 'passed'))}"


def _row(name: str, cells: Sequence[str]) -> list[str]:
    """A row has as many lines as its longest cell needs."""
    columns = [textwrap.wrap(cell, CELL - 2) for cell in cells]
    rows = zip_longest([name], *columns, fillvalue="")
    return [
        "".join([f"{row[0]:{NAME}}", *(f"{one:{CELL}}" for one in row[1:])]).rstrip()
        for row in rows
    ]
