"""Reading, dating and identifying a token (RFC 6749 §5.1)."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    from nb_oauth.clients import Client
    from nb_oauth.providers import Provider

Token = Mapping[str, Any]
Scope = str | Iterable[str] | None

# Of OpenID Connect; some providers do not list them, or by other names.
_FOR_NO_API = {"openid", "profile", "email", "offline_access"}

REQUESTED_SCOPE = "requested_scope"
"""The member of a token, ours, that says what was asked for when it was earned."""

REFUSED = "refresh_token_refused"
"""The member of a stored token, ours, that says that its refresh token is good no more."""

TOKEN_ENDPOINT = "token_endpoint"  # noqa: S105 - a name
"""The member of a stored token, ours, that says which token endpoint it came from."""

LEEWAY = 30.0
"""Seconds before its end at which a token is renewed, where its life allows."""
_LARGEST_SHARE = 0.1
_FAR_AWAY = 1e12  # seconds; a date beyond this is a provider's way to say "never"


class TokenKey(NamedTuple):
    """What a token is known by: whose it is, who got it, how, and for which account.

    Args:
        issuer: the provider's issuer identifier, else its token endpoint; where it has none
            either (the implicit grant), its authorization endpoint.
        client_id: the app that got it.
        grant: how it was got, such as ``"authorization_code"``.
        account: the person's own label for one of several accounts.
    """

    issuer: str
    client_id: str
    grant: str
    account: str | None = None

    @classmethod
    def of(
        cls, provider: "Provider", client: "Client", grant: str, account: str | None = None
    ) -> "TokenKey":
        """Return the key of the tokens that ``client`` gets from ``provider`` by ``grant``.

        Raises:
            ConfigurationError: the provider has neither an issuer nor an endpoint.
        """
        issuer = provider.issuer or provider.token_endpoint
        return cls(
            issuer or provider.require("authorization_endpoint"), client.client_id, grant, account
        )


def scope_list(scope: Scope) -> list[str]:
    """Return scope values as a list, whether given as one string or several (RFC 6749 §3.3).

    Raises:
        ConfigurationError: ``scope`` is neither.
    """
    if scope is None:
        return []
    if isinstance(scope, str):
        return scope.split()
    given: Any = scope  # whatever its annotation says
    values = list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(value, str) for value in values):
        raise ConfigurationError(
            f"scope={scope!r} is no scope: give one string, 'read write', or several, "
            "['read', 'write']."
        )
    return values


def seconds(value: object) -> float | None:
    """Read a number of seconds as providers write it: int, float or numeric text; else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < _FAR_AWAY else None


def dated(token: Token, now: float) -> dict[str, Any]:
    """Return a copy of ``token`` that says when it ends.

    Args:
        token: a token response, or a token kept from one.
        now: when it was asked for, seconds since the epoch.

    Returns:
        The token with ``expires_at`` (seconds since the epoch), where it already had one or its
        ``expires_in`` can be read; without, where its end is unknown.
    """
    copy = dict(token)
    if expires_at(copy) is None:
        copy.pop("expires_at", None)
        lifetime = seconds(copy.get("expires_in"))
        if lifetime is not None:
            copy["expires_at"] = now + lifetime
    return copy


def readable(token: Token) -> dict[str, Any]:
    """Return a copy of ``token`` that oauthlib can read: its times are numbers, or left out."""
    times = {name: seconds(token.get(name)) for name in ("expires_in", "expires_at")}
    others = {name: value for name, value in token.items() if name not in times}
    return others | {name: value for name, value in times.items() if value is not None}


def stripped(token: Token) -> Token:
    """Return ``token`` without the white space that a file or a paste leaves around its secrets.

    It is the same object where there is none.
    """
    names = ("access_token", "refresh_token")
    texts = {name: token[name] for name in names if isinstance(token.get(name), str)}
    bare = {name: text.strip() for name, text in texts.items()}
    return token if bare == texts else {**token, **bare}


def sendable(access_token: object, *, spaces: bool = False) -> str:
    """Return an access token as it goes into the ``Authorization`` header (RFC 6750 §2.1).

    Args:
        access_token: a text; some providers make it a number.
        spaces: whether it may have spaces inside, as requests-oauthlib has it.

    Raises:
        ConfigurationError: no header can hold it. requests would say so too, and show it.
    """
    text = str(access_token).strip()
    # Wider than RFC 6750 §2.1, which knows neither the ! of Salesforce nor the | of Facebook; with
    # spaces it is RFC 6749 §A.12.
    is_sendable = text.isascii() and text.isprintable() and (spaces or " " not in text)
    if isinstance(access_token, bytes) or not is_sendable:
        raise ConfigurationError(
            "The access token cannot be sent: it is text without spaces, line breaks and letters "
            "beyond ASCII. Give it alone and whole, as the provider shows it."
        )
    return text


def expires_at(token: Token) -> float | None:
    """Return when ``token`` ends, in seconds since the epoch; None if that is not known."""
    return seconds(token.get("expires_at"))


def has_ended(token: Token, now: float) -> bool:
    """Tell whether the token's life is over at ``now``."""
    end = expires_at(token)
    return end is not None and end <= now


def is_due(token: Token, now: float) -> bool:
    """Tell whether the token should be renewed at ``now``: its end is at most the leeway away."""
    end = expires_at(token)
    if end is None or end - LEEWAY > now:
        return False
    return end - leeway(token) <= now


def leeway(token: Token) -> float:
    """Return how many seconds before its end to renew: 30, never over a tenth of its life."""
    lifetime = seconds(token.get("expires_in"))
    return LEEWAY if lifetime is None else min(LEEWAY, max(0.0, lifetime) * _LARGEST_SHARE)


def granted_scope(token: Token, requested: Scope) -> list[str]:
    """Return the scope of ``token``: as it says, else as requested (RFC 6749 §5.1).

    Some providers (GitHub) put commas where RFC 6749 §3.3 has spaces.
    """
    wanted = scope_list(requested)
    granted = scope_list(token.get("scope"))
    if not granted:
        return wanted
    if any("," in value for value in wanted):
        return granted
    return [part for value in granted for part in value.split(",") if part]


def covers(granted: Scope, wanted: Scope) -> bool:
    """Tell whether every scope value of ``wanted`` is among ``granted``.

    Case makes no difference, since some providers write theirs anew (Microsoft Entra); who has
    ``user`` has ``user:email`` (GitHub says no more than the former); and values that no API asks
    for are not looked for.
    """
    have = {value.lower() for value in scope_list(granted)}
    want = {value.lower() for value in scope_list(wanted)} - _FOR_NO_API
    return all(value in have or value.partition(":")[0] in have for value in want)


def missing_scope(token: Token, requested: Scope) -> list[str]:
    """Return what was requested and not granted, as far as what ``token`` says tells.

    A provider that grants what nobody asked for has names of its own (Google answers ``email``
    with ``https://www.googleapis.com/auth/userinfo.email``): then whatever was requested may be
    among it.
    """
    granted = granted_scope(token, requested)
    if not covers(requested, granted):
        return []
    return [value for value in scope_list(requested) if not covers(granted, value)]


def may_cover(token: Token, requested: Scope, wanted: Scope) -> bool:
    """Tell whether ``token`` may be good for ``wanted``, as far as what it says tells.

    A provider that grants less under the names of the request means less: the person unticked
    something. For one that has names of its own see :func:`missing_scope`.
    """
    granted = granted_scope(token, requested)
    has_names_of_its_own = not covers(requested, granted)
    return covers(granted, wanted) or (has_names_of_its_own and covers(requested, wanted))
