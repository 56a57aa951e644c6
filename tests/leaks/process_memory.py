"""What stands in the memory of a process, byte for byte: also what nothing refers to any more."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 1 << 24


def found_in(pid: int, texts: list[str]) -> set[str]:
    """Return those of ``texts`` that a process has anywhere in what it can write to.

    Raises:
        OSError: its memory cannot be read; on systems without ``/proc``.
    """
    wanted = {text: text.encode() for text in texts}
    found: set[str] = set()
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for first, last in _areas(pid):
            for piece in _pieces(memory, first, last, max(map(len, wanted.values()))):
                found |= {text for text, its in wanted.items() if its in piece}
    return found


def _areas(pid: int) -> list[tuple[int, int]]:
    areas = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        where, rights, *_ = line.split()
        if rights.startswith("rw"):
            first, _, last = where.partition("-")
            areas.append((int(first, 16), int(last, 16)))
    return areas


def _pieces(memory: IO[bytes], first: int, last: int, overlap: int) -> Iterator[bytes]:
    """Yield an area in pieces that overlap, so that no text is cut in two."""
    with contextlib.suppress(OSError):  # it has been given back meanwhile, or was never used
        while first < last:
            memory.seek(first)
            piece = memory.read(min(PIECE + overlap, last - first))
            if not piece:
                return
            yield piece
            first += PIECE
