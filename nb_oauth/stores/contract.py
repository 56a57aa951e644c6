"""What every token store does, and what one that is shared does besides."""

from contextlib import AbstractContextManager
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


class LockingTokenStore(TokenStore, Protocol):
    """A token store that several processes may use at the same time.

    A store of one's own needs neither of these two methods. Without ``lock``, sessions of other
    processes may renew the same token at the same moment. Without ``in``, a token that is there
    no more is taken for one that the store dropped, not for one that somebody signed out of.

    One whose pickle holds no token, and leads to the same ones, may say so by ``is_shared = True``:
    then the copies of a session in other processes renew through it. Let two that lead to the same
    tokens be equal, and have one hash (``__eq__``, ``__hash__``): a process gets another with each
    copy, and knows by that what it has found out about a sign-in, such as a refresh token that is
    good no more.
    """

    def lock(self, key: TokenKey) -> AbstractContextManager[None]:
        """Return what to enter while renewing the token under ``key``: one at a time may.

        The thread that is inside may enter again. ``load``, ``save`` and ``delete`` do not wait
        for it. Who dies inside leaves it free.

        Raises:
            TimeoutError: on entering: somebody else stayed inside for too long.
        """
        ...

    def __contains__(self, key: object) -> bool:
        """Tell whether anything is kept under ``key``, also where ``load`` cannot read it."""
        ...
