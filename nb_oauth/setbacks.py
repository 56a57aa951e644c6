"""What went wrong in renewing a token, and what follows: whom to ask again, and when."""

import copy
import hashlib
import threading
import weakref
from typing import TYPE_CHECKING, NamedTuple

from nb_oauth import forks
from nb_oauth.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Hashable

# A refresh token that is good no more: RFC 6749 §5.2, and GitHub.
_REFUSALS = ("invalid_grant", "bad_refresh_token")
_SHARE_TO_REST = 0.1
_SHORTEST_REST = 1.0  # seconds
_LONGEST_REST = 3600.0  # seconds; then the endpoint is asked, whatever it asked for
_IMPATIENT_FOR = 60.0  # seconds
_USELESS_FOR = 3600.0  # seconds


class Setbacks:
    """What went wrong in renewing a token, and whether to try again now.

    Sessions that share a store share it, see :func:`setbacks_of`. Tokens are known by a digest:
    this may outlive them. Each ``now`` is on the clock of ``time.monotonic()``, which nobody sets.

    Attributes:
        failure: the last one, for whom to compare it with before and after a wait.
    """

    def __init__(self) -> None:
        self.failure: Failure | None = None
        self._refused: set[bytes] = set()
        self._dead: set[bytes] = set()
        self._renewed_for: dict[str, tuple[bytes | None, float]] = {}
        self._rest_until = 0.0
        self._closed_until = 0.0
        self._impatient_until = 0.0

    def note(
        self,
        token: Token,
        error: Exception,
        now: float,
        *,
        left: float = 0.0,
        has_waited: bool = False,
    ) -> None:
        """Remember that renewing ``token`` failed.

        A refresh token that the provider refused is used no more. After any other failure the
        token endpoint is given a rest, for as long as the token serves: a tenth of what is left
        of its life, a second at least (or all that is left of it, if that is less), and as long
        as the endpoint asked for, but no longer than an hour. And who was waited for in vain is
        not waited for again within a minute, but asked.

        Args:
            token: what was to be renewed.
            error: why it was not.
            now: when.
            left: how many seconds ``token`` has yet to live.
            has_waited: whether the endpoint was asked several times.
        """
        if is_refusal(error):
            self.note_refused(token)
        digest = _digest(token, "refresh_token")
        self.failure = Failure(digest, alone(error))
        asked_for = min(getattr(error, "retry_after", None) or 0.0, _LONGEST_REST)
        shortest = min(_SHORTEST_REST, left) if left > 0 else _SHORTEST_REST
        rest = max(shortest, left * _SHARE_TO_REST, asked_for)
        self._rest_until = now + min(rest, _LONGEST_REST)
        self._closed_until = now + asked_for
        if has_waited:
            self._impatient_until = now + _IMPATIENT_FOR

    def forget(self, token: Token) -> None:
        """Begin anew with ``token``, which somebody got."""
        self._refused.discard(_digest(token, "refresh_token") or b"")
        self._dead.discard(_digest(token, "access_token") or b"")
        self.failure = None
        self._rest_until = self._closed_until = self._impatient_until = 0.0

    def forget_all(self) -> None:
        """Begin anew without any token."""
        vars(self).update(vars(Setbacks()))

    def note_refused(self, token: Token) -> None:
        """Remember that the provider refused the refresh token of ``token``."""
        self._refused.add(_digest(token, "refresh_token") or b"")

    def is_refused(self, token: Token) -> bool:
        """Tell whether the provider refused the refresh token of ``token``."""
        return _digest(token, "refresh_token") in self._refused

    def note_dead(self, token: Token) -> None:
        """Remember that neither an API takes ``token`` nor the provider renews it."""
        self._dead.add(_digest(token, "access_token") or b"")

    def is_dead(self, token: Token) -> bool:
        """Tell whether only signing in again helps, though ``token`` has not ended."""
        return _digest(token, "access_token") in self._dead

    def is_resting(self, now: float) -> bool:
        """Tell whether the last failure was a moment ago."""
        return now < self._rest_until

    def is_impatient(self, now: float) -> bool:
        """Tell whether the token endpoint was waited for in vain of late."""
        return now < self._impatient_until

    @property
    def is_left_without(self) -> bool:
        """Whether who was asked last has no token that is good, and does not know of a next one.

        That is less than a refusal: there may be one again.
        """
        error = None if self.failure is None else self.failure.error
        says_so = getattr(error, "error", None) is not None
        return says_so and getattr(error, "retry_after", None) is None

    def closed_for(self, now: float) -> float:
        """Return for how many seconds more the endpoint asked not to be asked."""
        return max(0.0, self._closed_until - now)

    def since(self, before: "Failure | None", token: Token) -> Exception | None:
        """Return a copy of what came of renewing ``token`` since ``before`` was the last failure.

        None is returned where nobody tried meanwhile, or with another refresh token.
        """
        failure = self.failure
        if failure is None or failure is before or failure.error is None:
            return None
        is_of_this = failure.digest == _digest(token, "refresh_token")
        return copy.copy(failure.error) if is_of_this else None

    # -- APIs that refuse a token ----------------------------------------------------------

    def note_renewed_for(self, host: str, token: Token, now: float) -> None:
        """Remember that ``token`` was earned because ``host`` refused the one before."""
        self._renewed_for[host] = _digest(token, "access_token"), now

    def note_helped(self, host: str) -> None:
        """Remember that ``host`` took the token that was earned because of it."""
        self._renewed_for.pop(host, None)

    def is_useless(self, host: str, now: float) -> bool:
        """Tell whether renewing for ``host`` did not help, or is not known to have, of late.

        For an hour, not for ever: a token whose end nobody knows is renewed for no other reason.
        """
        _, when = self._renewed_for.get(host, (None, -_USELESS_FOR))
        return now - when < _USELESS_FOR

    def is_last_resort(self, host: str, token: Token, now: float) -> bool:
        """Tell whether ``token`` is what was earned for ``host``, so that nothing newer helps."""
        digest, _ = self._renewed_for.get(host, (None, 0.0))
        return digest == _digest(token, "access_token") and self.is_useless(host, now)


class Failure(NamedTuple):
    """That a renewal failed.

    Attributes:
        digest: of the refresh token; None where there was none.
        error: what to tell others who waited for it; None where it cannot be copied.
    """

    digest: bytes | None
    error: Exception | None


def setbacks_of(store: object, key: object) -> Setbacks:
    """Return the setbacks of all sessions of this process whose token is in ``store`` as ``key``.

    So many sessions are one to the token endpoint, also where something goes wrong.
    """
    try:
        with _guard:
            return _shared.setdefault((store, key), Setbacks())
    except TypeError:  # a store of one's own that compares itself, and has no hash
        return Setbacks()


_guard = threading.Lock()
_shared: "weakref.WeakValueDictionary[Hashable, Setbacks]" = weakref.WeakValueDictionary()


def _begin_anew() -> None:
    global _guard  # noqa: PLW0603 - a thread that held the former was not forked along
    _guard = threading.Lock()


forks.in_child(_begin_anew)


def is_refusal(error: Exception) -> bool:
    """Tell whether a provider says by ``error`` that a refresh token is good no more."""
    return getattr(error, "error", None) in _REFUSALS


def alone(error: Exception) -> Exception | None:
    """Return a copy of ``error`` without what it arose from: those frames hold tokens.

    None stands for an error of somebody else's that cannot be copied.
    """
    try:
        copied = copy.copy(error)
    except Exception:  # noqa: BLE001 - whatever its own constructor raises
        return None
    copied.__cause__ = copied.__context__ = None  # Dask has errors copied with all that (tblib)
    return copied.with_traceback(None)


def _digest(token: Token, member: str) -> bytes | None:
    secret = token.get(member)
    return hashlib.sha256(str(secret).encode()).digest() if secret else None
