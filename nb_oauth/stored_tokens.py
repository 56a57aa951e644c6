"""Whom a stored token may serve: the provider with the token endpoint that gave it.

What a token is stored under names the issuer, and anybody can make a ``Provider`` that borrows
another's. So the token endpoint is written beside the token: a provider that has another one finds
nothing, and its refresh token never goes there.
"""

import warnings
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nb_oauth.masking import HiddenToken
from nb_oauth.tokens import TOKEN_ENDPOINT, Token, TokenKey

if TYPE_CHECKING:
    from nb_oauth.providers import Provider
    from nb_oauth.stores import TokenStore

_SECRETS = ("access_token", "refresh_token")


def load(
    store: "TokenStore", key: TokenKey, provider: "Provider | None", known: Token | None = None
) -> Token | None:
    """Return the token under ``key``; None, with a warning, where it is another provider's.

    Args:
        store: where it is kept.
        key: under which name.
        provider: for whom it is looked for; None asks nobody.
        known: what the caller has already, whoever gave it: to find it again tells him nothing.
    """
    found = store.load(key)
    if found is None:
        return None
    giver = found.get(TOKEN_ENDPOINT)
    if not (provider is None or _serves(giver, key, provider) or _are_alike(found, known or {})):
        warnings.warn(
            f"What is stored of {key.issuer} is not used: it came from "
            f"{giver or 'an unknown token endpoint of it'}, and the token endpoint of "
            f"{provider.name} is {provider.token_endpoint}. Sign in again if so it is meant.",
            stacklevel=4,
        )
        return None
    return _bare(found)


def save(store: "TokenStore", key: TokenKey, provider: "Provider | None", token: Token) -> None:
    """Keep ``token`` under ``key``, for the token endpoint of ``provider`` alone."""
    marked = HiddenToken(_bare(token))
    if provider is not None and provider.token_endpoint is not None:
        marked[TOKEN_ENDPOINT] = provider.token_endpoint
    store.save(key, marked)


def _serves(giver: object, key: TokenKey, provider: "Provider") -> bool:
    """Tell whether a token that ``giver`` gave may go to the token endpoint of ``provider``."""
    endpoint = provider.token_endpoint
    if giver is not None or endpoint is None:
        return giver == endpoint
    # It was stored before that was written down: the issuer says so, or is on the same server.
    return key.issuer == endpoint or urlsplit(key.issuer)[:2] == urlsplit(endpoint)[:2]


def _are_alike(one: Token, other: Token) -> bool:
    return all(one.get(name) == other.get(name) for name in _SECRETS)


def _bare(token: Token) -> Token:
    if TOKEN_ENDPOINT not in token:
        return token
    return HiddenToken({name: token[name] for name in token if name != TOKEN_ENDPOINT})
