"""What a person is asked to sign in for (OpenID Connect Core 1.0 §3.1.2.1)."""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from nb_oauth import tokens
from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    from nb_oauth.providers import Provider

_NEEDED = ("issuer", "jwks_uri")


@dataclass(frozen=True)
class AuthenticationRequest:
    """What an ID token must answer to.

    Args:
        nonce: what the ID token must repeat; None for none at all.
        max_age: how many seconds ago the person may have signed in at most; None for any time.
        brings_id_token: whether the browser itself brings the ID token (the implicit flow).
    """

    nonce: str | None = field(default=None, repr=False)
    max_age: float | None = None
    brings_id_token: bool = False

    @classmethod
    def sent_as(cls, url: str) -> "AuthenticationRequest":
        """Return the request that ``url`` is."""
        sent = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        return cls(
            nonce=sent.get("nonce"),
            max_age=tokens.seconds(sent.get("max_age")),
            brings_id_token="id_token" in sent.get("response_type", "").split(),
        )


def new_nonce() -> str:
    """Return a nonce that nobody can guess (OpenID Connect Core §15.5.2)."""
    return secrets.token_urlsafe(32)


def require_verifiable(provider: "Provider") -> None:
    """Refuse to take an ID token from the browser that could not be verified.

    Raises:
        ConfigurationError: the provider has no ``issuer`` or no ``jwks_uri``.
    """
    missing = [name for name in _NEEDED if getattr(provider, name) is None]
    if missing:
        given = " and ".join(f"{name}=…" for name in missing)
        raise ConfigurationError(
            f"Provider({provider.name!r}) has no {' and no '.join(missing)}, and an ID token that "
            "comes through the browser is worth nothing unless its signature is verified (OpenID "
            f"Connect Core §3.2.2.11). Give {given} as the provider's documentation states it, "
            "use Provider.discover(…), or leave openid out of scope."
        )
