"""The blocks of code in a page of Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One of them: its language, what it says, and in which line of the page it begins."""

    language: str
    code: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Every block of a page, in the order in which people read them."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            found["language"], dedent(found["code"]), text.count("\n", 0, found.start("code")) + 1
        )
        for found in _FENCE.finditer(text)
    ]


def lines_of(block: Block) -> list[str]:
    """The commands of a block for a shell, without comments; one that goes on is one."""
    joined = block.code.replace("\\\n", " ")
    plain = (re.sub(r"\s+#.*|^#.*", "", line).strip() for line in joined.splitlines())
    return [line for line in plain if line]
