"""Where this code runs, and so who can be asked."""

import enum
import sys
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook, as it runs now.

    Args:
        identifier: the same each time this cell runs.
        execution: another each time.
    """

    identifier: str
    execution: str


def running_cell() -> Cell | None:
    """Return the cell that runs now, None where there is no kernel."""
    kernel = kernel_of_this_process()
    try:
        parent = kernel.get_parent("shell")  # type: ignore[union-attr]
        # Front ends name the cell; for those that do not, its code does.
        identifier = parent["metadata"].get("cellId") or parent["content"].get("code")
        return Cell(str(identifier), str(parent["header"]["msg_id"]))
    except (AttributeError, KeyError, TypeError):
        return None


def kernel_of_this_process() -> Any | None:  # noqa: ANN401 - kernels share no class
    """Return the Jupyter kernel that this process is, None if it is none."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

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
