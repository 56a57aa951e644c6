"""For Google's client libraries, by way of google-auth."""

from datetime import datetime, timezone

from google.auth.credentials import Credentials

from nb_oauth import tokens
from nb_oauth.session import OAuth2Session


class _SessionCredentials(Credentials):
    def __init__(self, session: OAuth2Session) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # theirs has no types
        self._session = session
        self._take(session.fresh_access_token())

    def refresh(self, request: object) -> None:  # noqa: ARG002 - the session asks in its own way
        """Take the session's token; where it has no newer one, have it renewed."""
        fresh = self._session.fresh_access_token()
        if fresh == self.token:  # it was refused, or google-auth thinks its end is near
            self._session.renew()
            fresh = self._session.fresh_access_token()
        self._take(fresh)

    def _take(self, access_token: str) -> None:
        self.token = access_token
        end = tokens.expires_at(self._session.token)
        # google-auth compares with a time in UTC that does not say so.
        self.expiry = (
            None if end is None else datetime.fromtimestamp(end, timezone.utc).replace(tzinfo=None)
        )


def google_credentials(session: OAuth2Session) -> Credentials:
    """Return credentials for any client library of Google's.

    Args:
        session: a session that is signed in to Google.

    Raises:
        LoginRequired: nobody is signed in, or Google renews the token no longer.
        TokenError: the token endpoint refused, or could not be reached.
    """
    return _SessionCredentials(session)
