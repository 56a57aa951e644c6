"""Places in a JSON document, as people name them."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

__all__ = ["checked", "keys_of", "look_up", "put"]

# Keys with dots between them; JMESPath wants quotes around those with "@", "$", ":" and "-".
_KEYS = re.compile(r"[\w$:@-]*[\w$-]+(?:\.[\w$:@-]+)*")


def checked(path: str) -> str:
    """Return ``path``, which can be looked up.

    Raises:
        ConfigurationError: it is no path.
    """
    if not _KEYS.fullmatch(path):
        _compiled(path)
    return path


def look_up(document: object, path: str, missing: object = None) -> Any:  # noqa: ANN401 - JSON
    """Return what is at ``path``, ``missing`` where keys lead to nothing.

    Args:
        document: JSON as it was parsed.
        path: keys with dots between them, such as ``"meta.next_cursor"`` or
            ``"@odata.nextLink"`` (a key that has dots itself is found first), or any other
            expression of JMESPath, such as ``"data[-1].id"``.
        missing: what to return where keys lead to nothing; an expression then gives None.

    Raises:
        ConfigurationError: it is no path.
    """
    if not _KEYS.fullmatch(path):
        return _compiled(path).search(document)
    if isinstance(document, Mapping) and path in document:
        return document[path]
    for key in path.split("."):
        document = document.get(key, missing) if isinstance(document, Mapping) else missing
    return document


def keys_of(path: str) -> list[str] | None:
    """Return the keys that ``path`` is made of, None where it is more than keys."""
    return path.split(".") if _KEYS.fullmatch(path) else None


def put(document: Mapping[str, Any], keys: list[str], value: object) -> dict[str, Any]:
    """Return a copy of ``document`` with ``value`` at the end of ``keys``."""
    first, *rest = keys
    if rest:
        below = document.get(first)
        value = put(below if isinstance(below, Mapping) else {}, rest, value)
    return {**document, first: value}


@lru_cache(maxsize=64)
def _compiled(path: str) -> "ParsedResult":
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(path)
    except JMESPathError as error:
        raise ConfigurationError(
            f"{path!r} is no place in a document: write keys with dots between them, such as "
            '"meta.next_cursor", or an expression of JMESPath (https://jmespath.org).'
        ) from error
