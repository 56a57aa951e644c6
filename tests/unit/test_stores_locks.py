"""Locks that cannot be had: said clearly, waited for with patience, and never by a forked child."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from nb_oauth.stores import FileTokenStore, MemoryTokenStore, locks
from tests.unit.session_stage import Stage, at_once, ending
from tests.unit.test_stores import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> FileTokenStore:
    return FileTokenStore(tmp_path / "tokens")


@pytest.fixture(params=[errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file system, such as some networks', that does not lock."""

    def refuse(_: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX:
            raise OSError(request.param, os.strerror(request.param))

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        yield


@pytest.mark.usefixtures("no_locks")
def test_a_file_system_that_cannot_lock_is_named_with_what_to_do(store: FileTokenStore) -> None:
    words = rf"{store.folder} cannot be locked \(.*local disk.*FileTokenStore\("
    with pytest.warns(UserWarning, match=words), store.lock(KEY):
        assert not list(store.folder.glob("*.soft"))


@pytest.mark.usefixtures("no_locks")
def test_where_nothing_locks_the_threads_of_a_process_still_renew_once(
    store: FileTokenStore,
) -> None:
    with Stage() as stage:
        stage.delay = 0.05
        stage.open(token=ending(-1), store=store)
        sessions = [stage.open(store=store) for _ in range(8)]
        with pytest.warns(UserWarning, match="cannot be locked"):
            results = at_once(8, lambda: sessions.pop().get(stage.api))
        assert [getattr(one, "status_code", one) for one in results] == [200] * 8
        assert len(stage.token_requests) == 1


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_thread_that_stays_inside_is_waited_for_with_patience(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    used: Any = store if kind == "file" else MemoryTokenStore()

    def enter() -> None:
        with used.lock(KEY):
            pytest.fail("two are inside")

    with used.lock(KEY):
        [error] = at_once(1, enter)
    assert isinstance(error, TimeoutError)
    assert "Another thread" in str(error)


def test_ctrl_c_at_the_very_moment_leaves_the_lock_free(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(FileLock):
        def acquire(self, *args: Any, **kwargs: Any) -> Any:
            super().acquire(*args, **kwargs)
            raise KeyboardInterrupt

    made = Interrupted(store.folder / "a.lock", thread_local=False)
    with monkeypatch.context() as patch:
        patch.setattr(locks, "_file_lock", lambda _: made)
        with pytest.raises(KeyboardInterrupt), store.lock(KEY):
            pytest.fail("nobody gets inside")
    assert not made.is_locked


def _is_in(store: FileTokenStore, name: object) -> bool:
    return str(name).startswith(str(store.folder))


def test_who_enters_again_leaves_once(store: FileTokenStore) -> None:
    with store.lock(KEY):
        [lock] = [one.processes for name, one in locks._locks.items() if _is_in(store, name)]
        assert lock is not None
        with store.lock(KEY):
            assert lock.is_locked
        assert lock.is_locked
    assert not lock.is_locked


def test_a_lock_is_held_by_nobody_for_ever(store: FileTokenStore) -> None:
    with store.lock(KEY):
        assert len(locks._locks) >= 1
        before = len(locks._locks)
    assert len(locks._locks) < before


def test_a_fork_takes_no_locks_along() -> None:
    """A thread that holds one is not in the child, where it would be held for ever."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.among_threads("held"):
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    with_it = dict(locks._locks)
    former = locks._locks, locks._guard
    try:
        locks._begin_anew()  # what runs in a forked child
        with locks.among_threads("held"):
            assert "held" in with_it
    finally:
        locks._locks, locks._guard = former
        done.set()
        thread.join()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the child does nothing more
def test_a_forked_child_begins_anew(store: FileTokenStore) -> None:
    with store.lock(KEY):
        child = os.fork()
        if child == 0:
            os._exit(len(locks._locks))  # at once: the child of a test runs no test
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
