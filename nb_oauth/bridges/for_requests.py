"""For any library that takes a requests ``auth``, such as pystac-client."""

import requests
from requests.auth import AuthBase

from nb_oauth.bridges.bearer import bearer
from nb_oauth.session import OAuth2Session


class _RequestsAuth(AuthBase):
    def __init__(self, session: OAuth2Session) -> None:
        self._session = session

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = bearer(self._session, request.url or "")
        return request


def requests_auth(session: OAuth2Session) -> AuthBase:
    """Return an ``auth=`` for requests that sends the token of ``session``.

    requests drops it where a redirect leads to another host.

    Args:
        session: a session that is signed in.
    """
    return _RequestsAuth(session)
