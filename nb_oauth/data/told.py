"""What an answer itself says of the next page.

Each function here reads one of the ways in which APIs say it, and returns what it says:

* the request for the next page;
* ``Last.SAID``: there is none;
* ``Last.UNMENTIONED``: it says where other pages are, and nothing of a next one;
* None: nothing at all.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from nb_oauth.data.json_path import look_up
from nb_oauth.data.link_header import links_by_relation
from nb_oauth.exceptions import PaginationError

if TYPE_CHECKING:
    from nb_oauth.data.page import Page
    from nb_oauth.data.page_requests import PageRequest

__all__ = ["Last", "is_address", "told"]


class Last(enum.Enum):
    """There is no further page, as far as an answer says."""

    SAID = "said"
    UNMENTIONED = "unmentioned"


_BEFORE = {"prev", "previous"}
_OTHERS = {"first", "last", "self", *_BEFORE}
_MISSING = object()
# OData 4 and 3, Azure, Django REST framework, Laravel, Salesforce, Graph of Facebook, HubSpot,
# tastypie, Intercom, HAL, JSON:API and those like them.
_NEXT_ADDRESSES = (
    *("@odata.nextLink", "odata.nextLink", "nextLink", "links.next", "_links.next", "next"),
    *("next_url", "nextUrl", "next_link", "next_page_url", "nextPageUrl", "next_page"),
    *("nextPage", "nextRecordsUrl", "paging.next", "paging.next.link", "pagination.next"),
    *("pagination.next_url", "pagination.links.next", "meta.next", "meta.next_url"),
    *("meta.links.next", "meta.pagination.links.next", "pages.next", "info.next"),
)
_INSIDE_A_LINK = ("href", "url")
# Documented by Slack, by Google (AIP-158) and by X: where the cursor is, and what carries it.
_CURSORS = {
    "response_metadata.next_cursor": "cursor",
    "nextPageToken": "pageToken",
    "meta.next_token": "pagination_token",
}
# What a link may not say of a request: as whom it is sent, to whom, and how.
_NOT_THEIRS = frozenset(
    {
        *("authorization", "connection", "content-length", "cookie", "host"),
        *("proxy-authorization", "transfer-encoding"),
    }
)
_CURSORS_IN_HEADERS = ("CMR-Search-After",)  # NASA's Earthdata: sent back as it came


def told(page: "Page") -> "PageRequest | Last | None":
    """Return what the answer says of the next page."""
    ways = (_in_link_header, _in_other_header, _in_links, _in_address, _in_cursor)
    found = [said for way in ways if (said := way(page)) is not None]
    onwards = [said for said in found if not isinstance(said, Last)]
    if not onwards and Last.SAID in found:
        return Last.SAID
    return next(iter(onwards or found), None)


def is_address(value: object) -> bool:
    """Tell whether a value is an address, absolute or relative; else it may be a cursor."""
    if not isinstance(value, str):
        return False
    return value.startswith(("https://", "http://", "/")) or "?" in value


def _in_link_header(page: "Page") -> "PageRequest | Last | None":
    """Read ``Link: <…>; rel="next"`` (RFC 8288)."""
    links = links_by_relation(page.response.headers.get("Link", ""))
    if "next" in links:
        return page.request.following(links["next"], page.response.url)
    return _last_among(links.keys())


def _last_among(relations: Iterable[str]) -> Last | None:
    """Tell what it means that there are links of these relations, and none to the next page."""
    if not _BEFORE.isdisjoint(relations):
        return Last.SAID
    return None if _OTHERS.isdisjoint(relations) else Last.UNMENTIONED


def _in_other_header(page: "Page") -> "PageRequest | None":
    """Read a header that holds a cursor, and is to be sent back."""
    for name in _CURSORS_IN_HEADERS:
        if cursor := page.response.headers.get(name):
            return page.request.with_headers({name: cursor})
    return None


def _in_links(page: "Page") -> "PageRequest | Last | None":
    """Read a list of links, each with its ``rel`` (STAC, OGC API)."""
    links = look_up(page.document, "links")
    if not isinstance(links, list):
        return None
    for link in links:
        if isinstance(link, Mapping) and link.get("rel") == "next" and link.get("href"):
            return _along(link, page)
    return _last_among({str(link.get("rel")) for link in links if isinstance(link, Mapping)})


def _along(link: Mapping[str, object], page: "Page") -> "PageRequest":
    """Return the request that a link of STAC's asks for, which may be a search with a body."""
    request = page.request.following(str(link["href"]), page.response.url)
    method = str(link.get("method") or "GET").upper()
    if method not in {"GET", "POST"}:
        raise PaginationError(f"The next page wants the method {method}: ask for it yourself.")
    body = link.get("body") if method == "POST" else None
    if isinstance(body, Mapping) and link.get("merge"):
        body = {**(request.arguments.get("json") or {}), **body}
    if method != request.method or isinstance(body, Mapping):
        request = request.with_body(method, body if isinstance(body, Mapping) else None)
    headers = link.get("headers")
    wanted = headers.items() if isinstance(headers, Mapping) else ()
    kept = {str(name): str(value) for name, value in wanted if name.lower() not in _NOT_THEIRS}
    return request.with_headers(kept) if kept else request


def _in_address(page: "Page") -> "PageRequest | Last | None":
    """Read the next page's address, under one of the names that are in use."""
    if not isinstance(page.document, Mapping):
        return None
    is_said = False
    for value in _values(page.document):
        if is_address(value):
            return page.request.following(str(value), page.response.url)
        is_said = is_said or value is None or value in {"", False}
    return Last.SAID if is_said else _by_omission(page.document)


def _values(document: Mapping[str, object]) -> "Iterator[object]":
    """Yield what is at each place where a next address may be."""
    for path in _NEXT_ADDRESSES:
        value = look_up(document, path, _MISSING)
        if isinstance(value, Mapping):
            value = next((value[key] for key in _INSIDE_A_LINK if key in value), _MISSING)
        if value is not _MISSING and isinstance(value, str | bool | None):
            yield value


def _by_omission(document: Mapping[str, object]) -> Last | None:
    """Tell what it means that there is no next address: some leave it out on the last page."""
    every = (document.get(name) for name in ("links", "_links"))
    relations = {key for one in every if isinstance(one, Mapping) for key in one}
    if any(name in document for name in ("@odata.context", "odata.metadata")):
        relations.add("self")
    return _last_among(relations)


def _in_cursor(page: "Page") -> "PageRequest | Last | None":
    """Read a cursor whose place and parameter an API documents under no other name."""
    for path, parameter in _CURSORS.items():
        cursor = look_up(page.document, path, _MISSING)
        if cursor is not _MISSING:
            return page.request.with_parameter(parameter, cursor) if cursor else Last.SAID
    return None
