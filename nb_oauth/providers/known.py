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


# Where each is made: named, not imported, since a provider may live in a higher layer (the demo
# provider does) or in another package.
_MAKERS = {"demo": "nb_oauth.demo:known_provider"}


def known_provider(name: str) -> KnownProvider:
    """Look up a provider by its short name, such as ``"demo"``.

    Raises:
        ConfigurationError: nothing is known under that name.
    """
    try:
        module, _, function = _MAKERS[name.strip().lower()].partition(":")
    except KeyError:
        raise ConfigurationError(
            f"No provider is known as {name!r}; known: {', '.join(sorted(_MAKERS))}. For any "
            "other, pass Provider(name, authorization_endpoint=…, token_endpoint=…)."
        ) from None
    found = getattr(importlib.import_module(module), function)()
    assert isinstance(found, KnownProvider)  # noqa: S101 - a maker's promise, checked for mypy
    return found
