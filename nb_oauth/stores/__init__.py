"""Where tokens stay between two uses."""

import sys
from typing import TYPE_CHECKING, Any

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.lazy_names import lazily

if TYPE_CHECKING:
    from nb_oauth.stores import locks as locks
    from nb_oauth.stores.contract import LockingTokenStore, TokenStore
    from nb_oauth.stores.file import FileTokenStore
    from nb_oauth.stores.keyring import KeyringTokenStore
    from nb_oauth.stores.memory import MemoryTokenStore

__all__ = [
    "FileTokenStore",
    "KeyringTokenStore",
    "LockingTokenStore",
    "MemoryTokenStore",
    "TokenStore",
    "token_store",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "FileTokenStore": "file",
            "KeyringTokenStore": "keyring",
            "LockingTokenStore": "contract",
            "MemoryTokenStore": "memory",
            "TokenStore": "contract",
            "locks": "",
        },
    )
_KINDS = {"file": "FileTokenStore", "keyring": "KeyringTokenStore"}
_named: "dict[str, TokenStore]" = {}
_METHODS = ("load", "save", "delete")


def token_store(given: object) -> "TokenStore | None":
    """Return the store that ``given`` names, or that it is.

    Raises:
        ConfigurationError: it is neither.
    """
    if isinstance(given, str) and given in _KINDS:
        kind: Any = getattr(sys.modules[__name__], _KINDS[given])
        return _named.setdefault(given, kind())
    is_store = not isinstance(given, type) and all(
        callable(getattr(given, name, None)) for name in _METHODS
    )
    if given is None or is_store:
        return given  # type: ignore[return-value]  # looked at above
    raise ConfigurationError(
        f"store={given!r} will not do: pass 'file', 'keyring', or a store such as "
        "FileTokenStore('folder')."
    )
