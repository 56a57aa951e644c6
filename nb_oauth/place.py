"""Where this code runs, and so who can be asked."""

import contextvars
import enum
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import webbrowser

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
_CONNECTIONS = ("SSH_CONNECTION", "SSH_TTY")
_audience: contextvars.ContextVar[object | None] = contextvars.ContextVar(
    "nb_oauth audience", default=None
)
_MARIMOS_SERVERS = {"marimo._server.main", "marimo._session.app_host"}
_TEXT_BROWSERS = {"browsh", "elinks", "links", "lynx", "w3m", "www-browser"}


class Place(enum.Enum):
    """A kind of place, by who is there to answer."""

    NOTEBOOK = "notebook"
    """A kernel whose front end takes input: a widget can be shown and answered."""

    UNATTENDED = "unattended"
    """A kernel with nobody there: papermill, nbclient, nbconvert, a scheduled run."""

    REACTIVE = "reactive"
    """A marimo notebook that somebody edits: widgets are answered only while no cell runs."""

    APP = "app"
    """A page for whoever visits it, Voilà or a marimo app: it is shown once its cells have run."""

    TERMINAL = "terminal"
    """A terminal with somebody at it: ``python``, IPython without a kernel, also over SSH."""

    ELSEWHERE = "elsewhere"
    """Neither kernel nor terminal: a script that cron or another program has started."""

    BROWSER = "browser"
    """Python within a browser's page (Pyodide, JupyterLite): there are no threads, no sockets."""

    @property
    def is_attended(self) -> bool:
        """Whether somebody is there to sign in."""
        return self.shows_widgets or self is Place.TERMINAL

    @property
    def shows_widgets(self) -> bool:
        """Whether somebody is there who sees widgets."""
        return self in {Place.NOTEBOOK, Place.REACTIVE, Place.APP}

    @property
    def lets_cells_wait(self) -> bool:
        """Whether a cell, or a program, can stand still until somebody has signed in."""
        return self not in {Place.REACTIVE, Place.APP}


def here() -> Place:
    """Tell where the running code is."""
    if sys.platform == "emscripten":
        return Place.BROWSER
    marimo = marimo_here()
    if marimo is not None:
        return Place.REACTIVE if _is_edited(marimo) else Place.APP
    kernel = kernel_of_this_process()
    if kernel is None:
        return Place.TERMINAL if _has_terminal() and not _is_of_a_kernel() else Place.ELSEWHERE
    if _is_voilas(kernel):
        return Place.APP
    return Place.NOTEBOOK if _takes_input(kernel) else Place.UNATTENDED


def marimo_here() -> Any | None:  # noqa: ANN401 - it is none of our dependencies
    """Return the module ``marimo`` where its notebook runs this very thread, else None."""
    marimo = sys.modules.get("marimo")
    is_here = getattr(marimo, "running_in_notebook", None)
    return marimo if is_here is not None and is_here() else None


def is_strangers_thread() -> bool:
    """Tell whether this thread serves a visitor of a marimo app, and nothing says which.

    An app runs for each visitor in a thread of its own. Another that their cells have started, as
    that of a pool, is taken neither for theirs nor for that of whoever runs the server.
    """
    if marimo_here() is not None or _audience.get() is not None:
        return False
    if _MARIMOS_SERVERS.isdisjoint(sys.modules) or _is_authors_process():
        return False
    return threading.current_thread() is not threading.main_thread()


def _is_authors_process() -> bool:
    """Tell whether ``marimo edit`` has started this process, as a copy of its server."""
    from multiprocessing import current_process

    return getattr(getattr(current_process(), "_target", None), "__name__", "") == "launch_kernel"


class _Stranger:
    """Somebody who cannot be told from others, and is taken for none of them."""


def audience() -> object | None:
    """Return what stands for the person who is served, where one process serves many.

    A marimo app runs for each visitor in a thread of one process; what belongs to one of them
    must not be found by another. None is the one person of every other process.
    """
    if marimo_here() is None:
        return _audience.get()
    from marimo._runtime.context import get_context

    return getattr(get_context(), "_kernel", None) or _Stranger()


def audience_has_left() -> bool:
    """Tell whether the person who is served here is gone for good.

    marimo tells nobody when a visitor leaves. It clears what their cells have made.
    """
    return not getattr(_audience.get(), "globals", True)


def context_here() -> contextvars.Context:
    """Return a copy of this thread's context that still knows whom it serves in another thread."""
    context = contextvars.copy_context()
    context.run(_audience.set, audience())
    return context


class Cell(NamedTuple):
    """A cell of a notebook, as it runs now.

    Args:
        identifier: the same each time this cell runs.
        execution: another each time.
    """

    identifier: str
    execution: str


def running_cell() -> Cell | None:
    """Return the cell that runs now, None where there is no kernel, or it runs something else."""
    if marimo_here() is not None:
        return _marimos_cell()
    kernel = kernel_of_this_process()
    try:
        parent = _request_to(kernel)
        # Front ends name the cell; for those that do not, its code does.
        identifier = parent["metadata"].get("cellId") or parent["content"]["code"]
        return Cell(str(identifier), str(parent["header"]["msg_id"]))
    except (AttributeError, KeyError, TypeError):
        return None


def _request_to(kernel: Any) -> Any:  # noqa: ANN401 - kernels share no class
    """Return the message that a kernel is handling."""
    try:
        return kernel.get_parent("shell")
    except TypeError:  # xeus-python's says no more than the header; IPython has the code
        from IPython.core.getipython import get_ipython

        code = get_ipython().user_ns["In"][-1]  # type: ignore[union-attr]
        return {**kernel.get_parent(), "metadata": {}, "content": {"code": code}}


def _marimos_cell() -> Cell | None:
    from marimo._runtime.context import get_context

    running = getattr(get_context(), "execution_context", None)  # another one for each run
    return None if running is None else Cell(str(running.cell_id), str(id(running)))


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


def _is_edited(marimo: Any) -> bool:  # noqa: ANN401 - it is none of our dependencies
    """Tell whether a marimo notebook is edited by somebody; else it is an app for visitors."""
    try:
        return bool(marimo.app_meta().mode == "edit")
    except AttributeError:
        return False


def _is_voilas(kernel: Any) -> bool:  # noqa: ANN401 - kernels share no class
    """Tell whether Voilà runs its page in this kernel.

    Voilà names the kernel in its environment before the first cell. What a page starts inherits
    that name, and is another kernel: its connection file is called otherwise. Where neither is
    known, Voilà says what it is as a CGI server does (RFC 3875).
    """
    named = os.environ.get("VOILA_KERNEL_ID")
    file = getattr(getattr(kernel, "parent", None), "connection_file", None)
    if named and file:
        return named in str(file)
    return os.environ.get("SERVER_SOFTWARE", "").lower().startswith("voila")


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
        # For xeus-python its input() tells: where it may not ask, one is put there that does not.
        return not str(getattr(input, "__doc__", "")).rstrip().endswith("-> None")
    return bool(content.get("allow_stdin", True))
