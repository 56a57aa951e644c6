"""Whom a command is about: a name, an address, or endpoints that are typed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb_oauth.commands.arguments import MEMBERS
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers import KnownProvider, Provider, directory, known_provider
from nb_oauth.providers.known import is_address

if TYPE_CHECKING:
    import argparse


def provider_of(options: argparse.Namespace) -> Provider | str:
    """Return the provider that endpoints were typed of, else what it is called.

    Raises:
        ConfigurationError: nothing is known under that name.
    """
    given = {name: getattr(options, name) for name in MEMBERS}
    named = {name: url for name, url in given.items() if url is not None}
    return Provider(options.name, **named) if named else checked_name(options.name)


def checked_name(typed: str) -> str:
    """Return a name or an address under which something is known, or may be published.

    Raises:
        ConfigurationError: nothing is known under that name.
    """
    name = directory.short_name(typed.strip().lower())
    if is_address(typed) or directory.find(name) is not None:
        return typed
    raise ConfigurationError(
        f"No provider is known as {typed!r}{directory.perhaps_meant(name)}. `nb-oauth providers` "
        "lists those that are. For any other, type its address, such as https://accounts.example; "
        "`nb-oauth login --help` says how to type endpoints out."
    )


def known(provider: Provider | str) -> KnownProvider:
    """Return what is known of it.

    Raises:
        ConfigurationError: nothing is.
        OAuthError: the provider cannot be reached for what it says of itself.
    """
    return KnownProvider(provider) if isinstance(provider, Provider) else known_provider(provider)
