"""The demo's own parameters, with which a tutorial shortens what it wants to see end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oauthlib.oauth2 import InvalidRequestError

if TYPE_CHECKING:
    from oauthlib.common import Request

__all__ = [
    "DEVICE_CODE_LIFETIME",
    "POLLING_INTERVAL",
    "TOKEN_LIFETIME",
    "device_code_lifetime",
    "polling_interval",
    "token_lifetime",
]

TOKEN_LIFETIME = 3600
"""For how many seconds an access token lasts, unless ``token_lifetime`` says otherwise."""

DEVICE_CODE_LIFETIME = 300
"""For how many seconds a device code is good, unless ``device_code_lifetime`` says otherwise."""

POLLING_INTERVAL = 1
"""How many seconds lie between two polls, unless ``polling_interval`` says otherwise."""

_DAY, _HALF_AN_HOUR, _MINUTE = 24 * 3600, 1800, 60


def token_lifetime(request: Request) -> int:
    """Read ``token_lifetime`` from an authorization, device authorization or token request.

    Returns:
        What it asks for, in seconds; :data:`TOKEN_LIFETIME` where it says nothing.

    Raises:
        InvalidRequestError: it is no whole number of seconds from 1 to 86400.
    """
    return _seconds(request, "token_lifetime", TOKEN_LIFETIME, _DAY)


def device_code_lifetime(request: Request) -> int:
    """Read ``device_code_lifetime`` from a device authorization request.

    Returns:
        What it asks for, in seconds; :data:`DEVICE_CODE_LIFETIME` where it says nothing.

    Raises:
        InvalidRequestError: it is no whole number of seconds from 1 to 1800.
    """
    return _seconds(request, "device_code_lifetime", DEVICE_CODE_LIFETIME, _HALF_AN_HOUR)


def polling_interval(request: Request) -> int:
    """Read ``polling_interval`` from a device authorization request.

    Returns:
        What it asks for, in seconds; :data:`POLLING_INTERVAL` where it says nothing.

    Raises:
        InvalidRequestError: it is no whole number of seconds from 1 to 60.
    """
    return _seconds(request, "polling_interval", POLLING_INTERVAL, _MINUTE)


def _seconds(request: Request, name: str, default: int, longest: int) -> int:
    text = getattr(request, name, None)
    if not text:
        return default
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= longest:
        return int(text)
    raise InvalidRequestError(
        description=f"{name} is a whole number of seconds, 1 to {longest}.", request=request
    )
