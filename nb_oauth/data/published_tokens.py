"""The access token that a notebook publishes on a Dask cluster, as the workers see it.

The sign-in stays in the notebook. On the cluster there is one ``Variable`` of Dask's for it, whose
name nobody can guess, with the access token as it stands; each renewal replaces it. A session in a
worker has that name. Where its token is near its end, or an API refuses it, it looks there for the
next one: a token that has ended is waited for, one that lives is used meanwhile. What a worker
misses it says in a topic of the same name, which Dask brings to the notebook.
"""

import contextlib
import functools
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from nb_oauth import tokens
from nb_oauth.exceptions import LoginRequired, TokenError
from nb_oauth.masking import HiddenToken, with_bare_errors
from nb_oauth.tokens import Token

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 30.0
"""Seconds for which a worker whose token has ended waits for the next one."""

_ANSWERS_WITHIN = 10.0  # seconds, for the scheduler
_ASKS_AFTER = 2.0  # seconds; until then the next token is on its way, or will be
_ASKS_AGAIN_AFTER = 1.0  # seconds, should the notebook not have listened yet
_REFUSED_FOR = 15.0  # seconds
_IMPATIENT_FOR = 60.0  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25  # seconds; each is twice the one before
_SHARE_TO_REST, _LONGEST_REST = 0.1, 1.0  # of what is left of a token; seconds
_SHARE_OF_NO_USE, _MOMENT = 0.01, 0.1  # of a token's life; seconds: a request may come too late

_NO_OTHER = "The notebook has no other token than the one that the API refuses."
_NOT_HERE = (
    "A session from a Dask cluster gets its next token in a process of that cluster: this is none. "
    "Use the notebook's own session here."
)
_IN_THE_LOOP = (
    "A session cannot wait for its next token in the event loop of a Dask worker: the token would "
    "come by that loop. Use the session in a plain function, or in a thread of its own."
)


class Published(NamedTuple):
    """What the notebook says.

    Attributes:
        number: which publication this is, counted from 1.
        token: the access token and what belongs to it; None where there is none any more.
        is_last: whether the notebook gets no other one before this ends, whoever refuses it.
        why: what to tell where there is no token.
    """

    number: int
    token: dict[str, Any] | None
    is_last: bool = False
    why: str = ""

    def is_newer(self, former: Token) -> bool:
        """Tell whether its token is of use to whom ``former`` is of use no longer."""
        if self.token is None:
            return False
        end, known = tokens.expires_at(self.token), tokens.expires_at(former)
        if end is not None and known is not None and end != known:
            return end > known
        return bool(self.token.get("access_token") != former.get("access_token"))

    def live_after(self, former: Token) -> HiddenToken | None:
        """Return its token where that is newer than ``former``, and has not ended."""
        if self.token is None or not self.is_newer(former):
            return None
        return None if tokens.has_ended(self.token, time.time()) else HiddenToken(self.token)


@dataclass(frozen=True)
class Notebook:
    """Lends the token that the notebook has published on the cluster, and the next one.

    It holds no secret but the name of what is published.

    Args:
        variable: that name.
        patience: seconds for which to wait in place of a token that has ended.
        name: what people call it.
    """

    variable: str
    patience: float = PATIENCE
    name: str = "the notebook"

    @with_bare_errors
    def lend(self, former: Token, *, is_refused: bool = False) -> Token:
        """Return the token that is published, if it is newer than ``former``.

        One that lives, and that no API has refused, will do until there is a newer one.

        Args:
            former: the one that will do no longer.
            is_refused: whether an API has refused it; else it has come near its end.

        Raises:
            LoginRequired: ``former`` has ended, and the next one did not come in time, or never
                will.
            TokenError: an API has refused ``former``, and there is no other; or this process is
                none of the cluster.
        """
        bulletin = _bulletin(self.variable)
        newer = bulletin.live_after(former, is_refused=is_refused)
        if newer is not None:
            return newer
        if _seconds_left(former) <= _moment(former):
            return self._awaited(bulletin, former)
        if not is_refused:
            return former
        asks_after = _ASKS_AFTER if tokens.is_due(former, time.time()) else 0.0
        newer = bulletin.wait(former, _REFUSED_FOR, asks_after, is_refused=True)
        if newer is None:
            raise TokenError(_NO_OTHER)
        return newer

    def _awaited(self, bulletin: "_Bulletin", former: Token) -> Token:
        newer = bulletin.wait(former, bulletin.patience(self.patience), _ASKS_AFTER)
        if newer is not None:
            return newer
        why = bulletin.latest.why
        if not why:
            bulletin.note_in_vain()
            why = (
                f"the notebook has published no next one within {self.patience:g} s: its kernel "
                "may have ended, or be held up"
            )
        raise LoginRequired(
            f"The access token has ended, and {why}. Call data.on_cluster(session, client) there, "
            "with a session that is signed in, and send the requests again."
        )


class _Bulletin:
    """What this process knows of one ``Variable``: many copies of a session ask for it.

    Args:
        variable: its name.
    """

    def __init__(self, variable: str) -> None:
        self._variable = variable
        self._impatient_until = 0.0
        self._looked_at = -math.inf
        self.latest = Published(0, None)

    def live_after(self, former: Token, *, is_refused: bool) -> HiddenToken | None:
        """Return a newer token than ``former``, if there is one that lives.

        What is published is looked up only where it may be of use, and a moment has passed since:
        the nearer the end of ``former``, the shorter.
        """
        known, now = self.latest.token, time.time()
        if known is None or is_refused or tokens.is_due(known, now):
            rest = min(_LONGEST_REST, _seconds_left(former) * _SHARE_TO_REST)
            if is_refused or time.monotonic() - self._looked_at > rest:
                self.look()
        return self.latest.live_after(former)

    def look(self) -> Published:
        """Return what is published now; what was, where the scheduler does not answer."""
        from distributed import Variable

        variable = Variable(self._variable, client=_client())
        self._looked_at = time.monotonic()
        try:
            said = variable.get(timeout=_ANSWERS_WITHIN, callback_timeout=_ANSWERS_WITHIN)
        except (OSError, TimeoutError, _other_timeout()):
            return self.latest
        found = Published(**said)
        if found.number >= self.latest.number:  # another thread may know of a later one
            self.latest = found
        return self.latest

    def wait(
        self, former: Token, seconds: float, asks_after: float, *, is_refused: bool = False
    ) -> HiddenToken | None:
        """Return the next token as soon as it is published; None where it is not.

        Args:
            former: the one before.
            seconds: for which to wait.
            asks_after: seconds after which to ask the notebook for it, each second from then on.
            is_refused: whether it is of no use to wait for the end of ``former``.
        """
        began, pause, asks_next_after = time.monotonic(), _FIRST_PAUSE, asks_after
        while True:
            found, waited = self.look(), time.monotonic() - began
            newer = found.live_after(former)
            if newer or (found.number and found.token is None) or (is_refused and found.is_last):
                return newer
            if waited >= seconds:
                return None
            if waited >= asks_next_after:
                self._ask(found.number)
                asks_next_after = waited + _ASKS_AGAIN_AFTER
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _ask(self, number: int) -> None:
        """Tell the notebook that the token of that publication cannot be used."""
        client, event = _client(), {"topic": self._variable, "msg": {"number": number}}
        scheduler: Any = client.scheduler
        with contextlib.suppress(OSError, TimeoutError, _other_timeout()):
            client.sync(scheduler.log_event, **event, callback_timeout=_ANSWERS_WITHIN)

    def patience(self, seconds: float) -> float:
        """Return how long to wait: not again so long where it was in vain a moment ago."""
        return 0.0 if time.monotonic() < self._impatient_until else seconds

    def note_in_vain(self) -> None:
        """Remember that nothing came."""
        self._impatient_until = time.monotonic() + _IMPATIENT_FOR


def _seconds_left(token: Token) -> float:
    end = tokens.expires_at(token)
    return math.inf if end is None else end - time.time()


def _moment(token: Token) -> float:
    """Return for how long before its end to send no more request with ``token``."""
    life = tokens.seconds(token.get("expires_in"))
    return _MOMENT if life is None else min(_MOMENT, max(0.0, life) * _SHARE_OF_NO_USE)


@functools.lru_cache(maxsize=128)
def _bulletin(variable: str) -> _Bulletin:
    return _Bulletin(variable)


def _client() -> "Client":
    """Return Dask's client of this process, as tasks have one.

    Raises:
        TokenError: the process is none of a cluster; or this thread has to bring the answer.
    """
    import distributed

    try:
        client = distributed.get_client()
    except ValueError:  # a thread that a task has begun
        client = _client_of_worker()
    if client.asynchronous:
        raise TokenError(_IN_THE_LOOP)
    return client


def _client_of_worker() -> "Client":
    from distributed import Worker

    for worker in Worker._instances:  # noqa: SLF001 - get_worker() is for a task's own thread
        return worker._get_client()  # noqa: SLF001 - the same
    raise TokenError(_NOT_HERE)


def _other_timeout() -> type[Exception]:
    import asyncio

    return asyncio.TimeoutError  # not Python's own before 3.11
