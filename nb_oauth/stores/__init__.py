"""Where tokens stay between two uses."""

from nb_oauth.stores.contract import TokenStore
from nb_oauth.stores.memory import MemoryTokenStore

__all__ = ["MemoryTokenStore", "TokenStore"]
