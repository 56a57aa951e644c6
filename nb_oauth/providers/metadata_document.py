"""Reading a metadata document: whose it is, and whether it can be used (RFC 8414 §2, §3.3)."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.masking import excerpt
from nb_oauth.providers.members import reader
from nb_oauth.providers.metadata_request import INSTEAD, Document
from nb_oauth.providers.well_known import Place
from nb_oauth.transport import is_loopback

_ADVICE_ON_ISSUER = "Ask the provider's documentation which is right, and pass just that."
_ADVICE_ON_TENANTS = (
    "What is in braces is another for each tenant: pass the address of your own tenant, with its "
    "ID in that place. Where people of any tenant are to sign in, no issuer is right for all: give "
    "Provider(name, authorization_endpoint=…, token_endpoint=…) as this document states them, "
    "without issuer=…"
)

Members = dict[str, Any]
"""The arguments of ``Provider(…)``, but its name."""
Known = Mapping[str, object]
"""Those that a document may state, and what each is where it does not."""


def read_document(document: Document, known: Known, place: Place, address: str) -> Members:
    """Return what a document says, under the names of ``Provider``. Members unknown are left out.

    So are those of another kind than they should be, unless signing in hangs on them: many
    providers are careless about what they do not use themselves.

    Args:
        document: the JSON object.
        known: what is read of it.
        place: where it was looked for.
        address: where it was found.

    Raises:
        ConfigurationError: it is another issuer's, or what signing in hangs on is of another kind.
    """
    _require_issuer(document, place, address)
    members: Members = {}
    wrong: list[str] = []
    for name, default in known.items():
        value = _given(document.get(name))
        if value is None:
            continue
        try:
            members[name] = _refuse_inward(reader(name, default)(value), place)
        except ValueError as error:
            if name in _NEEDED:
                wrong.append(f"{name} must be {error}, not {excerpt(repr(value), 60)}")
    if wrong:
        raise ConfigurationError(
            f"The metadata at {address} cannot be used: {'; '.join(wrong)}. Tell the provider. "
            f"{INSTEAD}"
        )
    return members


# Where people and secrets go, and what says whether an answer is the provider's.
_NEEDED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "jwks_uri",
    "authorization_response_iss_parameter_supported",
}


def _given(value: object) -> object:
    """Return ``value``, or None where it says nothing: JSON's null, and no text at all."""
    if isinstance(value, Mapping):
        return {name: one for name, one in value.items() if _given(one) is not None}
    return None if value == "" else value


def _require_issuer(document: Document, place: Place, address: str) -> None:
    """Refuse a document that speaks for another issuer (RFC 8414 §3.3 and §6.2)."""
    named = document.get("issuer")
    if place.belongs_to(named):
        return
    said = excerpt(repr(named))
    advice = _ADVICE_ON_TENANTS if "{" in said else _ADVICE_ON_ISSUER
    raise ConfigurationError(
        f"The metadata at {address} is that of the issuer {said}, and {place.issuer!r} was asked "
        f"for. {advice}"
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
