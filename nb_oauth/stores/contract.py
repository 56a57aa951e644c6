"""What every token store does."""

from typing import Protocol

from nb_oauth.tokens import Token, TokenKey


class TokenStore(Protocol):
    """Keeps tokens under their keys. Every method may be called from any thread."""

    def load(self, key: TokenKey) -> Token | None:
        """Return the token kept under ``key``, None if there is none."""
        ...

    def save(self, key: TokenKey, token: Token) -> None:
        """Keep ``token`` under ``key``, in place of the one before."""
        ...

    def delete(self, key: TokenKey) -> None:
        """Forget the token kept under ``key``; nothing happens if there is none."""
        ...
