"""Tables of Arrow's: made of JSON, CSV and Parquet, and joined.

Arrow knows a missing value from any other, so that whole numbers stay whole where some are
missing; pandas and polars read its tables as they are.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nb_oauth.data.content import charset, media_type
from nb_oauth.exceptions import ConfigurationError, PaginationError

if TYPE_CHECKING:
    import requests

__all__ = ["from_records", "from_response", "joined", "with_dates"]

_SEPARATORS = {
    "text/csv": ",",
    "application/csv": ",",
    "text/comma-separated-values": ",",
    "text/tab-separated-values": "\t",
}
_PARQUET = b"PAR1"  # what each such file begins with, whatever a server calls it
# What Arrow takes for a number, and no number is written as: 01234, 0x1F, more than 15 digits.
_NO_WHOLE_NUMBER = r"^[+-]?0[0-9xX]"
_NO_FRACTION = rf"{_NO_WHOLE_NUMBER}|^[+-]?\d{{16,}}$"
_FAILURES = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError)
_ALONE = "value"


def from_records(records: Sequence[object]) -> pa.Table:
    """Make a table of JSON.

    An object becomes a row. What is in an object in it has a column of its own, named by the keys
    with dots between them; a list stays a list. A column whose values are of several kinds, as
    numbers and texts, becomes text, each value as JSON writes it. A record that is no object is
    the only thing in its row, in the column ``value``.

    Args:
        records: objects, or whatever else.
    """
    rows = [_flat(each) if isinstance(each, Mapping) else {_ALONE: each} for each in records]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: _array([row.get(name) for row in rows]) for name in names}
    return pa.table(columns) if columns else pa.table({})


def _flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        members = _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
        if not row.keys().isdisjoint(members):
            raise PaginationError(
                f"Two members of a record would be in one column, {min(row.keys() & members)!r}: "
                "take the records from data.records(…), and name your columns yourself."
            )
        row.update(members or {name: None})
    return row


def _array(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values)
    except _FAILURES:
        return pa.array([*map(_text, values)], pa.string())


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    # JSON may hold half a character, as an emoji that was cut in two; no table can.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def from_response(response: "requests.Response") -> pa.Table | None:
    """Make a table of CSV or Parquet; None where the answer is neither."""
    if response.content.startswith(_PARQUET):
        from pyarrow import parquet

        return _without_objects(parquet.read_table(pa.BufferReader(response.content)))
    separator = _SEPARATORS.get(media_type(response))
    if separator is None:
        return None
    return _from_csv(response.content, separator, charset(response)) if response.content else None


def _without_objects(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _from_csv(content: bytes, separator: str, encoding: str) -> pa.Table:
    """Read CSV; what would be taken for a date stays text, as in JSON, and so does 01234."""
    from pyarrow import csv

    def read(types: Mapping[str, pa.DataType], only: Sequence[str] = ()) -> pa.Table:
        return csv.read_csv(
            pa.BufferReader(content),
            read_options=csv.ReadOptions(encoding=encoding),
            parse_options=csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=types, strings_can_be_null=False, include_columns=list(only)
            ),
        )

    table = read({})
    if len({*table.column_names}) < table.num_columns:
        raise PaginationError(
            "Two columns of the CSV have one name: take it from data.pages(…), and read it with "
            "names of your own."
        )
    numbers = [each.name for each in table.schema if _is_number(each.type)]
    written = read(dict.fromkeys(numbers, pa.string()), numbers) if numbers else pa.table({})
    texts = [each.name for each in table.schema if pa.types.is_temporal(each.type)]
    texts += [each.name for each in table.schema if _says_more(each, written)]
    return read(dict.fromkeys(texts, pa.string())) if texts else table


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _says_more(field: pa.Field, written: pa.Table) -> bool:
    """Tell whether a column of numbers says something that no number does, as a postcode may."""
    from pyarrow import compute

    if field.name not in written.column_names:
        return False
    pattern = _NO_WHOLE_NUMBER if pa.types.is_integer(field.type) else _NO_FRACTION
    found = compute.match_substring_regex(written[field.name], pattern)
    return bool(compute.any(found).as_py())


def joined(tables: Iterable[pa.Table]) -> pa.Table:
    """Return one table with the rows of all: a column that some lack has no values there."""
    chunks = [each for each in tables if each.num_columns]
    if not chunks:
        return pa.table({})
    try:
        whole = pa.concat_tables(chunks, promote_options="permissive")
    except _FAILURES:
        disputed = _disputed(chunks)
        alike = [_with_text(each, disputed) for each in chunks]
        whole = pa.concat_tables(alike, promote_options="permissive")
    return _without_mere_gaps(whole)


def _disputed(tables: Sequence[pa.Table]) -> list[str]:
    """Return the columns whose values in several tables have no type in common."""
    names = dict.fromkeys(name for table in tables for name in table.column_names)
    return [
        name
        for name in names
        if not _can_be_joined([one.select([name]) for one in tables if name in one.column_names])
    ]


def _can_be_joined(columns: Sequence[pa.Table]) -> bool:
    """Tell whether one type holds all: that of fractions does not hold each large number."""
    try:
        pa.concat_tables(columns, promote_options="permissive")
    except _FAILURES:
        return False
    return True


def _with_text(table: pa.Table, names: Iterable[str]) -> pa.Table:
    for name in set(names) & set(table.column_names):
        texts = pa.array([*map(_text, table[name].to_pylist())], pa.string())
        table = table.set_column(table.column_names.index(name), name, texts)
    return table


def _without_mere_gaps(table: pa.Table) -> pa.Table:
    """Leave out the column of an object that is missing here and there: its members have theirs."""
    names = table.column_names
    above = {name[:at] for name in names for at, each in enumerate(name) if each == "."}
    gaps = [
        each.name for each in table.schema if pa.types.is_null(each.type) and each.name in above
    ]
    return table.drop_columns(gaps) if gaps else table


def with_dates(table: pa.Table, names: Iterable[str]) -> pa.Table:
    """Return a table in which the texts of some columns are points in time (ISO 8601).

    Args:
        table: where they are text.
        names: which columns; times without a zone stay without one, others are in UTC.

    Raises:
        ConfigurationError: there is no such column, or it holds other texts.
    """
    for name in names:
        if name not in table.column_names:
            raise ConfigurationError(
                f"dates= names {name!r}, and there is no such column. There are: "
                f"{', '.join(table.column_names)}."
            )
        table = table.set_column(table.column_names.index(name), name, _dates(table[name], name))
    return table


def _dates(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kinds = (pa.timestamp("us", "UTC"), pa.timestamp("us"))
    found = next((read for kind in kinds if (read := _cast(column, kind)) is not None), None)
    if found is not None:
        return found
    raise ConfigurationError(
        f"dates= names {name!r}, in which not everything is a time as ISO 8601 writes it, such as "
        "2021-03-14T09:26:53Z: leave it out, and read it as your API writes it."
    )


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    try:
        return column.cast(kind)
    except (*_FAILURES, pa.ArrowNotImplementedError):
        return None
