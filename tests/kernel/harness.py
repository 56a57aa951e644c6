"""A front end without a screen: it starts a real kernel and speaks the Jupyter protocol to it.

Nothing runs in the background. Whatever waits for a condition reads the kernel's sockets
meanwhile, so a test sees all messages in the order of their arrival and needs no lock.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import nbformat
import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

from tests.free_ports import free_ports
from tests.kernel.environments import REPOSITORY
from tests.leaks import sources
from tests.leaks.folders import TEMPORARY_FOLDER, Folder
from tests.leaks.issued import WITNESS
from tests.leaks.logs import log_in_kernels
from tests.leaks.places import (
    KERNEL_LOG,
    MESSAGES,
    NAMESPACE,
    PLAIN_HTML,
    SAVED_NOTEBOOK,
    WIDGET_STATE,
)
from tests.leaks.processes import Processes
from tests.leaks.saved import notebook_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    Start = Callable[[Sequence[str], Mapping[str, str], Path, Path], "Process"]

    from nbformat import NotebookNode

    from tests.leaks.left_behind import LeftBehind

Message = dict[str, Any]
Result = TypeVar("Result")

LAUNCH = ("-m", "ipykernel_launcher")
ON_UVLOOP = (
    "import uvloop; uvloop.install(); from ipykernel import kernelapp; "
    "kernelapp.launch_new_instance()"
)
LAUNCH_XEUS = ("-m", "xpython_launcher")
LAUNCH_ON_UVLOOP = ("-c", ON_UVLOOP)
_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
STOP_SECONDS = 10
# What cells were made of, what came of them, and all that an inspector of variables shows. It goes
# into a file: what a kernel answers is in its log.
VARIABLES = (
    "open({path!r}, 'w', encoding='utf-8', errors='replace').write(chr(10).join("
    "[f'{{name}} = {{value!r}} {{value!s}}'"
    " for name, value in [*get_ipython().user_ns.items()] if not name.startswith('__')]))"
)


class Process(Protocol):
    """As much of a ``Popen`` as is used here."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...
    def send_signal(self, number: signal.Signals, /) -> None: ...


def start_process(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
) -> Process:
    """Start a kernel; what it says and nobody asked for is appended to ``log``."""
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,  # Ctrl-C ends the tests, which then end the kernel
        )


class KernelProcess:
    """A real kernel in a process of its own, and all that it has said.

    Args:
        python: the interpreter to run it with.
        folder: where its connection file, its log and its settings go.
        launch: the interpreter's arguments that start it.
        packages: folders whose packages come before those of the interpreter.
        start: starts the process: see `start_process`.
        logs_all: whether it logs at DEBUG, and all that anybody logs in it goes into files.
    """

    is_over = False
    patience = 30  # seconds to wait for what takes a few milliseconds
    wakes_after: float | None = None  # seconds; for an ipykernel that may be deaf, see `_wake`

    def __init__(  # noqa: PLR0913 - what a kernel can be like
        self,
        python: str,
        folder: Path,
        launch: Sequence[str] = LAUNCH,
        packages: Sequence[Path] = (),
        start: Start | None = None,
        *,
        logs_all: bool = False,
    ) -> None:
        self.log = folder / "kernel.log"
        self.said: list[Message] = []  # on iopub
        self.replies: dict[str, Message] = {}  # on shell and control, by the request's ID
        self.asked: list[Message] = []  # on stdin: what it wants typed
        self.times_woken = 0
        self._other_connections: list[zmq.Socket[bytes]] = []
        self._command = [python, *launch, "-f", str(folder / "connection.json")]
        self._folder = folder
        self._temporary = folder / TEMPORARY_FOLDER
        self._variables: list[str] = []
        self._shown = folder / "variables.txt"
        if logs_all:
            self._command.append("--debug")
            log_in_kernels(folder, folder)
        self._packages = packages
        self._start = start or start_process

    def __enter__(self) -> Self:
        self._temporary.mkdir(exist_ok=True)
        _, connection = write_connection_file(
            str(self._folder / "connection.json"),
            ip="127.0.0.1",
            key=secrets.token_hex(16).encode(),
            **dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True)),
        )
        self._session = Session(key=connection["key"].encode())
        self._context = zmq.Context()
        self._shell_port: int = connection["shell_port"]
        self._shell = self._connect(zmq.DEALER, self._shell_port)
        self._control = self._connect(zmq.DEALER, connection["control_port"])
        self._stdin = self._connect(zmq.DEALER, connection["stdin_port"])
        self._iopub = self._connect(zmq.SUB, connection["iopub_port"])
        self._iopub.subscribe(b"")
        self._launch()
        self._left_in = Folder(self._folder, {self.log.name: KERNEL_LOG})
        sources.announce(self)
        return self

    def _launch(self) -> None:
        self.log.touch()
        self._process = self._start(self._command, self._environment(), self._folder, self.log)
        self.processes = Processes(self.pid)
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Ask it to stop, so that its coverage is written; end it if it does not."""
        if self._context.closed:  # killed
            return
        try:
            self._look()
            self.send("shutdown_request", {"restart": False}, channel="control")
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self.is_over = True
        self._process.kill()
        self._process.wait()
        self._context.destroy(linger=0)

    # what others can read of it

    def begin(self) -> None:
        """Another test begins."""
        self._said_before = len(self.said)
        self.asked.clear()
        self._replied_before = set(self.replies)
        self._variables.clear()
        self.shows_plain_html = False  # in an output now, with a link that must be there
        self._left_in.begin()

    def leave_behind(self, left: LeftBehind) -> None:
        """Leave what it said, wrote and logged in this test, and what its variables show now.

        What cells are made of is the test's own, and so are the messages that repeat it.
        """
        if len(self.said) == self._said_before:
            return  # it took no part
        self._look()
        said = [
            *(one for one in self.said[self._said_before :] if one["msg_type"] != "execute_input"),
            *self.asked,
            *(one for name, one in self.replies.items() if name not in self._replied_before),
        ]
        left.leave(MESSAGES, json.dumps([[one["msg_type"], one["content"]] for one in said]))
        left.leave(NAMESPACE, "\n".join(self._variables))
        for widget_state, usual in ((False, SAVED_NOTEBOOK), (True, WIDGET_STATE)):
            place = PLAIN_HTML if self.shows_plain_html else usual
            left.leave(place, nbformat.writes(self.notebook(widget_state=widget_state)))
        self._left_in.leave(left)
        if self.processes.have_been_seen:
            self.processes.leave(left)

    def notebook(self, *, widget_state: bool) -> NotebookNode:
        """What a front end would save of this test's cells now."""
        if not self.is_over:
            self._read(0)
        return notebook_of(self.said[self._said_before :], widget_state=widget_state)

    def _look(self) -> None:
        """Note what can be seen only while it runs, and can answer."""
        if self.is_over or self._process.poll() is not None:
            return
        self.processes.look()
        with contextlib.suppress(AssertionError):  # a cell runs on, or it has just ended
            if self.is_idle:
                self.evaluate(VARIABLES.format(path=str(self._shown)))
                self._variables.append(self._shown.read_text(encoding="utf-8"))
                self._shown.unlink()

    @property
    def is_idle(self) -> bool:
        """Whether no cell runs, as far as it has said."""
        self._read(0)
        states = [
            one["content"]["execution_state"] for one in self.said if one["msg_type"] == "status"
        ]
        return states[-1:] == ["idle"]

    def evaluate(self, expression: str) -> str:
        """Return what an expression comes to, as text; nothing of it is shown or kept."""
        asked = {"code": "", "silent": True, "user_expressions": {"asked": expression}}
        reply = self.reply(self.send("execute_request", {"store_history": False, **asked}))
        answer = reply["content"]["user_expressions"]["asked"]
        assert answer["status"] == "ok", answer
        return str(answer["data"]["text/plain"])

    def restart(self, meanwhile: Callable[[], object] = lambda: None) -> bool:
        """Restart it as Jupyter servers do: on the same ports, with the front end still there.

        Args:
            meanwhile: called while there is no kernel.

        Returns:
            Whether it ended by itself, and had not to be killed.
        """
        self.interrupt()
        self.send("shutdown_request", {"restart": True}, channel="control")
        ended_by_itself = True
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            ended_by_itself = False
            self._process.kill()
            self._process.wait()
        meanwhile()
        self._read(0)
        self._launch()
        return ended_by_itself

    # what a front end does

    def send(  # noqa: PLR0913 - all that a message may have
        self,
        message_type: str,
        content: Message,
        *,
        channel: str = "shell",
        subshell: str | None = None,
        key: bytes | None = None,
        buffers: Sequence[bytes] = (),
        metadata: Message | None = None,
    ) -> str:
        """Send a message; signed with another key, if one is given."""
        message = self._session.msg(message_type, content, metadata=metadata)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        socket = {"shell": self._shell, "control": self._control}[channel]
        session = self._session if key is None else Session(key=key)
        session.send(socket, message, buffers=list(buffers))
        message_id: str = message["header"]["msg_id"]
        return message_id

    def execute(
        self,
        code: str,
        *,
        stop_on_error: bool = True,
        subshell: str | None = None,
        allow_stdin: bool = False,
    ) -> str:
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": stop_on_error,
        }
        return self.send("execute_request", content, subshell=subshell)

    def comm_message(self, comm_id: str, data: Message, *, subshell: str | None = None) -> str:
        return self.send("comm_msg", {"comm_id": comm_id, "data": data}, subshell=subshell)

    def wait_until_asked(self, times: int = 1) -> Message:
        """Wait until it has asked for something typed; returns the last request's content."""
        self.wait_for(lambda: len(self.asked) >= times, f"{times} input requests")
        content: Message = self.asked[-1]["content"]
        return content

    def type(self, text: str) -> None:
        """Answer what it asked for last, as a person who presses Enter."""
        message = self._session.msg("input_reply", {"value": text, "status": "ok"})
        self._session.send(self._stdin, message)

    def create_subshell(self) -> str:
        request = self.send("create_subshell_request", {}, channel="control")
        subshell: str = self.reply(request)["content"]["subshell_id"]
        return subshell

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def run(self, code: str) -> str:
        """Run a cell to its end and return what it printed. It must succeed.

        After a cell that failed ipykernel aborts whatever arrives right behind it; a person
        would run the cell again, and so does this.
        """
        while True:
            request = self.execute(code)
            content = self.reply(request)["content"]
            if content["status"] != "aborted":
                break
        assert content["status"] == "ok", content
        self.wait_until_idle(request)
        return self.printed(request)

    # what it has said

    def reply(self, request: str, *, seconds: float | None = None) -> Message:
        return self.wait_for(
            lambda: self.replies.get(request), f"the reply to {request}", seconds=seconds
        )

    def outcome(self, request: str, *, seconds: float | None = None) -> str:
        """``ok``, ``aborted``, or the name of the error that ended the cell."""
        content = self.reply(request, seconds=seconds)["content"]
        self.wait_until_idle(request)
        name: str = content["ename"] if content["status"] == "error" else content["status"]
        return name

    def published(self, request: str, message_type: str) -> list[Message]:
        return [
            message["content"]
            for message in self.said
            if (message["parent_header"] or {}).get("msg_id") == request  # xeus: perhaps null
            and message["msg_type"] == message_type
        ]

    def printed(self, request: str, name: str = "stdout") -> str:
        streams = self.published(request, "stream")
        return "".join(content["text"] for content in streams if content["name"] == name)

    def states(self, request: str) -> list[str]:
        return [content["execution_state"] for content in self.published(request, "status")]

    def wait_until_printed(self, text: str, request: str, name: str = "stdout") -> None:
        self.wait_for(lambda: text in self.printed(request, name), f"{text!r} in the output")

    def wait_until_idle(self, request: str) -> None:
        self.wait_for(lambda: "idle" in self.states(request), f"idle for {request}")

    def wait_until_read(self, request: str) -> None:
        """Until the kernel has come to what was sent before this call, though a cell waits.

        A waiting cell answers an info request at once, and messages of one shell are read in
        order. What it said until then comes by another socket, in an order of its own: it is
        here once the last word about the info request is.
        """
        probe = self.send("kernel_info_request", {})
        self.reply(probe)
        self.wait_until_idle(probe)
        assert request not in self.replies, self.replies[request]["content"]

    def wait_for(
        self, condition: Callable[[], Result | None], what: str, *, seconds: float | None = None
    ) -> Result:
        """Read messages until ``condition`` returns something true, and return that."""
        seconds = self.patience if seconds is None else seconds
        deadline = time.monotonic() + seconds
        pause = math.inf if self.wakes_after is None else self.wakes_after
        wakes_at = time.monotonic() + pause
        self._read(0)
        while not (result := condition()):
            assert self._process.poll() is None, f"the kernel died:\n{self._last_words}"
            assert time.monotonic() < deadline, (
                f"waited {seconds} s in vain: {what}\n{self._last_words}"
            )
            self._read(0.05)
            if time.monotonic() > wakes_at:
                self._wake()
                wakes_at += pause
        return result

    @property
    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def _wake(self) -> None:
        """Connect once more: before 7.4 ipykernel may stay deaf until somebody does.

        Its pull request 1529 says why. Messages that it has not noticed are read then.
        """
        self.times_woken += 1
        self._other_connections.append(
            self._connect(zmq.DEALER, self._shell_port, secrets.token_hex(8).encode())
        )

    def _read(self, seconds: float) -> None:
        poller = zmq.Poller()
        for socket in (self._shell, self._control, self._stdin, self._iopub):
            poller.register(socket, zmq.POLLIN)
        for socket, _ in poller.poll(int(seconds * 1000)):
            while (message := self._session.recv(socket, zmq.NOBLOCK)[1]) is not None:
                if socket is self._iopub:
                    self.said.append(message)
                elif socket is self._stdin:
                    self.asked.append(message)
                else:
                    self.replies[message["parent_header"]["msg_id"]] = message

    def _wait_until_ready(self) -> None:
        try:
            self.wait_for(self._answer_to_any(), "the first reply", seconds=60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._where_it_hangs()}") from None
        # Its iopub socket may not know of our subscription yet: ask until it is heard.
        before = len(self.said)
        self.wait_for(lambda: self._is_heard(before), "the first message on iopub", seconds=60)

    def _answer_to_any(self) -> Callable[[], bool]:
        """Ask each second, as front ends do.

        What is sent before it is seen that the connection to an earlier process is gone, is lost.
        """
        asked: list[str] = []
        began = time.monotonic()

        def has_answered() -> bool:
            if time.monotonic() - began >= len(asked):
                asked.append(self.send("kernel_info_request", {}))
            return any(request in self.replies for request in asked)

        return has_answered

    def _where_it_hangs(self) -> str:
        """What each of its threads does: ipykernel has faulthandler say that when it is aborted."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGABRT)
            self._process.wait(STOP_SECONDS)
        return self._last_words

    def _is_heard(self, before: int) -> bool:
        request = self.send("kernel_info_request", {})
        self.reply(request)
        return len(self.said) > before

    def _connect(self, kind: int, port: int, identity: bytes | None = None) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        # who sent a cell is asked on stdin
        socket.identity = self._session.bsession if identity is None else identity
        socket.connect(f"tcp://127.0.0.1:{port}")
        return socket

    def _environment(self) -> dict[str, str]:
        folder = str(self._folder)
        own = {
            "IPYTHONDIR": folder,
            "JUPYTER_RUNTIME_DIR": folder,
            "TMPDIR": str(self._temporary),
            "XDG_CACHE_HOME": folder,
            "JPY_PARENT_PID": str(os.getpid()),  # the kernel ends when the tests die
            "PYTHONPATH": os.pathsep.join(map(str, [*self._packages, REPOSITORY, WITNESS])),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        kept = {name: value for name, value in os.environ.items() if name != "CI"}
        return kept | own
