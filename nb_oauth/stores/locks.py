"""Who may touch a token, or a file, now: one thread of one process at a time.

A lock of the operating system's (``flock``) is free the moment its holder dies, however it dies.
Threads of one process first line up among themselves, so that one of them at most asks the
operating system, which has no queue to offer: it must be asked again and again.

Every wait ends with Ctrl-C.
"""

import threading
import warnings
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

from nb_oauth import forks

if TYPE_CHECKING:
    from filelock import BaseFileLock

PATIENCE = 180.0
"""Seconds to wait for somebody who renews: more than any token endpoint is given to answer."""
_ASK_AGAIN_AFTER = 0.005  # seconds


class Errand(NamedTuple):
    """What is done inside, in the words of warnings and errors.

    Args:
        doing: what one is doing there: "renewing this token".
        unlocked: what may come of it where nothing can be locked, and what to do about that.
    """

    doing: str
    unlocked: str


RENEWAL = Errand(
    "renewing this token",
    "Notebooks that renew the same sign-in at the same moment may end it. Keep tokens in a folder "
    "of a local disk that you may write to: FileTokenStore('/that/folder').",
)


class _Lock:
    """A lock among threads, and the lock among processes that its holder may take as well."""

    def __init__(self) -> None:
        self.threads = threading.RLock()
        self.processes: BaseFileLock | None = None


_locks: "WeakValueDictionary[Hashable, _Lock]" = WeakValueDictionary()
_guard = threading.Lock()


@contextmanager
def among_threads(name: Hashable, errand: Errand = RENEWAL) -> Iterator[_Lock]:
    """While entered, no other thread of this process is inside under the same ``name``.

    Raises:
        TimeoutError: another thread stayed inside for too long.
    """
    with _guard:
        lock = _locks.setdefault(name, _Lock())
    if not lock.threads.acquire(timeout=PATIENCE):
        raise TimeoutError(f"Another thread has been {errand.doing} for {PATIENCE:.0f} s.")
    try:
        yield lock
    finally:
        lock.threads.release()


@contextmanager
def among_processes(file: Path, errand: Errand = RENEWAL) -> Iterator[None]:
    """While entered, nobody else on this machine is inside with the same ``file``.

    Where the file cannot be locked (a network file system without locks, a read-only folder), a
    warning says so, and only the threads of this process wait for one another.

    Args:
        file: it is made, is empty, and may stay behind.
        errand: what is done inside.

    Raises:
        TimeoutError: somebody else stayed inside for too long.
    """
    with among_threads(file, errand) as lock:
        if lock.processes is None:
            lock.processes = _file_lock(file)
        before = lock.processes.lock_counter
        try:  # from here, so that Ctrl-C finds it wherever it comes
            _take(lock.processes, file, errand)
            yield
        finally:
            if lock.processes.lock_counter > before:
                lock.processes.release()


def _file_lock(file: Path) -> "BaseFileLock":
    from filelock import FileLock

    # Not thread_local: only the holder of the lock among threads gets here. No soft fallback: a
    # file that merely exists outlives a killed holder.
    return FileLock(
        file,
        timeout=PATIENCE,
        mode=0o600,
        thread_local=False,
        poll_interval=_ASK_AGAIN_AFTER,
        fallback_to_soft=False,
    )


def _take(lock: "BaseFileLock", file: Path, errand: Errand) -> None:
    """Take ``lock``, unless it cannot be."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except TimeoutError:
        raise TimeoutError(
            f"Another process has been {errand.doing} for {PATIENCE:.0f} s: it holds {file}. "
            "Interrupt or restart the other notebook."
        ) from None
    except OSError as error:
        warnings.warn(
            f"{file.parent} cannot be locked ({error.strerror or error}). {errand.unlocked}",
            stacklevel=2,
        )


def _begin_anew() -> None:
    """Forget the locks that threads held which a fork did not take along."""
    global _locks, _guard
    _locks, _guard = WeakValueDictionary(), threading.Lock()


forks.in_child(_begin_anew)
