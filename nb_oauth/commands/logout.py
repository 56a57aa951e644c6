"""``nb-oauth logout`` revokes what is stored of a sign-in at the provider, and deletes it here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nb_oauth import app_registrations
from nb_oauth.clients import Client
from nb_oauth.commands.stored import all_in_files, in_keyring
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers import known_provider
from nb_oauth.session import OAuth2Session
from nb_oauth.sign_out import logout

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from nb_oauth.commands.stored import Stored
    from nb_oauth.providers import KnownProvider

_DONE, _NOT_DONE = 0, 1


def run(options: argparse.Namespace) -> int:
    """Sign out of every account of that label; without one, of those without one."""
    known = known_provider(options.name)
    client = app_registrations.client_for(known) or known.client
    found = [one for one in _stored(options, known, client) if one.key.account == options.account]
    if not found:
        label = f" as {options.account!r}" if options.account else ""
        raise ConfigurationError(
            f"No sign-in to {known.provider.name}{label} is stored in the {options.store} store: "
            "`nb-oauth status` says which are."
        )
    done = [_sign_out(one, known, client) for one in found]
    return _DONE if all(done) else _NOT_DONE


def _stored(
    options: argparse.Namespace, known: KnownProvider, client: Client | None
) -> Iterator[Stored]:
    issuer = known.provider.issuer or known.provider.require("token_endpoint")
    if options.store == "keyring":
        if client is None:
            raise ConfigurationError(
                "A keyring does not tell what is in it: let the environment or clients.toml name "
                f"the app of {known.provider.name}, or call nb_oauth.logout(session)."
            )
        return in_keyring(issuer, client.client_id, options.account)
    return (one for one in all_in_files() if one.key.issuer == issuer)


def _sign_out(stored: Stored, known: KnownProvider, client: Client | None) -> bool:
    """Sign out of one, say what came of it, and tell whether nothing was left undone."""
    key = stored.key
    if client is None or client.client_id != key.client_id:  # whose secret nobody has told
        client = Client(key.client_id)
    session = OAuth2Session.open(
        known.provider, client, store=stored.store, account=key.account, grant=key.grant
    )
    signed_out = logout(session)
    sys.stdout.write(f"{signed_out!r}\n")
    return not signed_out.failures or known.provider.revocation_endpoint is None
