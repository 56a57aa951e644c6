"""An API's records as a table."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, overload

from nb_oauth.data.arrow_tables import from_records, from_response, joined, with_dates
from nb_oauth.data.extras import require
from nb_oauth.data.pagination import whole_pages
from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import requests

    from nb_oauth.data.page import Page

__all__ = ["table"]


@overload
def table(
    session: "requests.Session",
    url: str,
    *,
    to: Literal["pandas"] = ...,
    dates: Iterable[str] = ...,
    **arguments: Any,  # noqa: ANN401 - those of pages()
) -> "pd.DataFrame": ...


@overload
def table(
    session: "requests.Session",
    url: str,
    *,
    to: Literal["polars"],
    dates: Iterable[str] = ...,
    **arguments: Any,  # noqa: ANN401 - those of pages()
) -> "pl.DataFrame": ...


@overload
def table(
    session: "requests.Session",
    url: str,
    *,
    to: Literal["pyarrow"],
    dates: Iterable[str] = ...,
    **arguments: Any,  # noqa: ANN401 - those of pages()
) -> "pa.Table": ...


def table(
    session: "requests.Session",
    url: str,
    *,
    to: Literal["pandas", "polars", "pyarrow"] = "pandas",
    dates: Iterable[str] = (),
    **arguments: Any,
) -> "pd.DataFrame | pl.DataFrame | pa.Table":
    """Fetch all pages of an API, and return their records as one table.

    By its content type a page is JSON (a list of records, or a document with one in it), JSON in
    lines, CSV, or Parquet. A record is a row. What is in an object in it has a column of its own,
    named by the keys with dots between them: ``{"owner": {"id": 7}}`` is in ``owner.id``. A list
    stays a list. Types stay what they are: whole numbers are whole also where some are missing,
    and a date is text unless ``dates`` names it. A column with values of several kinds, as
    numbers and texts, becomes text, each value as JSON writes it.

    Args:
        session: a session that is signed in, or any other of requests'.
        url: the first page's address.
        to: ``"pandas"``, ``"polars"`` or ``"pyarrow"``: what kind of table. In one of pandas'
            whole numbers are ``Int64`` and truth values ``boolean``, which know of gaps.
        dates: the columns to read as times (ISO 8601); those with a zone become UTC.
        arguments: the rest, as :func:`nb_oauth.data.records` takes it.

    Raises:
        ConfigurationError: the arguments cannot work, or a column of ``dates`` holds no times.
        PaginationError: and what else :func:`nb_oauth.data.pages` raises.
    """
    if to not in _KINDS:
        raise ConfigurationError(f"to={to!r} is none of {', '.join(map(repr, _KINDS))}.")
    if to == "polars":  # else all would be fetched before it is missed
        require("polars", "polars")
    names = (dates,) if isinstance(dates, str) else tuple(dates)
    chunks = map(_table_of, whole_pages(session, url, **arguments))
    made: pd.DataFrame | pl.DataFrame | pa.Table = _KINDS[to](with_dates(joined(chunks), names))
    return made


def _table_of(page: "Page") -> "pa.Table":
    found = from_response(page.response)
    return from_records(page.records) if found is None else found


def _to_pandas(found: "pa.Table") -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    kinds = {pa.bool_(): pd.BooleanDtype()}
    kinds |= {getattr(pa, f"{kind.lower()}")(): getattr(pd, f"{kind}Dtype")() for kind in _WHOLE}
    frame: pd.DataFrame = found.to_pandas(types_mapper=kinds.get)
    for each in found.schema:
        if pa.types.is_list(each.type):  # pandas would have arrays of numpy's
            frame[each.name] = pd.Series(found[each.name].to_pylist(), dtype=object)
    return frame


_WHOLE = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")


def _to_polars(found: "pa.Table") -> "pl.DataFrame":
    import polars as pl

    frame = pl.from_arrow(found)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table makes no series; for the type
    return frame


_KINDS: "dict[str, Callable[[pa.Table], Any]]" = {
    "pandas": _to_pandas,
    "polars": _to_polars,
    "pyarrow": lambda found: found,
}
