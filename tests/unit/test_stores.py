"""What every token store does."""

from __future__ import annotations

import pytest

from nb_oauth import MemoryTokenStore, TokenStore
from nb_oauth.tokens import TokenKey

KEY = TokenKey("https://as.example", "app", "authorization_code")
OTHERS = [
    TokenKey("https://other.example", "app", "authorization_code"),
    TokenKey("https://as.example", "other", "authorization_code"),
    TokenKey("https://as.example", "app", "device_code"),
    TokenKey("https://as.example", "app", "authorization_code", "work"),
]
TOKEN = {"access_token": "s3cret", "expires_at": 5}


class ContractOfTokenStores:
    """Inherited by the tests of every store."""

    @pytest.fixture
    def store(self) -> TokenStore:
        raise NotImplementedError

    def test_nothing_is_there_at_first(self, store: TokenStore) -> None:
        assert store.load(KEY) is None

    def test_a_token_saved_is_there_under_its_key_alone(self, store: TokenStore) -> None:
        store.save(KEY, TOKEN)
        assert store.load(KEY) == TOKEN
        assert [store.load(other) for other in OTHERS] == [None] * 4

    def test_a_token_takes_the_place_of_the_one_before(self, store: TokenStore) -> None:
        store.save(KEY, TOKEN)
        store.save(KEY, {"access_token": "b"})
        assert store.load(KEY) == {"access_token": "b"}

    def test_a_token_deleted_is_gone(self, store: TokenStore) -> None:
        store.save(KEY, TOKEN)
        store.delete(KEY)
        store.delete(KEY)
        assert store.load(KEY) is None

    def test_changing_what_was_saved_or_loaded_changes_nothing_kept(
        self, store: TokenStore
    ) -> None:
        token = dict(TOKEN)
        store.save(KEY, token)
        token["access_token"] = "changed"
        dict.update(store.load(KEY), access_token="changed")  # type: ignore[arg-type]
        assert store.load(KEY) == TOKEN

    def test_no_secret_is_in_its_repr(self, store: TokenStore) -> None:
        store.save(KEY, TOKEN)
        assert "s3cret" not in repr(store)


class TestMemoryTokenStore(ContractOfTokenStores):
    @pytest.fixture
    def store(self) -> TokenStore:
        return MemoryTokenStore()

    def test_its_repr_says_how_many_there_are(self, store: TokenStore) -> None:
        store.save(KEY, TOKEN)
        assert repr(store) == "<MemoryTokenStore: 1 tokens>"
