"""``nb-oauth login`` signs in, for programs of this machine or for where nobody sits."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from nb_oauth import app_registrations, hub_token
from nb_oauth.clients import Client
from nb_oauth.commands import for_ci, whom
from nb_oauth.demo import elsewhere
from nb_oauth.exceptions import ConfigurationError, LoginRequired, TokenError
from nb_oauth.session_account import as_line
from nb_oauth.setbacks import is_refusal
from nb_oauth.sign_in import login

if TYPE_CHECKING:
    import argparse

    from nb_oauth.providers import Provider
    from nb_oauth.session import OAuth2Session

_PASSING = "This demo ends with this command."
_LASTING = (
    "`nb-oauth demo`, in another terminal, serves one that stays, and says what to set "
    f"{elsewhere.ISSUER} to."
)


def run(options: argparse.Namespace) -> int:
    """Sign in, and say until when that is good; never what it is."""
    where_to = for_ci.destination(options)  # first: nobody signs in for nothing
    provider = whom.provider_of(options)
    is_passing = _is_passing(provider)
    if where_to is not None:
        for_ci.require_use(whom.known(provider))
        if is_passing:
            raise ConfigurationError(f"{_PASSING} So do the variables for it. {_LASTING}")
    with where_to or contextlib.nullcontext():
        is_kept = where_to is None and not is_passing
        session = _sign_in(provider, options, is_kept=is_kept)
        if is_kept and not _is_renewed(session):
            session = _sign_in(provider, options, is_kept=True)
        if where_to is not None:
            where_to.take(session, whom.known(provider), options.account)
    found = f" · {finders(options.store)}" if where_to is None and not is_passing else ""
    sys.stdout.write(f"{as_line(session.account)}{found}\n")
    if is_passing:
        sys.stderr.write(f"{_PASSING} So the token is kept nowhere. {_LASTING}\n")
    return 0


def finders(store: str) -> str:
    """Return who finds what is kept in a store of that name, without asking anybody."""
    others = " and runs with nobody there find it" if store == "file" else " finds it"
    return f'login(…, store="{store}"){others}.'


def _is_passing(provider: Provider | str) -> bool:
    """Tell whether this very process serves the provider, for as long as the command runs."""
    named = provider.strip().lower() if isinstance(provider, str) else None
    return named == "demo" and elsewhere.issuer() is None


def _sign_in(
    provider: Provider | str, options: argparse.Namespace, *, is_kept: bool
) -> OAuth2Session:
    with hub_token.left_out():  # who calls this wants a token to keep
        return login(
            provider,
            client=None if options.client_id is None else _client(provider, options.client_id),
            scope=options.scope,
            account=options.account,
            grant="device_code" if options.device else None,
            store=options.store if is_kept else None,  # a refresh token is one place's
        )


def _is_renewed(session: OAuth2Session) -> bool:
    """Renew what was stored and is due; where the provider has ended it, forget it.

    Raises:
        TokenError: whether it has ended cannot be told now.
    """
    try:
        if session.is_due:
            session.renew()
    except (LoginRequired, TokenError) as error:
        if not isinstance(error, LoginRequired) and not is_refusal(error):
            raise
        session.forget_token()
        return False
    return True


def _client(provider: Provider | str, client_id: str) -> Client:
    """Return the app of that ID, with the secret that the environment or ``clients.toml`` has.

    Nobody types a secret after a command: it would be in the shell's history.
    """
    known = whom.known(provider)
    found = app_registrations.client_for(known)
    if found is None:
        return Client(client_id)
    if found.client_id != client_id:
        raise ConfigurationError(
            f"--client-id {client_id} is not the app that the environment or clients.toml has for "
            f"{known.provider.name}: leave it out, or change that."
        )
    return found
