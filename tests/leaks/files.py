"""Files that grow, and databases: what has come to be in them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Growing:
    """A file that is only ever added to, such as a log.

    Args:
        path: where it is, or will be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = 0

    def skip(self) -> None:
        """Pass over what is in it by now."""
        self._seen = self.path.stat().st_size if self.path.exists() else 0

    def read(self) -> str:
        """Return what has come since."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(self._seen)
            return file.read().decode("utf-8", errors="replace")


def rows_in(database: Path) -> str:
    """All that stands in any table of an SQLite database; a page of its file may end midway."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return "\n".join(
            str(row)
            for (name,) in tables.fetchall()
            for row in connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - its own name
        )
