"""Messages that ipykernel has read and not yet handled: each is handled once, by one of us.

A click that arrives while an earlier cell runs is read by ipykernel and queued behind the cell
that is to wait for it: in 6.x in ``msg_queue``, in 7.x in a task that waits for the shell's lock.
The wait takes it from here, and when ipykernel comes to it later, there is nothing left to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nb_oauth.waiting.kernels import Frames, Handler, Kernel, Message

# What a waiting cell handles. The info requests only read: a page that is reloaded in the middle
# of a wait needs them to bring the widget back.
HANDLED_WHILE_WAITING = frozenset(
    {"comm_open", "comm_msg", "comm_close", "comm_info_request", "kernel_info_request"}
)
_NAME = "_nb_oauth_early_messages"  # on the kernel: found again after a reload of this package


class EarlyMessages:
    """The messages of one kernel that are queued in ipykernel; see `of`."""

    @classmethod
    def of(cls, kernel: Kernel) -> EarlyMessages:
        """The kernel's own, made and put before its handlers the first time."""
        found: EarlyMessages | None = getattr(kernel, _NAME, None)
        if found is None:
            found = cls(kernel)
            setattr(kernel, _NAME, found)
        return found

    def __init__(self, kernel: Kernel) -> None:
        self._queued: dict[str, tuple[object, Frames]] = {}  # by message ID: stream, frames
        self._taken: set[str] = set()
        self._handlers = {kind: kernel.shell_handlers[kind] for kind in HANDLED_WHILE_WAITING}
        for kind, handler in self._handlers.items():
            kernel.shell_handlers[kind] = self._once(handler)

    def handler(self, message_type: str) -> Handler:
        """The kernel's own handler of a type of messages."""
        return self._handlers[message_type]

    def remember(self, stream: object, message_id: str, frames: Frames) -> None:
        """A message of a stream was handed to ipykernel."""
        self._queued[message_id] = (stream, frames)

    def take(self, stream: object) -> list[Frames]:
        """What is queued from a stream, oldest first. ipykernel will not handle it again."""
        mine = [(key, frames) for key, (of, frames) in list(self._queued.items()) if of is stream]
        for key, _ in mine:
            self._taken.add(key)
            del self._queued[key]
        return [frames for _, frames in mine]

    def is_taken(self, message_id: str) -> bool:
        """Whether ipykernel still has to come to a message that was taken from it."""
        return message_id in self._taken

    def give_back(self, stream: object, message_id: str, frames: Frames) -> None:
        """A message that was taken is ipykernel's to handle after all."""
        self._taken.discard(message_id)
        self.remember(stream, message_id, frames)

    def _once(self, handler: Handler) -> Handler:
        def handle_once(stream: object, identities: list[bytes], message: Message) -> object:
            message_id = message["header"]["msg_id"]
            if message_id in self._taken:
                self._taken.discard(message_id)
                return None
            self._queued.pop(message_id, None)
            return handler(stream, identities, message)

        return handle_once
