"""Your app as it is registered with a provider."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.masking import with_bare_errors
from nb_oauth.transport import is_loopback

if TYPE_CHECKING:
    from nb_oauth.certificates import Cert

_NONE, _BASIC = "none", "client_secret_basic"
_SECRET_JWT, _PRIVATE_KEY_JWT = "client_secret_jwt", "private_key_jwt"
_SIGNED = (_SECRET_JWT, _PRIVATE_KEY_JWT)
# Each method, and what it needs (RFC 7591 §2, RFC 8705 §2, OpenID Connect Core §9).
_NEEDS = {
    _NONE: None,
    _BASIC: "client_secret",
    "client_secret_post": "client_secret",
    _SECRET_JWT: "client_secret",
    _PRIVATE_KEY_JWT: "private_key",
    "tls_client_auth": "cert",
    "self_signed_tls_client_auth": "cert",
}

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d+(?:[/?]|$))\S+", re.IGNORECASE)  # not host:80


@dataclass(frozen=True)
class Client:
    """Your app as it is registered with a provider (RFC 6749 §2, RFC 7591 §2).

    Args:
        client_id: the identifier the provider gave your app. It is no secret.
        client_secret: the secret it gave, where it gave one. Never shown by ``repr``.
        redirect_uri: where the provider sends people back to, exactly as registered. A
            loopback address (``http://127.0.0.1/callback``) comes back by itself; without a
            port a free one is taken (RFC 8252 §7.3). So does the callback page of the Jupyter
            server (``https://…/nb-oauth/callback``). None takes the first of the two that the
            person's page allows; where there is no page, the loopback address.
        token_endpoint_auth_method: how the app authenticates: ``"none"``,
            ``"client_secret_basic"``, ``"client_secret_post"``, ``"client_secret_jwt"``,
            ``"private_key_jwt"``, ``"tls_client_auth"`` or ``"self_signed_tls_client_auth"``.
            None chooses by what is given: ``"private_key_jwt"`` with a private key; with a secret
            the first of basic and post that the provider names; else ``"none"``.
        cert: the certificate to show in TLS (RFC 8705), as requests takes it: the path of a PEM
            file, or a pair of paths (certificate, key). It is shown to the provider, and with
            requests that carry the token to servers that ask for it; to no other server.
        private_key: what ``"private_key_jwt"`` signs with: PEM text, a JWK, or a ``pathlib.Path``
            to a file with either, which is read when it is needed. Never shown by ``repr``.
        key_id: the ``kid`` that the provider knows the private key by, where it wants one.
        token_endpoint_auth_signing_alg: how to sign, such as ``"PS256"``. None takes what goes
            with the key and what the provider names.
        assertion_audience: the ``aud`` of what is signed. None is the provider's issuer, else its
            token endpoint; some providers insist on the latter.
        basic_urlencoded: whether identifier and secret are form-urlencoded before they go into
            HTTP Basic, as RFC 6749 §2.3.1 says. False sends them as they are, which several
            providers expect, and which requests-oauthlib does.

    Raises:
        ConfigurationError: an argument is missing, unknown, contradicts another, or names a file
            that will not do.
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    token_endpoint_auth_method: str | None = None
    cert: "Cert | None" = None
    private_key: str | bytes | Mapping[str, object] | Path | None = field(default=None, repr=False)
    key_id: str | None = None
    token_endpoint_auth_signing_alg: str | None = None
    assertion_audience: str | None = None
    basic_urlencoded: bool = True

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ConfigurationError("Client(…) needs the client_id the provider gave your app.")
        _check_method(self)
        _check_what_is_left_over(self)
        if self.cert is not None:
            from nb_oauth import certificates

            object.__setattr__(self, "cert", certificates.as_cert(self.cert))
            certificates.require_readable(self.cert)
        if self.private_key is not None:
            object.__setattr__(self, "private_key", _kept_key(self))
        if self.redirect_uri is not None:
            require_redirect_uri(self.redirect_uri)

    @property
    def is_confidential(self) -> bool:
        """Whether the app can show that it is itself: by a secret, a key or a certificate."""
        has_something = (self.client_secret, self.private_key, self.cert) != (None, None, None)
        return has_something and self.token_endpoint_auth_method != _NONE


Client.__init__ = with_bare_errors(Client.__init__)  # type: ignore[method-assign] # it holds secrets


def _check_method(client: Client) -> None:
    method = client.token_endpoint_auth_method
    if method is None:
        return
    if method not in _NEEDS:
        raise ConfigurationError(
            f"token_endpoint_auth_method={method!r} is not one of {', '.join(_NEEDS)}."
        )
    needed = _NEEDS[method]
    if needed is not None and getattr(client, needed) is None:
        raise ConfigurationError(f"token_endpoint_auth_method={method!r} needs {needed}=…")


def _check_what_is_left_over(client: Client) -> None:
    """Refuse what would not be used. A secret may be: a provider may sign ID tokens with it."""
    method, has_key = client.token_endpoint_auth_method, client.private_key is not None
    if has_key and method not in {None, _PRIVATE_KEY_JWT}:
        raise ConfigurationError(
            f"private_key=… is for 'private_key_jwt', not for {method!r}: leave out one of the two."
        )
    if has_key and method is None and client.client_secret is not None:
        raise ConfigurationError(
            "client_secret=… and private_key=…: say which with token_endpoint_auth_method=…"
        )
    if client.key_id is not None and not has_key:
        raise ConfigurationError("key_id=… names a private key: give private_key=… as well.")
    for name in ("token_endpoint_auth_signing_alg", "assertion_audience"):
        if getattr(client, name) is not None and not has_key and method not in _SIGNED:
            raise ConfigurationError(f"{name}=… is for {' and '.join(map(repr, _SIGNED))} alone.")
    pair = client.client_id + (client.client_secret or "")
    if not client.basic_urlencoded and not pair.isascii():
        raise ConfigurationError(
            "basic_urlencoded=False cannot send a client_id or client_secret that is not ASCII."
        )


def _kept_key(client: Client) -> str | Path:
    """Return the private key as a value, once it is known to sign."""
    from nb_oauth import client_keys

    kept = client_keys.as_kept(client.private_key)
    client_keys.algorithm(client_keys.load(kept), client.token_endpoint_auth_signing_alg)
    return kept


def require_redirect_uri(redirect_uri: str) -> None:
    """Refuse what no provider can send people back to (RFC 6749 §3.1.2).

    Raises:
        ConfigurationError: it is not an absolute URI, it has a fragment, its port is none, or it
            is http and not on a loopback address.
    """
    try:
        parts = urlsplit(redirect_uri)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(
            f"redirect_uri={redirect_uri!r} is no address ({error}). Give it exactly as registered."
        ) from None
    whole = bool(parts.hostname) or parts.scheme not in {"http", "https"}
    if not (whole and _ABSOLUTE.fullmatch(redirect_uri)):
        raise ConfigurationError(
            f"redirect_uri={redirect_uri!r} is no absolute URI. Give it in full, exactly as "
            "registered, such as 'https://app.example/callback' or 'http://127.0.0.1/callback'."
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigurationError(
            f"redirect_uri={redirect_uri!r} is neither https nor on a loopback address: the code "
            "would come back in the open. Register an https address, or http://127.0.0.1/callback."
        )
    if "#" in redirect_uri:
        raise ConfigurationError(
            f"redirect_uri={redirect_uri!r} has a fragment, which RFC 6749 §3.1.2 forbids: leave "
            "out everything from the # on."
        )
