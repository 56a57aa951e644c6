"""Putting a token into a request to the API (RFC 6750 §2)."""

from collections.abc import Mapping
from typing import Any

from oauthlib.oauth2 import Client as OAuthlibClient
from oauthlib.oauth2.rfc6749.clients import AUTH_HEADER
from requests.auth import AuthBase, HTTPProxyAuth

from nb_oauth import tokens
from nb_oauth.masking import Hidden
from nb_oauth.tokens import Token
from nb_oauth.transport import as_https, with_scheme_of

_Headers = Any  # as requests takes them
_Body = Any

_AUTHORIZATION = ("authorization", b"authorization")  # requests takes both kinds of names


def is_wanted(
    client: OAuthlibClient, headers: Mapping[Any, Any] | None, auth: object = None
) -> bool:
    """Tell whether a request with ``headers``, and authenticated by ``auth``, has room for a token.

    It has none where the token goes into the ``Authorization`` header and the caller gave one of
    his own; None as its value means that he wants none at all. Nor has it where ``auth`` is what
    requests knows as credentials, which go there instead. A mere function may do anything to a
    request, or nothing, so it gets one with a token.
    """
    taken = any(name.lower() in _AUTHORIZATION for name in headers or ())
    taken = taken or (isinstance(auth, tuple | AuthBase) and not isinstance(auth, HTTPProxyAuth))
    return not (taken and client.default_token_placement == AUTH_HEADER)


def is_repeatable(data: _Body, files: object) -> bool:
    """Tell whether a request with this body can be sent twice: no stream, which is read once."""
    return not files and (data is None or isinstance(data, str | bytes | Mapping | list | tuple))


def attach(  # noqa: PLR0913, PLR0917 - what oauthlib's add_token takes
    client: OAuthlibClient, token: Token, method: str, url: str, headers: _Headers, data: _Body
) -> tuple[str, _Headers, _Body]:
    """Put ``token`` where it belongs in a request.

    Args:
        client: oauthlib's client, which knows where its provider wants a token.
        token: the token, which has not ended.
        method: the HTTP method.
        url: the address of the resource, https or on a loopback address.
        headers: a mapping of the session's own, or None.
        data: the body.

    Returns:
        The address, headers and body to send.

    Raises:
        ConfigurationError: the token cannot be sent. requests would say so too, and show it.
    """
    if _is_plain_bearer(client, token):
        # From the client, where requests-oauthlib lets it be set on its own.
        access_token = tokens.sendable(client.access_token or token["access_token"], spaces=True)
        header = Hidden(f"Bearer {access_token}")
        return url, {**(headers or {}), "Authorization": header}, data
    if client.default_token_placement == AUTH_HEADER and client.access_token:
        client.access_token = tokens.sendable(client.access_token, spaces=True)
    add_token: Any = client.add_token
    placed, headers, data = add_token(as_https(url), http_method=method, body=data, headers=headers)
    return with_scheme_of(url, placed), headers, data


def _is_plain_bearer(client: OAuthlibClient, token: Token) -> bool:
    """Tell whether a token goes into the header as most do: oauthlib knows the other ways."""
    kind = type(client)
    return (
        getattr(client.add_token, "__func__", None) is OAuthlibClient.add_token
        and kind.token_types is OAuthlibClient.token_types
        and kind._add_bearer_token is OAuthlibClient._add_bearer_token  # type: ignore[attr-defined]  # noqa: SLF001 - where subclasses change it
        and client.default_token_placement == AUTH_HEADER
        and str(client.token_type).lower() == "bearer"
        and bool(token.get("access_token"))
    )
