"""For aiohttp, from 3.12 on, which has client middlewares."""

from collections.abc import Awaitable, Callable

from aiohttp import ClientRequest, ClientResponse
from yarl import URL

from nb_oauth.bridges.bearer import bearer_async
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.session import OAuth2Session

Handler = Callable[[ClientRequest], Awaitable[ClientResponse]]
Middleware = Callable[[ClientRequest, Handler], Awaitable[ClientResponse]]


def aiohttp_middleware(session: OAuth2Session, *origins: str) -> Middleware:
    """Return a middleware for ``aiohttp.ClientSession(middlewares=[…])``.

    aiohttp asks it again for every redirect, wherever that leads, so it has to know where the
    token belongs.

    Args:
        session: a session that is signed in.
        origins: the APIs that get the token, such as ``"https://api.example.com"``.

    Raises:
        ConfigurationError: there is none, so that no request would get it; or one is not among
            the ``allowed_hosts`` of the session.
        InsecureTransportError: one is neither https nor a loopback address.
    """
    if not origins:
        raise ConfigurationError(
            "aiohttp_middleware(session, …) needs the API that gets the token, such as "
            "'https://api.example.com'; it sends it nowhere else."
        )
    for origin in origins:
        session.require_allowed(origin)
    known = {URL(origin).origin() for origin in origins}

    async def authorize(request: ClientRequest, handler: Handler) -> ClientResponse:
        if request.url.origin() in known:
            request.headers["Authorization"] = await bearer_async(session, str(request.url))
        return await handler(request)

    return authorize
