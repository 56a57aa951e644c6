"""A line as it is typed or pasted: bytes in, text out, and what of it is seen meanwhile."""

import itertools
import re
import sys
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)  # arrows, marks of a paste
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_END_OF_FILE = 0x04
_ERASE = (0x08, 0x7F)
_ERASE_LINE = 0x15
_LINE_ENDS = (0x0A, 0x0D)


class Line:
    """A line that is typed or pasted, as far as it has come.

    Args:
        skips_empty: whether what came together may begin with empty lines, as pasted text does.
        encoding: what the terminal makes bytes of letters by.
    """

    def __init__(self, *, skips_empty: bool = False, encoding: str = "utf-8") -> None:
        self._typed = bytearray()
        self._skips_empty = skips_empty
        self._encoding = encoding
        self.rest = b""
        """What came together with the line, and stands behind its end."""

    def take(self, typed: bytes) -> str | None:
        """Take what was typed; return the line if that ends it.

        Raises:
            EOFError: Ctrl-D on an empty line.
        """
        for position, one in enumerate(typed, 1):
            if one in _LINE_ENDS:
                self.rest = typed[position:]
                if self.text.strip() or not (self._skips_empty and self.rest.strip()):
                    return self.text
                self._typed.clear()
            elif one == _END_OF_FILE and not self._typed:
                raise EOFError
            else:
                self._edit(one)
        return None

    @property
    def text(self) -> str:
        """What is there of it, without what moves a cursor."""
        text = self._typed.decode(self._encoding, "replace")
        return _CONTROLS.sub("", _ESCAPES.sub("", text))

    def _edit(self, one: int) -> None:
        if one in _ERASE:
            left = self._typed.decode(self._encoding, "replace")[:-1]
            self._typed = bytearray(left.encode(self._encoding, "replace"))
        elif one == _ERASE_LINE:
            self._typed.clear()
        else:
            self._typed.append(one)


class Reading(ABC):
    """Reads line by line what arrives in pieces.

    Args:
        encoding: that of what is typed.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._rest = b""  # such as the password that was pasted together with a name

    @abstractmethod
    def _more(self) -> bytes | None:
        """Return what was typed next; None when woken.

        Raises:
            EOFError: there will be no more.
        """

    def read_secret(self, *, skips_empty: bool = False) -> str | None:
        """Return the next line; None when woken. It does not show."""
        return self._read(Line(skips_empty=skips_empty, encoding=self._encoding), _hide)

    def read_name(self) -> str | None:
        """Return the next line, which shows as it is typed; None when woken."""
        line = Line(encoding=self._encoding)
        name = self._read(line, Echo().show)
        self._rest = line.rest.lstrip(b"\r\n")
        return name

    def _read(self, line: Line, show: Callable[[str], None]) -> str | None:
        typed: bytes | None
        typed, self._rest = self._rest, b""
        while typed is not None:
            text = line.take(typed)
            if text is not None:
                show(f"{text}\n")
                return text
            show(line.text)
            typed = self._more()
        return None

    def _forget_rest(self) -> None:
        self._rest = b""


class Echo:
    """What is seen of a line while it is typed."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, text: str) -> None:
        """Show ``text`` where the text before it stands."""
        sys.stderr.write(redrawn(self._shown, text))
        sys.stderr.flush()
        self._shown = text


def _hide(_: str) -> None:
    """Show nothing of a secret."""


def redrawn(before: str, now: str) -> str:
    """Return what to write to a terminal that shows ``before``, so that it shows ``now``."""
    pairs = itertools.zip_longest(before, now)
    same = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))
    columns = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in before[same:])
    return "\b \b" * columns + now[same:]
