"""The part of a session that renews a token which an API refuses before its end.

An API may refuse every token, so a renewal for it is the last one for a while unless it helped.
"""

import time
import warnings
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from nb_oauth.exceptions import LoginRequired, TokenError
from nb_oauth.renewal import not_renewable, refuses
from nb_oauth.session_renewal import NOT_WHO_SIGNED_IN, RenewingSession
from nb_oauth.tokens import Token

if TYPE_CHECKING:
    from nb_oauth.providers import Provider

_UNAUTHORIZED = 401


class PersistentSession(RenewingSession):
    """The part of a session that sends a request once more where its token was refused.

    Attributes:
        if_refused: what to say where an API refuses a token that nothing renews; None lets its
            answer stand.
    """

    if_refused: str | None = None

    def _after_refusal(
        self, response: requests.Response, token: Token, *, is_repeatable: bool
    ) -> Token | None:
        """Return a token to send the request again with; None where that is no use.

        An API that refuses a token which was earned because it refused the one before will refuse
        the next one, too.

        Args:
            response: what the API answered.
            token: what the request was sent with.
            is_repeatable: whether it can be sent again.

        Raises:
            LoginRequired: the API refused the token, and the provider renews it no longer; or
                nothing ever did, and there are words for that.
            TokenError: what came of renewing it is not of who signed in.
        """
        is_of_use = is_repeatable or bool(self.if_refused)
        if self.provider is None or response.status_code != _UNAUTHORIZED or not is_of_use:
            return None
        if not refuses(response, {*self._tokens_sent, str(token.get("access_token", ""))}):
            return None
        if self.if_refused:
            response.close()
            self._setbacks.note_dead(token)
            raise LoginRequired(self.if_refused)
        host, now = urlsplit(response.url).netloc, time.monotonic()
        gives_up = self._setbacks.is_resting(now) or self._setbacks.is_last_resort(host, token, now)
        is_renewable = self._can_renew(token)
        if self._setbacks.is_refused(token):  # last: another thread may learn it meanwhile
            self._setbacks.note_dead(token)
            raise not_renewable(token, self.provider.name)
        if gives_up or not is_renewable:
            return None
        try:
            newer = self._renewal.run(token, partial(self._renew_refused, self.provider, host=host))
        except (TokenError, requests.RequestException) as error:
            if getattr(error, "error", None) == NOT_WHO_SIGNED_IN:
                raise
            if self.lender is not None:  # nobody here can do more, and somebody there may
                warnings.warn(f"{host} refuses the token. {error}", stacklevel=6)  # get()
            return None  # what the API has answered stands
        if newer is token:
            return None
        response.close()
        return newer

    def _renew_refused(self, provider: "Provider", token: Token, *, host: str) -> Token:
        try:
            renewed = self._renew_now(provider, token, refused_by=host)
        except (TokenError, requests.RequestException):
            if self._setbacks.is_refused(self.token):
                self._setbacks.note_dead(self.token)
                raise not_renewable(token, provider.name) from None
            raise
        if renewed is not token:
            self._setbacks.note_renewed_for(host, renewed, time.monotonic())
        return renewed

    def _answered_again(self, response: requests.Response) -> requests.Response:
        """Take note of what the API says to the token that was earned because of it."""
        if response.status_code != _UNAUTHORIZED:
            self._setbacks.note_helped(urlsplit(response.url).netloc)
        return response
