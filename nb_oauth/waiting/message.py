"""Handling one message for a waiting cell, as ipykernel would have after the cell."""

from __future__ import annotations

import contextlib
import inspect
import logging
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from nb_oauth.waiting.early_messages import EarlyMessages
    from nb_oauth.waiting.kernels import Frames, Kernel, Message, Session
    from nb_oauth.waiting.waiter import Waiter

_log = logging.getLogger(__name__)


def message_type_and_id(session: Session, frames: Frames) -> tuple[str, str]:
    """What a message is, without unpacking its content; empty for what is no message."""
    try:
        _, parts = session.feed_identities(frames, copy=False)
        header = session.unpack(parts[1].bytes)  # signature, header, parent, metadata, content
        return header["msg_type"], header["msg_id"]
    except Exception:  # noqa: BLE001 - such as ipykernel 7's one frame b"stop aborting"; it passes
        return "", ""


class MessageHandler:
    """Handles messages of one (sub)shell in a copy of the waiting cell's context.

    Attributes:
        running: whether a handler, somebody else's code, runs now.

    Raises:
        AttributeError, LookupError: ipykernel is not built as the ones we know.
    """

    def __init__(self, kernel: Kernel, early: EarlyMessages, subshell_id: str | None) -> None:
        self._publish = kernel._publish_status  # noqa: SLF001 - no public way to publish a status
        self._kernel = kernel
        self._early = early
        self._subshell_id = subshell_id
        self.running = False
        self._probe()

    def _probe(self) -> tuple[object, object]:
        """Use what is only used when a click is here: where it is missing that is too late."""
        return self._reply_to(), self._kernel.session.digest_history

    def handle(self, frames: Frames, waiter: Waiter) -> None:
        """Handle a message as if the waiting cell had called the handler."""
        waiter.context.copy().run(self._handle, frames, waiter)

    def _handle(self, frames: Frames, waiter: Waiter) -> None:
        """Publish busy and idle for the message, too: ipywidgets throttles on the idle."""
        try:
            identities, message = self._unpack(frames)
        except Exception as error:  # noqa: BLE001 - a bad message must not end the wait
            _log_without_values("A message could not be read", error)
            return
        self._publish("busy", "shell", parent=message)
        try:
            self._run_handler(identities, message)
        finally:
            flush_output()
            self._publish("idle", "shell", parent=message)
            if not waiter.cell_is_over:  # front ends show the latest status
                self._publish("busy", "shell", parent=self._kernel.get_parent("shell"))

    def _unpack(self, frames: Frames) -> tuple[list[bytes], Message]:
        session = self._kernel.session
        identities, parts = session.feed_identities(frames, copy=False)
        message = session.deserialize(parts, content=True, copy=False)
        if self._early.is_taken(message["header"]["msg_id"]):
            # ipykernel will read it once more, and would take it for a replay.
            session.digest_history.discard(bytes(parts[0].bytes))
        return identities, message

    def _run_handler(self, identities: list[bytes], message: Message) -> None:
        handler = self._early.handler(message["header"]["msg_type"])
        reply_to = self._reply_to()
        outer, self.running = self.running, True
        try:
            result = handler(reply_to, identities, message)
            if inspect.iscoroutine(result):
                _finish(result)
        except Exception as error:  # noqa: BLE001 - somebody else's code must not end the wait
            _log_without_values("A message handler failed", error)
        finally:
            self.running = outer
        _send_now(reply_to)

    def _reply_to(self) -> object:
        channel_thread = getattr(self._kernel, "shell_channel_thread", None)
        if channel_thread is None:
            return self._kernel.shell_stream
        return channel_thread.manager.get_subshell_to_shell_channel_socket(self._subshell_id)


def flush_output() -> None:
    """Send what has been printed so far, so that it shows before or while a cell waits."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # None, broken or closed
            stream.flush()


def _send_now(stream: object) -> None:
    """In ipykernel 6 replies go to a ZMQStream, whose loop does not run in a blocked cell."""
    from zmq import POLLOUT
    from zmq.eventloop.zmqstream import ZMQStream

    if isinstance(stream, ZMQStream):
        stream.flush(POLLOUT)


def _finish(coroutine: Coroutine[object, None, object]) -> None:
    """Run a handler that is a coroutine in name only: the info requests never really wait."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("a handler waits for something while a cell waits")


def _log_without_values(what: str, error: Exception) -> None:
    """Log where an error came from. Its text may quote the message, which may hold a secret."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s while a cell waited: %s\n%s", what, type(error).__name__, where.rstrip())
