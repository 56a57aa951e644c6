"""``nb-oauth providers`` says which providers are known by name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers import directory, known_providers

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from nb_oauth.providers import ProviderEntry


def run(options: argparse.Namespace) -> int:
    """List them, or tell more of one."""
    known = known_providers()
    name = directory.short_name((options.name or "").strip().lower())
    if options.name is None:
        lines = [_line(name, entry) for name, entry in known.items()]
    elif name in known:
        lines = list(_lines(known[name]))
    else:
        raise ConfigurationError(
            f"No provider is known as {options.name!r}{directory.perhaps_meant(name)}. "
            "`nb-oauth providers` lists those that are."
        )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _line(name: str, entry: ProviderEntry) -> str:
    page = entry.documentation[0] if entry.documentation else "help(nb_oauth.demo)"
    return f"{name:<12} {entry.name:<28} {page}"


def _lines(entry: ProviderEntry) -> Iterator[str]:
    yield entry.name
    if entry.addresses and not entry.metadata:
        yield f"  by address:     {', '.join(entry.addresses)}"
    yield f"  grants:         {', '.join(entry.grants)}"
    if entry.register:
        yield f"  register:       {entry.register}"
    if entry.redirect_uri:
        yield f"  redirect URI:   {entry.redirect_uri}"
    yield from (f"  documentation:  {page}" for page in entry.documentation)
    yield from (f"  scope {name}: {what}" for name, what in entry.scopes.items())
    yield from (f"  note: {note}" for note in entry.notes)
