"""Who is known to the demo provider: its clients, its accounts, its scopes.

Everything here is public on purpose. A "secret" that is printed in the source protects nothing,
and there is nothing to protect: the data are made up, and only this machine can reach them.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = [
    "ACCOUNTS",
    "CLIENTS",
    "DEFAULT_SCOPES",
    "DEVICE_CODE",
    "SCOPES",
    "Account",
    "RegisteredClient",
    "is_loopback_uri",
]

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
"""The device grant's ``grant_type`` (RFC 8628 §3.4)."""

SCOPES = {
    "observations:read": "Read the observatory’s star measurements",
    "profile:read": "See your name and the observatory you belong to",
    "openid": "Recognize you: whenever you sign in, it is told the same identifier",
    "profile": "Be told your name",
    "email": "Be told your e-mail address",
}
"""Each scope, and what it means to the person who is asked."""

DEFAULT_SCOPES = ("observations:read",)
"""What is asked for when a request names no scope (RFC 6749 §3.3)."""


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in.

    Attributes:
        username: what is typed, and may change one day.
        password: no secret: it is printed on the sign-in page.
        name: given name and family name.
        affiliation: where they work.
        subject: what apps recognize them by; never changes (OpenID Connect Core §2, ``sub``).
        email: their address, which leads nowhere.
    """

    username: str
    password: str
    name: str
    affiliation: str
    subject: str
    email: str

    def has_password(self, password: str) -> bool:
        """Whether that is the account's password, compared in constant time."""
        return hmac.compare_digest(password.encode(), self.password.encode())


@dataclass(frozen=True)
class RegisteredClient:
    """An app that the provider knows (RFC 6749 §2).

    Attributes:
        client_id: its public name in requests.
        name: its name as people read it.
        client_secret: None for a public client, which has none (RFC 6749 §2.1).
        grant_types: the grants it may use, as ``grant_type`` spells them.
        response_types: what it may ask of the authorization endpoint, each with its words in
            alphabetical order.
    """

    client_id: str
    name: str
    client_secret: str | None
    grant_types: frozenset[str]
    response_types: frozenset[str]

    @property
    def is_public(self) -> bool:
        """Whether the client has no secret to authenticate with."""
        return self.client_secret is None

    def has_secret(self, secret: str) -> bool:
        """Whether that is the client's secret; a public client's is the empty one (§2.3.1)."""
        return hmac.compare_digest(secret.encode(), (self.client_secret or "").encode())


ACCOUNTS = {
    account.username: account
    for account in (
        Account(
            username="ada",
            password="lovelace",  # noqa: S106 - the module says why it is no secret
            name="Ada Lovelace",
            affiliation="Lovelace Observatory (made up)",
            subject="observer-1815",
            email="ada@observatory.example",
        ),
        Account(
            username="grace",
            password="hopper",  # noqa: S106 - the same
            name="Grace Hopper",
            affiliation="Compiler Institute (made up)",
            subject="observer-1906",
            email="grace@institute.example",
        ),
    )
}

CLIENTS = {
    client.client_id: client
    for client in (
        RegisteredClient(
            client_id="demo-notebook",
            name="Your notebook",
            client_secret=None,
            grant_types=frozenset({"authorization_code", "password", DEVICE_CODE, "refresh_token"}),
            response_types=frozenset({"code", "token", "id_token token"}),
        ),
        RegisteredClient(
            client_id="demo-service",
            name="Your nightly job",
            client_secret="published-with-the-demo",  # noqa: S106 - the module says why it is no secret
            grant_types=frozenset({"authorization_code", "client_credentials", "refresh_token"}),
            response_types=frozenset({"code"}),
        ),
    )
}


def is_loopback_uri(uri: str) -> bool:
    """Whether a redirect URI leads back to this machine: any port, any path (RFC 8252 §7.3).

    Args:
        uri: an absolute URI.

    Returns:
        True for ``http`` on 127.0.0.0/8, ``[::1]`` or ``localhost``, without a fragment
        (RFC 6749 §3.1.2) and without a user name.
    """
    try:
        parts = urlsplit(uri)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme != "http" or "#" in uri or "@" in parts.netloc:
        return False
    return host == "localhost" or _is_loopback_address(host)


def _is_loopback_address(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
