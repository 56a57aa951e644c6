"""No secret in text: what error messages and descriptions may quote."""

import re
from collections.abc import Iterable

MASK = "•••"

# The members of OAuth messages that are secrets (RFC 6749, 7009, 7523, 7636, 8628).
_SECRET_NAMES = (
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token",
    "password",
    "refresh_token",
    "token",
)
_NAMES = "|".join(_SECRET_NAMES)
_IN_JSON = re.compile(rf'(["\'](?:{_NAMES})["\']\s*:\s*)(["\'])(?:\\.|(?!\2).)*(?:\2|$)')
_IN_FORM = re.compile(rf"((?:^|[?&#\s])(?:{_NAMES})=)[^&\s\"'<>]*")
_IN_HEADER = re.compile(r"(?i)\b((?:bearer|basic|dpop)\s+)[A-Za-z0-9._~+/=-]{4,}")
_SHORTEST_SECRET = 4


def mask(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Return ``text`` with every secret in it replaced by ``•••``.

    Args:
        text: anything that is about to be shown: an error message, the start of a response.
        secrets: values known to be secret, wherever they stand; None and very short ones
            (under 4 characters, which would mask ordinary words) are passed over.

    Returns:
        The text without those values, and without the values that stand beside the name of a
        secret in JSON, in a form-encoded body or URL, or in an ``Authorization`` header.
    """
    for secret in secrets:
        if secret and len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    text = _IN_JSON.sub(rf"\1\2{MASK}\2", text)
    text = _IN_FORM.sub(rf"\1{MASK}", text)
    return _IN_HEADER.sub(rf"\1{MASK}", text)


def excerpt(text: str, length: int = 200, secrets: Iterable[str | None] = ()) -> str:
    """Return the masked beginning of ``text`` on one line, at most ``length`` characters."""
    line = " ".join(mask(text, secrets).split())
    return line if len(line) <= length else line[: length - 1] + "…"
