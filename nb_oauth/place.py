"""Where this code runs, and so who can be asked."""

import enum
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import webbrowser

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
_CONNECTIONS = ("SSH_CONNECTION", "SSH_TTY")
_TEXT_BROWSERS = {"browsh", "elinks", "links", "lynx", "w3m", "www-browser"}


class Place(enum.Enum):
    """A kind of place, by who is there to answer."""

    NOTEBOOK = "notebook"
    """A kernel whose front end takes input: a widget can be shown and answered."""

    UNATTENDED = "unattended"
    """A kernel with nobody there: papermill, nbclient, nbconvert, a scheduled run."""

    TERMINAL = "terminal"
    """A terminal with somebody at it: ``python``, IPython without a kernel, also over SSH."""

    ELSEWHERE = "elsewhere"
    """Neither kernel nor terminal: a script that cron or another program has started."""

    @property
    def is_attended(self) -> bool:
        """Whether somebody is there to sign in."""
        return self in {Place.NOTEBOOK, Place.TERMINAL}


def here() -> Place:
    """Tell where the running code is."""
    kernel = kernel_of_this_process()
    if kernel is None:
        return Place.TERMINAL if _has_terminal() and not _is_of_a_kernel() else Place.ELSEWHERE
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


def browser() -> "webbrowser.BaseBrowser | None":
    """Return the browser that somebody at this machine's terminal would see, None without one.

    Over SSH there is none, unless windows come along (``DISPLAY``) or whoever made the connection
    says what opens pages at the other end (``BROWSER``, as VS Code and Codespaces do). A browser
    that runs in the terminal itself would be in the way of what is asked there.
    """
    if not (os.environ.get("BROWSER") or _has_screen()):
        return None
    import webbrowser

    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return None
    return None if found.name.rpartition("/")[2] in _TEXT_BROWSERS else found


def _has_screen() -> bool:
    if any(os.environ.get(name) for name in _SCREENS):
        return True
    if any(os.environ.get(name) for name in _CONNECTIONS):
        return False
    return sys.platform in {"darwin", "win32"} or "WSL_DISTRO_NAME" in os.environ


def _has_terminal() -> bool:
    """Tell whether somebody at a terminal can be asked, and can read what is asked."""
    try:
        sys.stdin.fileno()  # IDLE's calls itself a terminal, and has none that could be read
        return sys.stdin.isatty() and sys.stderr.isatty()
    except (AttributeError, OSError, ValueError):  # no console (pythonw); closed
        return False


def _is_of_a_kernel() -> bool:
    """Tell whether a kernel has started this program, as ``!command`` in a cell does.

    IPython gives it a terminal at which nobody can type.
    """
    return "JPY_PARENT_PID" in os.environ


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
