"""A cell that waits for a click, in a kernel: what the tests of waiting begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kernel.harness import KernelProcess

SETUP = """
import asyncio, concurrent.futures, os, threading, time
from comm import create_comm
from nb_oauth.waiting import can_wait, can_wait_async, prepare, wait, wait_async

class Widget:
    "A comm; `answer` is done when a message with `done` arrives."
    def __init__(self, comm_id):
        self.answer = concurrent.futures.Future()
        self.clicks = []
        self.comm = create_comm(target_name="nb_oauth.test", comm_id=comm_id)
        self.comm.on_msg(self.on_message)
    def on_message(self, message):
        data = message["content"]["data"]
        self.clicks.append(data)
        print("clicked", data)
        if "done" in data:
            self.answer.set_result(data["done"])
"""

BLOCKING = "wait({future}, {timeout})"
AWAIT = "await wait_async({future}, {timeout})"
KEEPING_TASKS = "wait({future}, {timeout}, keep_tasks_running=True)"
# In front of a cell: until there is a file it reads on, so that what is sent behind it is there.
HOLD = """
import concurrent.futures, os, threading, time
from nb_oauth import waiting

def until_there_is_a_file():
    while not os.path.exists({path!r}):
        time.sleep(0.005)
    released.set_result(None)

released = concurrent.futures.Future()
threading.Thread(target=until_there_is_a_file).start()
waiting.wait(released)
"""
# ipykernel and pyzmq go on to see a name, nb_oauth does not; it begins as before its first wait.
HIDE = """
import sys
from {module} import {kind} as kind

kernel = get_ipython().kernel
channel_thread = getattr(kernel, "shell_channel_thread", None)
stream = kernel.shell_stream
if channel_thread is not None:
    stream = channel_thread.manager.get_shell_channel_to_subshell_pair(None).to_stream
ours = vars(stream).pop("_nb_oauth_shell_stream", None)
if ours is not None:
    stream._recv_callback = ours._pass_on

def hide(kind, name):
    get = kind.__getattribute__
    def __getattribute__(self, wanted):
        if wanted == name and sys._getframe(1).f_globals["__name__"].startswith("nb_oauth"):
            raise AttributeError(name)
        return get(self, wanted)
    kind.__getattribute__ = __getattribute__

hide(kind, {name!r})
"""
SHOW = "del kind.__getattribute__"


@dataclass
class Scene:
    """A widget in a kernel, and a way to wait for it.

    Attributes:
        name: the widget's variable in the kernel, and the ID of its comm.
        call: how a cell waits.
        subshell: where the front end sends comm messages; None is the main shell.
    """

    kernel: KernelProcess
    name: str
    call: str
    subshell: str | None = None

    def set_up(self, *, prepare: bool = True) -> None:
        call = "prepare()" if prepare else ""
        self.kernel.run(f"{SETUP}\n{call}\n{self.name} = Widget({self.name!r})")

    def waiting_code(self, *, timeout: float | None = 20, then: str = "") -> str:
        call = self.call.format(future=f"{self.name}.answer", timeout=timeout)
        return f"result = {call}\nprint('went on with', result)\n{then}"

    def start(self, *, timeout: float | None = 20, then: str = "") -> str:
        """Run the cell, until it waits."""
        cell = self.kernel.execute(self.waiting_code(timeout=timeout, then=then))
        self.kernel.wait_until_read(cell)
        return cell

    def click(self, **data: Any) -> str:
        return self.kernel.comm_message(self.name, data, subshell=self.subshell)

    def clicks(self) -> list[dict[str, Any]]:
        """The messages that the widget's handler has seen."""
        seen: list[dict[str, Any]] = eval(self.kernel.run(f"print({self.name}.clicks)"))  # noqa: S307 - our own list
        return seen
