"""For httpx, synchronous and asynchronous."""

from collections.abc import AsyncGenerator, Generator

import httpx

from nb_oauth.bridges.bearer import bearer, bearer_async
from nb_oauth.session import OAuth2Session


class _HttpxAuth(httpx.Auth):
    def __init__(self, session: OAuth2Session) -> None:
        self._session = session

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = bearer(self._session, str(request.url))
        yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = await bearer_async(self._session, str(request.url))
        yield request


def httpx_auth(session: OAuth2Session) -> httpx.Auth:
    """Return an ``auth=`` for ``httpx.Client`` and ``httpx.AsyncClient``.

    httpx drops the header where a redirect leads to another host.

    Args:
        session: a session that is signed in.
    """
    return _HttpxAuth(session)
