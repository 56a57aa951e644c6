"""Comparing what an ID token claims with what was asked for (OpenID Connect Core 1.0 §3.1.3.7)."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from nb_oauth import tokens
from nb_oauth.masking import excerpt
from nb_oauth.openid.refusals import Refusal

Claims = Mapping[str, Any]

LEEWAY = 60.0
"""Seconds that the clocks here and at the provider may differ.

Clocks that are set over the network differ by less than a second, those of laptops and virtual
machines that just woke up by some. It costs no safety: an ID token is looked at once, when it
comes, and the nonce and the code it came for are good no second time.
"""
_CLOCK = "If you signed in just now, the clock of this computer is wrong: set it, and try again."
_SHA512_SIGNATURES = ("EdDSA", "Ed25519")


def check_identity(claims: Claims, issuer: str | None, client_id: str) -> None:
    """Check who made an ID token, about whom, and for whom (items 2 to 5).

    Args:
        claims: what it claims.
        issuer: the provider's issuer identifier; None where nobody gave any, and then it only
            must name one.
        client_id: the app that it must be for.

    Raises:
        Refusal: a claim is missing or another.
    """
    issued_by = _text(claims, "iss")
    if issuer is not None and issued_by != issuer:
        raise Refusal(
            f"its issuer (iss) is {excerpt(issued_by)!r}, not the provider's, {issuer!r}. "
            "Check the issuer of the Provider."
        )
    _text(claims, "sub")
    audience = audiences(claims)
    if client_id not in audience:
        raise Refusal("it was made for another app: aud does not hold the client_id.")
    if "azp" not in claims and len(audience) > 1:
        raise Refusal("it was made for several apps (aud), and azp does not say for which of them.")
    if "azp" in claims and claims["azp"] != client_id:
        raise Refusal("it was made for another app: azp is not the client_id.")


def check_times(claims: Claims, now: float) -> None:
    """Check that an ID token is good at ``now`` (items 9 and 10; RFC 7519 §4.1.5).

    Raises:
        Refusal: it has ended, or is of the future, by more than the leeway, or does not say.
    """
    ended = now - _time(claims, "exp")
    if ended >= LEEWAY:
        raise Refusal(f"it ended (exp) {_ago(ended)} ago, by the clock of this computer. {_CLOCK}")
    for name in ("iat", "nbf"):
        ahead = _time(claims, name) - now if name == "iat" or name in claims else 0.0
        if ahead > LEEWAY:
            raise Refusal(
                f"it was made in the future ({name}): {_ago(ahead)} ahead, by the clock of this "
                f"computer. {_CLOCK}"
            )


def check_nonce(claims: Claims, nonce: str | None) -> None:
    """Check that an ID token answers this request and no other (item 11).

    Args:
        claims: what it claims.
        nonce: what was sent; None for nothing, and then it must have none: one that has was made
            for somebody else's request.

    Raises:
        Refusal: it answers another.
    """
    has = claims.get("nonce")
    if nonce is None and has is None:
        return
    if has is None:
        raise Refusal("it lacks the nonce that was sent, so it may be of another sign-in.")
    if not isinstance(has, str) or nonce is None or not _same(has, nonce):
        raise Refusal("it answers another sign-in: its nonce is not the one that was sent.")


def check_authentication_age(claims: Claims, max_age: float | None, now: float) -> None:
    """Check when the person last signed in at the provider, if that was asked for (item 13).

    Raises:
        Refusal: that is longer ago than ``max_age`` seconds, or it does not say.
    """
    if max_age is not None and now - _time(claims, "auth_time") > max_age + LEEWAY:
        raise Refusal("the person signed in (auth_time) longer ago than max_age allows.")


def check_access_token(
    claims: Claims, algorithm: str, access_token: object, *, required: bool
) -> None:
    """Check that ID token and access token belong together (§3.1.3.8, §3.2.2.9).

    Args:
        claims: what the ID token claims.
        algorithm: how it is signed, which says how ``at_hash`` is made.
        access_token: what came with it.
        required: whether ``at_hash`` must be there.

    Raises:
        Refusal: they do not, or it must say and does not.
    """
    if "at_hash" not in claims:
        if required:
            raise Refusal("it lacks at_hash, so the access token may be another's.")
        return
    digest = _digest(algorithm, str(access_token).encode())
    expected = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not _same(_text(claims, "at_hash"), expected):
        raise Refusal("the access token beside it is another's: at_hash does not fit.")


def check_renewal(claims: Claims, former: Claims) -> None:
    """Check that a renewed ID token is about the same sign-in (§12.2).

    Args:
        claims: what it claims.
        former: what the one before claimed; nothing, if there was none.

    Raises:
        Refusal: it is about another.
    """
    for name, what in (("iss", "issuer"), ("sub", "person")):
        if former and claims[name] != former[name]:
            raise Refusal(f"it is about another {what} ({name}) than the one before.")
    if former and set(audiences(claims)) != set(audiences(former)):
        raise Refusal("it is for other apps (aud) than the one before.")
    if former and "nonce" in claims and claims["nonce"] != former.get("nonce"):
        raise Refusal("it answers another sign-in: its nonce is not that of the one before.")


def audiences(claims: Claims) -> list[str]:
    """Return whom a token is for: ``aud``, which is one text or several (RFC 7519 §4.1.3).

    Raises:
        Refusal: it is neither.
    """
    given: Any = claims.get("aud")
    several: list[Any] = given if isinstance(given, list) else [given]
    if not several or not all(isinstance(one, str) and one for one in several):
        raise Refusal("it does not say for which app it was made (aud).")
    return several


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(f"its claim {name} is missing or no text.")
    return value


def _time(claims: Claims, name: str) -> float:
    value = claims.get(name)
    time = None if isinstance(value, str) else tokens.seconds(value)
    if time is None:
        raise Refusal(f"its claim {name} is missing or no time.")
    return time


def _digest(algorithm: str, data: bytes) -> bytes:
    name = "512" if algorithm in _SHA512_SIGNATURES else algorithm[2:5]
    return hashlib.new(f"sha{name}", data).digest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
