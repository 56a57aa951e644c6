"""Pages as APIs document them, each followed to the end without a word from the caller."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests

from nb_oauth import data
from tests.unit.data_stage import Answer, Api, Asked

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE, COUNT = 10, 25
RECORDS = [{"id": number, "name": f"star {number}"} for number in range(COUNT)]


def part(start: int, size: int = SIZE) -> list[dict[str, Any]]:
    return RECORDS[start : start + size]


def page_of(asked: Asked, first: int = 1) -> tuple[int, list[dict[str, Any]]]:
    number = asked.number("page", first)
    return number, part((number - first) * SIZE)


def is_last(start: int) -> bool:
    return start + SIZE >= COUNT


# -- as documented -----------------------------------------------------------------------------


def github(asked: Asked) -> Answer:
    """https://docs.github.com/rest: Link with rel next and last."""
    number, found = page_of(asked)
    if number * SIZE >= COUNT:
        return Answer(found, {"Link": f'<{asked.path}?page=1>; rel="first"'})
    links = f'<{asked.path}?page={number + 1}>; rel="next", <{asked.path}?page=3>; rel="last"'
    return Answer(found, {"Link": links})


def microsoft_graph(asked: Asked) -> Answer:
    """OData 4.01 §11.2.6.7: @odata.nextLink, opaque."""
    start = asked.number("$skiptoken", 0)
    document: dict[str, Any] = {"@odata.context": "…", "@odata.count": COUNT, "value": part(start)}
    if not is_last(start):
        query = urlencode({"$skiptoken": start + SIZE})
        document["@odata.nextLink"] = f"http://{asked.headers['Host']}{asked.path}?{query}"
    return Answer(document, content_type="application/json; odata.metadata=minimal")


def json_api(asked: Asked) -> Answer:
    """https://jsonapi.org/format/#fetching-pagination: links.next, null or left out at the end."""
    number = asked.number("page[number]", 1)
    address = f"{asked.path}?{urlencode({'page[number]': number + 1})}"
    links = {"self": asked.path, "next": None if number == 3 else {"href": address}}
    document = {
        "data": [{"type": "stars", "id": str(each["id"])} for each in part((number - 1) * SIZE)],
        "included": [{"type": "people", "id": "9"}],
        "links": links,
    }
    return Answer(document, content_type="application/vnd.api+json")


def json_api_without_null(asked: Asked) -> Answer:
    answer = json_api(asked)
    answer.body["links"] = {key: one for key, one in answer.body["links"].items() if one}
    answer.body["meta"] = {"total": COUNT}
    return answer


def slack(asked: Asked) -> Answer:
    """https://docs.slack.dev/apis/web-api/pagination: an empty cursor is the end."""
    start = int(base64.b64decode(asked.query["cursor"])) if "cursor" in asked.query else 0
    cursor = "" if is_last(start) else base64.b64encode(str(start + SIZE).encode()).decode()
    return Answer(
        {"ok": True, "members": part(start), "response_metadata": {"next_cursor": cursor}}
    )


def google(asked: Asked) -> Answer:
    """https://google.aip.dev/158: nextPageToken, left out at the end; so are empty items."""
    start = asked.number("pageToken", 0)
    document: dict[str, Any] = {"kind": "stars#list", "items": part(start)}
    if not is_last(start):
        document["nextPageToken"] = str(start + SIZE)
    return Answer(document)


def zenodo(asked: Asked) -> Answer:
    """https://developers.zenodo.org: hits.hits, hits.total, links.next."""
    number, found = page_of(asked)
    links = {"self": f"{asked.path}?page={number}"}
    if number < 3:
        links["next"] = f"{asked.path}?page={number + 1}&size={SIZE}"
    hits = {"hits": found, "total": COUNT}
    return Answer({"hits": hits, "aggregations": {"kind": {"buckets": [{}]}}, "links": links})


def stac(asked: Asked) -> Answer:
    """https://github.com/radiantearth/stac-api-spec: a list of links, one of them rel next."""
    start = asked.number("token", 0)
    links: list[dict[str, Any]] = [{"rel": "self", "href": asked.path}]
    if not is_last(start):
        links.append({"rel": "next", "href": f"{asked.path}?token={start + SIZE}", "method": "GET"})
    document = {
        "type": "FeatureCollection",
        "numberMatched": COUNT,
        "features": part(start),
        "links": links,
    }
    return Answer(document, content_type="application/geo+json")


def earthdata(asked: Asked) -> Answer:
    """https://cmr.earthdata.nasa.gov/search/site/docs: CMR-Search-After, none at the end."""
    start = int(asked.headers.get("CMR-Search-After", "[0]")[1:-1])
    headers = {"CMR-Hits": str(COUNT)}
    if start < COUNT:
        headers["CMR-Search-After"] = f"[{min(start + SIZE, COUNT)}]"
    return Answer({"feed": {"updated": "2026", "entry": part(start)}}, headers)


def django(asked: Asked) -> Answer:
    """Django REST framework's PageNumberPagination: count, next, previous, results."""
    number, found = page_of(asked)
    following = None if number == 3 else f"http://{asked.headers['Host']}/stars?page={number + 1}"
    return Answer({"count": COUNT, "next": following, "previous": None, "results": found})


def hal(asked: Asked) -> Answer:
    """Spring Data REST: _embedded, _links.next.href, page.totalElements."""
    number, found = page_of(asked, first=0)
    links = {"self": {"href": asked.path}}
    if number < 2:
        links["next"] = {"href": f"{asked.path}?page={number + 1}"}
    sizes = {"size": SIZE, "totalElements": COUNT, "totalPages": 3, "number": number}
    return Answer({"_embedded": {"stars": found}, "_links": links, "page": sizes})


def salesforce(asked: Asked) -> Answer:
    """Its query resource: totalSize, done, nextRecordsUrl, relative."""
    start = int(asked.path.rpartition("-")[2]) if "-" in asked.path else 0
    document: dict[str, Any] = {"totalSize": COUNT, "done": is_last(start), "records": part(start)}
    if not is_last(start):
        document["nextRecordsUrl"] = f"/query/01g-{start + SIZE}"
    return Answer(document)


DOCUMENTED = [
    *(github, microsoft_graph, json_api, json_api_without_null, slack, google, zenodo, stac),
    *(earthdata, django, hal, salesforce),
]


@pytest.mark.parametrize("prefetch", [False, True], ids=["one by one", "ahead"])
@pytest.mark.parametrize("documented", DOCUMENTED)
def test_what_an_api_says_is_followed(
    api: Api,
    plain_session: requests.Session,
    documented: Callable[[Asked], Answer],
    prefetch: bool,  # noqa: FBT001 - the example
) -> None:
    api.answer = documented
    found = list(data.records(plain_session, api.url, prefetch=prefetch))
    assert [int(each["id"]) for each in found] == list(range(COUNT))
    assert len(api.asked) == (4 if documented is earthdata else 3)


@pytest.mark.parametrize("documented", DOCUMENTED)
def test_pages_are_the_answers(
    api: Api, plain_session: requests.Session, documented: Callable[[Asked], Answer]
) -> None:
    api.answer = documented
    found = list(data.pages(plain_session, api.url))
    assert {type(each) for each in found} == {requests.Response}
    assert len(found) == len(api.asked)


# -- named with one argument -------------------------------------------------------------------


def numbered(asked: Asked) -> Answer:
    return Answer(part((asked.number("page", 1) - 1) * SIZE))


def numbered_from_zero(asked: Asked) -> Answer:
    return Answer({"items": part(asked.number("p", 0) * SIZE), "total_pages": 3})


def skipping(asked: Asked) -> Answer:
    return Answer({"stars": part(asked.number("offset", 0), asked.number("limit", SIZE))})


def skipping_of_a_total(asked: Asked) -> Answer:
    return Answer(part(asked.number("start", 0)), {"X-Total-Count": str(COUNT)})


def at_a_place(asked: Asked) -> Answer:
    start = asked.number("after", 0)
    place = f"http://{asked.headers['Host']}/stars?after={start + SIZE}" if start < 20 else None
    return Answer({"objects": part(start), "more": {"page-after": place}})


def with_a_cursor(asked: Asked) -> Answer:
    start = asked.number("cursor", 0)
    meta = {"next_cursor": start + SIZE, "has_more": not is_last(start)}
    return Answer({"stars": part(start), "meta": meta})


def of_notion(asked: Asked) -> Answer:
    """https://developers.notion.com: a search is a POST, its cursor goes into the body."""
    start = int(asked.json.get("start_cursor", 0))
    assert asked.json["filter"] == {"kind": "Mira"}
    cursor = None if is_last(start) else str(start + SIZE)
    return Answer({"results": part(start), "has_more": not is_last(start), "next_cursor": cursor})


def graphql(asked: Asked) -> Answer:
    """https://relay.dev/graphql/connections.htm: endCursor is there on the last page as well."""
    start = int(asked.json["variables"].get("after", 0))
    info = {"endCursor": str(start + SIZE), "hasNextPage": not is_last(start)}
    return Answer({"data": {"sky": {"stars": {"nodes": part(start), "pageInfo": info}}}})


def elasticsearch(asked: Asked) -> Answer:
    """Its search_after: the sort values of the last hit."""
    start = asked.json.get("search_after", [0])[0]
    hits = [{"_source": each, "id": each["id"], "sort": [each["id"] + 1]} for each in part(start)]
    return Answer({"took": 1, "hits": {"total": {"value": COUNT, "relation": "eq"}, "hits": hits}})


def stripe(asked: Asked) -> Answer:
    """https://docs.stripe.com/api/pagination: after the last one's id, while has_more."""
    start = asked.number("starting_after", -1) + 1
    return Answer({"object": "list", "has_more": not is_last(start), "data": part(start)})


POST = {"method": "POST"}
NAMED: list[tuple[Callable[[Asked], Answer], dict[str, Any], int]] = [
    (numbered, {"by": "page", "params": {"page": 1}}, 4),
    (numbered_from_zero, {"by": "page", "parameter": "p", "params": {"p": 0}}, 3),
    (skipping, {"by": "offset"}, 4),
    (skipping, {"by": "offset", "params": {"limit": 25}}, 2),
    (skipping_of_a_total, {"by": "offset", "parameter": "start", "params": {"start": "0"}}, 3),
    (at_a_place, {"next": "more.page-after"}, 3),
    (with_a_cursor, {"next": "meta.next_cursor"}, 3),
    (
        of_notion,
        {
            **POST,
            "next": "next_cursor",
            "parameter": "start_cursor",
            "json": {"filter": {"kind": "Mira"}},
        },
        3,
    ),
    (
        graphql,
        {
            **POST,
            "next": "data.sky.stars.pageInfo.endCursor",
            "parameter": "variables.after",
            "json": {"query": "{…}", "variables": {}},
        },
        3,
    ),
    (
        elasticsearch,
        {**POST, "next": "hits.hits[-1].sort", "parameter": "search_after", "json": {}},
        4,
    ),
    (stripe, {"next": "data[-1].id", "parameter": "starting_after"}, 3),
]


@pytest.mark.parametrize(("answer", "arguments", "requested"), NAMED)
def test_what_it_does_not_say_one_argument_says(
    api: Api,
    plain_session: requests.Session,
    answer: Callable[[Asked], Answer],
    arguments: dict[str, Any],
    requested: int,
) -> None:
    api.answer = answer
    found = list(data.records(plain_session, api.url, **arguments))
    assert [each["id"] for each in found] == list(range(COUNT))
    assert len(api.asked) == requested
