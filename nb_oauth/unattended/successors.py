"""Where the successors of a refresh token are kept that the environment has.

A refresh token that rotates is good once. So all who begin with the same one have to find the
same successor, whatever else they ask for: another grant, another label, a store of their own.
"""

import contextlib
import hashlib
from typing import TYPE_CHECKING

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.stores import FileTokenStore, TokenStore, private_files
from nb_oauth.stores.file import own_folder
from nb_oauth.tokens import TokenKey

if TYPE_CHECKING:
    from pathlib import Path


def store_of(original: str, named: TokenStore | None) -> FileTokenStore:
    """Return the store that has, or is to have, the successors of ``original``.

    Args:
        original: the refresh token of the environment; its digest leads nobody back to it.
        named: the store that a job named. Where it is of files, they are kept there, and a link
            in our own folder says so to the jobs that name none or another.
    """
    ours = _ours(original)
    if not isinstance(named, FileTokenStore):
        return FileTokenStore(_followed(ours))
    theirs = named.folder / ours.name
    _link(_followed(ours), theirs)
    chosen = _followed(ours)
    is_ours = chosen.is_dir() and (_has_any(chosen) or not _has_any(theirs))
    return FileTokenStore(chosen if is_ours else theirs)


def link_to_what_is_away(original: str) -> "Path | None":
    """Return our link to the successors of ``original``, where nothing is there now.

    A mount may be missing, or a cache that a job restores. Without what is there nobody may begin
    with ``original`` once more: many a provider ends the whole sign-in where one is used twice.
    """
    ours = _ours(original)
    with contextlib.suppress(OSError):
        if ours.is_symlink():
            return None if _is_there(ours) else ours
    return None


def unlink(original: str) -> None:
    """Remove our link to where another folder has the successors of ``original``, if there is one.

    Of a refresh token that does not rotate there are none, and a folder made for one run may go.
    """
    with contextlib.suppress(OSError):
        ours = _ours(original)
        if ours.is_symlink():
            ours.unlink()


def key_of(store: FileTokenStore, wanted: TokenKey) -> TokenKey:
    """Return what the successor in ``store`` is known by, whichever label or grant it came with."""
    if wanted in store:
        return wanted
    others = (one for one in store.keys([]) if _whose(one) == _whose(wanted))
    return next(others, wanted)


def can_keep(store: FileTokenStore) -> bool:
    """Tell whether a token could be written there, by writing something that is none."""
    trial = store.folder / "trial"
    try:
        private_files.write(trial, b"")
        trial.unlink(missing_ok=True)  # another process tries as well
    except (OSError, ConfigurationError):
        return False
    return True


def _ours(original: str) -> "Path":
    digest = hashlib.sha256(original.encode()).hexdigest()
    return own_folder("tokens") / f"environment-{digest[:32]}"


def _is_there(folder: "Path") -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a mount that does not answer
        return False


def _followed(ours: "Path") -> "Path":
    """Return where ``ours`` leads."""
    with contextlib.suppress(OSError):
        if ours.is_symlink():
            return ours.resolve()
    return ours


def _link(ours: "Path", theirs: "Path") -> None:
    """Let ``ours`` lead to ``theirs``, unless there is something already, or links cannot be."""
    with contextlib.suppress(OSError):
        if ours == theirs or ours.exists():
            return
        for folder in (theirs, ours.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours.symlink_to(theirs, target_is_directory=True)


def _has_any(folder: "Path") -> bool:
    return any(folder.glob("*.json"))


def _whose(key: TokenKey) -> tuple[str, str]:
    return key.issuer, key.client_id
