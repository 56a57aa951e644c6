"""Reading what somebody types at a terminal, so that the reading can end at any time.

``getpass`` would not do: it goes on reading when the browser has brought the answer already, and
a terminal hands over at most 4096 characters (on macOS 1024) of a line that it edits itself, which
is less than an address with tokens in it.

Nothing that is typed shows from the beginning to the end, except a name: what is pasted too early
must not show either. Nor is what is left over handed to the shell, which would keep it.
"""

import _thread
import contextlib
import os
import re
import select
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Protocol

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)  # arrows, marks of a paste
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_END_OF_FILE = 0x04
_ERASE = (0x08, 0x7F)
_ERASE_LINE = 0x15
_LINE_ENDS = (0x0A, 0x0D)
_FUNCTION_KEYS = ("\x00", "\xe0")  # the first half of a Windows key that types nothing
_INTERRUPT = "\x03"
_END_OF_FILE_KEYS = {"\x1a": "\x04"}  # Ctrl-Z is Windows' Ctrl-D
_GLANCE = 0.05  # seconds between two looks at a console that cannot be waited for


class Keyboard(Protocol):
    """Somebody's keyboard. ``wake`` may be called from any thread, the rest from one."""

    def listening(self) -> contextlib.AbstractContextManager[None]:
        """While entered, what is typed does not show, and comes here."""
        ...

    def drop(self) -> None:
        """Forget what was typed before anything was asked."""
        ...

    def read_secret(self, *, skips_empty: bool = False) -> str | None:
        """Return the next line; None when woken. It does not show.

        Args:
            skips_empty: whether an empty line before another that came with it is passed over.

        Raises:
            EOFError: there will be none.
        """
        ...

    def read_name(self) -> str | None:
        """Return the next line, which shows as it is typed; None when woken.

        Raises:
            EOFError: there will be none.
        """
        ...

    def wake(self) -> None:
        """End the reading under way, or else the next one."""
        ...

    def close(self) -> None:
        """Let go of it; nothing is read from it any more."""
        ...


class Line:
    """A line that is typed or pasted, as far as it has come: bytes in, text out.

    Args:
        skips_empty: whether what came together may begin with empty lines, as pasted text does.
    """

    def __init__(self, *, skips_empty: bool = False) -> None:
        self._typed = bytearray()
        self._skips_empty = skips_empty

    def take(self, typed: bytes) -> str | None:
        """Take what was typed; return the line if that ends it. What stands behind is dropped.

        Raises:
            EOFError: Ctrl-D on an empty line.
        """
        for position, one in enumerate(typed, 1):
            if one in _LINE_ENDS:
                text = self._text()
                if text or not (self._skips_empty and typed[position:].strip()):
                    return text
                self._typed.clear()
            elif one == _END_OF_FILE and not self._typed:
                raise EOFError
            else:
                self._edit(one)
        return None

    def _edit(self, one: int) -> None:
        if one in _ERASE:
            left = self._typed.decode("utf-8", "replace")[:-1]
            self._typed = bytearray(left.encode())
        elif one == _ERASE_LINE:
            self._typed.clear()
        else:
            self._typed.append(one)

    def _text(self) -> str:
        text = self._typed.decode("utf-8", "replace")
        return _CONTROLS.sub("", _ESCAPES.sub("", text)).strip()


class TerminalKeys:
    """The keyboard of a POSIX terminal.

    Args:
        descriptor: the terminal's file descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._asleep, self._waker = socket.socketpair()
        self._waker.setblocking(False)

    def wake(self) -> None:
        """End the reading under way, or else the next one."""
        with contextlib.suppress(OSError):  # woken often enough already; or over
            self._waker.send(b"!")

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """While entered, what is typed does not show, and comes here."""
        import termios

        before = termios.tcgetattr(self._descriptor)
        try:
            self._show_typing(showing=False)
            yield
        finally:
            # What has been typed and not read is dropped: it may be a secret, and a shell keeps it.
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, before)

    def close(self) -> None:
        """Let go of what it is woken by."""
        self._asleep.close()
        self._waker.close()

    def drop(self) -> None:
        """Forget what was typed before anything was asked."""
        import termios

        termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def read_secret(self, *, skips_empty: bool = False) -> str | None:
        """Return the next line; None when woken. It does not show."""
        line = Line(skips_empty=skips_empty)
        self._show_typing(showing=False)  # again: a shell may have changed it while we were stopped
        while self._wait():
            typed = os.read(self._descriptor, 65536)
            if not typed:
                raise EOFError
            text = line.take(typed)
            if text is not None:
                return text
        return None

    def read_name(self) -> str | None:
        """Return the next line, which shows as it is typed; None when woken."""
        self._show_typing(showing=True)
        try:
            if not self._wait():
                return None
            typed = os.read(self._descriptor, 65536)
        finally:
            self._show_typing(showing=False)
        if not typed:
            raise EOFError
        return Line().take(typed) or ""

    def _wait(self) -> bool:
        """Wait for something typed; False when woken."""
        asleep = self._asleep.fileno()
        ready, _, _ = select.select([self._descriptor, asleep], [], [])
        if asleep in ready:
            self._asleep.recv(4096)
            return False
        return True

    def _show_typing(self, *, showing: bool) -> None:
        """Let the terminal show and edit a line, or hand over each character unseen."""
        import termios

        modes = termios.tcgetattr(self._descriptor)
        both = termios.ECHO | termios.ICANON
        modes[3] = modes[3] | both if showing else modes[3] & ~both
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, modes)


class ConsoleKeys:
    """The keyboard of a Windows console, which can be looked at and not waited for."""

    def __init__(self) -> None:
        self._woken = threading.Event()

    def wake(self) -> None:
        """End the reading under way, or else the next one."""
        self._woken.set()

    def close(self) -> None:
        """Let go of nothing: a console is there for good."""

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """While entered, what is typed does not show, and comes here."""
        try:
            yield
        finally:
            self.drop()

    def drop(self) -> None:
        """Forget what was typed before anything was asked."""
        self._take_keys()

    def read_secret(self, *, skips_empty: bool = False) -> str | None:
        """Return the next line; None when woken. It does not show."""
        return self._read(Line(skips_empty=skips_empty), showing=False)

    def read_name(self) -> str | None:
        """Return the next line, which shows as it is typed; None when woken."""
        return self._read(Line(), showing=True)

    def _read(self, line: Line, *, showing: bool) -> str | None:
        while not self._woken.wait(_GLANCE):
            keys = self._take_keys()
            if showing:
                _show(keys)
            text = line.take(keys.encode("utf-8", "replace"))
            if text is not None:
                return text
        self._woken.clear()
        return None

    def _take_keys(self) -> str:
        import msvcrt  # there on Windows alone

        keys = ""
        while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
            key = msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
            if key in _FUNCTION_KEYS:
                msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
            elif key == _INTERRUPT:  # getwch() takes it before Windows makes a signal of it
                _thread.interrupt_main()
            else:
                keys += _END_OF_FILE_KEYS.get(key, key)
        return keys


def _show(keys: str) -> None:
    shown = keys.replace("\x08", "\x08 \x08").replace("\r", "\r\n").replace("\x15", "")
    sys.stderr.write(shown)
    sys.stderr.flush()


def keyboard() -> Keyboard:
    """Return the keyboard of this process's terminal."""
    return ConsoleKeys() if sys.platform == "win32" else TerminalKeys(sys.stdin.fileno())
