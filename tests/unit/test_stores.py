"""What every token store does."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest
from keyring import core
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from nb_oauth import MemoryTokenStore
from nb_oauth.stores import FileTokenStore, KeyringTokenStore, LockingTokenStore
from nb_oauth.tokens import TokenKey
from tests.unit.session_stage import at_once

if TYPE_CHECKING:
    from pathlib import Path

KEY = TokenKey("https://as.example", "app", "authorization_code")
OTHERS = [
    TokenKey("https://other.example", "app", "authorization_code"),
    TokenKey("https://as.example", "other", "authorization_code"),
    TokenKey("https://as.example", "app", "device_code"),
    TokenKey("https://as.example", "app", "authorization_code", "work"),
]
TOKEN = {"access_token": "s3cret", "expires_at": 5}


class KeyringOfTheTest(KeyringBackend):
    """A keyring of the keyring library's, which keeps everything in itself."""

    priority = -1  # type: ignore[assignment] # never chosen by the library

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> KeyringOfTheTest:
    keyring = KeyringOfTheTest()
    monkeypatch.setattr(core, "_keyring_backend", keyring)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return keyring


class ContractOfTokenStores:
    """Inherited by the tests of every store."""

    @pytest.fixture
    def store(self) -> LockingTokenStore:
        raise NotImplementedError

    def test_nothing_is_there_at_first(self, store: LockingTokenStore) -> None:
        assert store.load(KEY) is None

    def test_a_token_saved_is_there_under_its_key_alone(self, store: LockingTokenStore) -> None:
        store.save(KEY, TOKEN)
        assert store.load(KEY) == TOKEN
        assert [store.load(other) for other in OTHERS] == [None] * 4

    def test_a_token_takes_the_place_of_the_one_before(self, store: LockingTokenStore) -> None:
        store.save(KEY, TOKEN)
        store.save(KEY, {"access_token": "b"})
        assert store.load(KEY) == {"access_token": "b"}

    def test_a_token_deleted_is_gone(self, store: LockingTokenStore) -> None:
        store.save(KEY, TOKEN)
        store.delete(KEY)
        store.delete(KEY)
        assert store.load(KEY) is None

    def test_changing_what_was_saved_or_loaded_changes_nothing_kept(
        self, store: LockingTokenStore
    ) -> None:
        token = dict(TOKEN)
        store.save(KEY, token)
        token["access_token"] = "changed"
        dict.update(store.load(KEY), access_token="changed")  # type: ignore[arg-type]
        assert store.load(KEY) == TOKEN

    def test_it_tells_what_it_has(self, store: LockingTokenStore) -> None:
        assert KEY not in store
        store.save(KEY, TOKEN)
        assert (KEY in store, OTHERS[0] in store, "key" in store) == (True, False, False)
        store.delete(KEY)
        assert KEY not in store

    def test_one_thread_at_a_time_is_inside_its_lock(self, store: LockingTokenStore) -> None:
        inside, most = [], []

        def enter() -> None:
            with store.lock(KEY):
                inside.append(1)
                most.append(len(inside))
                threading.Event().wait(0.005)
                inside.pop()

        at_once(8, enter)
        assert most == [1] * 8

    def test_whoever_is_inside_may_enter_again_and_use_the_store(
        self, store: LockingTokenStore
    ) -> None:
        with store.lock(KEY), store.lock(KEY):
            store.save(KEY, TOKEN)
            assert store.load(KEY) == TOKEN

    def test_another_key_has_another_lock(self, store: LockingTokenStore) -> None:
        def enter() -> bool:
            with store.lock(OTHERS[0]):
                return True

        with store.lock(KEY):
            assert at_once(1, enter) == [True]

    def test_an_error_inside_leaves_the_lock_free(self, store: LockingTokenStore) -> None:
        with pytest.raises(ZeroDivisionError), store.lock(KEY):
            _ = 1 / 0

        def enter() -> bool:
            with store.lock(KEY):
                return True

        assert at_once(1, enter) == [True]

    def test_no_secret_is_in_its_repr(self, store: LockingTokenStore) -> None:
        store.save(KEY, TOKEN)
        assert "s3cret" not in repr(store)


class TestMemoryTokenStore(ContractOfTokenStores):
    @pytest.fixture
    def store(self) -> LockingTokenStore:
        return MemoryTokenStore()

    def test_its_repr_says_how_many_there_are(self, store: LockingTokenStore) -> None:
        store.save(KEY, TOKEN)
        assert repr(store) == "<MemoryTokenStore: holds 1>"

    def test_its_tokens_do_not_leave_the_process_and_copies_share_them(
        self, store: LockingTokenStore
    ) -> None:
        store.save(KEY, TOKEN)
        sent: LockingTokenStore = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own
        assert sent.load(KEY) is None
        assert copy.copy(store) is copy.deepcopy(store) is store


class TestFileTokenStore(ContractOfTokenStores):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LockingTokenStore:
        return FileTokenStore(tmp_path / "tokens")

    def test_its_repr_says_where_and_how_many(
        self, store: LockingTokenStore, tmp_path: Path
    ) -> None:
        assert repr(store) == f"<FileTokenStore: holds 0 in {tmp_path}/tokens>"
        store.save(KEY, TOKEN)
        with store.lock(KEY):
            assert repr(store) == f"<FileTokenStore: holds 1 in {tmp_path}/tokens>"

    @pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
    def test_a_copy_is_the_same_folder(self, store: LockingTokenStore, again: Any) -> None:
        store.save(KEY, TOKEN)
        assert again(store).load(KEY) == TOKEN

    def test_a_pickle_holds_no_token(self, store: LockingTokenStore) -> None:
        store.save(KEY, TOKEN)
        store.load(KEY)
        pickled = pickle.dumps(store)
        assert b"s3cret" not in pickled
        assert pickle.loads(pickled).load(KEY) == TOKEN  # noqa: S301 - our own


@pytest.mark.usefixtures("keyring")
class TestKeyringTokenStore(ContractOfTokenStores):
    @pytest.fixture
    def store(self) -> LockingTokenStore:
        return KeyringTokenStore()

    def test_a_pickle_holds_no_token(self, store: LockingTokenStore) -> None:
        store.save(KEY, TOKEN)
        pickled = pickle.dumps(store)
        assert b"s3cret" not in pickled
        assert pickle.loads(pickled).load(KEY) == TOKEN  # noqa: S301 - our own
