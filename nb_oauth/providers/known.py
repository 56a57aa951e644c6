"""Providers that need no more than a name or an address."""

import importlib
from dataclasses import dataclass, replace

from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers import directory
from nb_oauth.providers.entry import UNKNOWN, ProviderEntry
from nb_oauth.providers.metadata import Provider


@dataclass(frozen=True)
class KnownProvider:
    """A provider, and what is known of it.

    Args:
        provider: where its endpoints are.
        client: the client that is registered there for everybody, if there is one.
        entry: what is known besides: scopes, notes, where to register an app.
        short_name: the name that stands for this one provider, endpoints and all; None where it
            was passed as a ``Provider``, or by its address.
    """

    provider: Provider
    client: Client | None = None
    entry: ProviderEntry = UNKNOWN
    short_name: str | None = None


def known_provider(named: str) -> KnownProvider:
    """Look up a provider by its short name or its address.

    Args:
        named: a short name such as ``"github"``; or the issuer identifier of one that describes
            itself, such as ``"https://accounts.example/"``. Of a provider that is known by its
            address, such as ``"tenant.auth0.com"``, the ``https://`` may be left out.

    Raises:
        ConfigurationError: nothing is known under that name, or nothing is published there.
        OAuthError: the provider cannot be reached for what it says of itself.
    """
    named = named.strip()
    if is_address(named):
        return _at_address(named if named.lower().startswith("http") else f"https://{named}")
    name = directory.short_name(named.lower())
    entry = directory.find(name)
    if entry is None:
        raise ConfigurationError(
            f"No provider is known as {named!r}{directory.perhaps_meant(name)}; known: "
            f"{', '.join(directory.names())}. For any other, pass its issuer, such as "
            "'https://accounts.example', or Provider(name, authorization_endpoint=…, "
            "token_endpoint=…)."
        )
    if entry.module is not None:  # named, not imported: it may live in a higher layer
        module = importlib.import_module(entry.module)
        return KnownProvider(module.provider(), module.client(), entry, name)
    return KnownProvider(entry.provider(), _shared_client(entry), entry, name)


def known_providers() -> dict[str, ProviderEntry]:
    """Return what is known of every provider, by its short name.

    Those that other packages add are among it; one that will not do is left out, with a warning.
    """
    return directory.everything()


def is_address(named: str) -> bool:
    """Tell whether ``named`` is the address of a provider, and not a short name.

    Without ``https://`` only an address of a kind that is known is taken for one: a name may have
    a dot, and nobody who mistypes one means that some host is to be asked.
    """
    named = named.strip()
    by_itself = named.lower().startswith("http")
    return by_itself or directory.find_at(f"https://{named}") is not None


def _at_address(issuer: str) -> KnownProvider:
    provider = Provider.discover(issuer)
    entry = directory.find_at(issuer)
    if entry is None:
        return KnownProvider(provider)
    provider = replace(provider, api_hosts=entry.api_hosts, quirks=entry.quirks)
    return KnownProvider(provider, _shared_client(entry), entry)


def _shared_client(entry: ProviderEntry) -> Client | None:
    if entry.client is None:
        return None
    return Client(entry.client.client_id, token_endpoint_auth_method="none")  # noqa: S106 - no secret
