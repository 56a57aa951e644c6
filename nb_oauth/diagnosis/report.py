"""What ``doctor()`` returns: checks, shown as a table in a cell and as text elsewhere."""

import enum
import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import fill

from nb_oauth.characters import clean

_WIDTH = 100


class Verdict(enum.Enum):
    """What came of a check."""

    FINE = "fine"
    LOOK = "look"
    """It works, with a limit that is good to know."""
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what was looked at.
        verdict: what came of it.
        found: what is there.
        advice: what to do; empty where nothing need be done.
    """

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


class Report:
    """The checks, in the order they were made. Show it in a cell, print it, or go through it."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = tuple(checks)

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong."""
        return not any(check.verdict is Verdict.WRONG for check in self._checks)

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)

    def __len__(self) -> int:
        return len(self._checks)

    def __repr__(self) -> str:
        return "\n".join(map(_as_text, self._checks))

    def _repr_html_(self) -> str:
        rows = "".join(map(_as_row, self._checks))
        return f"<table><tbody>{rows}</tbody></table>"


def _as_text(check: Check) -> str:
    head = f"{check.verdict.value:<8} {check.name}: {clean(check.found)}"
    if not check.advice:
        return head
    indent = " " * 9
    # Neither an address nor a command is of use in two parts.
    return f"{head}\n" + fill(
        clean(check.advice),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _as_row(check: Check) -> str:
    cells = (check.verdict.value, check.name, check.found, check.advice)
    written = (f'<td style="text-align: left">{html.escape(cell)}</td>' for cell in cells)
    return f"<tr>{''.join(written)}</tr>"
