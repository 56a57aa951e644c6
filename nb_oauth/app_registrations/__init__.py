"""Where the ID and the secret of your app come from, so that no notebook holds them.

In this order: ``client=``; the environment, ``NB_OAUTH_<NAME>_CLIENT_ID`` and
``NB_OAUTH_<NAME>_CLIENT_SECRET``; ``clients.toml`` in the person's own configuration folder;
otherwise the widget asks once.

Whoever writes a notebook can call a provider of theirs "github". So a name opens nothing but the
provider that nb_oauth itself knows by it. What is kept for any other is kept with its token
endpoint, and goes to no other server (:func:`.secret_endpoints.are_one_servers`).
"""

import warnings

from nb_oauth.app_registrations.clients_file import ClientsFile
from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers import KnownProvider
from nb_oauth.variables import CLIENT_ID, CLIENT_SECRET, Variables

__all__ = ["ClientsFile", "client_for"]


def client_for(known: KnownProvider) -> Client | None:
    """Return the app that this person has registered there, None where nothing says so.

    Raises:
        ConfigurationError: what the environment or ``clients.toml`` says cannot be used; the
            message says what to change.
    """
    return _from_environment(known) or ClientsFile().find(known)


def _from_environment(known: KnownProvider) -> Client | None:
    variables = Variables.of(known)
    why_unused = variables.why_unused()
    if why_unused is not None and variables.is_set(CLIENT_ID):
        warnings.warn(f"{variables.called(CLIENT_ID)} is not used: {why_unused}.", stacklevel=2)
    client_id, secret = variables.value(CLIENT_ID), variables.value(CLIENT_SECRET)
    if client_id is not None:
        return Client(client_id, client_secret=secret)
    if secret is not None:
        raise ConfigurationError(
            f"{variables.called(CLIENT_SECRET)} is set and {variables.called(CLIENT_ID)} is not: "
            "set both, or neither."
        )
    return None
