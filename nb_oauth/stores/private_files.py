"""Files that nobody else may read, and that are never seen half written.

Who they belong to and who may read them is looked at before they are read. On Windows there are
no such modes: what is in the user's profile folder is the user's.
"""

import contextlib
import os
import shlex
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nb_oauth.exceptions import ConfigurationError

_Result = TypeVar("_Result")

_OTHERS_ANYTHING = 0o077
_OTHERS_WRITE = 0o022
_LARGEST = 1 << 20  # bytes; no token comes near it
_BESIDE = ".new"
_ABANDONED_AFTER = 60.0  # seconds; writing takes milliseconds
_BUSY_AT_MOST = 1.0  # seconds that a file is in use on Windows, where that keeps others out
# Neither a symlink nor a pipe that blocks, whatever is put there after it was looked at.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


@dataclass(frozen=True)
class Contents:
    """What errors call what is in the files, and what they say to do instead.

    Args:
        what: what is in one of them.
        elsewhere: what to do instead of putting the file in order.
        folder_elsewhere: what to do instead of using a folder of somebody else's.
        if_read: what to do where others may have read it.
    """

    what: str
    elsewhere: str
    folder_elsewhere: str
    if_read: str


TOKENS = Contents(
    "token",
    "or keep tokens elsewhere: FileTokenStore('/another/folder').",
    "Keep tokens in a folder of your own: FileTokenStore('/a/folder/of/yours').",
    "remove the file and sign in again",
)


def read(path: str, contents: Contents = TOKENS) -> tuple[os.stat_result, bytes]:
    """Return what the file holds, and its status.

    Raises:
        ConfigurationError: it is no file, somebody else's, or others may read it; the message says
            what to do.
        OSError: it cannot be read.
    """
    _require_private(path, os.lstat(path), contents)
    descriptor = _patiently(lambda: os.open(path, os.O_RDONLY | _FLAGS))
    with open(descriptor, "rb") as opened:  # noqa: PTH123 - a descriptor, not a path
        status = os.fstat(descriptor)
        _require_private(path, status, contents)
        return status, opened.read(_LARGEST)


def write(path: Path, content: bytes, contents: Contents = TOKENS) -> None:
    """Write the file: whoever reads meanwhile, or after a crash, finds the old one or the new one.

    Raises:
        ConfigurationError: others may change what is in its folder.
        OSError: it cannot be written. The old one is still there.
    """
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_folder(path.parent, contents)
    handle, beside = tempfile.mkstemp(_BESIDE, f"{path.stem}.", path.parent)  # mode 0600
    try:
        with open(handle, "wb") as opened:  # noqa: PTH123 - a descriptor, not a path
            opened.write(content)
            opened.flush()
            os.fsync(handle)
        # File systems count time in steps of milliseconds, in which two files may look the same.
        os.utime(beside, ns=(time.time_ns(),) * 2)
        _patiently(lambda: Path(beside).replace(path))
    except BaseException:  # Ctrl-C too
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise
    _sync(path.parent)


def remove_abandoned(folder: Path, stem: str | None = None) -> None:
    """Remove what a process that was killed while writing left in ``folder``.

    Args:
        folder: where to look.
        stem: the name of a file, without its ending, that is not wanted any more: what is being
            written for it goes as well.
    """
    with contextlib.suppress(OSError):
        for entry in _beside(folder):
            with contextlib.suppress(OSError):
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if age > _ABANDONED_AFTER or entry.name.split(".")[0] == stem:
                    Path(entry.path).unlink()


def _beside(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if entry.name.endswith(_BESIDE))


def require_folder(folder: Path, contents: Contents = TOKENS) -> None:
    """Refuse a folder in which others may change things.

    Raises:
        ConfigurationError: the message says what to do.
        OSError: there is no such folder, or it cannot be looked at.
    """
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigurationError(f"{folder} is no folder. Remove it, {contents.elsewhere}")
    if not _has_modes():
        return
    if status.st_uid != os.geteuid():
        raise ConfigurationError(
            f"{folder} belongs to somebody else (user {status.st_uid}). {contents.folder_elsewhere}"
        )
    if status.st_mode & _OTHERS_WRITE:
        raise ConfigurationError(
            f"Others may change what is in {folder}. Run this in a terminal: "
            f"chmod 700 {shlex.quote(str(folder))}"
        )


def _require_private(path: str, status: os.stat_result, contents: Contents) -> None:
    quoted, what = shlex.quote(path), contents.what
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(
            f"{path} is {_kind(status.st_mode)}, not a file with a {what}. Run this in a terminal: "
            f"{'rmdir' if stat.S_ISDIR(status.st_mode) else 'rm'} {quoted}; {contents.elsewhere}"
        )
    if not _has_modes():
        return
    if status.st_uid != os.geteuid():
        raise ConfigurationError(
            f"{path} belongs to somebody else (user {status.st_uid}), so its {what} is not used. "
            f"Run this in a terminal: rm {quoted}; {contents.elsewhere}"
        )
    if status.st_mode & _OTHERS_ANYTHING:
        raise ConfigurationError(
            f"Others may read or change {path}, so its {what} is not used. Run this in a terminal: "
            f"chmod 600 {quoted}; if others use this machine, {contents.if_read}."
        )


def _kind(mode: int) -> str:
    known = {stat.S_IFLNK: "a symbolic link", stat.S_IFDIR: "a folder"}
    return known.get(stat.S_IFMT(mode), "something else")


def _has_modes() -> bool:
    return os.name != "nt"


def _patiently(function: Callable[[], _Result]) -> _Result:
    """Call ``function``, again for a moment where Windows says that a file is in use."""
    deadline = time.monotonic() + _BUSY_AT_MOST
    while True:
        try:
            return function()
        except PermissionError:
            if os.name != "nt" or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _sync(folder: Path) -> None:
    """Make a renaming survive a power cut: else an old refresh token could come back.

    Not every file system can, and Windows cannot; then it is as durable as any other file.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
