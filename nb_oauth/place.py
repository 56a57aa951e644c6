"""Where this code runs, and so who can be asked."""

import enum
import sys
from typing import Any


class Place(enum.Enum):
    """A kind of place, by who is there to answer."""

    NOTEBOOK = "notebook"
    """A kernel whose front end takes input: a widget can be shown and answered."""

    UNATTENDED = "unattended"
    """A kernel with nobody there: papermill, nbclient, nbconvert, a scheduled run."""

    ELSEWHERE = "elsewhere"
    """No Jupyter kernel: a script, a terminal."""


def here() -> Place:
    """Tell where the running code is."""
    kernel = kernel_of_this_process()
    if kernel is None:
        return Place.ELSEWHERE
    return Place.NOTEBOOK if _takes_input(kernel) else Place.UNATTENDED


def kernel_of_this_process() -> Any | None:  # noqa: ANN401 - kernels share no class
    """Return the Jupyter kernel that this process is, None if it is none."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)


def _takes_input(kernel: Any) -> bool:  # noqa: ANN401 - kernels share no class
    """Tell whether the front end of the running cell takes input.

    A front end says with each cell whether ``input()`` may ask (``allow_stdin`` of the
    execute_request). Those that run a notebook with nobody there say no.
    """
    try:
        content = kernel.get_parent("shell")["content"]
    except (AttributeError, KeyError, TypeError):
        return True
    return bool(content.get("allow_stdin", True))
