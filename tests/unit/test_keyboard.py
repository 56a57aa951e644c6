"""A keyboard by itself: what is typed or pasted at a real pseudo-terminal, and what shows."""

from __future__ import annotations

import contextlib
import os
import pty
import queue
import select
import sys
import termios
import threading
import types
from typing import TYPE_CHECKING

import pytest

from nb_oauth.surfaces import keyboard as keyboard_module
from nb_oauth.surfaces.keyboard import ConsoleKeys, TerminalKeys, keyboard
from nb_oauth.surfaces.typed_line import Line, redrawn
from tests.polling import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

# -- what is typed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (b"an answer\n", "an answer"),
        (b"  a password \r\n", "  a password "),
        (b"ab\x7fc\n", "ac"),
        ("aé\x08c\n".encode(), "ac"),
        (b"\x7fabc\x15d\n", "d"),
        (b"a\x04b\n", "ab"),
        (b"\x1b[200~pasted\x1b[201~\n", "pasted"),
        (b"a\x1b[Db\x1bOAc\x00\n", "abc"),
        (b"first\nsecond\n", "first"),
        (b"not yet", None),
        (b"\xff\n", "\ufffd"),
    ],
)
def test_a_line_is_what_is_left_when_it_ends(typed: bytes, line: str | None) -> None:
    assert Line().take(typed) == line


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (b"\n\r\n  \nan answer\nmore\n", "an answer"),
        (b"\x1b[200~\nan answer\x1b[201~\n", "an answer"),
        (b"\nnot yet", None),
        (b"\n", ""),
        (b"\r\n \n", ""),
    ],
)
def test_what_is_pasted_may_begin_with_empty_lines(typed: bytes, line: str | None) -> None:
    assert Line(skips_empty=True).take(typed) == line


def test_what_may_be_empty_is_so_by_the_first_enter() -> None:
    assert Line().take(b"\nan answer to the next question\n") == ""


def test_control_d_on_an_empty_line_is_the_end() -> None:
    with pytest.raises(EOFError):
        Line().take(b"\x04")


@pytest.fixture
def keys() -> Iterator[tuple[TerminalKeys, int]]:
    ours, theirs = pty.openpty()
    keys = TerminalKeys(theirs)
    yield keys, ours
    keys.close()
    os.close(ours)
    with contextlib.suppress(OSError):
        os.close(theirs)


def test_a_line_may_come_in_pieces(keys: tuple[TerminalKeys, int]) -> None:
    mine, ours = keys
    with mine.listening():
        os.write(ours, b"one ")
        writing = threading.Timer(0.05, os.write, (ours, b"two\n"))
        writing.start()
        assert mine.read_secret() == "one two"
        writing.join()


def test_reading_ends_when_it_is_woken(keys: tuple[TerminalKeys, int]) -> None:
    mine, _ = keys
    with mine.listening():
        for read in (mine.read_secret, mine.read_name):
            mine.wake()
            mine.wake()
            assert read() is None
    mine.close()
    mine.wake()  # harmless, and late


def test_what_was_typed_before_is_dropped(keys: tuple[TerminalKeys, int]) -> None:
    mine, ours = keys
    with mine.listening():
        os.write(ours, b"before\n")
        mine.drop()
        os.write(ours, b"after\n")
        assert mine.read_secret() == "after"


def test_what_nobody_has_read_goes_to_no_shell(keys: tuple[TerminalKeys, int]) -> None:
    mine, ours = keys
    with mine.listening():
        os.write(ours, b"a late paste\n")
        assert select.select([mine._descriptor], [], [], 10)[0]  # it has come
    assert select.select([mine._descriptor], [], [], 0)[0] == []


@pytest.mark.parametrize("read", ["read_secret", "read_name"])
def test_control_d_at_a_real_terminal_is_the_end(keys: tuple[TerminalKeys, int], read: str) -> None:
    mine, ours = keys
    with mine.listening():
        os.write(ours, b"\x04")
        with pytest.raises(EOFError):
            getattr(mine, read)()


@pytest.mark.parametrize("read", ["read_secret", "read_name"])
def test_a_terminal_that_reads_nothing_is_at_its_end(
    keys: tuple[TerminalKeys, int], monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    mine, _ = keys
    monkeypatch.setattr(mine, "_wait", lambda: True)
    monkeypatch.setattr(keyboard_module.os, "read", lambda *_: b"")
    with mine.listening(), pytest.raises(EOFError):
        getattr(mine, read)()


def test_a_line_is_of_the_terminals_own_letters() -> None:
    assert Line(encoding="latin-1").take("pässwörd\n".encode("latin-1")) == "pässwörd"
    assert Line(encoding="latin-1").take("ä\x08b\n".encode("latin-1")) == "b"


@pytest.mark.parametrize(
    ("before", "now", "written"),
    [
        ("", "ada", "ada"),
        ("ada", "ada l", " l"),
        ("adx", "ada", "\b \ba"),
        ("ada", "", "\b \b" * 3),
        ("名", "", "\b \b" * 2),
    ],
)
def test_only_what_has_changed_is_written_again(before: str, now: str, written: str) -> None:
    assert redrawn(before, now) == written


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_secret_pasted_with_a_name_does_not_show(
    keys: tuple[TerminalKeys, int], capsys: pytest.CaptureFixture[str], end: bytes
) -> None:
    mine, ours = keys
    with mine.listening():
        os.write(ours, b"ada" + end + b"lovelace" + end)
        assert mine.read_name() == "ada"
        assert mine.read_secret() == "lovelace"
        assert select.select([ours], [], [], 0)[0] == []  # the terminal itself has shown nothing
    assert capsys.readouterr().err == "ada\n"


def test_a_name_shows_as_it_is_edited(
    keys: tuple[TerminalKeys, int], capsys: pytest.CaptureFixture[str]
) -> None:
    mine, ours = keys
    with mine.listening():
        os.write(ours, b"adx")
        more = threading.Timer(0.05, os.write, (ours, b"\x7fa\n"))
        more.start()
        assert mine.read_name() == "ada"
        more.join()
    assert capsys.readouterr().err in {"adx\b \ba\n", "ada\n"}


def test_what_came_with_a_name_can_be_dropped(keys: tuple[TerminalKeys, int]) -> None:
    mine, ours = keys
    with mine.listening():
        os.write(ours, b"ada\nlovelace\n")
        assert mine.read_name() == "ada"
        mine.drop()
        mine.wake()
        assert mine.read_secret() is None


def test_what_a_shell_lets_show_is_hidden_again(keys: tuple[TerminalKeys, int]) -> None:
    mine, ours = keys
    with mine.listening():
        reading = threading.Thread(target=mine.read_secret)
        reading.start()
        let_show(mine._descriptor)
        wait_until(lambda: not shows(mine._descriptor), "a terminal that shows nothing")
        os.write(ours, b"a-secret\n")
        reading.join(10)


def test_another_programs_terminal_is_left_alone(
    keys: tuple[TerminalKeys, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()

    def another_one(_: int) -> int:
        looked.set()
        return os.getpgrp() + 1

    mine, _ = keys
    with mine.listening():
        monkeypatch.setattr(keyboard_module.os, "tcgetpgrp", another_one)
        reading = threading.Thread(target=mine.read_secret)
        reading.start()
        let_show(mine._descriptor)
        assert looked.wait(10)
        assert shows(mine._descriptor)
        mine.wake()
        reading.join(10)


def let_show(descriptor: int) -> None:
    modes = termios.tcgetattr(descriptor)
    modes[3] |= termios.ECHO | termios.ICANON
    termios.tcsetattr(descriptor, termios.TCSANOW, modes)


def shows(descriptor: int) -> bool:
    return bool(termios.tcgetattr(descriptor)[3] & termios.ECHO)


def test_reading_ends_when_nobody_waits() -> None:
    ours, theirs = pty.openpty()
    with (
        os.fdopen(ours),
        os.fdopen(theirs),
        contextlib.closing(TerminalKeys(theirs, lambda: False)) as mine,
        mine.listening(),
        pytest.raises(EOFError),
    ):
        mine.read_secret()


def test_a_terminal_that_has_gone_is_an_os_error() -> None:
    ours, theirs = pty.openpty()
    with contextlib.closing(TerminalKeys(theirs)) as mine:
        with pytest.raises(OSError, match="descriptor"), mine.listening():
            os.close(theirs)
        with pytest.raises(OSError, match="descriptor"):
            mine.drop()
    os.close(ours)


def test_a_pasted_address_may_come_after_an_empty_line(keys: tuple[TerminalKeys, int]) -> None:
    mine, ours = keys
    with mine.listening():
        os.write(ours, b"\nan answer\n")
        assert mine.read_secret(skips_empty=True) == "an answer"


class FakeConsole(types.ModuleType):
    """Windows' ``msvcrt``, with keys that were pressed already."""

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.pressed: queue.SimpleQueue[str] = queue.SimpleQueue()

    def press(self, keys: str) -> None:
        for key in keys:
            self.pressed.put(key)

    def kbhit(self) -> bool:
        return not self.pressed.empty()

    def getwch(self) -> str:
        return self.pressed.get()


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> FakeConsole:
    console = FakeConsole()
    monkeypatch.setitem(sys.modules, "msvcrt", console)
    return console


def test_a_windows_console_is_read(
    console: FakeConsole, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = ConsoleKeys()
    with mine.listening():
        console.press("\xe0Hanalyst\x08t\r")
        assert mine.read_name() == "analyst"
        assert capsys.readouterr().err == "analyst\n"
        console.press("a-secret\r")
        assert mine.read_secret() == "a-secret"
        assert capsys.readouterr().err == ""
        console.press("dropped\r")
        mine.drop()
        mine.wake()
        assert mine.read_secret() is None
        console.press("\x1a")
        with pytest.raises(EOFError):
            mine.read_secret()
        console.press("left over")
    assert not console.kbhit()


def test_a_line_at_a_windows_console_may_come_in_pieces(console: FakeConsole) -> None:
    later = iter(["", "two\r"])

    def time_goes_by() -> bool:
        console.press(next(later))
        return True

    console.press("one ")
    assert ConsoleKeys(time_goes_by).read_secret() == "one two"
    console.press("\rpasted\r")
    assert ConsoleKeys().read_secret(skips_empty=True) == "pasted"


def test_reading_a_windows_console_ends_when_nobody_waits(console: FakeConsole) -> None:
    assert not console.kbhit()
    with pytest.raises(EOFError):
        ConsoleKeys(lambda: False).read_secret()


def test_control_c_at_a_windows_console_interrupts(
    console: FakeConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted: list[bool] = []
    monkeypatch.setattr("_thread.interrupt_main", lambda: interrupted.append(True))
    console.press("\x03\r")
    assert ConsoleKeys().read_secret() == ""
    assert interrupted == [True]


def test_each_system_has_its_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours), os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with contextlib.closing(keyboard()) as found:
            assert isinstance(found, TerminalKeys)
        monkeypatch.setattr(keyboard_module.sys, "platform", "win32")
        with contextlib.closing(keyboard()) as found:
            assert isinstance(found, ConsoleKeys)
