"""A token as text: with its key, so that one that lies in the wrong place is noticed."""

import hashlib
import json
import warnings
from typing import Any

from nb_oauth import tokens
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.tokens import Token, TokenKey

_TEXTS = ("refresh_token", "token_type", "id_token")


def name_of(key: TokenKey) -> str:
    """Return the name of the entry under ``key``: 64 characters that tell nothing."""
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()


def as_text(key: TokenKey, token: Token) -> str:
    """Return ``token`` and what it is known by, as JSON.

    Raises:
        TypeError: the token has a member that JSON cannot hold.
    """
    return json.dumps({**key._asdict(), "token": dict(token)}, indent=1)


def read(text: str | bytes, key: TokenKey) -> dict[str, Any]:
    """Return the token that ``text`` is about.

    Raises:
        ValueError: it is not the text of a token under ``key``; the message says why, and quotes
            nothing.
    """
    members = _members(text)
    if any(members.get(name) != value for name, value in key._asdict().items()):
        raise ValueError("it is not about this account")
    token = members.get("token")
    if not isinstance(token, dict) or not _is_usable(token):
        raise ValueError("it has no token that a session can use")
    return token


def key_in(text: str | bytes) -> TokenKey:
    """Return what the token is known by that ``text`` is about.

    Raises:
        ValueError: it does not say so.
    """
    members = _members(text)
    found: list[Any] = [members.get(name) for name in TokenKey._fields]
    if not all(isinstance(one, (str, type(None))) for one in found):
        raise ValueError("it does not say whose token it is")
    return TokenKey(*found)


def warn_of(place: str, why: Exception) -> None:
    """Say that what is kept at ``place`` cannot be used."""
    reason = why.strerror if isinstance(why, OSError) else why
    warnings.warn(
        f"{place} cannot be used: {reason}. It stays as it is until a token takes its place.",
        stacklevel=4,
    )


def _members(text: str | bytes) -> dict[str, Any]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):  # from None: the error holds the text
        raise ValueError("it is not JSON") from None
    if not isinstance(members, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - of the wrong shape, like others
    return members


def _is_usable(token: dict[str, Any]) -> bool:
    """Tell whether no member is of a kind that only an editor can have put there."""
    try:
        tokens.scope_list(token.get("scope"))
        sent = tokens.sendable(token.get("access_token", ""))
    except ConfigurationError:
        return False
    if not sent or not isinstance(token["access_token"], (str, int)):
        return False
    return all(isinstance(token.get(name), (str, type(None))) for name in _TEXTS)
