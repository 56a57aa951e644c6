"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

EVERY_SECONDS = 0.05


def wait_until(condition: Callable[[], Result], what: str, *, seconds: float = 20) -> Result:
    """Call ``condition`` until it returns something true, and return that.

    Raises:
        AssertionError: it stayed false for ``seconds``; the message says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(EVERY_SECONDS)
