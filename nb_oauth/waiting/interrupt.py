"""An interrupt ends a wait, but never in the middle of moving a message, which would lose it."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    from typing_extensions import Self


class DeferredInterrupt:
    """While entered, SIGINT is noted, and raised where the wait looks around.

    It raises `KeyboardInterrupt` at once while somebody else's code runs in the wait, and the
    second time in any case: a person who presses twice is not to be kept waiting. Python runs
    signal handlers in the main thread alone; in another thread this does nothing.

    Args:
        in_handler: says whether somebody else's code runs now.
        wake: ends the wait's current sleep.

    Attributes:
        noted: whether the person has interrupted.
    """

    def __init__(self, in_handler: Callable[[], bool], wake: Callable[[], None]) -> None:
        self._in_handler = in_handler
        self._wake = wake
        self.noted = False
        self._in_main_thread = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._in_main_thread:
            self._previous = signal.signal(signal.SIGINT, self._on_sigint)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if self._in_main_thread:
            signal.signal(signal.SIGINT, self._previous)
        if kind is None:  # noted just before the answer came
            self.check()

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if the person has interrupted."""
        if self.noted:
            raise KeyboardInterrupt

    def _on_sigint(self, _signum: int, _frame: FrameType | None) -> None:
        if self.noted or self._in_handler():
            raise KeyboardInterrupt
        self.noted = True
        self._wake()
