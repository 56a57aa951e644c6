"""Reading and verifying JSON Web Signatures (RFC 7515), which is joserfc's work.

Importing this loads joserfc and cryptography, so others import it where they use it.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwk, jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel

from nb_oauth.openid.refusals import Refusal

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_EC = ("ES256", "ES384", "ES512", "ES256K")
_OKP = ("EdDSA", "Ed25519")
_KEY_TYPES = {
    **dict.fromkeys(_RSA, "RSA"),
    **dict.fromkeys(_EC, "EC"),
    **dict.fromkeys(_OKP, "OKP"),
}
_BY_SECRET = ("HS256", "HS384", "HS512")
_PROVING = (*_KEY_TYPES, *_BY_SECRET)
_PUBLIC_MEMBERS = ("kty", "n", "e", "crv", "x", "y")
_SMALLEST_RSA = 2048  # bits; RFC 7518 §3.3
_ENCRYPTED_PARTS = 5
# What joserfc and cryptography raise at texts and keys that are none.
_MALFORMED = (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError)

Key = Mapping[str, Any]


@dataclass(frozen=True)
class Signed:
    """A signed text, read but not yet verified.

    Args:
        text: the whole of it.
        algorithm: how it says that it is signed.
        key_id: which key it says that it is signed with; None if it does not say.
        claims: what it claims.
    """

    text: str = field(repr=False)
    algorithm: str
    key_id: str | None
    claims: dict[str, Any] = field(repr=False)


class _Registry(jws.JWSRegistry):
    """Takes the longer headers that some providers write, and members that it does not know."""

    max_header_length = 16_384  # bytes; a certificate chain (x5c) has some thousand

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return the algorithm, if it proves anything; joserfc would warn of some as well.

        Raises:
            KeyError: it does not, as ``none``.
        """
        return {proving: self.algorithms[proving] for proving in _PROVING}[name]


_READING = _Registry(strict_check_header=False)


def read(text: object) -> Signed:
    """Read a signed text in the compact serialization (RFC 7519 §7.2).

    Raises:
        Refusal: it is none.
    """
    if not isinstance(text, str):
        raise Refusal("it is no text.")
    if text.count(".") == _ENCRYPTED_PARTS - 1:
        raise Refusal("it is encrypted. Register the app for signed ones, not encrypted.")
    try:
        header, claims = _parts(text)
    except _MALFORMED:
        raise Refusal("it is no JSON Web Token (RFC 7519).") from None
    if "crit" in header:  # RFC 7515 §4.1.11: understood, or refused
        raise Refusal("its header demands what is not understood here (crit).")
    key_id = header.get("kid")
    return Signed(text, header["alg"], None if key_id is None else str(key_id), claims)


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    signature = jws.extract_compact(text.encode(), registry=_READING)
    header, claims = signature.headers(), json.loads(signature.payload or b"")
    if not isinstance(header["alg"], str) or not isinstance(claims, dict):
        raise TypeError
    return header, claims


def check_algorithm(signed: Signed, offered: tuple[str, ...] | None, *, has_secret: bool) -> None:
    """Check that ``signed`` is signed in a way that proves who signed it (items 7 and 8).

    Whoever can choose the algorithm can forge: ``none`` proves nothing, and HMAC with a public key
    in place of the secret proves nothing either. So HMAC is only for a client with a secret, at a
    provider that says it signs so.

    Args:
        signed: the text.
        offered: the provider's ``id_token_signing_alg_values_supported``; None where unknown, and
            then each that takes a public key will do.
        has_secret: whether the client has one.

    Raises:
        Refusal: it is not.
    """
    by_secret = _BY_SECRET if has_secret and offered is not None else ()
    good = {*_KEY_TYPES, *by_secret}
    if signed.algorithm not in (good if offered is None else good & set(offered)):
        raise Refusal(
            f"its signing algorithm (alg) {signed.algorithm[:20]!r} is not accepted here. Check "
            "id_token_signing_alg_values_supported of the Provider and the app's registration."
        )


def takes_secret(signed: Signed) -> bool:
    """Tell whether ``signed`` is signed with the client's secret."""
    return signed.algorithm in _BY_SECRET


def is_signed_with_secret(signed: Signed, client_secret: str) -> bool:
    """Tell whether ``signed`` is signed with the client's secret (OpenID Connect Core §10.1)."""
    secret = client_secret.encode()
    return _verifies(signed, jwk.OctKey(secret, secret))


def fitting(signed: Signed, keys: Iterable[Key]) -> list[Key]:
    """Return the keys that ``signed`` may be signed with (RFC 7517 §4).

    The key ID must be the same where ``signed`` names one, but that the only key which may be
    meant need have none (RFC 7517 §4.5).
    """
    of_its_kind = [key for key in keys if _is_of_its_kind(signed, key)]
    is_alone = len(of_its_kind) == 1 and of_its_kind[0].get("kid") is None
    if signed.key_id is None or is_alone:
        return of_its_kind
    return [key for key in of_its_kind if key.get("kid") == signed.key_id]


def _is_of_its_kind(signed: Signed, key: Key) -> bool:
    """Tell whether ``key`` is for signing, and with the algorithm of ``signed``."""
    operations = key.get("key_ops")
    return (
        key.get("kty") == _KEY_TYPES[signed.algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", signed.algorithm) == signed.algorithm
        and (not isinstance(operations, list) or "verify" in operations)
        and _is_strong(key)
    )


def is_signed_with(signed: Signed, key: Key) -> bool:
    """Tell whether ``signed`` is signed with ``key``, one of the provider's."""
    public = {name: key[name] for name in _PUBLIC_MEMBERS if name in key}
    try:
        return _verifies(signed, jwk.import_key(public))
    except _MALFORMED:
        return False


def _verifies(signed: Signed, key: jwk.Key) -> bool:
    registry = _Registry(algorithms=[signed.algorithm], strict_check_header=False)
    try:
        jws.deserialize_compact(signed.text, key, registry=registry)
    except _MALFORMED:
        return False
    return True


def _is_strong(key: Key) -> bool:
    if key["kty"] == "OKP":
        return key.get("crv") == "Ed25519"
    if key["kty"] != "RSA":
        return True
    try:
        modulus = urlsafe_b64decode(f"{key.get('n')}==")
    except ValueError:
        return False
    return int.from_bytes(modulus, "big").bit_length() >= _SMALLEST_RSA
