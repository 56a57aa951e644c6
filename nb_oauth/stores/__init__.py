"""Where tokens stay between two uses."""

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
]
