"""The box that a front end draws below a running cell, for what no widget can ask.

``getpass`` would do, if it could be left: it holds the cell's thread until the person presses
Enter, so no widget that appears late could be used, and no answer that comes another way would
end it. So this sends the same request (``input_request``, with ``password``: front ends show and
store dots) and looks for the reply in a thread of its own, as long as the cell waits.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nb_oauth.surfaces.contract import Event, View, wants_typing
from nb_oauth.surfaces.questions import Question, ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

_END_OF_FILE = "\x04"  # what front ends send for Ctrl-D
_SLICE = 0.1  # seconds between two looks whether something else has answered


class CellInput:
    """Asks in the running cell, once it is clear that no widget appears.

    Args:
        report: takes each thing that the person did; it must return at once.
        kernel: the ipykernel whose cell waits.
        widget_appeared: whether the person sees the widget by now.
        patience: seconds that a widget may take to appear.
    """

    def __init__(
        self,
        report: Callable[[Event], None],
        kernel: Any,  # noqa: ANN401 - ipykernel is untyped
        widget_appeared: Callable[[], bool],
        patience: float,
    ) -> None:
        self._report = report
        self._kernel = kernel
        self._widget_appeared = widget_appeared
        self._patience = patience
        self._news = threading.Event()
        self._view: View | None = None
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()  # a view may come from another thread while the wait ends
        self._is_over = False

    def __enter__(self) -> Self:
        self._cell = self._kernel.get_parent("shell")
        self._front_end = self._kernel._parent_ident["shell"]  # noqa: SLF001 - there is no public way to ask who asked
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Look for a reply no longer: the next one is for somebody else."""
        with self._changing:
            self._is_over = True
            self._view = None
            self._news.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()

    def show(self, view: View) -> None:
        """Ask for what ``view`` wants typed, if it wants that. May be called from any thread."""
        with self._changing:
            if self._is_over:
                return
            self._view = view
            self._news.set()
            if self._thread is None and _is_for_us(view):
                self._begin()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, name="nb_oauth input", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            view = self._view
            if view is None:
                return
            if _is_for_us(view) and not self._news.wait(self._patience):
                self._ask_without_widget(view)

    def _ask_without_widget(self, view: View) -> None:
        if self._widget_appeared():
            return
        self._patience = 0  # it is missing, and so it will be the next time
        while not self._news.is_set():
            event = ask(view, self._read)
            if event is not None:
                self._report(event)
                return

    def _read(self, question: Question) -> str | None:
        """Ask the front end for a line that it keeps nowhere, were it only a name."""
        import zmq

        stdin = self._kernel.stdin_socket
        with contextlib.suppress(zmq.Again):
            while True:  # replies that nobody waited for any more
                stdin.recv_multipart(zmq.NOBLOCK)
        content = {"prompt": replace(question, is_secret=True).prompt, "password": True}
        session = self._kernel.session
        session.send(stdin, "input_request", content, self._cell, ident=self._front_end)
        while not self._news.is_set():
            if stdin.poll(_SLICE * 1000):
                return _value(session.recv(stdin)[1])
        return None


def _is_for_us(view: View) -> bool:
    return wants_typing(view) and not view.comes_back


def _value(reply: dict[str, Any]) -> str:
    value = str(reply["content"].get("value", ""))
    if value == _END_OF_FILE:
        raise EOFError
    return value
