"""Reading one member of a provider's metadata, by the kind of value it has (RFC 8414 §2)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nb_oauth.transport import is_secure


class EndpointAliases(Mapping[str, str]):
    """Other addresses of endpoints, by the endpoint's name: a mapping that never changes.

    So a provider that has some is still a value, which a dictionary can be keyed by.
    """

    def __init__(self, aliases: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._aliases = dict(aliases)

    def __getitem__(self, endpoint: str) -> str:
        return self._aliases[endpoint]

    def __iter__(self) -> Iterator[str]:
        return iter(self._aliases)

    def __len__(self) -> int:
        return len(self._aliases)

    def __hash__(self) -> int:
        return hash(frozenset(self._aliases.items()))

    def __repr__(self) -> str:
        return repr(self._aliases)


Read = Callable[[object], object]
"""It returns the value as a provider keeps it, or raises ValueError with what it must be."""


def reader(member: str, default: object) -> Read:
    """Return what reads ``member``, whose value is ``default`` where nobody gives any."""
    if isinstance(default, bool):
        return _yes_or_no
    if isinstance(default, EndpointAliases):
        return _aliases
    if member == "quirks" or member.endswith(("_supported", "_hosts")):
        return _names
    return _text if member == "name" else _address


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")  # noqa: TRY004 - as every reader
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text")  # noqa: TRY004 - as every reader
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or not is_secure(value):
        raise ValueError("an https address (or http on a loopback address)")
    return value


def _names(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - any kind, as every reader
    several = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    names = tuple(value) if several else ()
    if not several or not all(isinstance(name, str) for name in names):
        raise ValueError("several names, such as ('a', 'b')")
    return names


def _aliases(value: object) -> EndpointAliases:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError("a mapping of endpoint names to addresses")
    if not all(isinstance(to, str) and is_secure(to) for to in value.values()):
        raise ValueError("a mapping to https addresses (or http on a loopback address)")
    return EndpointAliases(value)
