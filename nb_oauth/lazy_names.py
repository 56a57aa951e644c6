"""Names that a package loads when they are first used (PEP 562).

A session in a script needs no widget, no grant and no file store: what is not used costs nothing.
"""

import importlib
import sys
from collections.abc import Callable, Mapping


def loader(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package that loads its names when they are first used.

    Args:
        package: its ``__name__``.
        modules: the name of the module below it that has each name; an empty one stands for a
            module of that name itself.
    """

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{modules[name] or name}")
        value: object = getattr(module, name) if modules[name] else module
        setattr(sys.modules[package], name, value)
        return value

    return load
