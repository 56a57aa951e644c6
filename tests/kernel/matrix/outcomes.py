"""All that can come of a cell that waits for somebody to sign in: a function each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.kernel.scene import HIDE, HOLD, SHOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kernel.matrix.notebook import Cell, Notebook, Widget

BLOCKING, AWAIT, TWO_CELLS = "blocking", "await", "two cells"
MODES = (BLOCKING, AWAIT, TWO_CELLS)
SHORT = 0.1  # seconds


@dataclass
class Repeat:
    """One time of fifty.

    Attributes:
        mode: how the cell waits.
        turn: which time this is; what a person may do one way or another alternates by it.
        number: of the sign-in, in this kernel.
        ipykernel: its version.
    """

    notebook: Notebook
    mode: str
    turn: int
    number: int
    ipykernel: tuple[int, ...]

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

    def queue(self, *codes: str, then: str = "") -> list[Cell]:
        """Send cells that begin when the kernel has read them all: "Run All" in an instant.

        An error aborts what has been read by then; what comes an instant later does run.

        Args:
            codes: the cells.
            then: what to do before the first of them, in one that was sent before.
        """
        notebook = self.notebook
        path = notebook.new_path()
        (holding,) = notebook.send(f"{HOLD.format(path=str(path))}\n{then}")
        cells = notebook.send(*codes)
        notebook.kernel.wait_until_read(holding.request)
        path.touch()
        self.assert_told(holding, "ok")
        return cells

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
    cells = repeat.queue(*repeat.cells(SHORT), "print('must not run')")
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
    path = repeat.notebook.new_path()
    pause = f"wait_for_file({str(path)!r})"
    if repeat.turn // 2 % 2:
        pause = f"await wait_for_file_async({str(path)!r})"
    pause = f"print('pausing')\n{pause}"
    if repeat.turn % 2:
        _early_hello(repeat, pause, path)
    else:
        _early_answer(repeat, pause, path)


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

    Nothing comes of the click: the new process knows no such widget. A cell that waits there is
    none the worse for it.
    """
    cell, widget = repeat.start()
    repeat.notebook.send(*["pass"] * 3)
    address = widget.address(repeat.number)
    repeat.notebook.kernel.wait_until_read(cell.request)
    repeat.notebook.restart(lambda: widget.say("answer", address))
    repeat.assert_exchanged(0)
    repeat.number += 1
    answer(repeat)


# The class, its private name or one that no documentation has, and the first ipykernel with it.
NAMES = (
    ("zmq.eventloop.zmqstream", "ZMQStream", "_recv_callback", (6,)),
    ("zmq.eventloop.zmqstream", "ZMQStream", "_recv_copy", (6,)),
    ("ipykernel.ipkernel", "IPythonKernel", "_publish_status", (6,)),
    ("jupyter_client.session", "Session", "digest_history", (6,)),
    ("ipykernel.ipkernel", "IPythonKernel", "shell_channel_thread", (7,)),
    ("ipykernel.shellchannel", "ShellChannelThread", "manager", (7,)),
    ("ipykernel.socket_pair", "SocketPair", "to_stream", (7,)),
    ("ipykernel.subshell_manager", "SubshellManager", "subshell_id_from_thread_id", (7,)),
    ("ipykernel.subshell_manager", "SubshellManager", "get_shell_channel_to_subshell_pair", (7,)),
    ("ipykernel.subshell_manager", "SubshellManager", "get_subshell_to_shell_channel_socket", (7,)),
)
DELIVERS_WHILE_AWAITING = (7, 4)


def name_missing(repeat: Repeat) -> None:
    """An ipykernel that is not as we know it: the cell says so at once, or waits and goes on."""
    names = [one for one in NAMES if repeat.ipykernel >= one[3]]
    module, kind, name, _ = names[repeat.turn % len(names)]
    hide = HIDE.format(module=module, kind=kind, name=name)
    if repeat.awaits and repeat.ipykernel >= DELIVERS_WHILE_AWAITING:
        repeat.notebook.run(hide)
        cell, widget = repeat.start()
        repeat.answer(widget)  # ipykernel itself lacks the idle of some messages then
        repeat.assert_signed_in(cell)
    else:
        _gate(repeat, hide)
    repeat.notebook.run(SHOW)


def _gate(repeat: Repeat, hide: str) -> None:
    """One line says what to do, and no cell behind it runs; what it says to do does work."""
    notebook = repeat.notebook
    cells = repeat.queue(*repeat.cells(), "print('must not run')", then=hide)
    repeat.assert_told(cells[-2], "LoginPending")
    repeat.assert_told(cells[-1], "aborted")
    notebook.kernel.wait_until_idle(cells[-2].request)
    (error,) = notebook.kernel.published(cells[-2].request, "error")
    (line,) = error["traceback"]
    told = line.partition("Sign in above, then ")[2]
    assert told.startswith(("run this cell again", "use this login's .session in another cell"))
    widget = notebook.widget(cells[0])
    repeat.hello(widget)
    repeat.assert_handled(repeat.answer(widget))
    notebook.kernel.wait_for(widget.is_done, "somebody has signed in")
    repeat.assert_signed_in(notebook.send_again(repeat.again()))


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
    "name missing": name_missing,
}
