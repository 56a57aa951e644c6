"""The key that a client signs with, and how (RFC 7515, RFC 7517, RFC 7518 §3.1, RFC 8037).

This module imports joserfc, and is imported where a client signs: nobody else pays for it.
"""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyTypeError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry

from nb_oauth.exceptions import ConfigurationError

# The most widely taken first. By curve, else by kind of key.
_ALGORITHMS = {
    "oct": ("HS256", "HS384", "HS512"),
    "RSA": ("RS256", "PS256", "RS384", "PS384", "RS512", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "secp256k1": ("ES256K",),
    "Ed25519": ("EdDSA", "Ed25519"),
    "Ed448": ("EdDSA", "Ed448"),
}


class _Registry(JWSRegistry):
    """Knows EdDSA without a warning: few providers know its newer names (RFC 9864) yet."""

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - joserfc does not export its type
        return self.algorithms[name]


def load(source: str | Path) -> Key:
    """Return the private key in ``source``.

    Args:
        source: PEM, or a JWK as JSON; or the path of a file with either.

    Raises:
        ConfigurationError: there is none, or it is encrypted. The message never quotes it.
    """
    where = str(source) if isinstance(source, Path) else "private_key=…"
    text = _text_of(source)
    if "ENCRYPTED" in text:
        raise ConfigurationError(
            f"The key in {where} is encrypted. Decrypt it first, and read it from where only you "
            "can: openssl pkey -in FILE -out client.key"
        )
    try:
        key = _key_in(text)
    except Exception:  # noqa: BLE001 - of many kinds, and it may quote the key
        key = None
    if key is None or not key.is_private or isinstance(key, OctKey):
        raise ConfigurationError(
            f"{where} is no private key. Give one as PEM (-----BEGIN PRIVATE KEY-----), as a JWK, "
            "or as pathlib.Path('client.key')."
        )
    return key


def secret(client_secret: str) -> Key:
    """Return the key that a client secret is to HMAC (RFC 7518 §3.2)."""
    key: Key = OctKey.import_key(client_secret.encode())
    return key


def algorithm(key: Key, wanted: str | None, supported: tuple[str, ...] | None = None) -> str:
    """Return how to sign with ``key``, by the names of RFC 7518 §3.1.

    Args:
        key: the key.
        wanted: what the app is registered with; None takes what the key itself says, else the most
            widely taken algorithm of the ``supported``.
        supported: what the provider takes, if known.

    Raises:
        ConfigurationError: the key is not for that algorithm, or not for signing.
    """
    kind = str(getattr(key, "curve_name", key.key_type))
    possible = _ALGORITHMS.get(kind, ())
    if not possible:
        raise ConfigurationError(f"private_key=…: a key of kind {kind} cannot sign.")
    wanted = wanted or key.alg
    if wanted and wanted not in possible:
        raise ConfigurationError(
            f"token_endpoint_auth_signing_alg={wanted!r} does not go with a key of kind {kind}, "
            f"which signs by {', '.join(possible)}."
        )
    taken = (one for one in possible if supported and one in supported)
    return wanted or next(taken, possible[0])


def sign(claims: dict[str, Any], key: Key, by: str, key_id: str | None = None) -> str:
    """Return ``claims`` as a signed JWT (RFC 7519).

    Args:
        claims: what to say.
        key: the key.
        by: the algorithm.
        key_id: what the provider knows the key by; None is what the key says, if anything.

    Raises:
        ConfigurationError: the key says that it is for something else.
    """
    known_as = key_id or key.kid
    header = {"alg": by, **({"kid": known_as} if known_as else {})}
    try:
        return jwt.encode(header, claims, key, registry=_Registry(algorithms=[by]))
    except Exception:  # noqa: BLE001 - of many kinds, and it may quote the key
        raise ConfigurationError(
            f"private_key=… does not sign by {by}: look at its members 'use' and 'key_ops'."
        ) from None


def _text_of(source: str | Path) -> str:
    if isinstance(source, str):
        return source
    try:
        return source.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ConfigurationError(f"private_key=…: {source} cannot be read ({why}).") from None


def _key_in(text: str) -> Key | None:
    if text.lstrip().startswith("{"):
        return import_key(json.loads(text))
    for kind in (RSAKey, ECKey, OKPKey):
        with contextlib.suppress(InvalidKeyTypeError):
            key: Key = kind.import_key(text)
            return key
    return None


def as_kept(private_key: object) -> str | Path:
    """Return a private key as a client keeps it: a value that can be compared, whatever was given.

    Raises:
        ConfigurationError: it is neither text, a JWK nor a path.
    """
    if isinstance(private_key, Mapping):
        return json.dumps(dict(private_key), sort_keys=True)
    if isinstance(private_key, bytes):
        return private_key.decode("latin-1")  # of no other kind is PEM
    if isinstance(private_key, Path):
        return private_key.expanduser()
    if isinstance(private_key, str):
        return private_key
    raise ConfigurationError(
        "private_key=… is PEM text, a JWK (a mapping), or pathlib.Path('client.key')."
    )
