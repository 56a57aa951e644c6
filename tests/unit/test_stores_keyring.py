"""A keyring that cannot be used, or holds something else, is told in words."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from keyring import core
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from nb_oauth import ConfigurationError, MemoryTokenStore
from nb_oauth.stores import KeyringTokenStore
from tests.unit.session_stage import Stage, ending
from tests.unit.test_stores import KEY, TOKEN, KeyringOfTheTest, keyring

__all__ = ["keyring"]  # the fixture


@pytest.fixture
def store() -> KeyringTokenStore:
    return KeyringTokenStore()


def test_the_entry_says_whose_it_is_and_its_name_tells_nothing(
    store: KeyringTokenStore, keyring: KeyringOfTheTest
) -> None:
    store.save(KEY, TOKEN)
    [((service, name), text)] = keyring.entries.items()
    assert service == "nb_oauth"
    assert len(name) == 64
    assert json.loads(text) == {
        "issuer": KEY.issuer,
        "client_id": KEY.client_id,
        "grant": KEY.grant,
        "account": None,
        "token": TOKEN,
    }


def test_there_is_one_keyring(store: KeyringTokenStore) -> None:
    assert store == KeyringTokenStore()
    assert len({store, KeyringTokenStore()}) == 1
    assert store != MemoryTokenStore()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"token": {"access_token": "a"}}'])
def test_a_damaged_entry_asks_for_a_new_sign_in_and_stays(
    store: KeyringTokenStore, keyring: KeyringOfTheTest, text: str
) -> None:
    store.save(KEY, TOKEN)
    [name] = keyring.entries
    keyring.entries[name] = text
    with pytest.warns(UserWarning, match=f"{name[1]} of the keyring cannot be used"):
        assert store.load(KEY) is None
    assert keyring.entries == {name: text}
    assert KEY in store


def test_a_machine_without_a_keyring_is_told_what_to_use(
    store: KeyringTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "_keyring_backend", fail.Keyring())
    for use in (store.load, store.delete, lambda key: store.save(key, TOKEN)):
        with pytest.raises(ConfigurationError, match=r"NoKeyringError.*FileTokenStore\(\)"):
            use(KEY)


def test_a_keyring_that_stays_locked_is_named(
    store: KeyringTokenStore, keyring: KeyringOfTheTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise KeyringLocked("dismissed")

    monkeypatch.setattr(keyring, "get_password", refuse)
    with pytest.raises(ConfigurationError, match="KeyringLocked: dismissed"):
        store.load(KEY)


def test_the_null_keyring_keeps_nothing(
    store: KeyringTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "_keyring_backend", null.Keyring())
    store.save(KEY, TOKEN)
    assert store.load(KEY) is None
    store.delete(KEY)


def test_without_the_library_the_extra_is_named(
    store: KeyringTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'nb_oauth\[keyring\]'"):
        store.load(KEY)


@pytest.mark.usefixtures("keyring")
def test_what_ails_the_keyring_loses_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with Stage() as stage:
        session = stage.open(token=ending(-1), store=KeyringTokenStore())
        monkeypatch.setattr(core, "_keyring_backend", fail.Keyring())
        with pytest.warns(UserWarning, match=r"could not be (stored|looked at).*NoKeyringError"):
            assert session.get(stage.api).status_code == 200
        assert session.token["access_token"] == "access-1"


def test_neither_library_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys, nb_oauth.stores as s; s.FileTokenStore(); s.KeyringTokenStore(); "
        "sys.exit(str({'keyring', 'filelock', 'platformdirs', 'tempfile'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert "keyring" not in ran.stderr
    assert "filelock" not in ran.stderr
