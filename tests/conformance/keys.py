"""Keys and signatures with something odd about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.openid_stage import public

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey


def nameless(key: RSAKey) -> dict[str, Any]:
    """A key as a provider publishes it that gives keys no names."""
    return {name: value for name, value in public(key, use="sig").items() if name != "kid"}


def spoiled(signed: str) -> str:
    """A token whose signature has one letter changed, well within it."""
    signature = signed.rpartition(".")[2]
    other = "B" if signature[10] == "A" else "A"
    return f"{signed[: -len(signature)]}{signature[:10]}{other}{signature[11:]}"
