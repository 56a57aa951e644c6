"""The sign-ins that are stored on this machine."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_oauth import tokens
from nb_oauth.demo import elsewhere
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.grant_choice import NAMES, OF_THE_APP
from nb_oauth.providers import known_providers
from nb_oauth.session_account import Account
from nb_oauth.stores import FileTokenStore, KeyringTokenStore
from nb_oauth.tokens import TokenKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nb_oauth.stores import TokenStore
    from nb_oauth.tokens import Token


@dataclass(frozen=True)
class Stored:
    """A sign-in: where it is stored, and what it is known by."""

    store: TokenStore
    key: TokenKey

    @property
    def token(self) -> Token:
        """The token as it stands; empty where it cannot be read."""
        return self.store.load(self.key) or {}

    @property
    def account(self) -> Account:
        """What there is to say of it; no secret."""
        token = self.token
        return Account(
            provider=provider_name(self.key.issuer),
            scope=tuple(tokens.granted_scope(token, token.get(tokens.REQUESTED_SCOPE))),
            signed_in=bool(token),
            ends_at=tokens.expires_at(token),
            renews=bool(token.get("refresh_token")) or self.key.grant == OF_THE_APP,
            label=self.key.account,
        )


def all_in_files() -> Iterator[Stored]:
    """Yield every sign-in in the file store, and what came of variables of the environment."""
    first = FileTokenStore()
    beside = sorted(first.folder.glob("environment-*")) if first.folder.is_dir() else []
    for store in (first, *map(FileTokenStore, beside)):
        yield from (Stored(store, key) for key in _keys_in(store))


def _keys_in(store: FileTokenStore) -> list[TokenKey]:
    refused: list[ConfigurationError] = []
    found: list[TokenKey] = []
    try:
        found = store.keys(refused)
    except ConfigurationError as error:  # of one folder: the others are told nevertheless
        refused.append(error)
    for one in refused:
        warnings.warn(str(one), stacklevel=2)
    return found


def in_keyring(issuer: str, client_id: str, account: str | None) -> Iterator[Stored]:
    """Yield the sign-ins of an app in the keyring, which does not tell what else is in it."""
    store = KeyringTokenStore()
    for grant in NAMES:
        key = TokenKey(issuer, client_id, grant, account)
        if store.load(key):
            yield Stored(store, key)


def provider_name(issuer: str) -> str:
    """Return the short name that an issuer is known by, else the issuer itself."""
    return _short_names().get(issuer, issuer)


def _short_names() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, entry in known_providers().items():
        if entry.metadata:
            provider = entry.provider()
            found[provider.issuer or provider.token_endpoint or ""] = name
    with contextlib.suppress(ConfigurationError):  # the variable names none
        found[elsewhere.issuer() or ""] = "demo"
    return found
