"""Where tokens stay between two uses."""

from nb_oauth.exceptions import ConfigurationError
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

_KINDS: dict[str, type[FileTokenStore | KeyringTokenStore]] = {
    "file": FileTokenStore,
    "keyring": KeyringTokenStore,
}
_named: dict[str, TokenStore] = {}
_METHODS = ("load", "save", "delete")


def token_store(given: object) -> TokenStore | None:
    """Return the store that ``given`` names, or that it is.

    Raises:
        ConfigurationError: it is neither.
    """
    if isinstance(given, str) and given in _KINDS:
        return _named.setdefault(given, _KINDS[given]())
    is_store = not isinstance(given, type) and all(
        callable(getattr(given, name, None)) for name in _METHODS
    )
    if given is None or is_store:
        return given  # type: ignore[return-value]  # looked at above
    raise ConfigurationError(
        f"store={given!r} will not do: pass 'file', 'keyring', or a store such as "
        "FileTokenStore('folder')."
    )
