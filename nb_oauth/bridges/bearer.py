"""The header that carries a token (RFC 6750 §2.1), for whichever library sends it."""

import asyncio

from nb_oauth.session import OAuth2Session


def bearer(session: OAuth2Session, url: str) -> str:
    """Return the value of ``Authorization`` for a request to ``url``, renewed if need be.

    Raises:
        InsecureTransportError: ``url`` is neither https nor on a loopback address.
        ConfigurationError: its host is not among the ``allowed_hosts`` of the session.
        LoginRequired: nobody is signed in, or the provider renews the token no longer.
        TokenError: the token endpoint refused, or could not be reached.
    """
    session.require_allowed(url)
    return f"Bearer {session.fresh_access_token()}"


async def bearer_async(session: OAuth2Session, url: str) -> str:
    """Return what :func:`bearer` does, without keeping the event loop waiting for a renewal."""
    if not session.is_due:
        return bearer(session, url)
    return await asyncio.to_thread(bearer, session, url)
