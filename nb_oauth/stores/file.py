"""Tokens that outlive the kernel, one file each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.stores import entries, locks, private_files
from nb_oauth.tokens import Token, TokenKey

_ENDING = ".json"


class FileTokenStore:
    """Keeps each token in a file that nobody else may read: a new kernel asks nothing.

    Kernels that share the folder share the sign-in: one of them renews, the others take what it
    got. For that the folder should be on a disk of this machine; a network file system that
    cannot lock is named in a warning, and then two kernels may renew at the same moment, which
    some providers answer by ending the sign-in.

    The files have mode 0600, and their folder 0700 if this makes it. A file that somebody else
    owns or may read is refused. On Windows the folder is in the user's profile, which others do
    not get into; a folder of your own choice is yours to protect.

    Args:
        folder: where the files are; it is made when first needed. None is nb_oauth's own folder
            for this user, such as ``~/.local/state/nb_oauth/tokens``.
    """

    is_shared = True
    """Whether a pickled session takes it along: another process finds the same tokens by it."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = own_folder("tokens") if folder is None else _absolute(folder)
        self._paths: dict[TokenKey, str] = {}
        self._read_before: dict[TokenKey, tuple[tuple[int, ...], dict[str, Any]]] = {}
        self._is_tidy = False

    def __repr__(self) -> str:
        """Say where and how many, never which."""
        try:
            count = sum(file.suffix == _ENDING for file in self.folder.iterdir())
        except OSError:
            count = 0
        return f"<FileTokenStore: holds {count} in {self.folder}>"

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same folder: what ails a token there is known to both."""
        return isinstance(other, FileTokenStore) and other.folder == self.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def __reduce__(self) -> tuple[type["FileTokenStore"], tuple[Path]]:
        """Take the folder along, and no token that was read from it."""
        return FileTokenStore, (self.folder,)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is a file for ``key``, whatever it holds."""
        return isinstance(key, TokenKey) and os.path.lexists(self._path(key))

    def load(self, key: TokenKey) -> Token | None:
        """Return the token kept under ``key``, None if there is none.

        A file that is as it was is not read again. One that is damaged is left as it is, with a
        warning that names it, until a token takes its place.

        Raises:
            ConfigurationError: the file or the folder is not ours alone; the message says what
                to do.
        """
        path = self._path(key)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            self._read_before.pop(key, None)
            return None
        except OSError as error:
            raise self._unusable(error) from None
        before = self._read_before.get(key)
        if before is not None and before[0] == _identity(status):
            return dict(before[1])
        return self._read(key, path)

    def save(self, key: TokenKey, token: Token) -> None:
        """Keep ``token`` under ``key``, in place of the one before.

        Raises:
            ConfigurationError: others may change what is in the folder.
            OSError: the file could not be written. The one before is still there.
            TypeError: the token has a member that JSON cannot hold.
        """
        content = entries.as_text(key, token).encode()
        if not self._is_tidy:
            private_files.remove_abandoned(self.folder)
            self._is_tidy = True
        private_files.write(Path(self._path(key)), content)

    def keys(self, refused: list[ConfigurationError] | None = None) -> list[TokenKey]:
        """Return what the tokens in it are known by. A file that tells nothing is passed over.

        Args:
            refused: takes why a file is not used, and the others are told nevertheless; None
                raises it.

        Raises:
            ConfigurationError: a file or the folder is not ours alone.
        """
        try:
            paths = sorted(file for file in self.folder.iterdir() if file.suffix == _ENDING)
            private_files.require_folder(self.folder)
        except OSError:
            return []
        found = (self._key_in(path, refused) for path in paths)
        return [key for key in found if key is not None]

    def _key_in(self, path: Path, refused: list[ConfigurationError] | None) -> TokenKey | None:
        try:
            key = entries.key_in(private_files.read(str(path))[1])
        except ConfigurationError as error:
            if refused is None:
                raise
            refused.append(error)
            return None
        except (OSError, ValueError):
            return None
        return key if self._path(key) == str(path) else None

    def delete(self, key: TokenKey) -> None:
        """Forget the token kept under ``key``; nothing happens if there is none.

        Raises:
            OSError: the file could not be removed.
        """
        path = Path(self._path(key))
        self._read_before.pop(key, None)
        private_files.remove_abandoned(self.folder, path.stem)
        path.unlink(missing_ok=True)

    @contextmanager
    def lock(self, key: TokenKey) -> Iterator[None]:
        """While entered, no other thread, process or kernel renews the token under ``key``.

        Raises:
            TimeoutError: somebody else has been renewing it for too long.
        """
        with locks.among_processes(Path(self._path(key)).with_suffix(".lock")):
            # Over a network the status of a file may be seconds old; opening it is exact.
            self._read_before.pop(key, None)
            yield

    def _path(self, key: TokenKey) -> str:
        path = self._paths.get(key)
        if path is None:
            path = self._paths[key] = str(self.folder / f"{entries.name_of(key)}{_ENDING}")
        return path

    def _read(self, key: TokenKey, path: str) -> Token | None:
        try:
            private_files.require_folder(self.folder)
            status, text = private_files.read(path)
            token = entries.read(text, key)
        except FileNotFoundError:  # deleted since we looked
            return None
        except (OSError, ValueError) as error:
            if isinstance(error, ConfigurationError):
                raise
            entries.warn_of(path, error)
            return None
        self._read_before[key] = _identity(status), token
        return dict(token)

    def _unusable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"{self.folder} cannot be used ({error.strerror}). Make it a folder that is yours, or "
            "keep tokens elsewhere: FileTokenStore('/another/folder')."
        )


def own_folder(name: str) -> Path:
    """Return the folder of that name among those of nb_oauth for this user."""
    import platformdirs

    return platformdirs.user_state_path("nb_oauth", appauthor=False) / name


def _absolute(folder: str | os.PathLike[str]) -> Path:
    return Path(folder).expanduser().absolute()  # a notebook may change its directory


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """Return what changes with the file, with what is in it, or with who may read it."""
    file = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return (*file, status.st_mode, status.st_uid)
