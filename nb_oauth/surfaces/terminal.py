"""The terminal: what a person at a shell, at ``python`` or over SSH is shown and asked.

All of it goes to standard error, so that what the program itself prints stays clean, and each
thing is said once. What the person brings is read by a thread of its own, which ends as soon as
the answer has come another way, and leaves the terminal as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import queue
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING

from nb_oauth import place
from nb_oauth.surfaces.contract import Cancelled, Event, View, wants_typing
from nb_oauth.surfaces.keyboard import keyboard
from nb_oauth.surfaces.plain_text import Screen, address_of
from nb_oauth.surfaces.questions import Question, ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

_CANCELLED = "Cancelled."
_EMPTY = "That was empty."
_GLANCE = 0.2  # seconds between two looks whether it is this sign-in's turn

_one_at_a_time = threading.Lock()  # a terminal has one keyboard


class Terminal:
    """Asks a person at this process's terminal. Enter it while somebody waits for the answer.

    Args:
        report: takes each thing that the person did; it must return at once.
    """

    def __init__(self, report: Callable[[Event], None]) -> None:
        self._report = report
        self._is_waited_for = _is_waited_for_here()
        self._keyboard = keyboard(self._is_waited_for)
        self._screen = Screen(sys.stderr)
        self._views: queue.SimpleQueue[View | None] = queue.SimpleQueue()
        self._is_over = threading.Event()
        self._was_interrupted = False
        self._has_opened = False
        self._thread = threading.Thread(target=self._run, name="nb_oauth terminal", daemon=True)

    def __enter__(self) -> Self:
        # What the wait needs, before anybody is asked: Python forgets a Ctrl-C that comes while it
        # loads a module (a weak reference's callback swallows it), and the person would be stuck.
        for name in ("awaiting", "blocking", "gate"):
            importlib.import_module(f"nb_oauth.waiting.{name}")
        try:
            self._thread.start()
        except BaseException as error:  # Ctrl-C: it waits there for the thread, which may run
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """End the conversation. Ctrl-C means that the person does not want to sign in."""
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._was_interrupted = True
            self._report(Cancelled())
        self._is_over.set()
        self._views.put(None)
        self._keyboard.wake()
        if self._thread.ident is not None:
            self._thread.join()
        self._keyboard.close()

    def show(self, view: View) -> None:
        """Show ``view``, as far as it says anything new. May be called from any thread."""
        self._views.put(view)
        self._keyboard.wake()

    # -- in the thread that has the terminal -----------------------------------------------

    def _run(self) -> None:
        while not _one_at_a_time.acquire(timeout=_GLANCE):
            if self._is_over.is_set():
                return
        try:
            with self._keyboard.listening():
                self._converse()
        except OSError:  # the terminal is gone, and whoever sat at it
            self._report(Cancelled())
        finally:
            _one_at_a_time.release()

    def _converse(self) -> None:
        while (view := self._next_view()) is not None:
            self._keyboard.drop()
            self._say(view)
            while self._views.empty() and wants_typing(view):
                event = ask(view, self._read)
                if event is not None:
                    self._report(event)
                    break
        self._screen.end(_CANCELLED if self._was_interrupted else "")

    def _next_view(self) -> View | None:
        while self._is_waited_for():
            with contextlib.suppress(queue.Empty):
                return self._views.get(timeout=_GLANCE)
        self._report(Cancelled())
        return None

    def _say(self, view: View) -> None:
        browser = None
        if view.code is None and not self._has_opened and address_of(view):
            self._has_opened = True  # once: a page that was left would come back again and again
            browser = place.browser()
        self._screen.say(view, opens=browser is not None)
        if browser is not None and view.link:
            _open(browser, view.link)

    def _read(self, question: Question) -> str | None:
        self._screen.passing(question.prompt)
        if question.is_secret:
            typed = self._keyboard.read_secret(skips_empty=question.is_needed)
        else:
            typed = self._keyboard.read_name()
            if typed is not None:
                self._screen.line_ended()
        if typed is not None and question.is_needed and not typed.strip():
            self._screen.remark(_EMPTY)
        return typed


def _is_waited_for_here() -> Callable[[], bool]:
    """Return what tells whether the waiting code is still there.

    Ctrl-C at an ``await`` of IPython is raised outside of the coroutine, which is left where it is:
    all that tells is that its event loop stands still.
    """
    try:
        return asyncio.get_running_loop().is_running
    except RuntimeError:  # nothing awaits: the wait itself is interrupted
        return lambda: True


def _open(browser: webbrowser.BaseBrowser, address: str) -> None:
    """Open ``address``, without waiting: some browsers come back when they are closed."""

    def run() -> None:
        with contextlib.suppress(OSError, webbrowser.Error):  # the address stands in the terminal
            browser.open(address)

    threading.Thread(target=run, name="nb_oauth browser", daemon=True).start()
