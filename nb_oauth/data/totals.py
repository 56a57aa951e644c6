"""How many records or pages there are, where the API says so, and that there are more."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from nb_oauth.data.json_path import look_up
from nb_oauth.data.link_header import links_by_relation

if TYPE_CHECKING:
    import requests

__all__ = ["Totals", "continuation_in", "totals"]

_HEADERS = {
    "records": ("X-Total-Count", "X-Total", "X-WP-Total", "Total-Count", "CMR-Hits"),
    "pages": ("X-Total-Pages", "X-WP-TotalPages"),
}
# In lower case and without what stands between the words.
_OF_RECORDS = frozenset(
    {
        *("total", "totalcount", "totalelements", "totalhits", "totalitems", "totalrecords"),
        *("totalresults", "totalsize", "matched", "numbermatched", "numfound", "odatacount"),
    }
)
_OF_THE_LAST = "lastpage"
_OF_PAGES = frozenset((_OF_THE_LAST, "pagecount", "pages", "totalpages"))
# What some call how many there are, and some how many came.
_OF_EITHER = frozenset(("count", "recordcount"))
_AROUND = frozenset(
    {
        *(
            "context",
            "hits",
            "info",
            "meta",
            "metadata",
            "page",
            "pageinfo",
            "pagination",
            "paging",
        ),
        *("response",),
    }
)
_CONTINUATIONS = frozenset(
    {
        *(
            "continuation",
            "continuationtoken",
            "cursor",
            "cursormark",
            "endcursor",
            "marker",
            "next",
        ),
        *("nextcursor", "nextcursormark", "nextmarker", "nextoffset", "nextpage", "nextpagetoken"),
        *("nexttoken", "scrollid"),
    }
)
_DEEPEST = 2  # meta.pagination.total
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]")
_CONTENT_RANGE = re.compile(r"[\w-]+ (?:\d+-\d+|\*)/(\d+)")  # RFC 9110 §14.4
_PAGE_PARAMETERS = frozenset(("page", "pagenumber", "p"))


@dataclass(frozen=True)
class Totals:
    """What an API says of how much there is; None for what it does not say.

    Args:
        records: on all pages.
        pages: how many there are, as far as the first is number 1.
        last: the number of the last one, whatever the first has.
    """

    records: int | None = None
    pages: int | None = None
    last: int | None = None


def totals(response: "requests.Response", document: object, came: int) -> Totals:
    """Read how many records and pages there are, from the headers or else from the document.

    Args:
        response: a page.
        document: its JSON, None where it has none.
        came: how many records are in it. A ``count`` that is no greater is taken for theirs,
            and a total that is less than they are for one of something else.
    """
    said = list(_said(document))
    records = [number for name, number in said if name in _OF_RECORDS]
    records += [number for name, number in said if name in _OF_EITHER and number > came]
    pages = [number for name, number in said if name in _OF_PAGES]
    last = (number for name, number in said if name == _OF_THE_LAST)
    most = _in_headers(response, "records") or _in_range(response) or max(records, default=None)
    return Totals(
        None if most is not None and most < came else most,  # some call the pages so
        _in_headers(response, "pages") or _last_page(response) or max(pages, default=None),
        _last_page(response) or next(last, None),
    )


def continuation_in(document: object) -> str | None:
    """Return where in a document something stands that a next page is usually asked for by."""
    for path, name, value in _members(document):
        if name in _CONTINUATIONS and value and isinstance(value, str | int):
            return path
        if name == "next" and isinstance(value, Mapping) and any(value.values()):
            return path  # HubSpot: paging.next.after
    return None


def _said(document: object) -> Iterator[tuple[str, int]]:
    """Yield every number with its name, of the document and what it says about itself."""
    for path, name, value in _members(document):
        number = _number(value)
        # Pages are those of a book, perhaps, where no page has a number.
        if number is not None and (name != "pages" or _is_beside(document, path, "page")):
            yield name, number


def _members(document: object, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str, Any]]:
    """Yield path, plain name and value of each member of the document and of what is about it."""
    for key, value in document.items() if isinstance(document, Mapping) else ():
        name = _BETWEEN_WORDS.sub("", key.lower())
        yield f"{prefix}{key}", name, value
        if depth < _DEEPEST and name in _AROUND:
            yield from _members(value, f"{prefix}{key}.", depth + 1)


def _is_beside(document: object, path: str, name: str) -> bool:
    above = path.rpartition(".")[0]
    return look_up(document, f"{above}.{name}" if above else name) is not None


def _number(value: Any) -> int | None:  # noqa: ANN401 - whatever JSON has there
    """Return a number, also one that Elasticsearch has wrapped, or that is written as text."""
    if isinstance(value, Mapping):
        value = value.get("value") if value.get("relation") == "eq" else None
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _in_headers(response: "requests.Response", what: str) -> int | None:
    values = (response.headers.get(name, "") for name in _HEADERS[what])
    return next((int(value) for value in values if value.isdecimal()), None)


def _in_range(response: "requests.Response") -> int | None:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _last_page(response: "requests.Response") -> int | None:
    """Return the number of the page that the ``Link`` header calls the last (RFC 8288)."""
    last = links_by_relation(response.headers.get("Link", "")).get("last", "")
    for name, value in parse_qsl(urlsplit(last).query):
        if _BETWEEN_WORDS.sub("", name.lower()) in _PAGE_PARAMETERS and value.isdecimal():
            return int(value)
    return None
