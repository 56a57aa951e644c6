"""Providers that need no more than their name."""

import importlib
from dataclasses import dataclass

from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers.metadata import Provider


@dataclass(frozen=True)
class KnownProvider:
    """A provider known by name, and the client that is registered there for everybody."""

    provider: Provider
    client: Client | None = None


# The modules that make them, with a function ``provider()`` and a function ``client()``. They are
# named, not imported: a provider may live in a higher layer (the demo provider does).
_MODULES = {"demo": "nb_oauth.demo"}


def known_provider(name: str) -> KnownProvider:
    """Look up a provider by its short name, such as ``"demo"``.

    Raises:
        ConfigurationError: nothing is known under that name.
    """
    try:
        module = importlib.import_module(_MODULES[name.strip().lower()])
    except KeyError:
        raise ConfigurationError(
            f"No provider is known as {name!r}; known: {', '.join(sorted(_MODULES))}. For any "
            "other, pass its issuer, such as 'https://accounts.example', or "
            "Provider(name, authorization_endpoint=…, token_endpoint=…)."
        ) from None
    return KnownProvider(module.provider(), module.client())
