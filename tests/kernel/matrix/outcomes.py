"""All that can come of a cell that waits for somebody to sign in: a function each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kernel.matrix.notebook import Cell, Notebook, Widget

BLOCKING, AWAIT, TWO_CELLS = "blocking", "await", "two cells"
MODES = (BLOCKING, AWAIT, TWO_CELLS)
SHORT = 0.1  # seconds
CANCELLED_BY = {"KeyboardInterrupt", "CancelledError"}


@dataclass
class Repeat:
    """One time of fifty.

    Attributes:
        mode: how the cell waits.
        turn: which time this is; what a person may do one way or another alternates by it.
        number: of the sign-in, in this kernel.
        folder: for files that a cell waits for.
    """

    notebook: Notebook
    mode: str
    turn: int
    number: int
    folder: Path

    # -- the cells ---------------------------------------------------------------------------

    def making(self, number: int | None = None) -> str:
        number = number or self.number
        return f"login_{number} = new('person {number}')"

    def waiting(self, seconds: float | None = None, number: int | None = None) -> str:
        """A cell that waits for a login that was made, and says whose token came."""
        number = number or self.number
        return f"session = {self._call(f'login_{number}', seconds)}\n{self._told(number)}"

    def _call(self, login: str, seconds: float | None) -> str:
        ways = {
            BLOCKING: ("wait", "session"),
            AWAIT: ("await",),
            TWO_CELLS: ("wait", "await", "session"),
        }[self.mode]
        match ways[self.turn % len(ways)]:
            case "await" if seconds is not None:
                return f"await asyncio.wait_for({login}, {seconds})"
            case "await":
                return f"await {login}"
            case "session" if seconds is None:
                return f"{login}.session"
        return f"{login}.wait({seconds})"

    @property
    def awaits(self) -> bool:
        return self._call("", None).startswith("await")

    def _told(self, number: int) -> str:
        return f'print("signed in with", session.token["access_token"], "{number}")'

    def cells(self, seconds: float | None = None) -> list[str]:
        """The cells of a sign-in from its beginning; the last one waits."""
        if self.mode == TWO_CELLS:
            return [f"{self.making()}\nlogin_{self.number}", self.waiting(seconds)]
        if self.mode == BLOCKING and self.turn % 2:
            return [self.one_line(seconds)]
        return [f"{self.making()}\n{self.waiting(seconds)}"]

    def again(self) -> str:
        """The cell that a person runs again after one that ended with nothing."""
        if self.mode == BLOCKING and self.turn % 2:
            return self.one_line(None)
        return self.waiting()

    def one_line(self, seconds: float | None) -> str:
        return (
            "session = nb_oauth.login(provider, client=client, scope='read', "
            f"grant='authorization_code', account='person {self.number}', timeout={seconds})\n"
            + self._told(self.number)
        )

    def start(self, seconds: float | None = None) -> tuple[Cell, Widget]:
        """Run the cells until the last one waits and the widget can be clicked at."""
        cells = self.notebook.send(*self.cells(seconds))
        widget = self.notebook.widget(cells[0])
        self.hello(widget)
        return cells[-1], widget

    # -- the person --------------------------------------------------------------------------

    def hello(self, widget: Widget) -> str:
        """The first message of a widget may come by the main shell, and the others not."""
        return widget.say("hello", by_main_shell=bool(self.turn % 2))

    def answer(self, widget: Widget, number: int | None = None) -> str:
        number = number or self.number
        address = widget.address(number)
        say = widget.say_twice if self.turn % 3 == 0 else widget.say
        return say("answer", address)

    def assert_signed_in(self, cell: Cell, number: int | None = None) -> None:
        number = number or self.number
        assert cell.outcome() == "ok", cell.content()
        cell.wait_until_printed(f"signed in with token-{number} {number}")
        self.assert_exchanged(1, number)

    def assert_exchanged(self, times: int, number: int | None = None) -> None:
        found = self.notebook.endpoint.exchanges[f"code-{number or self.number}"]
        assert found == times, f"the code was exchanged {found} times, not {times}"

    def assert_handled(self, message: str) -> None:
        """ipywidgets throttles on the idle of each message."""
        self.notebook.kernel.wait_until_idle(message)
        assert self.notebook.kernel.states(message) == ["busy", "idle"]

    def assert_told(self, cell: Cell, *names: str) -> None:
        outcome = cell.outcome()
        assert outcome in names, f"{outcome}, not {names}: {cell.content()}"


def answer(repeat: Repeat) -> None:
    cell, widget = repeat.start()
    clicked = repeat.answer(widget)
    repeat.assert_signed_in(cell)
    repeat.assert_handled(clicked)


def cancel(repeat: Repeat) -> None:
    cell, widget = repeat.start()
    (behind,) = repeat.notebook.send("print('must not run')")
    widget.view()
    clicked = widget.say("cancel")
    repeat.assert_told(cell, "LoginCancelled")
    repeat.assert_told(behind, "aborted")
    repeat.assert_handled(clicked)
    repeat.notebook.run("pass")


def interrupt(repeat: Repeat) -> None:
    cell, widget = repeat.start()
    behind = repeat.notebook.send(*["print('must not run')"] * 3)
    widget.view()
    repeat.notebook.kernel.wait_until_read(cell.request)
    repeat.notebook.kernel.interrupt()
    repeat.assert_told(cell, "CancelledError" if repeat.awaits else "KeyboardInterrupt")
    for one in behind:
        repeat.assert_told(one, "aborted")
    _sign_in_after_all(repeat, widget)


def timeout(repeat: Repeat) -> None:
    cells = repeat.notebook.send(*repeat.cells(SHORT), "print('must not run')")
    widget = repeat.notebook.widget(cells[0])
    repeat.hello(widget)
    repeat.assert_told(cells[-2], "TimeoutError" if repeat.awaits else "LoginTimeout")
    repeat.assert_told(cells[-1], "aborted")
    _sign_in_after_all(repeat, widget)


def _sign_in_after_all(repeat: Repeat, widget: Widget) -> None:
    """The same widget still works: between two cells, and while one waits for it again."""
    repeat.assert_exchanged(0)
    repeat.notebook.run("pass")
    if repeat.turn % 2:
        repeat.assert_handled(repeat.answer(widget))
        cell = repeat.notebook.send_again(repeat.again())
    else:
        cell = repeat.notebook.send_again(repeat.again())
        repeat.answer(widget)
    repeat.assert_signed_in(cell)


def two_logins(repeat: Repeat) -> None:
    """The one that was made last is answered first, and again."""
    one, other = repeat.number, repeat.number + 1
    making = f"{repeat.making(one)}\n{repeat.making(other)}\ndisplay(login_{one}, login_{other})"
    if repeat.mode == AWAIT:
        together = (
            f"for session, number in zip(await asyncio.gather(login_{one}, login_{other}), "
            f"({one}, {other})):\n"
            '    print("signed in with", session.token["access_token"], number)'
        )
        codes = [f"{making}\n{together}"]
    elif repeat.mode == BLOCKING:
        codes = [f"{making}\n{repeat.waiting(number=one)}\n{repeat.waiting(number=other)}"]
    else:
        codes = [making, repeat.waiting(number=one), repeat.waiting(number=other)]
    cells = repeat.notebook.send(*codes)
    first, second = repeat.notebook.widgets(cells[0], 2)
    repeat.hello(first)
    repeat.hello(second)
    repeat.assert_handled(repeat.answer(second, other))
    if repeat.mode != TWO_CELLS:
        repeat.notebook.kernel.wait_until_read(cells[0].request)
    repeat.answer(first, one)
    repeat.assert_signed_in(cells[-2] if repeat.mode == TWO_CELLS else cells[-1], one)
    repeat.assert_signed_in(cells[-1], other)


def run_all(repeat: Repeat) -> None:
    """Twenty cells at once, and three more while one of them waits."""
    own = repeat.cells()
    before, after = 6, 20 - 6 - len(own)
    codes = [_filler(n) for n in range(before)] + own + [_filler(n) for n in range(after)]
    cells = repeat.notebook.send(*codes)
    widget = repeat.notebook.widget(cells[before])
    repeat.hello(widget)
    waiting, queued = cells[before + len(own) - 1], cells[before + len(own) :]
    widget.view()
    repeat.notebook.kernel.wait_until_read(waiting.request)
    repeat.hello(widget)
    queued += repeat.notebook.send(*map(_filler, range(3)))
    repeat.notebook.kernel.wait_until_read(waiting.request)
    assert not any(one.has_ended() for one in queued), "a cell ran during the wait"
    repeat.answer(widget)
    queued += repeat.notebook.send("print('one more')")
    repeat.assert_signed_in(waiting)
    for one in [*cells, *queued]:
        repeat.assert_told(one, "ok")


def _filler(number: int) -> str:
    return ("pass", "await asyncio.sleep(0)", "print('some output')")[number % 3]


def early_click(repeat: Repeat) -> None:
    """Somebody is faster than the cells: a click comes while an earlier one runs.

    Where the page has the link, it is the click; where it does not, it is the widget's hello.
    """
    path = repeat.folder / f"go-on-{repeat.number}"
    pause = f"wait_for_file({str(path)!r})"
    if repeat.turn // 2 % 2:
        pause = f"await wait_for_file_async({str(path)!r})"
    pause = f"print('pausing')\n{pause}"
    if repeat.turn % 2:
        _early_hello(repeat, pause, path)
    else:
        _early_answer(repeat, pause, path)
    path.unlink()


def _early_answer(repeat: Repeat, pause: str, path: Path) -> None:
    notebook = repeat.notebook
    (shows,) = notebook.send(f"{repeat.making()}\nlogin_{repeat.number}")
    widget = notebook.widget(shows)
    repeat.hello(widget)
    address = widget.address(repeat.number)
    pausing, cell, after = notebook.send(pause, repeat.waiting(), "print('after')")
    pausing.wait_until_printed("pausing")
    widget.say("answer", address)
    path.touch()
    repeat.assert_signed_in(cell)
    for one in (pausing, after):
        repeat.assert_told(one, "ok")


def _early_hello(repeat: Repeat, pause: str, path: Path) -> None:
    show = f"{repeat.making()}\ndisplay(login_{repeat.number})"
    parts = [show, pause, repeat.waiting()]
    codes = parts if repeat.mode == TWO_CELLS else ["\n".join(parts)]
    cells = repeat.notebook.send(*codes, "print('after')")
    widget = repeat.notebook.widget(cells[0])
    cells[min(1, len(codes) - 1)].wait_until_printed("pausing")
    repeat.hello(widget)
    path.touch()
    repeat.answer(widget)
    repeat.assert_signed_in(cells[-2])
    repeat.assert_told(cells[-1], "ok")


def reload(repeat: Repeat) -> None:
    """The page is loaded again in the middle of a wait, and shows the same link."""
    cell, widget = repeat.start()
    (behind,) = repeat.notebook.send("print('after')")
    link = widget.view()["link"]
    repeat.notebook.kernel.wait_until_read(cell.request)
    assert widget.comm_id in repeat.notebook.reload()
    widget.load_again()
    repeat.hello(widget)
    assert widget.view()["link"] == link
    assert not cell.has_ended()
    repeat.answer(widget)
    repeat.assert_signed_in(cell)
    repeat.assert_told(behind, "ok")


def restart(repeat: Repeat) -> None:
    """The kernel is restarted in the middle of a wait, and somebody clicks in between.

    Nobody hears of the queued cells again, and nothing comes of the click: the new process knows
    no such widget. A cell that waits there is none the worse for it.
    """
    notebook = repeat.notebook
    cell, widget = repeat.start()
    notebook.send(*["print('must not run')"] * 3)
    address = widget.address(repeat.number)
    notebook.kernel.wait_until_read(cell.request)
    assert notebook.kernel.restart(lambda: widget.say("answer", address)), "it had to be killed"
    sent = [f"begin # {one.number}" for one in notebook.forget_cells()]
    queued = sent[-3:]
    assert not set(queued) & set(notebook.read_journal()), "a queued cell ran"
    notebook.set_up()
    assert not notebook.read_journal()
    repeat.assert_exchanged(0)
    repeat.number += 1
    answer(repeat)


OUTCOMES: dict[str, Callable[[Repeat], None]] = {
    "answer": answer,
    "cancel": cancel,
    "interrupt": interrupt,
    "timeout": timeout,
    "restart": restart,
    "two logins": two_logins,
    "Run All": run_all,
    "early click": early_click,
    "reload": reload,
}
