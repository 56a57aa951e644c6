"""A notebook that is open on a kernel: its cells in order, and the widgets that they show."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kernel.harness import KernelProcess, Message
    from tests.kernel.matrix.token_endpoint import TokenEndpoint

REDIRECT_URI = "https://notebook.example/callback"
PICTURED = "application/vnd.jupyter.widget-view+json"
CONTROL = "jupyter.widget.control"
CONTROL_VERSION = {"version": "1.0.0"}

# Every cell begins with its number in a comment. IPython itself says which ones it runs.
SETUP = """
import asyncio, os, threading, time
import ipywidgets, nb_oauth
from IPython import get_ipython
from nb_oauth import AuthorizationCodeLogin, Client, Provider

class Journal:
    def __init__(self, path):
        self.file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        self.running = {{}}
    def begin(self, info):
        number = self.running[threading.get_ident()] = info.raw_cell.partition("\\n")[0]
        os.write(self.file, f"begin {{number}}\\n".encode())
    def end(self, result):
        number = self.running.pop(threading.get_ident(), None)
        if number is not None:  # the cell that made this journal has no beginning in it
            os.write(self.file, f"end {{number}}\\n".encode())

journal = Journal({path!r})
get_ipython().events.register("pre_run_cell", journal.begin)
get_ipython().events.register("post_run_cell", journal.end)

provider = Provider(
    "Matrix",
    authorization_endpoint="{address}/authorize",
    token_endpoint="{address}/token",
)
client = Client("matrix", redirect_uri="{redirect_uri}")
def new(person):
    return AuthorizationCodeLogin(provider, client, scope="read", account=person)
def wait_for_file(path):
    while not os.path.exists(path):
        time.sleep(0.005)
async def wait_for_file_async(path):
    while not os.path.exists(path):
        await asyncio.sleep(0.005)
"""


@dataclass
class Cell:
    """A cell that was sent to the kernel.

    Attributes:
        number: which of all cells it is.
        request: its message's ID.
    """

    number: int
    request: str
    kernel: KernelProcess

    def outcome(self) -> str:
        """``ok``, ``aborted``, or the name of the error that ended it."""
        content = self.content()
        name: str = content["ename"] if content["status"] == "error" else content["status"]
        return name

    def content(self) -> Message:
        content: Message = self.kernel.reply(self.request)["content"]
        return content

    def wait_until_printed(self, text: str) -> None:
        self.kernel.wait_until_printed(text, self.request)

    def has_ended(self) -> bool:
        return self.request in self.kernel.replies


class Notebook:
    """Sends cells and widgets' messages, and sees that each cell runs once, in its turn.

    Args:
        kernel: what runs the cells.
        journal: the file in which the kernel notes which cells it runs.
        subshell: where comm messages are sent; None is the main shell.
    """

    def __init__(
        self, kernel: KernelProcess, journal: Path, endpoint: TokenEndpoint, subshell: str | None
    ) -> None:
        self.kernel = kernel
        self.subshell = subshell
        self.endpoint = endpoint
        self._journal = journal
        self._read_until = 0
        self._cells: list[Cell] = []
        self._numbers = itertools.count(1)

    def restart(self, meanwhile: Callable[[], object]) -> None:
        """Restart the kernel in the middle of a cell; the page makes a new subshell then."""
        assert self.kernel.restart(meanwhile), "it had to be killed"
        self.check_order_until_restart()
        if self.subshell is not None:
            self.subshell = self.kernel.create_subshell()
        self.set_up()
        assert not self.read_journal()

    def set_up(self) -> None:
        described = SETUP.format(
            path=str(self._journal), address=self.endpoint.address, redirect_uri=REDIRECT_URI
        )
        self.kernel.run(described)

    def new_path(self) -> Path:
        """Where a file may be made, for a cell that waits for it."""
        return self._journal.with_name(f"go-on-{next(self._numbers)}")

    def begin(self) -> None:
        """Forget what was said before: reading it again and again takes time."""
        self.kernel.said.clear()
        self.kernel.replies.clear()

    # -- cells -------------------------------------------------------------------------------

    def send(self, *codes: str) -> list[Cell]:
        return [self._send(code) for code in codes]

    def _send(self, code: str) -> Cell:
        number = next(self._numbers)
        request = self.kernel.execute(f"# {number}\n{code}", allow_stdin=True)
        cell = Cell(number, request, self.kernel)
        self._cells.append(cell)
        return cell

    def run(self, code: str) -> Cell:
        """Run a cell until it succeeds: right after one that failed, ipykernel aborts others."""
        while True:
            cell = self._send(code)
            if (outcome := cell.outcome()) != "aborted":
                assert outcome == "ok", cell.content()
                return cell

    def send_again(self, code: str) -> Cell:
        """Send a cell that will wait, after one that failed: when none is aborted any more."""
        self.run("pass")
        return self._send(code)

    def check_order_until_restart(self) -> None:
        """See that what has run of the cells before a restart did so in order and once.

        ipykernel 7.0 and 7.1 may begin queued cells while they shut down, and so they do where a
        cell only sleeps: only the end of them is not heard of.
        """
        order = [f"{what} # {cell.number}" for cell in self._cells for what in ("begin", "end")]
        ran = self.read_journal()
        assert ran == order[: len(ran)], f"the cells ran otherwise than in order: {ran}"
        self._cells.clear()

    def check_order(self) -> None:
        """See that each cell has run once, when those before it had ended, or was aborted."""
        expected = [
            f"{what} # {cell.number}"
            for cell in self._cells
            if cell.outcome() != "aborted"
            for what in ("begin", "end")
        ]
        ran = self.read_journal()
        assert ran == expected, f"the cells ran otherwise than in order: {ran}, not {expected}"
        self._cells.clear()

    def read_journal(self) -> list[str]:
        """What has been noted since this was last asked."""
        with self._journal.open(encoding="utf-8") as file:
            file.seek(self._read_until)
            lines = file.read().splitlines()
            self._read_until = file.tell()
        return lines

    def tidy(self) -> None:
        """Close all widgets, or those that come back to a reloaded page would be ever more."""
        request = self.kernel.send(
            "execute_request",
            {
                "code": "ipywidgets.Widget.close_all()",
                "silent": True,
                "store_history": False,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": True,
            },
        )
        assert self.kernel.reply(request)["content"]["status"] in {"ok", "aborted"}

    # -- widgets -----------------------------------------------------------------------------

    def widgets(self, cell: Cell, count: int = 1) -> list[Widget]:
        """Wait until a cell shows widgets."""

        def shown() -> list[str]:
            data = [one["data"] for one in self.kernel.published(cell.request, "display_data")]
            found = [one[PICTURED]["model_id"] for one in data if PICTURED in one]
            return found if len(found) >= count else []

        ids = self.kernel.wait_for(shown, f"{count} widgets of a cell")
        return [Widget(self, comm_id) for comm_id in ids]

    def widget(self, cell: Cell) -> Widget:
        (widget,) = self.widgets(cell)
        return widget

    def reload(self) -> dict[str, Any]:
        """Ask what a page asks that was loaded while a cell runs; returns widgets' states."""
        kernel = self.kernel
        about_kernel = kernel.send("kernel_info_request", {})
        assert kernel.reply(about_kernel)["content"]["status"] == "ok"
        about_comms = kernel.send("comm_info_request", {"target_name": "jupyter.widget"})
        comms = kernel.reply(about_comms)["content"]["comms"]
        control = f"control-{next(self._numbers)}"
        kernel.send(
            "comm_open",
            {"comm_id": control, "target_name": CONTROL, "data": {"widgets": None}},
            subshell=self.subshell,
            metadata=CONTROL_VERSION,
        )
        kernel.comm_message(control, {"method": "request_states"}, subshell=self.subshell)
        states: dict[str, Any] = kernel.wait_for(
            lambda: next(self._updates_of(control), None), "the widgets' states"
        )
        closing = kernel.send("comm_close", {"comm_id": control}, subshell=self.subshell)
        kernel.wait_until_idle(closing)
        assert states.keys() <= comms.keys()
        return states

    def _updates_of(self, comm_id: str) -> Iterator[dict[str, Any]]:
        for message in self.kernel.said:
            if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == comm_id:
                yield message["content"]["data"]["states"]


class Widget:
    """A widget's script, as one who only speaks the protocol has it."""

    def __init__(self, notebook: Notebook, comm_id: str) -> None:
        self.comm_id = comm_id
        self._notebook = notebook
        self._kernel = notebook.kernel
        self._numbers = itertools.count()
        self._page = 0
        self._heard = 0  # of what the kernel has said, before this page was loaded

    def load_again(self) -> None:
        """The page was reloaded: the script begins anew."""
        self._page += 1
        self._heard = len(self._kernel.said)

    def say(self, kind: str, *typed: str, by_main_shell: bool = False) -> str:
        """Send what the script would; what is typed goes as buffers."""
        content = {"type": kind, "id": f"{self._page}-{next(self._numbers)}"}
        return self._send(content, typed, by_main_shell=by_main_shell)

    def say_twice(self, kind: str, *typed: str) -> str:
        """As the script does when it hears no acknowledgement; returns the first message."""
        content = {"type": kind, "id": f"{self._page}-{next(self._numbers)}"}
        first = self._send(content, typed, by_main_shell=False)
        self._send(content, typed, by_main_shell=False)
        return first

    def _send(self, content: Message, typed: tuple[str, ...], *, by_main_shell: bool) -> str:
        return self._kernel.send(
            "comm_msg",
            {"comm_id": self.comm_id, "data": {"method": "custom", "content": content}},
            subshell=None if by_main_shell else self._notebook.subshell,
            buffers=[text.encode() for text in typed],
        )

    def view(self) -> dict[str, Any]:
        """Wait until there is something to do; returns what is to be shown."""
        return self._kernel.wait_for(
            lambda: next(self._views("waiting"), None), "a view to click at"
        )

    def is_done(self) -> bool:
        """Whether it shows that somebody has signed in."""
        return next(self._views("signed_in"), None) is not None

    def address(self, number: int) -> str:
        """Where the provider sends the browser, with the code of a sign-in's number."""
        link = self.view()["link"]
        (state,) = parse_qs(urlsplit(link).query)["state"]
        return f"{REDIRECT_URI}?{urlencode({'code': f'code-{number}', 'state': state})}"

    def _views(self, status: str) -> Iterator[dict[str, Any]]:
        for message in self._kernel.said[self._heard :]:
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == self.comm_id:
                told = content["data"].get("content", {})
                if told.get("type") == "view" and told["status"] == status:
                    yield told
