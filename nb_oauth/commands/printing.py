"""What commands print: text alone, whoever has written it.

An error's description, a scope, a name may come from a provider, and what a terminal is sent can do
more than show. So every command's standard output goes through here, and none need think of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from nb_oauth.characters import shown

if TYPE_CHECKING:
    from collections.abc import Iterable


class Printed:
    """A stream that takes lines, and hands on what is shown of each.

    Args:
        stream: where they are printed.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Print ``text``."""
        self._stream.write("\n".join(map(shown, text.split("\n"))))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Print ``lines``."""
        for line in lines:
            self.write(line)
