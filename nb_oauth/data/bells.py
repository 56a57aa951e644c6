"""Waiting for what another thread rings for, in slices, so that an interrupt ends the wait."""

import asyncio
import threading
from typing import Protocol

_SLICE = 1.0  # seconds; on Windows nothing else lets an interrupt through
_SLICE_OF_A_LOOP = 0.2  # seconds


class Bell(Protocol):
    """An event of threading's or of asyncio's."""

    def set(self) -> object:
        """Ring."""
        ...

    def clear(self) -> object:
        """Forget that somebody has rung."""
        ...


def wait(bell: threading.Event) -> None:
    """Wait until somebody rings, for a slice at most."""
    bell.wait(_SLICE)


async def wait_in_loop(bell: asyncio.Event) -> None:
    """Wait until somebody rings, for a slice at most.

    Else an idle loop would not notice for seconds that ipykernel has scheduled the end of a cell.
    """
    timer = asyncio.get_running_loop().call_later(_SLICE_OF_A_LOOP, bell.set)
    try:
        await bell.wait()
    finally:
        timer.cancel()
