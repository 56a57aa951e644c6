"""Our callback on the stream that feeds a shell: what a waiting cell handles, what it lets pass.

Every message for a (sub)shell of ipykernel arrives on one ``ZMQStream``: ``kernel.shell_stream``
in ipykernel 6, the end of an inproc pair in 7. Nothing is replayed, no event loop is nested, and
while nobody waits every message goes straight on to ipykernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
from typing import TYPE_CHECKING, Any

from nb_oauth.waiting.early_messages import HANDLED_WHILE_WAITING, EarlyMessages
from nb_oauth.waiting.kernels import shell_thread
from nb_oauth.waiting.message import MessageHandler, message_type_and_id
from nb_oauth.waiting.waiter import Waiter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nb_oauth.waiting.kernels import Frames, Kernel

_NAME = "_nb_oauth_shell_stream"  # on the stream: found again after a reload of this package
_installing = threading.Lock()


class ShellStream:
    """The messages of one (sub)shell; see `of`. Stays on its stream for good."""

    @classmethod
    def of(cls, kernel: Kernel, subshell_id: str | None) -> ShellStream:
        """The one of a shell, put on its stream the first time.

        Raises:
            AttributeError, LookupError: ipykernel is not built as the ones we know.
        """
        stream = _zmq_stream(kernel, subshell_id)
        with _installing:
            found: ShellStream | None = getattr(stream, _NAME, None)
            if found is None:
                found = cls(kernel, stream, subshell_id)
                setattr(stream, _NAME, found)
        return found

    def __init__(self, kernel: Kernel, stream: Any, subshell_id: str | None) -> None:  # noqa: ANN401 - pyzmq's stream, with private names
        self._pass_on = stream._recv_callback  # noqa: SLF001 - ZMQStream has no getter
        if stream._recv_copy is not False:  # noqa: SLF001 - the same
            raise AttributeError("frames arrive as bytes")
        self._kernel = kernel
        self.zmq_stream = stream
        self._early = EarlyMessages.of(kernel)
        self._handler = MessageHandler(kernel, self._early, subshell_id)
        self._waiters: list[Waiter] = []  # innermost last
        self._pending: list[Frames] = []  # for us to handle
        self._holding = 0
        self._held: list[Frames] = []  # for ipykernel, after a nested loop has ended
        # Not on_recv(): it touches the socket, and prepare() may run in any thread.
        stream._recv_callback = self._on_recv  # noqa: SLF001 - what on_recv() sets

    @property
    def in_handler(self) -> bool:
        """Whether a handler, somebody else's code, runs now in a wait of this shell."""
        return self._handler.running

    @contextlib.contextmanager
    def waiting(self, *, loop_runs: bool) -> Iterator[None]:
        """While entered, widgets' messages are ours, first of all those that came early."""
        waiter = Waiter(loop_runs=loop_runs)
        self._waiters.append(waiter)
        events = self._kernel.shell.events  # not post_execute: comm handlers trigger that too
        events.register("post_run_cell", waiter.on_cell_end)
        try:
            self._pending.extend(self._early.take(self))
            yield
        finally:
            events.unregister("post_run_cell", waiter.on_cell_end)
            self._waiters.remove(waiter)
            if not self._waiters:
                self._give_back_pending()

    @contextlib.contextmanager
    def holding_others_back(self) -> Iterator[None]:
        """While entered, what is not ours stays here: a nested loop would lose or start it.

        From ipykernel 7.1 on a nested loop would start the tasks of queued cells in a Context
        that is already entered, and drop them.
        """
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1
            if not self._holding:
                held, self._held = self._held, []
                for frames in held:
                    _schedule(self._pass_on(frames))

    def read(self) -> None:
        """Read what has arrived and handle what is ours; for a wait that blocks the loop."""
        import zmq

        self.zmq_stream.flush(zmq.POLLIN)
        self.handle_pending()

    def prompt_channel(self) -> None:
        """Have the thread that feeds this shell look whether there is a message.

        Up to ipykernel 7.3 it may miss that one is there when it has just sent a reply, and then
        stays deaf (ipykernel's pull request 1529); no click would come through any more.
        """
        channel_thread = getattr(self._kernel, "shell_channel_thread", None)
        if channel_thread is not None:
            import zmq

            channel_thread.io_loop.add_callback(self._kernel.shell_stream.flush, zmq.POLLIN)

    def catch_up(self) -> None:
        """Read again after an interrupt, which may have come between ZMQStream's own steps."""
        import zmq

        self.zmq_stream.flush(zmq.POLLIN)

    def handle_pending(self) -> None:
        """Handle the messages that are ours, oldest first."""
        while self._pending and self._waiters:
            self._handler.handle(self._pending.pop(0), self._waiters[-1])

    def _on_recv(self, frames: Frames) -> object:
        message_type, message_id = message_type_and_id(self._kernel.session, frames)
        if message_type in HANDLED_WHILE_WAITING:
            if self._waiters:
                self._pending.append(frames)
                if self._waiters[-1].loop_runs:
                    # Not here: an interrupt that ends a handler must not end ZMQStream's reading,
                    # which would leave it deaf.
                    asyncio.get_running_loop().call_soon(self.handle_pending)
                return None
            self._early.remember(self, message_id, frames)
        if self._holding:
            self._held.append(frames)
            return None
        return self._pass_on(frames)  # a coroutine in ipykernel 7: ZMQStream schedules it

    def _give_back_pending(self) -> None:
        """A wait that ended early, by an interrupt, loses no message."""
        pending, self._pending = self._pending, []
        for frames in pending:
            _, message_id = message_type_and_id(self._kernel.session, frames)
            if self._early.is_taken(message_id):
                self._early.give_back(self, message_id, frames)
            else:
                _schedule(self._on_recv(frames))


def prepare_streams(kernel: Kernel) -> None:
    """Begin to remember early messages, of the main shell and of this thread's subshell."""
    with contextlib.suppress(AttributeError, LookupError):  # unknown internals: wait() will say so
        ShellStream.of(kernel, None)
        _, subshell_id = shell_thread(kernel)
        ShellStream.of(kernel, subshell_id)


def _schedule(result: object) -> None:
    """Run what ipykernel 7 answers a message with, a coroutine, as ZMQStream would."""
    if inspect.iscoroutine(result):
        asyncio.ensure_future(result)  # noqa: RUF006 - ipykernel's own tasks keep it alive


def _zmq_stream(kernel: Kernel, subshell_id: str | None) -> object:
    channel_thread = getattr(kernel, "shell_channel_thread", None)
    if channel_thread is None:
        stream = kernel.shell_stream
        if stream is not None and stream.io_loop is not kernel.io_loop:
            raise AttributeError("another thread reads the shell's stream")
    else:
        stream = channel_thread.manager.get_shell_channel_to_subshell_pair(subshell_id).to_stream
    if stream is None:
        raise AttributeError("no stream feeds this shell")
    return stream
