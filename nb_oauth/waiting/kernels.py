"""Which kernel this is, which thread is whose, and what the kernel does by itself meanwhile."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol, cast

from nb_oauth.place import kernel_of_this_process, marimo_here

if TYPE_CHECKING:
    from collections.abc import Callable

    Message = dict[str, Any]
    Frames = list[Any]  # zmq.Frame: what came from one socket in one go
    Handler = Callable[[object, list[bytes], Message], object]


class Session(Protocol):
    """What reads and signs messages: jupyter_client's Session."""

    digest_history: set[bytes]

    def feed_identities(self, frames: Frames, copy: bool) -> tuple[list[bytes], Frames]:  # noqa: FBT001 - jupyter_client's
        """Split what routed the message from its parts."""

    def deserialize(self, frames: Frames, content: bool, copy: bool) -> Message:  # noqa: FBT001 - jupyter_client's
        """Check a message's signature and unpack it."""

    def unpack(self, part: bytes) -> Message:
        """Unpack one part."""


class Kernel(Protocol):
    """As much of ipykernel's Kernel as is used here."""

    session: Session
    shell_handlers: dict[str, Handler]
    shell_stream: Any  # pyzmq's ZMQStream
    io_loop: object  # tornado's, of the main shell
    shell_channel_thread: Any  # ipykernel's, from 7 on
    shell: Any  # IPython's InteractiveShell

    def get_parent(self, channel: str) -> Message:
        """The message that is being handled."""

    def _publish_status(self, status: str, channel: str, parent: Message) -> None: ...


def current() -> Kernel | None:
    """The ipykernel kernel that this process is, None where it is something else."""
    if "ipykernel" not in sys.modules:
        return None
    from ipykernel.kernelbase import Kernel as IPyKernel

    kernel = kernel_of_this_process()
    return cast("Kernel", kernel) if isinstance(kernel, IPyKernel) else None


def is_foreign() -> bool:
    """Whether this is a cell of a kernel whose messages we know no way to read (xeus, marimo)."""
    if marimo_here() is not None:
        return True
    in_main_thread = threading.current_thread() is threading.main_thread()
    return in_main_thread and kernel_of_this_process() is not None and current() is None


def shell_thread(kernel: Kernel) -> tuple[bool, str | None]:
    """Whether cells run in this thread, and the ID of its subshell (None: the main shell)."""
    channel_thread = getattr(kernel, "shell_channel_thread", None)
    if channel_thread is None:  # ipykernel 6, or 7 with subshells switched off
        return threading.current_thread() is threading.main_thread(), None
    try:
        return True, channel_thread.manager.subshell_id_from_thread_id(threading.get_ident())
    except RuntimeError:  # says that this thread is neither the main shell nor a subshell
        return False, None


def delivers_while_awaiting(kernel: Kernel) -> bool:
    """Whether the kernel itself handles comm messages while a cell awaits (ipykernel >= 7.4)."""
    import inspect

    dispatch = getattr(kernel, "dispatch_shell", None)
    return dispatch is not None and "concurrent" in inspect.signature(dispatch).parameters


def runs_cells_as_tasks() -> bool:
    """Whether the kernel handles messages between the steps of a cell that awaits, as xeus-python.

    It has a lock of its own for that (seen in 0.19), which keeps other cells waiting meanwhile.
    """
    if marimo_here() is not None:
        return False
    from IPython.core.getipython import get_ipython

    return hasattr(getattr(get_ipython(), "loop_runner", None), "run_cell_lock")
