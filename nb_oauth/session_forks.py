"""The part of a session that goes on in a forked process.

Such a process has the memory of its parent, and none of its threads. So it has

* locks that a thread held which is not there: each is made anew, here those of the cookies, and
  each other where it is;
* connections that two processes must not write to, or one gets what the other asked for: they are
  left to the parent. requests and urllib3 do not look for that;
* refresh tokens. One that is in memory alone is left to the parent as well: two processes that use
  one get the sign-in revoked where it rotates. One in a store that processes share is used by all.
"""

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

from nb_oauth import forks, stores, without_secrets
from nb_oauth.live_sessions import LiveSessions
from nb_oauth.session_copies import CopiedSession

if TYPE_CHECKING:
    from typing_extensions import Self

# Never used again, and never closed: that takes locks which a thread of the parent may have held.
_left_to_the_parent: list[Any] = []


class ForkedSession(CopiedSession):
    """The part of a session that goes on in a forked process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _everyone.add(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy, with locks and connections of its own."""
        super().__setstate__(state)
        _everyone.add(self)

    def __copy__(self) -> "Self":
        """Return a twin: it shares everything, as what requests copies does, and the renewal."""
        twin = super().__copy__()
        _everyone.add(twin)
        return twin

    def _begin_anew(self) -> None:
        _leave_connections(self)
        self._signing_keys = None
        if self.provider is not None and (
            self._store is None or isinstance(self._store, stores.MemoryTokenStore)
        ):
            self._is_copy, self._store = True, None
            self.token = without_secrets.bare_token(self.token)


_everyone: LiveSessions[ForkedSession] = LiveSessions()


def _leave_connections(session: requests.Session) -> None:
    """Give ``session`` connections and a cookie lock of its own."""
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            pickled: Any = adapter
            with contextlib.suppress(Exception):  # one of the caller's own that cannot be pickled
                _left_to_the_parent.append(dict(vars(adapter)))
                pickled.__setstate__(pickled.__getstate__())
    jar: Any = session.cookies
    if hasattr(jar, "_cookies_lock"):
        jar._cookies_lock = threading.RLock()  # noqa: SLF001 - as requests does for a pickle


def _begin_anew() -> None:
    _everyone.begin_anew()
    for session in _everyone:
        session._begin_anew()  # noqa: SLF001 - of this module


forks.in_child(_begin_anew)
