"""Tokens that live as long as the kernel."""

from contextlib import AbstractContextManager

from nb_oauth.stores import locks
from nb_oauth.tokens import Token, TokenKey


class MemoryTokenStore:
    """Keeps tokens in this process only: re-running a cell asks nothing, a new kernel asks."""

    def __init__(self) -> None:
        self._tokens: dict[TokenKey, Token] = {}

    def __repr__(self) -> str:
        """Say how many tokens there are, never which."""
        return f"<MemoryTokenStore: holds {len(self._tokens)}>"

    def __reduce__(self) -> tuple[type["MemoryTokenStore"], tuple[()]]:
        """Pickle it as an empty one: its tokens are this process's."""
        return MemoryTokenStore, ()

    def __copy__(self) -> "MemoryTokenStore":
        """Return itself: a token that is renewed in one copy is the other's as well."""
        return self

    def __deepcopy__(self, _: dict[int, object]) -> "MemoryTokenStore":
        """Return itself."""
        return self

    def __contains__(self, key: object) -> bool:
        """Tell whether there is a token under ``key``."""
        return key in self._tokens

    def load(self, key: TokenKey) -> Token | None:
        """Return the token kept under ``key``, None if there is none."""
        token = self._tokens.get(key)
        return None if token is None else dict(token)

    def save(self, key: TokenKey, token: Token) -> None:
        """Keep ``token`` under ``key``, in place of the one before."""
        self._tokens[key] = dict(token)

    def delete(self, key: TokenKey) -> None:
        """Forget the token kept under ``key``; nothing happens if there is none."""
        self._tokens.pop(key, None)

    def lock(self, key: TokenKey) -> AbstractContextManager[object]:
        """Return what to enter while renewing the token under ``key``: one thread at a time."""
        return locks.among_threads((id(self), key))
