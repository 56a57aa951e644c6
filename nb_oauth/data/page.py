"""One page, as it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nb_oauth.data.content import document_in, media_type
from nb_oauth.data.totals import Totals, totals
from nb_oauth.exceptions import PaginationError

if TYPE_CHECKING:
    import requests

    from nb_oauth.data.page_requests import PageRequest
    from nb_oauth.data.record_lists import RecordLists

__all__ = ["Page"]


@dataclass
class Page:
    """A page, and what was asked for it.

    Args:
        request: what was asked.
        response: what came.
        lists: finds its records.
    """

    request: "PageRequest"
    response: "requests.Response"
    lists: "RecordLists"

    @cached_property
    def document(self) -> Any:  # noqa: ANN401 - whatever JSON is
        """What it says as JSON; None where it is something else."""
        return document_in(self.response)

    @cached_property
    def records(self) -> list[Any]:
        """Its records.

        Raises:
            PaginationError: nobody can tell which they are.
        """
        if self.document is None and self.response.content.strip():
            kind = media_type(self.response) or "unknown"
            raise PaginationError(
                f"The records of an answer whose content type is {kind} are not read one by one: "
                "data.table(…) reads JSON, CSV and Parquet, data.pages(…) gives it as it came."
            )
        return self.lists.of(self.document)

    @cached_property
    def records_if_clear(self) -> list[Any] | None:
        """Its records; None where nobody can tell which they are."""
        try:
            return self.records
        except PaginationError:
            return None

    @property
    def count(self) -> int:
        """How many records it has, as far as that is clear."""
        return len(self.records_if_clear or ())

    @cached_property
    def totals(self) -> Totals:
        """How much there is on all pages, as far as it says so."""
        return totals(self.response, self.document, self.count)

    def says_it_is_last(self, within: object = None) -> bool | None:
        """Tell what a flag such as ``has_more`` says; None where there is none.

        Args:
            within: the object that has the flag; the document unless given.
        """
        for name, value in _flags(self.document if within is None else within):
            if name in _ONWARDS:
                return not value
            if name in _AT_THE_END:
                return value
        return None


_ONWARDS = frozenset(("hasmore", "hasnext", "hasnextpage", "more", "moreresults", "truncated"))
_AT_THE_END = frozenset(("done", "islast", "islastpage", "last", "lastpage"))


def _flags(document: object) -> list[tuple[str, bool]]:
    if not isinstance(document, Mapping):
        return []
    around = [document.get(name) for name in ("meta", "pagination", "paging", "pageInfo", "page")]
    objects = [document, *(one for one in around if isinstance(one, Mapping))]
    return [
        (key.lower().replace("_", "").replace("-", ""), value)
        for one in objects
        for key, value in one.items()
        if isinstance(value, bool)
    ]
