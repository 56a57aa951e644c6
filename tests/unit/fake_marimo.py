"""marimo, as much of it as is used here: it is not in the environment of the tests."""

from __future__ import annotations

import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class Kernel:
    """One visitor's: weakly referable, as marimo's."""


class FakeMarimo:
    """A marimo that runs the thread which made it.

    Attributes:
        mode: as ``marimo.app_meta().mode``.
        kernel: whose cell runs.
        running: its execution context.
        shown: what the running cell has shown.
        threads: the threads of its own that were made.
        module: the module itself.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, mode: str = "edit") -> None:
        self.mode = mode
        self.kernel: Kernel | None = Kernel()
        self.running: Any = None
        self.shown: list[Any] = []
        self.threads: list[threading.Thread] = []
        here = threading.current_thread()
        self.module = module = cast("Any", ModuleType("marimo"))
        module.running_in_notebook = lambda: threading.current_thread() is here
        module.app_meta = lambda: SimpleNamespace(mode=self.mode)
        module.output = SimpleNamespace(append=self.shown.append)
        module.Html = lambda text: text
        module.Thread = self._thread
        context: Any = ModuleType("marimo._runtime.context")
        context.get_context = lambda: SimpleNamespace(
            _kernel=self.kernel, execution_context=self.running
        )
        monkeypatch.setitem(sys.modules, "marimo", module)
        monkeypatch.setitem(sys.modules, "marimo._runtime", ModuleType("marimo._runtime"))
        monkeypatch.setitem(sys.modules, "marimo._runtime.context", context)
        if mode == "run":  # in the server's own process
            server = "marimo._server.main"
            monkeypatch.setitem(sys.modules, server, ModuleType(server))

    def _thread(self, target: Callable[[], object], name: str) -> threading.Thread:
        self.threads.append(threading.Thread(target=target, name=name))
        return self.threads[-1]
