"""What the widget of somebody who has signed in offers: a new token now, and signing out."""

import logging
import threading
import time
from functools import partial

from requests import RequestException

from nb_oauth import tokens
from nb_oauth.exceptions import OAuthError
from nb_oauth.session import OAuth2Session
from nb_oauth.sign_out import logout
from nb_oauth.surfaces import RenewWanted, SignOutWanted, Status, Surface, View

_logger = logging.getLogger(__name__)


class AccountActions:
    """Does what a person asks for after signing in, in a thread of its own.

    Args:
        surface: who shows what came of it.
        provider_name: what people call the provider.
    """

    def __init__(self, surface: Surface, provider_name: str) -> None:
        self._surface = surface
        self._provider_name = provider_name
        self._one_at_a_time = threading.Lock()

    def begin(self, event: RenewWanted | SignOutWanted, session: OAuth2Session) -> None:
        """Begin what ``event`` asks for; returns at once."""
        act = self._renew if isinstance(event, RenewWanted) else self._sign_out
        run = partial(self._run, partial(act, session))
        threading.Thread(target=run, name="nb_oauth account", daemon=True).start()

    def _run(self, act: "partial[View]") -> None:
        with self._one_at_a_time:
            try:
                self._surface.show(act())
            except Exception:  # an observer's own, or a front end that went away
                _logger.exception("What was done to an account could not be shown")

    def _renew(self, session: OAuth2Session) -> View:
        try:
            session.renew()
        except (OAuthError, RequestException) as error:
            return self._signed_in(session, "", error=str(error))
        end = tokens.expires_at(session.token)
        until = (
            f" It is good until {time.strftime('%H:%M:%S', time.localtime(end))}." if end else ""
        )
        return self._signed_in(session, f"The token was renewed.{until}")

    def _sign_out(self, session: OAuth2Session) -> View:
        return View(Status.SIGNED_OUT, self._heading, progress=repr(logout(session)))

    def _signed_in(self, session: OAuth2Session, words: str, error: str | None = None) -> View:
        progress = words or f"Signed in to {self._provider_name}."
        return View(
            Status.SIGNED_IN,
            self._heading,
            progress=progress,
            error=error,
            can_renew=session.account.renews,
        )

    @property
    def _heading(self) -> str:
        return f"Sign in to {self._provider_name}"
