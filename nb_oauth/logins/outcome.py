"""What came of a login: how far it is, who is told, and standing for the session it gave."""

import threading
from typing import TYPE_CHECKING, Any

from nb_oauth import place, waiting
from nb_oauth.attempt import Attempt
from nb_oauth.exceptions import LoginPending, in_terms_of
from nb_oauth.logins.followers import Follower, Following, as_if_here, tell
from nb_oauth.session import OAuth2Session

if TYPE_CHECKING:
    from concurrent.futures import Future


class Outcome:
    """What came of a login so far. A login is one."""

    _attempt: Attempt | None = None  # there from the first: close() may come before __init__

    def __init__(self) -> None:
        self._beginning = threading.Lock()
        self._followers: list[Following] = []
        self._told_first: list[Follower] = []
        self._latest: OAuth2Session | None = None  # of which they were told last
        self._told_of: Future[OAuth2Session] | None = None

    if not TYPE_CHECKING:  # else every name would do

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the session has
            """Stand for the session, where nothing could wait for it.

            Raises:
                AttributeError: neither a login nor a session has that.
                LoginPending: nobody has signed in yet. It is an ``AttributeError`` as well.
            """
            if name.startswith("_") or not _is_of_sessions(name):
                return object.__getattribute__(self, name)  # raises what it raised before
            if not self.is_done:
                raise _nobody_yet(name)
            return getattr(self._attempt.future.result(), name)

    @property
    def is_under_way(self) -> bool:
        """Whether somebody can sign in now: an attempt has begun and is not over."""
        return self._attempt is not None and not self._attempt.future.done()

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt is over without a session."""
        return self._attempt is not None and self._attempt.has_failed

    @property
    def is_done(self) -> bool:
        """Whether somebody has signed in, and the session lives."""
        attempt = self._attempt
        return attempt is not None and attempt.has_succeeded and not is_spent(attempt)

    def on_signed_in(self, function: Follower) -> None:
        """Call ``function(session)`` as soon as somebody has signed in, without waiting.

        Who signs out and in again in the widget has another session: it is called with that too.
        It is called in the thread that signs in (in marimo in a ``marimo.Thread`` of this cell,
        so that it may set a state); at once if somebody has signed in already. A cell that runs
        again has it called in place of what it asked for when it ran before.
        """
        self._follow(function, Following(as_if_here(function), place.running_cell()))

    def follow(self, function: Follower) -> None:
        """Call ``function(session)`` in the thread that signs in, once those who wait go on."""
        self._follow(function, Following(function))

    def _follow(self, function: Follower, following: Following) -> None:
        with self._beginning:
            attempt = self._attempt
            self._followers = [
                *(one for one in self._followers if not one.is_of_former_run_of(following.cell)),
                following,
            ]
            # Whoever is about to be told of the session is not told here as well.
            if attempt is None or attempt.future is not self._told_of or is_spent(attempt):
                return
        function(attempt.future.result())

    def prepare(self, function: Follower) -> None:
        """Call ``function(session)`` before anybody goes on with the session.

        It is called in the thread that signs in; at once where that is past, and the session lives.
        It should take no time, and wait for nobody.
        """
        with self._beginning:
            self._told_first.append(function)
            session = self._latest
        if session is not None and session.is_alive:
            function(session)

    def _tell_first(self, session: OAuth2Session) -> None:
        with self._beginning:
            functions, self._latest = [*self._told_first], session
        tell(functions, session)

    def _tell_followers(self, future: "Future[OAuth2Session]") -> None:
        if future.exception() is not None:
            return
        with self._beginning:
            followers, self._told_of = [one.function for one in self._followers], future
        tell(followers, future.result())


def is_spent(attempt: Attempt) -> bool:
    """Tell whether ``attempt`` is over, and what came of it is worth nothing (any more)."""
    if attempt.has_succeeded:
        return not attempt.future.result().is_alive
    return attempt.has_failed


def _is_of_sessions(name: str) -> bool:
    return hasattr(OAuth2Session, name) or name in OAuth2Session.__attrs__


def _nobody_yet(name: str) -> LoginPending:
    where = place.here()
    what = "This is the login; its .session waits for somebody to sign in."
    if not where.lets_cells_wait:
        what = waiting.instead_of_waiting(where)
    message = f"Nobody has signed in yet, so there is no session.{name}. {what}"
    return in_terms_of(LoginPending, AttributeError(), message)
