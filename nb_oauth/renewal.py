"""One renewal at a time.

A refresh token that rotates is worth one use: two threads that both use it get the whole family
revoked. So whoever finds the token due waits for the lock and looks again; a token that somebody
else renewed meanwhile is adopted.
"""

import threading
from collections.abc import Callable

from nb_oauth.tokens import Token

Read = Callable[[], Token]
Renew = Callable[[Token], Token]


class Renewal:
    """Renews one token for all threads that use it.

    Args:
        read: returns the token as it stands now.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.RLock()

    def run(self, stale: Token, renew: Renew) -> Token:
        """Return a newer token than ``stale``.

        Args:
            stale: the token that the caller found wanting.
            renew: earns a new one; called only if nobody else has done so meanwhile.

        Returns:
            The token somebody else got while this caller waited, or what ``renew`` returns.
        """
        with self._lock:
            current = self._read()
            if current.get("access_token") != stale.get("access_token"):
                return current
            return renew(current)
