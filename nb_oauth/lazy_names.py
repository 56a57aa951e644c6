"""Names that a package loads when they are first used (PEP 562).

A session in a script needs no widget, no grant and no file store: what is not used costs nothing.
"""

import importlib
import sys
from collections.abc import Callable, Mapping


def lazily(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that loads names when first used.

    A package has them where no type checker looks, which would take any name for one of its.

    Args:
        package: its ``__name__``.
        modules: the name of the module below it that has each name; an empty one stands for a
            module of that name itself.
    """

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # Two threads that enter a circle of imports at different places get half-made modules:
        # Python would rather hand these out than wait for ever. So all go in by one door.
        importlib.import_module("requests_oauthlib")
        module = importlib.import_module(f"{package}.{modules[name] or name}")
        value: object = getattr(module, name) if modules[name] else module
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return load, names
