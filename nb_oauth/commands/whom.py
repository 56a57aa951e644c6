"""Whom a command is about: a name, an address, or endpoints that are typed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb_oauth.commands.arguments import MEMBERS
from nb_oauth.providers import KnownProvider, Provider, known_provider

if TYPE_CHECKING:
    import argparse


def provider_of(options: argparse.Namespace) -> Provider | str:
    """Return the provider that endpoints were typed of, else what it is called."""
    given = {name: getattr(options, name) for name in MEMBERS}
    named = {name: url for name, url in given.items() if url is not None}
    return Provider(options.name, **named) if named else str(options.name)


def known(provider: Provider | str) -> KnownProvider:
    """Return what is known of it.

    Raises:
        ConfigurationError: nothing is.
        OAuthError: the provider cannot be reached for what it says of itself.
    """
    return KnownProvider(provider) if isinstance(provider, Provider) else known_provider(provider)
