"""What a session has in a forked process that is its parent's: connections, and a held lock."""

import contextlib
import threading
from typing import Any

import requests
from requests.adapters import HTTPAdapter

# Never used again, and never closed: that takes locks which a thread of the parent may have held.
_left_to_the_parent: list[Any] = []


def begin_anew(session: requests.Session) -> None:
    """Give ``session`` connections and a cookie lock of its own, in a forked process.

    Two processes that write to one connection get each other's answers. requests and urllib3 do
    not look for that.
    """
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            pickled: Any = adapter
            with contextlib.suppress(Exception):  # one of the caller's own that cannot be pickled
                _left_to_the_parent.append(dict(vars(adapter)))
                pickled.__setstate__(pickled.__getstate__())
    jar: Any = session.cookies
    if hasattr(jar, "_cookies_lock"):
        jar._cookies_lock = threading.RLock()  # noqa: SLF001 - as requests does for a pickle
