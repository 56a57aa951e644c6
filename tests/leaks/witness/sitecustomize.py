"""Has a demo provider be watched in whatever Python program the tests start.

Python runs this by its name where the folder is on its path. A demo provider is in a kernel, or
in a program that a kernel or a Jupyter server started: nobody else sees what it issues.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing takes its time, at each start of each program
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Watch:
    """Replaces ``Application.answer`` once its module has been imported."""

    def find_spec(
        self,
        name: str,
        _path: Sequence[str] | None = None,
        _target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find the module as without this, and change what it has come to be."""
        if name != "nb_oauth.demo.application":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_watch(module: ModuleType) -> None:
            from demo_witness import watched

            execute(module)
            module.Application.answer = watched(module.Application.answer)

        spec.loader.exec_module = execute_and_watch  # type: ignore[method-assign]
        return spec


if "DEMO_SECRETS_ARE_NOTED_IN" in os.environ:
    sys.meta_path.insert(0, Watch())
