"""Who refers to a secret: a search of everything that Python can reach."""

from __future__ import annotations

import gc
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def holders(secret: str, *, apart_from: Iterable[object] = ()) -> list[str]:
    """Name the type of each object that refers to a text with ``secret`` in it.

    Frames that run in other threads are searched by their local variables.

    Args:
        secret: what to look for. It should look the same in a URL, in JSON and in bytes.
        apart_from: objects of the test's own, which are not looked into.
    """
    gc.collect()
    found = []
    for owner, text in _texts({id(one) for one in apart_from}):
        if secret.encode() in text:  # in a loop: a comprehension would refer to the secret itself
            found.append(_describe(owner))
    return found


def _texts(seen: set[int]) -> Iterator[tuple[object, bytes]]:
    """Every text that anything refers to, once, with what refers to it."""
    found = [*((frame, list(frame.f_locals.values())) for frame in _frames_elsewhere())]
    found += [(one, gc.get_referents(one)) for one in gc.get_objects() if id(one) not in seen]
    while found:
        owner, referents = found.pop()
        for one in referents:
            if id(one) in seen:
                continue
            if isinstance(one, str | bytes | bytearray):
                seen.add(id(one))
                yield owner, one.encode("utf-8", "replace") if isinstance(one, str) else bytes(one)
            elif not gc.is_tracked(one) and isinstance(one, dict | tuple):  # of texts alone
                seen.add(id(one))
                found.append((one, gc.get_referents(one)))


def _frames_elsewhere() -> Iterator[Any]:
    for thread, frame in sys._current_frames().items():
        here: Any = frame if thread != threading.get_ident() else None
        while here is not None:
            yield here
            here = here.f_back


def _describe(owner: object) -> str:
    kind = type(owner)
    keys = f" with {sorted(map(str, owner))[:6]}" if isinstance(owner, dict) else ""
    return f"{kind.__module__}.{kind.__qualname__}{keys}"
