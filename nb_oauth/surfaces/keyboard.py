"""Reading what somebody types at a terminal, so that the reading can end at any time.

``getpass`` would not do: it goes on reading when the browser has brought the answer already, and
a terminal hands over at most 4096 characters (on macOS 1024) of a line that it edits itself, which
is less than an address with tokens in it.

The terminal itself shows nothing of what is typed, from the beginning to the end: what is pasted
too early must not show, nor the password that is pasted together with a name. So a name is written
back by us. Nor is what is left over handed to the shell, which would keep it.
"""

import _thread
import contextlib
import os
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from nb_oauth.surfaces.typed_line import Reading

_FUNCTION_KEYS = ("\x00", "\xe0")  # the first half of a Windows key that types nothing
_INTERRUPT = "\x03"
_END_OF_FILE_KEYS = {"\x1a": "\x04"}  # Ctrl-Z is Windows' Ctrl-D
_GLANCE = 0.05  # seconds between two looks around, or at a console that cannot be waited for


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
            EOFError: there will be none, or nobody waits for one any more.
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


class TerminalKeys(Reading):
    """The keyboard of a POSIX terminal.

    Args:
        descriptor: the terminal's file descriptor.
        is_waited_for: whether somebody still waits for what is typed.
        encoding: that of what is typed.
    """

    def __init__(
        self,
        descriptor: int,
        is_waited_for: Callable[[], bool] = lambda: True,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(encoding)
        self._descriptor = descriptor
        self._is_waited_for = is_waited_for
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

        with _as_os_error():
            before = termios.tcgetattr(self._descriptor)
        try:
            self._hide()
            yield
        finally:
            # What has been typed and not read is dropped: it may be a secret, and a shell keeps it.
            with _as_os_error():
                termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, before)

    def close(self) -> None:
        """Let go of what it is woken by."""
        self._asleep.close()
        self._waker.close()

    def drop(self) -> None:
        """Forget what was typed before anything was asked."""
        import termios

        self._forget_rest()
        with _as_os_error():
            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def _more(self) -> bytes | None:
        if not self._wait():
            return None
        typed = os.read(self._descriptor, 65536)
        if not typed:
            raise EOFError
        return typed

    def _wait(self) -> bool:
        """Wait for something typed; False when woken."""
        asleep = self._asleep.fileno()
        while True:
            ready, _, _ = select.select([self._descriptor, asleep], [], [], _GLANCE)
            if asleep in ready:
                self._asleep.recv(4096)
                return False
            if ready:
                return True
            if not self._is_waited_for():
                raise EOFError
            self._hide()  # again: a shell changes it while we are stopped, and leaves it so

    def _hide(self) -> None:
        """Let the terminal hand over each character unseen."""
        import termios

        with _as_os_error():
            modes = termios.tcgetattr(self._descriptor)
            shows = modes[3] & (termios.ECHO | termios.ICANON)
            if shows and _is_ours(self._descriptor):
                modes[3] &= ~shows
                modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, modes)


def _is_ours(descriptor: int) -> bool:
    """Tell whether we have the terminal, and no other program that a shell runs before us."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # it belongs to no shell
        return True


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    """Let what a terminal refuses be the ``OSError`` that it is."""
    import termios

    try:
        yield
    except termios.error as error:
        raise OSError(*error.args) from None


class ConsoleKeys(Reading):
    """The keyboard of a Windows console, which can be looked at and not waited for.

    Args:
        is_waited_for: whether somebody still waits for what is typed.
    """

    def __init__(self, is_waited_for: Callable[[], bool] = lambda: True) -> None:
        super().__init__("utf-8")
        self._is_waited_for = is_waited_for
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
        self._forget_rest()
        self._take_keys()

    def _more(self) -> bytes | None:
        while not self._woken.wait(_GLANCE):
            if keys := self._take_keys():
                return keys.encode("utf-8", "replace")
            if not self._is_waited_for():
                raise EOFError
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


def keyboard(is_waited_for: Callable[[], bool] = lambda: True) -> Keyboard:
    """Return the keyboard of this process's terminal.

    Args:
        is_waited_for: whether somebody still waits for what is typed there.
    """
    if sys.platform == "win32":
        return ConsoleKeys(is_waited_for)
    return TerminalKeys(sys.stdin.fileno(), is_waited_for, sys.stdin.encoding)
