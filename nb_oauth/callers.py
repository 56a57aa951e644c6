"""Warnings that name the caller's own line, however many of ours lie between."""

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["warn"]


def warn(what: str) -> None:
    """Say ``what`` as a ``UserWarning``, with the line that called into this package.

    Args:
        what: what is wrong, and what to do.
    """
    level = 1
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - as warnings itself counts
    while frame is not None and frame.f_globals.get("__name__", "").startswith("nb_oauth."):
        frame, level = frame.f_back, level + 1
    warnings.warn(what, stacklevel=level)
