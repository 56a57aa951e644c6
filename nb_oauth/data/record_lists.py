"""Where in an answer its records are."""

import json
from collections.abc import Mapping
from typing import Any

from nb_oauth.data.json_path import look_up
from nb_oauth.exceptions import PaginationError
from nb_oauth.masking import excerpt

__all__ = ["RecordLists"]

_USUAL = frozenset(
    {
        *("data", "docs", "entries", "entry", "features", "hits", "items", "nodes", "records"),
        *("resources", "results", "rows", "value", "values"),
    }
)
_BESIDE = frozenset(
    {
        *("aggregations", "errors", "facets", "included", "links", "messages", "warnings"),
        *("@context", "conformsTo", "stac_extensions"),
    }
)
_DEEPEST = 5  # GraphQL: data.repository.issues.nodes


class RecordLists:
    """Finds the records of each page, where the first page had them.

    Args:
        path: where they are, as the caller says; None to find out.
    """

    def __init__(self, path: str | None) -> None:
        self._named = path
        self._path = path
        self._is_known = False

    def of(self, document: object) -> list[Any]:
        """Return the records of a page.

        They are the document itself where that is a list, or what is at the path that was named.
        Else they are the one list of objects in the outermost object that has any; of several,
        the one with a name that is usual for records.

        Raises:
            PaginationError: nothing is at the path, or no list is the one.
        """
        if self._path is not None:
            return self._named_in(document, self._path)
        if document is None or isinstance(document, list):
            return document or []
        found = _outermost(document)
        if len(found) > 1 and all(not each for each in found.values()):
            return []  # whichever it is
        if len(found) != 1:
            raise PaginationError(_unclear(found))
        [(path, records)] = found.items()
        if records:
            self._path, self._is_known = path, True
        return records

    def _named_in(self, document: object, path: str) -> list[Any]:
        records = look_up(document, path)
        if records is None:
            _require_no_error(document)
        if records is None and (self._is_known or not _outermost(document)):
            return []  # an API may leave out what is empty
        if not isinstance(records, list):
            what = "nothing" if records is None else "no list"
            others = "".join(f" There is a list at {each!r}." for each in _outermost(document))
            raise PaginationError(f"There is {what} at records={path!r}.{others}")
        self._is_known = True
        return records


def _require_no_error(document: object) -> None:
    """Refuse a document that says what went wrong, where its status says that nothing did.

    Raises:
        PaginationError: it does, as those of GraphQL and Slack do.
    """
    said = document if isinstance(document, Mapping) else {}
    error = said.get("error") or said.get("errors")
    if error:
        raise PaginationError(
            "The answer has an error where its records ought to be: "
            f"{excerpt(error if isinstance(error, str) else json.dumps(error))}"
        )


def _outermost(document: object) -> dict[str, list[Any]]:
    """Return the lists that may be the records, by their path, of the outermost that has any."""
    level = {"": document}
    for _ in range(_DEEPEST):
        members = {
            f"{path}.{key}" if path else key: value
            for path, each in level.items()
            if isinstance(each, Mapping)
            for key, value in each.items()
            if key not in _BESIDE
        }
        if found := {path: each for path, each in members.items() if _may_be_records(path, each)}:
            usual = {path: each for path, each in found.items() if _is_usual(path)}
            return usual if len(usual) == 1 else found
        level = members
    return {}


def _is_usual(path: str) -> bool:
    return path.rpartition(".")[2] in _USUAL


def _may_be_records(path: str, value: object) -> bool:
    """Tell whether a list is one of objects, or one of anything under a usual name."""
    if not isinstance(value, list):
        return False
    return _is_usual(path) or all(isinstance(each, Mapping) for each in value)


def _unclear(found: dict[str, list[Any]]) -> str:
    if not found:
        return (
            "The answer has no list of records. Say where they are: records=… with their place, "
            'such as "result.rows".'
        )
    names = ", ".join(f"records={path!r} ({len(each)})" for path, each in found.items())
    return f"The answer has several lists that may be the records. Say which: {names}."
