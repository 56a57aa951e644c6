"""For Google's client libraries, by way of google-auth."""

from datetime import datetime, timezone

from google.auth import _helpers  # where the minutes are
from google.auth.credentials import Credentials

from nb_oauth import tokens
from nb_oauth.session import OAuth2Session
from nb_oauth.tokens import Token


class _SessionCredentials(Credentials):
    def __init__(self, session: OAuth2Session) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # theirs has no types
        self._session = session
        self._take(session.fresh_access_token())

    def refresh(self, request: object) -> None:  # noqa: ARG002 - the session asks in its own way
        """Take the session's token; where it has no newer one, have it renewed."""
        fresh = self._session.fresh_access_token()
        if fresh == self.token and self._session.account.renews:  # then it was refused
            self._session.renew()
            fresh = self._session.fresh_access_token()
        self._take(fresh)

    def before_request(
        self, request: object, method: str, url: str, headers: dict[str, str]
    ) -> None:
        """Put the token into ``headers``, if it may go to ``url``."""
        self._session.require_allowed(url)
        super().before_request(request, method, url, headers)  # type: ignore[no-untyped-call]  # theirs has no types

    def _take(self, access_token: str) -> None:
        self.token = access_token
        self.expiry = _expiry(self._session.token)


def _expiry(token: Token) -> datetime | None:
    """Return an end at which google-auth asks for a new token when the session would get one.

    google-auth asks minutes before the end, the session renews half a minute before; it would
    have short tokens renewed with every request.
    """
    end = tokens.expires_at(token)
    if end is None:
        return None
    due = datetime.fromtimestamp(end - tokens.leeway(token), timezone.utc)
    # It compares with a time in UTC that does not say so.
    return due.replace(tzinfo=None) + _helpers.REFRESH_THRESHOLD


def google_credentials(session: OAuth2Session) -> Credentials:
    """Return credentials for any client library of Google's.

    Args:
        session: a session that is signed in to Google.

    Raises:
        LoginRequired: nobody is signed in, or Google renews the token no longer.
        TokenError: the token endpoint refused, or could not be reached.
    """
    return _SessionCredentials(session)
