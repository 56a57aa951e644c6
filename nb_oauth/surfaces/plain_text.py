"""What a view says, as text for a terminal.

Much of it comes from a provider, and what a terminal is sent can do more than show: no control
character gets through, nor one that changes the order of others.
"""

import io
import os
import sys
from typing import TextIO

from nb_oauth.characters import clean
from nb_oauth.surfaces.contract import Status, View, wants_typing
from nb_oauth.surfaces.questions import registration_lines
from nb_oauth.transport import is_secure

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_CLEAR = "\r\x1b[K"  # what stands in this line
_GOING_ON = {Status.PREPARING, Status.WORKING}
_WHITE_ON_BLACK = "\x1b[97;40m"  # else a QR code is inverted where the background is light


def address_of(view: View) -> str | None:
    """Return the address to open, None where there is none or it is not safe to open."""
    link = view.link
    return link if link and is_secure(link) and clean(link) == link and " " not in link else None


def say_how_to_begin(login: object) -> None:
    """Say what to do with a login that somebody looks at, where there is no widget to show."""
    sys.stderr.write(f"{login!r}: call its wait() to sign in here.\n")


class Style:
    """What a terminal can show.

    Args:
        stream: the terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.columns = _columns(stream)
        self.has_marks = _takes_escapes()
        self._has_blocks = "utf" in (stream.encoding or "").lower()

    def bold(self, text: str) -> str:
        """Return ``text`` so that it stands out."""
        return f"{_BOLD}{text}{_PLAIN}" if self.has_marks else text

    def qr_code(self, address: str) -> str:
        """Return a QR code of ``address``; nothing where the terminal cannot show one."""
        if not self._has_blocks:
            return ""
        import segno

        drawn = io.StringIO()
        segno.make_qr(address).terminal(out=drawn, border=2, compact=True)
        rows = drawn.getvalue().splitlines()
        if max(map(len, rows)) >= self.columns:  # it would be wrapped, and be none any more
            return ""
        if self.has_marks:
            rows = [f"{_WHITE_ON_BLACK}{row}{_PLAIN}" for row in rows]
        return "\n".join(rows)


def beginning(view: View) -> list[str]:
    """Return what is said once: what this is about, and what to know of it."""
    scope = f" ({clean(' '.join(view.scope))})" if view.scope else ""
    return [clean(view.heading) + scope, *map(clean, view.remarks)]


def errand(view: View, style: Style, *, opens: bool) -> list[str]:
    """Return what the person is to do with a browser, a line each.

    Args:
        view: what there is to show.
        style: what the terminal can show.
        opens: whether the page opens by itself.
    """
    address = address_of(view)
    if address is None:
        refused = "The address that the provider gave is not safe to open, and not shown here."
        return [refused] if view.link else []
    if view.code is None:
        how = "If your browser does not open it, open" if opens else "Open"
        return [f"{how} this page to sign in:", "", address, ""]
    drawn = style.qr_code(address)
    scan = "Scan this, or open" if drawn else "Open"
    page = [clean(view.address or address)]
    if view.address != address:
        page += ["", f"or, with the code in it: {address}"]
    code = style.bold(clean(view.code))
    picture = [drawn, ""] if drawn else []
    return [*picture, f"{scan} this page on any device:", "", *page, "", f"Enter {code}", ""]


class Screen:
    """A terminal on which each thing is said once, and what passes is said in one line.

    Args:
        stream: the terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._style = Style(stream)
        self._has_begun = self._has_ended = False
        self._passing = ""
        self._said: dict[str, object] = {}

    def say(self, view: View, *, opens: bool) -> None:
        """Say what of ``view`` was not said yet.

        Args:
            view: what there is to show.
            opens: whether the page at its link opens by itself.
        """
        if view.status is Status.WAITING:
            self._say_waiting(view, opens=opens)
        elif view.status in _GOING_ON:
            self.passing(clean(view.progress))
        else:  # why it failed is said by the error, where it is raised
            self.end("" if view.status is Status.FAILED else clean(view.progress))

    def _say_waiting(self, view: View, *, opens: bool) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._write_lines(beginning(view))
        if self._is_new("error", view.error) and view.error:
            self._write_lines([clean(view.error)])
        if self._is_new("registration", view.registration) and view.registration:
            self._write_lines(list(map(clean, registration_lines(view.registration))))
        if self._is_new("errand", (view.link, view.code)):
            self._write_lines(errand(view, self._style, opens=opens))
        if self._is_new("notice", view.notice) and view.notice:
            self._write_lines([clean(view.notice)])
        if not wants_typing(view):
            self.passing(clean(view.progress))

    def passing(self, text: str) -> None:
        """Say something that the next thing said takes the place of."""
        if text == self._passing:
            return
        self._clear()
        self._write(text[: self._style.columns - 1])
        self._passing = text

    def remark(self, text: str) -> None:
        """Say something in a line of its own, which stays."""
        self._write_lines([text])

    def line_ended(self) -> None:
        """Take note that the person's own Enter has ended the line that passes."""
        self._passing = ""

    def end(self, text: str) -> None:
        """Say how it ended, unless that was said."""
        if not self._has_ended:
            self._has_ended = bool(text)
            self._write_lines([text] if text else [])

    def _is_new(self, what: str, said: object) -> bool:
        is_new = self._said.get(what) != said
        self._said[what] = said
        return is_new

    def _write_lines(self, lines: list[str]) -> None:
        self._clear()
        self._write("".join(f"{line}\n" for line in lines))

    def _clear(self) -> None:
        if self._passing:
            self._write(_CLEAR if self._style.has_marks else "\n")
            self._passing = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _takes_escapes() -> bool:
    if sys.platform == "win32":
        return "WT_SESSION" in os.environ
    return os.environ.get("TERM", "dumb") != "dumb"
