"""The hosts that a token may go to, as people name them."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from nb_oauth.exceptions import ConfigurationError

_PORTS = {"https": 443, "http": 80}
_EVERY = "*"
_BELOW = "*."
_NOT_IN_A_HOST = frozenset("/\\?#@* \t\r\n")


@dataclass(frozen=True)
class _Host:
    """One that is allowed.

    Args:
        name: as :func:`_name` has it; empty for every host.
        port: the only port; None for any.
        is_above: whether the hosts below it are meant, and not the host itself.
    """

    name: str
    port: int | None = None
    is_above: bool = False

    def is_met_by(self, name: str, port: int | None) -> bool:
        if self.port is not None and self.port != port:
            return False
        return not self.name or (
            name.endswith(f".{self.name}") if self.is_above else name == self.name
        )


@dataclass(frozen=True)
class AllowedHosts:
    """A list of hosts, as it was given and as it is compared.

    Args:
        given: the entries, for people to read.
        hosts: what they mean.
    """

    given: tuple[str, ...]
    hosts: tuple[_Host, ...]

    @classmethod
    def read(cls, entries: Iterable[str], endpoints: Iterable[str] = ()) -> "AllowedHosts":
        """Read a list of hosts.

        Args:
            entries: such as ``"api.example"``, ``"api.example:8443"``, ``"*.example"`` for every
                host below, or ``"*"`` for every host; one may come alone, as a string. Without a
                port, any will do.
            endpoints: addresses whose host and port are allowed as well.

        Raises:
            ConfigurationError: an entry is no host.
        """
        given = (entries,) if isinstance(entries, str) else _as_tuple(entries)
        own = {_Host(*place) for url in endpoints if (place := place_of(url)) is not None}
        return cls(given, (*map(_read, given), *own))

    def has(self, url: str) -> bool:
        """Tell whether a request to ``url`` goes to one of them."""
        place = place_of(url)
        return place is not None and any(host.is_met_by(*place) for host in self.hosts)


def checked_hosts(entries: Iterable[str]) -> tuple[str, ...]:
    """Return ``entries`` as they will be given to a session.

    Raises:
        ConfigurationError: one is no host.
    """
    return AllowedHosts.read(entries).given


def place_of(url: str) -> tuple[str, int | None] | None:
    """Return the host and port of ``url``, read as requests reads them; None where it has none."""
    try:
        parts = parse_url(url.lstrip())
        return (
            (_name(parts.host), parts.port or _PORTS.get(parts.scheme or ""))
            if parts.host
            else None
        )
    except (LocationParseError, ValueError):
        return None


def _name(host: str) -> str:
    """Return a host by the one name that all its spellings have in common.

    urllib3 has it in lower case, and in ASCII (RFC 5891).

    Raises:
        ValueError: it looks like an IPv6 address, and is none.
    """
    if host.startswith("["):
        return ipaddress.ip_address(host.strip("[]")).compressed
    return host.removesuffix(".")


def _as_tuple(entries: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever was given
    if not isinstance(entries, Iterable) or isinstance(entries, bytes):
        raise ConfigurationError(
            f"allowed_hosts={entries!r} will not do: give a list of hosts, such as ['api.example']."
        )
    return tuple(entries)


def _read(entry: object) -> _Host:
    if entry == _EVERY:
        return _Host("")
    if not isinstance(entry, str):
        raise _refusal(entry)
    is_above = entry.startswith(_BELOW)
    rest = entry.removeprefix(_BELOW)
    if rest.count(":") > 1 and not rest.startswith("["):  # an IPv6 address
        rest = f"[{rest}]"
    if not rest or rest.startswith(".") or _NOT_IN_A_HOST & set(rest):
        raise _refusal(entry)
    try:
        parts = parse_url(f"https://{rest}")
        name = _name(parts.host or "")
    except (LocationParseError, ValueError):
        raise _refusal(entry) from None
    if not name:
        raise _refusal(entry)
    return _Host(name, parts.port, is_above)


def _refusal(entry: object) -> ConfigurationError:
    text = entry if isinstance(entry, str) else repr(entry)
    place = place_of(text) if "://" in text else None
    example = place[0] if place else "api.example"
    shown = "An address with more than a host" if {"@", "?"} & set(text) else repr(entry)
    return ConfigurationError(
        f"{shown} will not do in allowed_hosts: give hosts alone, such as {example!r}, "
        "'api.example:8443', or '*.example' for every host below."
    )
