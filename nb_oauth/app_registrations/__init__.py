"""Where the ID and the secret of your app come from, so that no notebook holds them.

In this order: ``client=``; the environment, ``NB_OAUTH_<NAME>_CLIENT_ID`` and
``NB_OAUTH_<NAME>_CLIENT_SECRET`` (with ``NB_OAUTH_<NAME>_REDIRECT_URI``, where the app has one of
its own); ``clients.toml`` in the person's own configuration folder;
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
from nb_oauth.variables import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Variables

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
    client_id = variables.value(CLIENT_ID)
    if client_id is not None:
        return _client(variables, client_id)
    for member in (CLIENT_SECRET, REDIRECT_URI):
        if variables.value(member) is not None:
            raise ConfigurationError(
                f"{variables.called(member)} is set and {variables.called(CLIENT_ID)} is not: "
                "set both, or neither."
            )
    return None


def _client(variables: Variables, client_id: str) -> Client:
    secret, redirect_uri = variables.value(CLIENT_SECRET), variables.value(REDIRECT_URI)
    try:
        return Client(client_id, client_secret=secret, redirect_uri=redirect_uri)
    except ConfigurationError as error:
        raise ConfigurationError(f"{variables.called(REDIRECT_URI)}: {error}") from None
