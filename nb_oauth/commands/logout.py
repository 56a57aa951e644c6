"""``nb-oauth logout`` revokes what is stored of a sign-in at the provider, and deletes it here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nb_oauth import app_registrations
from nb_oauth.clients import Client
from nb_oauth.commands import whom
from nb_oauth.commands.stored import all_in_files, in_keyring, provider_name
from nb_oauth.exceptions import ConfigurationError, OAuthError
from nb_oauth.providers import directory
from nb_oauth.session import OAuth2Session
from nb_oauth.sign_out import logout
from nb_oauth.tokens import TokenKey

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from nb_oauth.commands.stored import Stored
    from nb_oauth.providers import KnownProvider, Provider

_DONE, _NOT_DONE = 0, 1
_ANY = Client("any")  # whose app it was makes no difference there


def run(options: argparse.Namespace) -> int:
    """Sign out of every account of that label; without one, of those without one."""
    known: KnownProvider | None = None
    trouble: OAuthError | None = None
    try:
        known = whom.known(whom.provider_of(options))
    except OAuthError as error:  # what is stored can be deleted nevertheless
        trouble = error
    client = _client(options, known)
    found = [one for one in _stored(options, known, client) if _is_meant(one, options)]
    if not found:
        raise trouble or _nothing_there(options, known)
    done = [_sign_out(one, known, client) for one in found]
    return _DONE if all(done) else _NOT_DONE


def _client(options: argparse.Namespace, known: KnownProvider | None) -> Client | None:
    found = (app_registrations.client_for(known) or known.client) if known else None
    if options.client_id is None or (found and found.client_id == options.client_id):
        return found
    return Client(options.client_id)


def _is_meant(stored: Stored, options: argparse.Namespace) -> bool:
    is_its = options.client_id in {None, stored.key.client_id}
    return is_its and bool(stored.key.account == options.account)


def _nothing_there(options: argparse.Namespace, known: KnownProvider | None) -> ConfigurationError:
    label = f" as {options.account!r}" if options.account else ""
    name = known.provider.name if known else options.name
    return ConfigurationError(
        f"No sign-in to {name}{label} is stored in the {options.store} store: "
        "`nb-oauth status` says which are."
    )


def _stored(
    options: argparse.Namespace, known: KnownProvider | None, client: Client | None
) -> Iterator[Stored]:
    issuer = _issuer(known) if known else None
    if options.store != "keyring":
        return (one for one in all_in_files() if _is_called(one, options.name, issuer))
    if issuer is None:
        return iter(())
    if client is None:
        raise ConfigurationError(
            "A keyring does not tell what is in it: name the app with --client-id, or let the "
            "environment or clients.toml name it, or call nb_oauth.logout(session)."
        )
    return in_keyring(issuer, client.client_id, options.account)


def _issuer(known: KnownProvider) -> str:
    return TokenKey.of(known.provider, _ANY, "").issuer


def _is_called(stored: Stored, name: str, issuer: str | None) -> bool:
    """Tell whether a sign-in is one to that provider, or is called so by ``nb-oauth status``."""
    address = stored.key.issuer
    called = directory.short_name(name.strip().lower())
    return (
        address == issuer
        or address.rstrip("/") == name.strip().rstrip("/")
        or provider_name(address) == called
    )


def _sign_out(stored: Stored, known: KnownProvider | None, client: Client | None) -> bool:
    """Sign out of one, say what came of it, and tell whether nothing was left undone."""
    session = _session(stored, known.provider, client) if known else None
    if session is None or not session.token:
        stored.store.delete(stored.key)
        sys.stdout.write(
            f"Deleted what was stored of {provider_name(stored.key.issuer)}. Nothing was revoked: "
            "the provider was not reached, or is not the one that the token came from.\n"
        )
        return False
    signed_out = logout(session)
    sys.stdout.write(f"{signed_out!r}\n")
    return not signed_out.failures or known is None or known.provider.revocation_endpoint is None


def _session(stored: Stored, provider: Provider, client: Client | None) -> OAuth2Session | None:
    """Return a session of what is stored; None where it is not of this provider."""
    key = stored.key
    if client is None or client.client_id != key.client_id:  # whose secret nobody has told
        client = Client(key.client_id)
    if TokenKey.of(provider, client, key.grant, key.account) != key:
        return None
    return OAuth2Session.open(
        provider, client, store=stored.store, account=key.account, grant=key.grant
    )
