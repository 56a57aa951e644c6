"""Learning what a provider says of itself (RFC 8414 §3, OpenID Connect Discovery §4).

What it says decides where secrets go. So it is believed only over https (or loopback), from the
issuer's own well-known address, and where it names that very issuer; a document that was kept is
held to the same.

A kept document counts for a day. One that is older is asked for again; if no answer comes then,
it is used for a week at most and with a warning (as RFC 5861 §4 has it): it did come from the
issuer, endpoints hardly ever move, and a session that lives should not be lost to an outage. An
answer that is wrong is never made up for in this way.
"""

import time
import warnings
from math import inf

import requests

from nb_oauth.exceptions import ConfigurationError, OAuthError, in_terms_of
from nb_oauth.providers import discovery_cache
from nb_oauth.providers.discovery_cache import Kept
from nb_oauth.providers.metadata_document import Known, Members, read_document
from nb_oauth.providers.metadata_request import (
    INSTEAD,
    NoDocumentError,
    request_document,
)
from nb_oauth.providers.well_known import Place, place_of

_DAY = 24 * 60 * 60.0  # seconds
_WEEK = 7 * _DAY


def discover(issuer: str, name: str | None, known: Known, *, refresh: bool) -> Members:
    """Return the arguments of the ``Provider`` that describes itself at ``issuer``.

    Args:
        issuer: its issuer identifier, or the address of its metadata document.
        name: what people call it; None takes the host of the issuer.
        known: what is read of what it says.
        refresh: ask again, whatever was kept.

    Raises:
        ConfigurationError: ``issuer`` is no such thing, publishes nothing, or what it publishes
            cannot be used.
        OAuthError: the provider cannot be reached, or is out of order. It is requests' error as
            well.
    """
    place = place_of(issuer)
    return {"name": name or place.host} | _members(place, known, refresh=refresh)


def _members(place: Place, known: Known, *, refresh: bool) -> Members:
    kept, age = (None, inf) if refresh else _kept(place, known)
    if kept is not None and age < _DAY:
        return kept
    try:
        return _ask(place, known)
    except requests.RequestException as error:
        if kept is None or age > _WEEK:
            raise
        warnings.warn(f"{error} Until then, what it said before is used.", stacklevel=4)
        return kept


def _kept(place: Place, known: Known) -> tuple[Members | None, float]:
    """Return what was kept and stands the checks of a new document, and its age in seconds."""
    kept = discovery_cache.find(_key(place))
    if kept is None:
        return None, inf
    try:
        return read_document(kept.document, known, place, "hand"), kept.age(time.time())
    except ConfigurationError:
        return None, inf


def _key(place: Place) -> str:
    return " ".join(place.addresses)


def _ask(place: Place, known: Known) -> Members:
    """Return what the document at the first address that has one says, and keep it."""
    failures: list[NoDocumentError] = []
    for address in place.addresses:
        try:
            document = request_document(address)
        except NoDocumentError as failure:  # noqa: PERF203 - two addresses
            failures.append(failure)
        else:
            members = read_document(document, known, place, address)
            discovery_cache.keep(_key(place), Kept(document, time.time()))
            return members
    raise _no_document(place, failures)


def _no_document(place: Place, failures: list[NoDocumentError]) -> OAuthError:
    said = "; ".join(
        f"{address} {failure}" for address, failure in zip(place.addresses, failures, strict=True)
    )
    if any(failure.is_out_of_order for failure in failures):
        said = f"No metadata can be had now: {said}. Try again later. {INSTEAD}"
        return in_terms_of(OAuthError, requests.HTTPError(), said)
    return ConfigurationError(
        f"{place.issuer} publishes no metadata: {said}. Check the address. {INSTEAD}"
    )
