"""The parts of a terminal's conversation by themselves: keys, text, questions, turns."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import queue
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING, Any

import pytest

from nb_oauth import Client, Provider, place
from nb_oauth.characters import clean
from nb_oauth.logins import PasswordLogin
from nb_oauth.logins.words import interrupted_at
from nb_oauth.place import Place
from nb_oauth.prompts import Credentials, RawAnswer, TypedClient
from nb_oauth.surfaces import (
    Cancelled,
    Event,
    NewLinkWanted,
    Registration,
    Status,
    View,
    plain_text,
    surface_for,
)
from nb_oauth.surfaces import terminal as terminal_module
from nb_oauth.surfaces import widget as widget_module
from nb_oauth.surfaces.output import Outputs
from nb_oauth.surfaces.plain_text import Screen, address_of
from nb_oauth.surfaces.questions import Question, ask
from nb_oauth.surfaces.terminal import Terminal
from nb_oauth.surfaces.widget import LoginWidget
from nb_oauth.waiting import RUN_AGAIN
from tests.polling import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

LINK = "https://example.test/authorize?state=a-state"
ASKED = Registration("https://example.test/apps", "http://127.0.0.1/callback", True, "clients.toml")


def view(status: Status = Status.WAITING, **changes: Any) -> View:
    return View(status, "Sign in to Example", **changes)


# -- what is asked -------------------------------------------------------------------------


def asked(shown: View, *typed: str | None) -> tuple[Event | None, list[str]]:
    """What comes of it when this is typed, and what was asked; an empty list is the end."""
    left, prompts = list(typed), []

    def read(question: Question) -> str | None:
        prompts.append(question.prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    return ask(shown, read), prompts


BOX = view(box=True, link=LINK)
LOGIN = view(credentials=True)
APP = view(registration=ASKED)
ANY_APP = view(registration=Registration(None, None, False, "clients.toml"))


@pytest.mark.parametrize(
    ("shown", "typed", "event"),
    [
        (BOX, ["an answer"], RawAnswer("an answer", pasted=True)),
        (BOX, [""], None),
        (BOX, [None], None),
        (BOX, [], Cancelled()),
        (LOGIN, ["analyst", "a password"], Credentials("analyst", "a password")),
        (LOGIN, ["analyst", None], None),
        (LOGIN, [""], None),
        (LOGIN, ["analyst"], Cancelled()),
        (view(error="It ran out."), [""], NewLinkWanted()),
        (view(error="It ran out."), [None], None),
        (APP, ["an-app", "a secret", "Y"], TypedClient("an-app", "a secret", keep=True)),
        (APP, ["an-app", "a secret", ""], TypedClient("an-app", "a secret", keep=False)),
        (ANY_APP, ["an-app", "", "no"], TypedClient("an-app", "", keep=False)),
        (APP, [""], None),
        (APP, ["an-app", None], None),
        (APP, ["an-app", "a secret", None], None),
    ],
)
def test_each_view_is_asked_for_in_lines(
    shown: View, typed: list[str | None], event: Event | None
) -> None:
    assert asked(shown, *typed)[0] == event


def test_only_what_may_be_seen_shows() -> None:
    assert asked(LOGIN, "a", "b")[1] == ["Name: ", "Password (it does not show): "]
    assert asked(APP, "a", "b", "c")[1] == [
        "Client ID: ",
        "Client secret (it does not show): ",
        "Keep them in clients.toml for next time? y/n: ",
    ]
    assert "or Enter where there is none" in asked(ANY_APP, "a", "b", "c")[1][1]


# -- what is said --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – text", "plain – text"),
        ("two\n lines\tand more", "two lines and more"),
        ("\x1b]0;title\x07red\x1b[31m\x9b1m", "]0;titlered[31m1m"),
        ("right\u202eto left\u2066\u200b", "rightto left"),
    ],
)
def test_no_character_does_more_than_show(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    "link",
    [
        None,
        "http://example.test/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://example.test/\x1b[31m",
        "https://example.test/ --option",
    ],
)
def test_what_is_not_safe_is_no_address(link: str | None) -> None:
    assert address_of(view(link=link)) is None


class Paper(io.StringIO):
    """A stream that is no terminal, of some encoding."""

    def __init__(self, encoding: str | None = "utf-8") -> None:
        super().__init__()
        self._named = encoding

    @property
    def encoding(self) -> str | None:  # type: ignore[override]
        return self._named


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Paper:
    monkeypatch.setenv("TERM", "dumb")
    return Paper()


def said(paper: Paper, *views: View, opens: bool = False) -> list[str]:
    screen = Screen(paper)
    for one in views:
        screen.say(one, opens=opens)
    return paper.getvalue().splitlines()


def test_each_thing_is_said_once(paper: Paper) -> None:
    one = view(link=LINK, box=True, scope=("read", "write"), notice="Or paste it.", remarks=("A",))
    again = View(**{**vars(one), "error": "That is\x1b[31m none."})
    lines = said(paper, view(Status.PREPARING, progress="Preparing…"), one, again, again)
    assert lines == [
        "Preparing…",
        "Sign in to Example (read write)",
        "A",
        "Open this page to sign in:",
        "",
        LINK,
        "",
        "Or paste it.",
        "That is[31m none.",
    ]


def test_an_address_that_is_not_safe_is_not_shown(paper: Paper) -> None:
    lines = said(paper, view(link="http://example.test/", code="WDJB-MJHT"))
    assert "not safe to open" in lines[1]
    assert "example.test" not in paper.getvalue()


def test_a_code_that_stands_in_no_address_is_entered(paper: Paper) -> None:
    device = "https://example.test/device"
    lines = said(paper, view(link=device, address=device, code="WDJB-MJHT"))
    assert lines[-4:] == [device, "", "Enter WDJB-MJHT", ""]


def test_an_app_to_register_is_described(paper: Paper) -> None:
    lines = said(paper, view(registration=ASKED))
    assert lines[1] == (
        "Register an app with the provider at https://example.test/apps, with the redirect URI "
        "http://127.0.0.1/callback. Then type what it was given."
    )


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (Status.SIGNED_IN, ["It is over."]),
        (Status.CANCELLED, ["It is over."]),
        (Status.FAILED, []),  # the error says why
    ],
)
def test_the_end_is_said_once(paper: Paper, status: Status, line: list[str]) -> None:
    over = view(status, progress="It is over.")
    assert said(paper, over, over) == line


def test_a_picture_too_wide_or_of_other_characters_is_none(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = view(link=LINK, code="WDJB-MJHT", address="https://example.test/device")
    assert "█" in "".join(said(paper, code))
    assert "█" not in "".join(said(Paper(None), code))
    monkeypatch.setattr(plain_text, "_columns", lambda _: 20)
    assert "█" not in "".join(said(Paper(), code))


def test_how_wide_a_terminal_is() -> None:
    assert plain_text.Style(Paper()).columns == 80  # it is none
    ours, theirs = pty.openpty()
    with os.fdopen(ours), os.fdopen(theirs, encoding="utf-8") as terminal:
        assert plain_text.Style(terminal).columns == 80  # it does not say


@pytest.mark.parametrize(("variable", "has_marks"), [("WT_SESSION", True), ("OTHER", False)])
def test_what_windows_shows(
    monkeypatch: pytest.MonkeyPatch, variable: str, *, has_marks: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("WT_SESSION", raising=False)
    monkeypatch.setenv(variable, "1")
    assert plain_text.Style(Paper()).has_marks is has_marks


# -- the conversation ----------------------------------------------------------------------


TOO_EARLY = "typed before anything was asked"


class FakeKeys:
    """A keyboard on which lines were typed; when none is left, it waits to be woken."""

    def __init__(self, *lines: str | OSError) -> None:
        self.lines = list(lines)
        self.woken = threading.Event()
        self.begun = threading.Event()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        self.begun.set()
        yield

    def drop(self) -> None:
        self.lines = [line for line in self.lines if line != TOO_EARLY]

    def wake(self) -> None:
        self.woken.set()

    def close(self) -> None:
        self.is_closed = True

    def read_secret(self, **_: object) -> str | None:
        if not self.lines:
            self.woken.wait()
            self.woken.clear()
            return None
        line = self.lines.pop(0)
        if isinstance(line, OSError):
            raise line
        return line

    read_name = read_secret


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch, paper: Paper) -> Any:
    """Begins a conversation with somebody who types these lines."""
    monkeypatch.setattr(place, "browser", lambda: None)

    def begin(*lines: str | OSError) -> tuple[Terminal, queue.SimpleQueue[Event], FakeKeys]:
        keys, events = FakeKeys(*lines), queue.SimpleQueue[Event]()
        monkeypatch.setattr(terminal_module, "keyboard", lambda _: keys)
        monkeypatch.setattr(sys, "stderr", paper)  # not before: pytest has its own for each phase
        terminal = surface_for(Place.TERMINAL, events.put, lambda: False, 0)
        assert isinstance(terminal, Terminal)
        return terminal, events, keys

    return begin


def test_a_terminal_that_is_gone_cancels(begin: Any) -> None:
    terminal, events, _ = begin(OSError("gone"))
    with terminal:
        terminal.show(BOX)
        assert events.get(timeout=10) == Cancelled()


@pytest.mark.parametrize(
    ("shown", "typed", "answer"),
    [
        (BOX, ("", "an answer"), RawAnswer("an answer", pasted=True)),
        (LOGIN, ("", "a", "b"), Credentials("a", "b")),
    ],
)
def test_an_empty_line_is_no_answer_and_said_to_be_empty(
    begin: Any, paper: Paper, shown: View, typed: tuple[str, ...], answer: Event
) -> None:
    terminal, events, _ = begin(*typed)
    with terminal:
        terminal.show(shown)
        assert events.get(timeout=10) == answer
    assert events.empty()
    assert paper.getvalue().count("That was empty.\n") == 1


def test_what_was_typed_too_early_is_no_answer(begin: Any) -> None:
    terminal, events, _ = begin(TOO_EARLY, "an answer")
    with terminal:
        terminal.show(BOX)
        assert events.get(timeout=10) == RawAnswer("an answer", pasted=True)


def test_a_terminal_is_for_one_at_a_time(begin: Any, paper: Paper) -> None:
    first, _, keys = begin()
    second, _, later = begin()
    with first:
        assert keys.begun.wait(10)
        first.show(view(Status.WORKING, progress="The first."))
        with second:
            second.show(view(Status.WORKING, progress="The second."))
            assert not later.begun.wait(0.05)
        assert not later.begun.is_set()  # its turn never came
    third, _, keys = begin()
    with third:
        assert keys.begun.wait(10)


def test_whose_turn_it_was_not_has_it_next(begin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_module, "_GLANCE", 0.01)
    first, _, keys = begin()
    second, _, later = begin()
    with first:
        assert keys.begun.wait(10)
        second.__enter__()
        assert not later.begun.wait(0.05)  # it looks more than once
    assert later.begun.wait(10)
    second.__exit__(None, None, None)


def test_an_interrupt_is_one_line(begin: Any, paper: Paper) -> None:
    terminal, events, keys = begin()
    terminal.__enter__()
    terminal.show(BOX)
    terminal.__exit__(KeyboardInterrupt, None, None)
    assert events.get(timeout=10) == Cancelled()
    assert paper.getvalue().splitlines()[-1] == "Cancelled."
    assert keys.is_closed


def test_an_interrupt_before_the_terminal_is_asked_is_one_too(
    begin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: threading.Thread) -> None:
        raise KeyboardInterrupt

    terminal, events, keys = begin()
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), terminal:
        pytest.fail("it was interrupted")
    assert events.get_nowait() == Cancelled()
    assert keys.is_closed


def test_a_browser_that_cannot_be_opened_stops_nobody(
    begin: Any, monkeypatch: pytest.MonkeyPatch, paper: Paper
) -> None:
    opened: queue.SimpleQueue[str] = queue.SimpleQueue()

    class Broken(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT001, FBT002 - webbrowser's
            opened.put(url)
            raise webbrowser.Error

    monkeypatch.setattr(place, "browser", Broken)
    terminal, events, _ = begin("an answer")
    with terminal:
        terminal.show(BOX)
        assert opened.get(timeout=10) == LINK
        assert events.get(timeout=10) == RawAnswer("an answer", pasted=True)
    wait_until(lambda: "nb_oauth browser" not in str(threading.enumerate()), "it is over")


def test_elsewhere_nobody_asks_beside_the_widget() -> None:
    assert surface_for(Place.NOTEBOOK, lambda _: None, lambda: False, 0) is None
    assert surface_for(Place.ELSEWHERE, lambda _: None, lambda: False, 0) is None


# -- the widget, where there is none to see ------------------------------------------------


class Beside:
    """Asks nobody, and notes what it is shown."""

    def __init__(self) -> None:
        self.shown: list[View] = []
        self.is_asking = False

    def __enter__(self) -> None:
        self.is_asking = True

    def __exit__(self, *_: object) -> None:
        self.is_asking = False

    def show(self, view: View) -> None:
        assert self.is_asking
        self.shown.append(view)


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Beside:
    beside = Beside()
    monkeypatch.setattr(widget_module, "surface_for", lambda *_: beside)
    return beside


@pytest.fixture
def widget(monkeypatch: pytest.MonkeyPatch) -> LoginWidget:
    monkeypatch.setattr(place, "here", lambda: Place.TERMINAL)
    return LoginWidget(lambda _: None, Outputs("Example"))


def test_views_are_shown_beside_the_widget_while_somebody_waits(
    widget: LoginWidget, beside: Beside
) -> None:
    with widget.asking():
        widget.show(BOX)
        assert beside.shown == [BOX]
    widget.show(LOGIN)
    with widget.asking():
        assert beside.shown == [BOX, LOGIN]
    widget.show(view(Status.CANCELLED, progress="Cancelled."))
    with widget.asking():  # of a sign-in that was, and is not the one that begins now
        assert beside.shown == [BOX, LOGIN]


class Interrupted:
    """A lock on whose way Ctrl-C comes."""

    def __enter__(self) -> None:
        raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None: ...


def test_ctrl_c_before_anybody_is_asked_is_no_other_error(
    widget: LoginWidget, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget, "_showing", Interrupted())
    with pytest.raises(KeyboardInterrupt), widget.asking():
        pytest.fail("it was interrupted")
    assert beside.shown == []


def test_a_login_at_a_terminal_says_how_to_begin(
    widget: LoginWidget, capsys: pytest.CaptureFixture[str]
) -> None:
    widget.ensure_visible()
    assert capsys.readouterr() == ("", "")
    provider = Provider("Example", token_endpoint="https://example.test/token")
    PasswordLogin(provider, Client("an-app")).display()
    said = "<PasswordLogin: preparing>: call its wait() to sign in here.\n"
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("where", [Place.TERMINAL, Place.NOTEBOOK])
def test_an_interrupt_is_told_as_the_place_has_it(where: Place) -> None:
    assert ("goes on" in str(interrupted_at(where, RUN_AGAIN))) is (where is Place.NOTEBOOK)
