"""Where entries are found: the files in ``entries/``, and what other packages add.

Another package adds a provider by an entry point of the group ``nb_oauth.providers``. Its name is
the provider's short name; it names a mapping as our files have it, or a function that returns one::

    [project.entry-points."nb_oauth.providers"]
    observatory = "observatory.sign_in:PROVIDER"

It is loaded when somebody asks for that name. It cannot take a name that is ours, so that
installing a package never changes where ``login("github")`` goes.
"""

import json
import re
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers.entry import ProviderEntry, read_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

_GROUP = "nb_oauth.providers"
_FILES = Path(__file__).parent / "entries"


@cache
def ours() -> dict[str, ProviderEntry]:
    """Return our own entries by their short names, the names of their files."""
    return {
        file.stem: read_entry(json.loads(file.read_text(encoding="utf-8")))
        for file in sorted(_FILES.glob("*.json"))
    }


def names() -> list[str]:
    """Return the short names that are known, without loading another package."""
    added = {point.name.lower() for point in _entry_points()}
    return sorted({*ours(), *added} - set(_aliases()))


def find(name: str) -> ProviderEntry | None:
    """Return the entry of that short name or alias; None if there is none.

    Raises:
        ConfigurationError: a package adds that name, and its entry will not do; or two add it.
    """
    return ours().get(name) or _aliases().get(name) or _added(name)


def short_name(name: str) -> str:
    """Return the short name that ``name`` is an alias of, or ``name`` itself."""
    return next((own for own, entry in ours().items() if name in entry.aliases), name)


def perhaps_meant(name: str) -> str:
    """Return what to say of the short names that ``name`` was probably meant to be, if any."""
    import difflib

    close = difflib.get_close_matches(name.strip().lower(), names())
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def find_at(issuer: str) -> ProviderEntry | None:
    """Return the entry of ours that an issuer identifier belongs to; None if none does."""
    found = [
        (pattern.count("*"), entry)
        for entry in ours().values()
        for pattern in entry.addresses
        if _matches(pattern, issuer)
    ]
    return min(found, key=lambda one: one[0])[1] if found else None  # the most telling one


def everything() -> dict[str, ProviderEntry]:
    """Return every entry by its short name. One that will not do is left out, with a warning."""
    found: dict[str, ProviderEntry] = {}
    for name in names():
        try:
            entry = find(name)
        except ConfigurationError as error:  # noqa: PERF203 - one's mistake is not the other's
            warnings.warn(str(error), stacklevel=3)
        else:
            found |= {name: entry} if entry else {}
    return found


def _aliases() -> dict[str, ProviderEntry]:
    return {alias: entry for entry in ours().values() for alias in entry.aliases}


def _matches(pattern: str, issuer: str) -> bool:
    """Tell whether ``issuer`` is as ``pattern`` says; a slash at the end makes no difference."""
    expression = re.escape(pattern.rstrip("/")).replace(r"\*", r"[^/?#@\\]+")
    return re.fullmatch(expression, issuer.rstrip("/"), re.IGNORECASE) is not None


def _entry_points() -> "Iterator[EntryPoint]":
    from importlib.metadata import entry_points

    yield from entry_points(group=_GROUP)


def _added(name: str) -> ProviderEntry | None:
    """Return the entry that another package adds under ``name``."""
    points = {point.value: point for point in _entry_points() if point.name.lower() == name}
    if not points:
        return None
    packages = sorted({_package(point) for point in points.values()})
    if len(points) > 1:
        raise ConfigurationError(
            f"Several add a provider {name!r}: {', '.join(packages)}. Uninstall all but one of "
            "these packages."
        )
    try:
        return read_entry(_loaded(*points.values()))
    except Exception as error:
        raise ConfigurationError(
            f"The provider {name!r} that {packages[0]} adds cannot be used "
            f"({type(error).__name__}: {error}). Tell whoever maintains that package; until then "
            "pass Provider(name, authorization_endpoint=…, token_endpoint=…)."
        ) from error


def _loaded(point: "EntryPoint") -> Any:  # noqa: ANN401 - whatever another package has there
    loaded = point.load()
    return loaded() if callable(loaded) else loaded


def _package(point: "EntryPoint") -> str:
    return f"the package {point.dist.name}" if point.dist else point.value
