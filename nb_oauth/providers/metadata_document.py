"""Reading a metadata document: whose it is, and whether it can be used (RFC 8414 §2, §3.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.masking import excerpt
from nb_oauth.providers.members import reader
from nb_oauth.providers.metadata import Provider
from nb_oauth.providers.metadata_request import INSTEAD, Document
from nb_oauth.providers.well_known import Place
from nb_oauth.transport import is_loopback

Members = dict[str, Any]
"""The arguments of ``Provider(…)``, but its name."""


def read_document(document: Document, place: Place, address: str) -> Members:
    """Return what a document says, under the names of ``Provider``. Members unknown are left out.

    Args:
        document: the JSON object.
        place: where it was looked for.
        address: where it was found.

    Raises:
        ConfigurationError: it is another issuer's, or members are of another kind.
    """
    _require_issuer(document, place, address)
    members: Members = {}
    wrong: list[str] = []
    for name, default in _KNOWN.items():
        value = document.get(name)
        if value is None:  # JSON's null, too: not given
            continue
        try:
            members[name] = _refuse_inward(reader(name, default)(value), place)
        except ValueError as error:
            wrong.append(f"{name} must be {error}, not {excerpt(repr(value), 60)}")
    if wrong:
        raise ConfigurationError(
            f"The metadata at {address} cannot be used: {'; '.join(wrong)}. Tell the provider. "
            f"{INSTEAD}"
        )
    return members


_KNOWN = {field.name: field.default for field in fields(Provider) if field.name != "name"}


def _require_issuer(document: Document, place: Place, address: str) -> None:
    """Refuse a document that speaks for another issuer (RFC 8414 §3.3 and §6.2)."""
    named = document.get("issuer")
    if place.belongs_to(named):
        return
    said = excerpt(repr(named))
    fill = " with your own value in place of what is in braces" if "{" in said else ""
    raise ConfigurationError(
        f"The metadata at {address} is that of the issuer {said}, and {place.issuer!r} was asked "
        f"for. Ask the provider's documentation which is right, and pass just that{fill}."
    )


def _refuse_inward(value: object, place: Place) -> object:
    """Refuse that another machine says what is sent to this one."""
    for address in _addresses_in(value):
        if is_loopback(urlsplit(address).hostname) and not is_loopback(place.host):
            raise ValueError("an address in the network, as the issuer is")
    return value


def _addresses_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from value.values()
