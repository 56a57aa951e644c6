"""The notebook's side of a Dask cluster: renewing the token, and publishing what came of it."""

import contextlib
import secrets
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import requests

from nb_oauth import tokens, without_secrets
from nb_oauth.data.published_tokens import Published
from nb_oauth.exceptions import LoginError, OAuthError, TokenError, TokenExpiredError
from nb_oauth.tokens import Token

if TYPE_CHECKING:
    from distributed import Client

    from nb_oauth.session import OAuth2Session

_BEAT = 0.5  # seconds after which to see whether somebody signed out, or has renewed already
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 15.0  # seconds, before a renewal that failed is tried again
_SHARE_AHEAD = 0.01  # of a token's life: who renews much before the end renews more often
_REPEATED_AFTER = 30.0  # seconds, should the scheduler have lost it
_ANSWERS_WITHIN = 10.0  # seconds
_IS_OVER = ("closing", "closed")

_SIGNED_OUT = "nobody is signed in any more in the notebook that it came from"
_NOT_RENEWABLE = "it cannot be renewed in the notebook that it came from"
_CLOSED = "the notebook publishes no further one, since on_cluster() was closed there"


class Publisher(threading.Thread):
    """Renews a session's token before its end, and publishes it, until it is closed.

    It ends as well when the client is closed. Each renewal is the session's own: whoever else uses
    that takes part in it.

    Args:
        session: one that was opened; or its twin.
        client: of the cluster.

    Attributes:
        variable: the name under which it publishes, which nobody can guess.
    """

    def __init__(self, session: "OAuth2Session", client: "Client") -> None:
        from distributed import Variable

        super().__init__(name="nb_oauth cluster", daemon=True)
        self.variable = f"nb_oauth-{secrets.token_urlsafe(24)}"
        self._session, self._client = session, client
        self._where = Variable(self.variable, client=client)
        self._published, self._published_at = Published(0, None), 0.0
        self._missed = 0
        self._asks_at, self._pause = 0.0, _FIRST_PAUSE
        self._is_closed = False
        self._wakes = threading.Event()

    def start(self) -> None:
        """Publish the token as it stands, renewed if its end is near, and go on.

        Raises:
            LoginRequired: nobody is signed in with the session.
            TokenError: the token has ended, and could not be renewed.
        """
        self._session.fresh_access_token()
        self._publish(self._session.token)
        self._client.subscribe_topic(self.variable, _handler(self))
        super().start()

    def close(self) -> None:
        """Publish no more; the workers are told."""
        self._is_closed = True
        self._wakes.set()
        self.join(_ANSWERS_WITHIN)

    def note_missed(self, number: int) -> None:
        """Take note that a worker cannot use the token of that publication."""
        self._missed = max(self._missed, number)
        self._wakes.set()

    # -- in its thread ---------------------------------------------------------------------

    def run(self) -> None:
        """Go on until it is closed, or the client."""
        while not self._is_closed and self._client.status not in _IS_OVER:
            self._wakes.wait(self._rest())
            self._wakes.clear()
            with contextlib.suppress(Exception):  # what ails the connection is Dask's to tell
                self._go_on()
        self._end()

    def _rest(self) -> float:
        """Return how long to do nothing: a beat, or until the token is to be renewed."""
        left = _seconds_left(self._session.token)
        return min(_BEAT, left if left > 0 else max(0.0, self._asks_at - time.monotonic()))

    def _go_on(self) -> None:
        before = self._published
        is_published = _are_same(self._session.token, before.token)
        is_missed = self._missed == before.number and not before.is_last and is_published
        if is_missed:
            self._renew_refused()
        why = self._renew_in_time()
        token = None if why else self._session.token
        is_other = not _are_same(token, before.token)
        is_old = time.monotonic() - self._published_at > _REPEATED_AFTER
        is_last = is_missed or (before.is_last and not is_other)
        if is_missed or is_other or is_old:
            self._publish(token, is_last=is_last, why=why)

    def _renew_refused(self) -> None:
        """Renew a token that lives, since a worker cannot use it.

        Where that fails it stays, and they are told that it is the last one.
        """
        with contextlib.suppress(OAuthError, requests.RequestException):
            self._session.renew()

    def _renew_in_time(self) -> str:
        """Renew the token if its end is near; return why there is none, if so."""
        token = self._session.token
        if not token:
            return _SIGNED_OUT
        if _seconds_left(token) > 0:
            self._asks_at, self._pause = 0.0, _FIRST_PAUSE
            return ""
        if time.monotonic() < self._asks_at:
            return self._published.why
        try:
            self._session.fresh_access_token()
        except (LoginError, TokenExpiredError):
            return _NOT_RENEWABLE if self._session.token else _SIGNED_OUT
        except (TokenError, requests.RequestException):
            pass  # the token endpoint is out of order: after a pause it may not be
        finally:
            is_new = self._session.token is not token  # and may be near its end again
            self._pause = _FIRST_PAUSE if is_new else min(2 * self._pause, _LONGEST_PAUSE)
            self._asks_at = time.monotonic() + self._pause
        return ""

    def _publish(self, token: Token | None, *, is_last: bool = False, why: str = "") -> None:
        held = None if token is None else without_secrets.lendable_token(token)
        published = Published(self._published.number + 1, held, is_last, why)
        self._where.set(published._asdict(), callback_timeout=_ANSWERS_WITHIN)
        self._published, self._published_at = published, time.monotonic()

    def _end(self) -> None:
        if self._client.status in _IS_OVER:
            return
        with contextlib.suppress(Exception):  # the client was closed meanwhile
            self._client.unsubscribe_topic(self.variable)
            self._publish(None, why=_CLOSED)


def _seconds_left(token: Token) -> float:
    """Return in how many seconds to renew ``token``.

    The workers use a token to its end, and wait for nothing where the next one is there by then.
    So it is renewed a hundredth of its life before, or half a minute.
    """
    end = tokens.expires_at(token)
    if end is None:
        return _BEAT
    life = tokens.seconds(token.get("expires_in"))
    ahead = min(tokens.LEEWAY, tokens.LEEWAY if life is None else max(0.0, life) * _SHARE_AHEAD)
    return end - ahead - time.time()


def _are_same(one: Token | None, other: Token | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(one.get(name) == other.get(name) for name in ("access_token", "expires_at"))


def _handler(publisher: Publisher) -> Any:  # noqa: ANN401 - as Dask takes it
    """Return what hears of missed tokens; a client keeps it for good, and so not the session."""
    here = weakref.ref(publisher)

    def handle(event: tuple[float, dict[str, int]]) -> None:
        found = here()
        if found is not None:
            found.note_missed(event[1]["number"])

    return handle
