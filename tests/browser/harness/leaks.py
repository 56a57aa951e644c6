"""Searching text for the secrets of a run, also in the disguises that encodings give them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.providers.oidc import Secret


def find_secrets(text: str, secrets: Iterable[Secret]) -> list[str]:
    """Name the kind and the encoding of each secret that the text holds; never its value."""
    return [
        f"{secret.kind}, {encoding}"
        for secret in secrets
        for form, encoding in forms_of(secret.value).items()
        if form in text
    ]


def forms_of(value: str) -> dict[str, str]:
    """Each form, and its first name: most encodings leave most secrets as they are."""
    forms: dict[str, str] = {}
    for name, form in _named_forms(value):
        forms.setdefault(form, name)
    return forms


def _named_forms(value: str) -> Iterator[tuple[str, str]]:
    yield "as it is", value
    yield "as JSON", json.dumps(value)[1:-1]
    yield "URL-encoded", quote(value, safe="")
    yield "form-encoded", quote_plus(value)
    yield "URL-encoded twice", quote(quote(value, safe=""), safe="")
    yield "in hexadecimal", value.encode().hex()
    for offset in range(3):
        core = _base64_core(value, offset)
        yield f"in base64 at offset {offset}", core
        yield f"in base64url at offset {offset}", core.replace("+", "-").replace("/", "_")


def _base64_core(value: str, offset: int) -> str:
    """What base64 makes of the value when ``offset`` (mod 3) other bytes stand before it.

    The characters that also depend on its neighbours are cut off.
    """
    encoded = base64.b64encode(b"\0" * offset + value.encode()).decode()
    whole = (offset + len(value.encode())) // 3 * 4
    return encoded[(0, 2, 3)[offset] : whole]
