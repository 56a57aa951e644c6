"""Tokens that the system's keyring keeps: Keychain, Credential Manager, Secret Service."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.stores import entries, locks
from nb_oauth.stores.file import own_folder
from nb_oauth.tokens import Token, TokenKey

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "nb_oauth"


class KeyringTokenStore:
    """Keeps each token in the keyring of the system, which is locked with the user's password.

    It needs the extra ``nb_oauth[keyring]``, and a keyring: a server or a container rarely has
    one; :class:`FileTokenStore` works there. Windows' Credential Manager holds no token longer
    than about 1,200 characters; a session then says in a warning that its token was not stored.

    Kernels of one user share the sign-in: one of them renews, the others take what it got.
    """

    is_shared = True
    """Whether a pickled session takes it along: another process finds the same tokens by it."""

    def __repr__(self) -> str:
        """Say what it is; the keyring does not tell how many tokens there are."""
        return "<KeyringTokenStore>"

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same keyring, the user's."""
        return isinstance(other, KeyringTokenStore)

    def __hash__(self) -> int:
        return hash(KeyringTokenStore)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is an entry for ``key``, whatever it holds."""
        return isinstance(key, TokenKey) and self._text(key) is not None

    def load(self, key: TokenKey) -> Token | None:
        """Return the token kept under ``key``, None if there is none.

        An entry that is damaged is left as it is, with a warning, until a token takes its place.

        Raises:
            ConfigurationError: the keyring cannot be used; the message says why.
        """
        text = self._text(key)
        if text is None:
            return None
        try:
            return entries.read(text, key)
        except ValueError as error:
            entries.warn_of(f"The entry {entries.name_of(key)} of the keyring", error)
            return None

    def save(self, key: TokenKey, token: Token) -> None:
        """Keep ``token`` under ``key``, in place of the one before.

        Raises:
            ConfigurationError: the keyring cannot be used; the message says why.
            TypeError: the token has a member that JSON cannot hold.
        """
        text = entries.as_text(key, token)
        with _keyring() as keyring:
            keyring.set_password(_SERVICE, entries.name_of(key), text)

    def delete(self, key: TokenKey) -> None:
        """Forget the token kept under ``key``; nothing happens if there is none.

        Raises:
            ConfigurationError: the keyring cannot be used; the message says why.
        """
        if key in self:
            with _keyring() as keyring:
                keyring.delete_password(_SERVICE, entries.name_of(key))

    def lock(self, key: TokenKey) -> AbstractContextManager[None]:
        """Return what to enter while renewing the token under ``key``.

        A keyring has no locks: an empty file in nb_oauth's own folder stands for the entry.
        """
        return locks.among_processes(own_folder("locks") / f"{entries.name_of(key)}.lock")

    def _text(self, key: TokenKey) -> str | None:
        with _keyring() as keyring:
            return keyring.get_password(_SERVICE, entries.name_of(key))


@contextmanager
def _keyring() -> Iterator["KeyringBackend"]:
    """Give the keyring, and say in our words why it cannot be used."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigurationError(
            "KeyringTokenStore needs the keyring library: pip install 'nb_oauth[keyring]'"
        ) from None
    try:
        yield keyring.get_keyring()
    except KeyringError as error:
        raise ConfigurationError(
            f"The keyring of this machine cannot be used ({type(error).__name__}: {error}). "
            "Unlock it, or keep tokens in a file: FileTokenStore()."
        ) from error
