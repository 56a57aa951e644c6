"""A cell that waits, or a task that goes on to after its cell."""

from __future__ import annotations

import contextvars
import threading


class Waiter:
    """One wait under way.

    Attributes:
        loop_runs: the thread's asyncio loop goes on, and brings messages by itself.
        context: the waiting cell's; what handlers print lands in its output.
        cell_is_over: the cell that began the wait has ended (a background task waits on).
    """

    def __init__(self, *, loop_runs: bool) -> None:
        self.loop_runs = loop_runs
        self.context = contextvars.copy_context()
        self.cell_is_over = False
        self._thread = threading.get_ident()

    def on_cell_end(self, _result: object) -> None:
        """IPython's ``post_run_cell``: also called when a cell of another subshell ends."""
        if threading.get_ident() == self._thread:
            self.cell_is_over = True
