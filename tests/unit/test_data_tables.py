"""An API's records as a table: one rule for what is nested, and types that stay."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from nb_oauth import ConfigurationError, data
from nb_oauth.exceptions import PaginationError
from tests.unit.data_stage import Answer

if TYPE_CHECKING:
    import requests

    from tests.unit.data_stage import Api

STARS = [
    {"id": 1, "name": "Mira", "seen": "2021-03-14T09:26:53Z", "v": 3.5, "is_new": True},
    {"id": None, "name": None, "seen": None, "v": None, "is_new": None},
    {"id": 2**60, "name": "Algol", "seen": "2021-03-15T00:00:00+01:00", "v": 2, "is_new": False},
]


def serve(api: Api, *pages: Any, kind: str = "application/json") -> None:
    """Let the API give these pages one after the other, linked."""

    def answer(_asked: object) -> Answer:
        number = len(api.asked)
        link = {"Link": f'</stars?page={number + 1}>; rel="next"'} if number < len(pages) else {}
        return Answer(pages[number - 1], link, content_type=kind)

    api.answer = answer


def rows(session: requests.Session, api: Api, **arguments: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data.table(
        session, api.url, to="pyarrow", **arguments
    ).to_pylist()
    return found


# -- kinds -------------------------------------------------------------------------------------


def test_of_pandas_with_whole_numbers_where_some_are_missing(
    api: Api, plain_session: requests.Session
) -> None:
    serve(api, STARS[:1], STARS[1:])
    found = data.table(plain_session, api.url)
    assert isinstance(found, pd.DataFrame)
    assert found["id"].dtype == "Int64"
    assert found["id"].tolist() == [1, pd.NA, 2**60]
    assert found["is_new"].dtype == "boolean"
    assert found["v"].dtype == "float64"
    assert pd.api.types.is_string_dtype(found["name"].dropna())
    assert found["seen"][0] == "2021-03-14T09:26:53Z"


def test_of_polars(api: Api, plain_session: requests.Session) -> None:
    serve(api, STARS[:1], STARS[1:])
    found = data.table(plain_session, api.url, to="polars")
    assert isinstance(found, pl.DataFrame)
    assert found.schema == {
        "id": pl.Int64,
        "name": pl.String,
        "seen": pl.String,
        "v": pl.Float64,
        "is_new": pl.Boolean,
    }
    assert found["id"].to_list() == [1, None, 2**60]


def test_of_pyarrow(api: Api, plain_session: requests.Session) -> None:
    serve(api, STARS)
    found = data.table(plain_session, api.url, to="pyarrow")
    assert isinstance(found, pa.Table)
    assert found.to_pylist() == STARS


def test_of_nothing_else(api: Api, plain_session: requests.Session) -> None:
    with pytest.raises(ConfigurationError, match="'excel' is none of 'pandas'"):
        data.table(plain_session, api.url, to="excel")  # type: ignore[call-overload]
    assert api.asked == []


@pytest.mark.parametrize("to", ["pandas", "polars", "pyarrow"])
def test_without_records_it_is_empty(api: Api, plain_session: requests.Session, to: Any) -> None:
    serve(api, [])
    assert len(data.table(plain_session, api.url, to=to)) == 0


# -- the rule ----------------------------------------------------------------------------------


def test_what_is_nested_has_columns_of_its_own(api: Api, plain_session: requests.Session) -> None:
    record = {"id": 1, "owner": {"id": 7, "at": {"city": "Kiel"}}, "none": {}, "tags": ["a", "b"]}
    serve(api, [record], [{"id": 2, "owner": None, "tags": []}])
    assert rows(plain_session, api) == [
        {"id": 1, "owner.id": 7, "owner.at.city": "Kiel", "none": None, "tags": ["a", "b"]},
        {"id": 2, "owner.id": None, "owner.at.city": None, "none": None, "tags": []},
    ]


def test_lists_stay_lists(api: Api, plain_session: requests.Session) -> None:
    serve(api, [{"tags": ["a"], "at": [{"x": 1}]}], [{"tags": [], "at": [{"x": 2, "y": "b"}]}])
    found = data.table(plain_session, api.url)
    assert found["tags"].tolist() == [["a"], []]
    assert found["at"].tolist() == [[{"x": 1, "y": None}], [{"x": 2, "y": "b"}]]


@pytest.mark.parametrize("pages", [1, 2])
def test_values_of_several_kinds_become_text(
    api: Api, plain_session: requests.Session, pages: int
) -> None:
    records = [
        {"code": 7, "big": 2**70, "both": {"of": "it"}},
        {"code": "seven", "big": 1, "both": "it"},
    ]
    serve(api, *([records] if pages == 1 else [[each] for each in records]))
    assert rows(plain_session, api) == [
        {"code": "7", "big": str(2**70), "both.of": "it", "both": None},
        {"code": "seven", "big": "1", "both.of": None, "both": "it"},
    ]


def test_whole_numbers_and_others_are_numbers(api: Api, plain_session: requests.Session) -> None:
    serve(api, [{"v": 1}], [{"v": None}], [{"v": 2.5, "w": 1}])
    assert [each["v"] for each in rows(plain_session, api)] == [1.0, None, 2.5]


@pytest.mark.parametrize("record", [{"a.b": 1, "a": {"b": 2}}, {"a": {"b": 2}, "a.b": 1}])
def test_no_value_takes_the_place_of_another(
    api: Api, plain_session: requests.Session, record: dict[str, Any]
) -> None:
    serve(api, [record])
    with pytest.raises(PaginationError, match=r"one column, 'a\.b'"):
        rows(plain_session, api)


def test_what_is_no_object_is_a_value(api: Api, plain_session: requests.Session) -> None:
    serve(api, ["a", "b"])
    assert rows(plain_session, api) == [{"value": "a"}, {"value": "b"}]


# -- dates -------------------------------------------------------------------------------------


def test_dates_are_read_where_that_is_asked(api: Api, plain_session: requests.Session) -> None:
    serve(api, STARS)
    found = data.table(plain_session, api.url, dates=["seen"])
    assert isinstance(found["seen"].dtype, pd.DatetimeTZDtype)
    assert found["seen"][0] == datetime(2021, 3, 14, 9, 26, 53, tzinfo=timezone.utc)
    assert found["seen"][2] == datetime(2021, 3, 14, 23, tzinfo=timezone.utc)


def test_dates_without_a_zone_stay_without(api: Api, plain_session: requests.Session) -> None:
    serve(api, [{"day": "2021-03-14", "at": "2021-03-14 09:26:53.5"}])
    [row] = rows(plain_session, api, dates=("day", "at"))
    assert row["day"] == datetime(2021, 3, 14)  # noqa: DTZ001 - as it was written
    assert row["at"] == datetime(2021, 3, 14, 9, 26, 53, 500_000)  # noqa: DTZ001 - as it was written


@pytest.mark.parametrize(
    ("dates", "said"),
    [(["day"], "no such column. There are: id"), ("name", "'name', in which"), ("tags", "'tags'")],
)
def test_what_is_no_date_is_an_error(
    api: Api, plain_session: requests.Session, dates: Any, said: str
) -> None:
    serve(api, [{"id": 1, "name": "Mira", "tags": ["a"]}])
    with pytest.raises(ConfigurationError, match=said):
        rows(plain_session, api, dates=dates)


# -- content types -----------------------------------------------------------------------------


def as_parquet(records: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(records), file)
    return file.getvalue()


NESTED = [{"id": 1, "owner": {"id": 7}}, {"id": 2, "owner": None}]
FLAT = [{"id": 1, "owner.id": 7}, {"id": 2, "owner.id": None}]
LINES = "\n".join(map(json.dumps, NESTED)).encode()
KOELN = [{"id": 1, "at": "Köln"}]
FEATURES = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [1.5, 2]}}]


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (LINES, "application/x-ndjson", FLAT),
        (json.dumps(NESTED).encode(), "application/vnd.example+json", FLAT),
        (b"id,owner.id\n1,7\n2,\n", "text/csv", FLAT),
        (b"id\towner.id\n1\t7\n2\t\n", "text/tab-separated-values; charset=utf-8", FLAT),
        ("id,at\n1,Köln\n".encode("latin-1"), "text/csv; charset=iso-8859-1", KOELN),
        ("id,at\n1,Köln\n".encode(), "text/csv", KOELN),
        (b'id,note\n1,"a\nb"\n', "text/csv", [{"id": 1, "note": "a\nb"}]),
        (b"day,v\n2021-03-14,1.5\n", "text/csv", [{"day": "2021-03-14", "v": 1.5}]),
        (b"", "text/csv", []),
        (as_parquet(NESTED), "application/vnd.apache.parquet", FLAT),
        (as_parquet(NESTED), "application/octet-stream", FLAT),
        (
            json.dumps({"type": "FeatureCollection", "features": FEATURES}).encode(),
            "application/geo+json",
            [{"type": "Feature", "geometry.type": "Point", "geometry.coordinates": [1.5, 2.0]}],
        ),
    ],
)
def test_the_content_type_says_how_to_read(
    api: Api,
    plain_session: requests.Session,
    body: bytes,
    kind: str,
    expected: list[dict[str, Any]],
) -> None:
    serve(api, body, kind=kind)
    assert rows(plain_session, api) == expected


@pytest.mark.parametrize(
    ("pages", "kind"),
    [
        ([b"id,v\n1,\n", b"id,v\n2,x\n"], "text/csv"),
        ([as_parquet([{"id": 1}]), as_parquet([{"id": 2, "v": "x"}])], "application/x-parquet"),
    ],
)
def test_pages_of_every_kind_are_joined(
    api: Api, plain_session: requests.Session, pages: list[bytes], kind: str
) -> None:
    serve(api, *pages, kind=kind)
    found = rows(plain_session, api)
    assert [each["id"] for each in found] == [1, 2]
    assert found[1]["v"] == "x"


def test_what_is_no_table_is_an_error(api: Api, plain_session: requests.Session) -> None:
    serve(api, b"<html>", kind="text/html")
    with pytest.raises(PaginationError, match="text/html"):
        rows(plain_session, api)


# -- what must not change on the way -----------------------------------------------------------


@pytest.mark.parametrize("pages", [[[2**53 + 1], [0.5]], [[[2**53 + 1]], [[0.5]]]])
def test_a_number_that_no_fraction_holds_is_no_end_of_a_table(
    api: Api, plain_session: requests.Session, pages: list[list[Any]]
) -> None:
    serve(api, *([{"n": 1, "a": one}] for [one] in pages))
    found = rows(plain_session, api)
    assert [each["a"] for each in found] == [json.dumps(one) for [one] in pages]
    assert [each["n"] for each in found] == [1, 1]


def test_half_a_character_is_no_end_of_a_table(api: Api, plain_session: requests.Session) -> None:
    serve(api, b'[{"a": "x\\ud83d"}, {"a": "\\ud83d\\ude00"}, {"a": null}]')
    found = [each["a"] for each in rows(plain_session, api)]
    assert found == ["x\ufffd", "\N{GRINNING FACE}", None]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["01234", "99999"], ["01234", "99999"]),
        (["0x1F", "12"], ["0x1F", "12"]),
        (["007.50", "1"], ["007.50", "1"]),
        (["12345678901234567890", "1"], ["12345678901234567890", "1"]),
        (["0", "-5"], [0, -5]),
        (["0.5", "1e5"], [0.5, 1e5]),
        ([str(2**60), "1"], [2**60, 1]),
    ],
)
def test_what_csv_has_of_digits_is_a_number_where_it_is_written_as_one(
    api: Api, plain_session: requests.Session, written: list[str], read: list[object]
) -> None:
    serve(api, "\n".join(["n,code", *(f"1,{one}" for one in written)]).encode(), kind="text/csv")
    found = rows(plain_session, api)
    assert [each["code"] for each in found] == read
    assert [each["n"] for each in found] == [1] * len(read)


def test_csv_with_one_name_twice_is_an_error(api: Api, plain_session: requests.Session) -> None:
    serve(api, b"a,a\n1,2\n", kind="text/csv")
    with pytest.raises(PaginationError, match="one name"):
        rows(plain_session, api)
