"""What paging never does: guess, go round in circles, leave the API, or fetch what nobody wants."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import ConfigurationError, data
from nb_oauth.data.ahead import one_ahead
from nb_oauth.data.page_requests import PageRequest
from nb_oauth.exceptions import PaginationError
from nb_oauth.place import context_here
from tests.unit.data_stage import Answer, Api, Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STARS = [{"id": number} for number in range(5)]


def in_two(asked: Asked) -> Answer:
    if "page" in asked.query:
        return Answer(STARS[3:])
    return Answer(STARS[:3], {"Link": f'<{asked.path}?page=2>; rel="next"'})


def every(session: requests.Session, api: Api, **arguments: Any) -> list[Any]:
    return list(data.records(session, api.url, **arguments))


# -- nothing is guessed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "headers", "said"),
    [
        ({"items": STARS, "total": 50}, {}, "50 records, of which 5 came"),
        ({"items": STARS, "count": 50}, {}, "50 records"),
        ({"items": STARS, "meta": {"pagination": {"total_count": 50}}}, {}, "50 records"),
        ({"hits": {"total": {"value": 50, "relation": "eq"}, "hits": STARS}}, {}, "50 records"),
        (STARS, {"X-Total-Count": "50"}, "50 records"),
        (STARS, {"Content-Range": "items 0-4/50"}, "50 records"),
        (STARS, {"X-WP-TotalPages": "10"}, "10 pages"),
        ({"stars": STARS, "page": 1, "pages": "10"}, {}, "10 pages"),
        ({"stars": STARS, "has_more": True}, {}, "not the last"),
        ({"stars": STARS, "pagination": {"isLast": False}}, {}, "not the last"),
        (
            {"stars": STARS, "meta": {"next_cursor": "abc"}},
            {},
            "something is at 'meta.next_cursor'",
        ),
        ({"stars": STARS, "next_page": 2}, {}, "something is at 'next_page'"),
        ({"stars": STARS, "paging": {"next": {"after": "9"}}}, {}, "something is at 'paging.next'"),
        # Links, but none to the next page: which may be the last, and is not.
        ({"features": STARS, "links": [{"rel": "self"}], "numberMatched": 50}, {}, "50 records"),
        ({"data": STARS, "links": {"self": "/stars"}, "meta": {"total": 50}}, {}, "50 records"),
        ({"@odata.context": "…", "@odata.count": 50, "value": STARS}, {}, "50 records"),
        (STARS, {"Link": '</stars?page=9>; rel="last"'}, "9 pages"),
    ],
)
def test_what_tells_of_more_and_not_how_is_an_error(
    api: Api,
    plain_session: requests.Session,
    document: object,
    headers: dict[str, str],
    said: str,
) -> None:
    api.answer = lambda _: Answer(document, headers)
    with pytest.raises(PaginationError, match=said) as error:
        every(plain_session, api)
    assert 'by="page"' in str(error.value)
    assert len(every(plain_session, api, by="single")) == 5


@pytest.mark.parametrize(
    "document",
    [
        STARS,
        {"stars": STARS},
        {"stars": STARS, "total": 5, "page": 1, "pages": 1},
        {"stars": STARS, "count": 5},
        {"stars": STARS, "pages": 300},
        {"stars": STARS, "has_more": False, "next_cursor": "left over"},
        {"stars": STARS, "next": None, "total": 50},
        {"stars": STARS, "links": {"self": "/stars", "prev": "/stars?page=9"}, "total": 50},
        {"stars": STARS, "hits": {"total": {"value": 50, "relation": "gte"}}},
        {"features": STARS, "links": [{"rel": "self", "href": "/stars"}]},
        {"@odata.context": "…", "value": STARS},
        {"stars": STARS, "total": True},
        {"stars": STARS, "_links": {"self": {"href": "/stars"}}},
    ],
)
def test_a_single_page_ends_quietly(
    api: Api, plain_session: requests.Session, document: object
) -> None:
    api.answer = lambda _: Answer(document)
    assert every(plain_session, api) == STARS
    assert len(api.asked) == 1


def test_the_last_page_alone_ends_quietly(api: Api, plain_session: requests.Session) -> None:
    links = '</stars?page=1>; rel="first", </stars?cursor=z>; rel="last"'
    api.answer = lambda _: Answer(STARS, {"Link": links, "X-Total-Count": "50"})
    assert every(plain_session, api, params={"page": 10}) == STARS
    api.answer = lambda _: Answer(STARS, {"Link": '</stars?page=9>; rel="prev"', "X-Total": "50"})
    assert every(plain_session, api) == STARS


@pytest.mark.parametrize("by", ["page", "offset"])
@pytest.mark.parametrize("status", [400, 404, 416])
def test_beyond_the_end_a_refusal_is_the_end(
    api: Api, plain_session: requests.Session, by: str, status: int
) -> None:
    """Where ``total`` is as many as came, it may be that of the page."""
    api.answer = lambda _: (
        Answer({"items": STARS, "total": 5}) if len(api.asked) == 1 else Answer({}, status=status)
    )
    assert every(plain_session, api, by=by, params={by: 1 if by == "page" else 0}) == STARS
    assert len(api.asked) == 2


def test_a_total_may_be_that_of_the_page(api: Api, plain_session: requests.Session) -> None:
    def counted(asked: Asked) -> Answer:
        found = STARS[(asked.number("page", 1) - 1) * 2 :][:2]
        return Answer({"items": found, "total": len(found)})

    api.answer = counted
    assert every(plain_session, api, by="page", params={"page": 1}) == STARS


@pytest.mark.parametrize("by", ["page", "offset"])
def test_a_refusal_before_the_end_is_an_error(
    api: Api, plain_session: requests.Session, by: str
) -> None:
    api.answer = lambda _: (
        Answer({"items": STARS}) if len(api.asked) == 1 else Answer({}, status=404)
    )
    with pytest.raises(requests.HTTPError, match="404"):
        every(plain_session, api, by=by, params={by: 1})


def test_of_a_total_no_page_too_many_is_asked_for(
    api: Api, plain_session: requests.Session
) -> None:
    api.answer = lambda asked: Answer(
        {"items": STARS[(asked.number("page", 1) - 1) * 3 :][:3], "total": 5}
    )
    assert every(plain_session, api, by="page", params={"page": 1}) == STARS
    assert len(api.asked) == 2


@pytest.mark.parametrize("by", ["page", "offset"])
def test_a_total_that_is_less_than_came_is_one_of_pages(
    api: Api, plain_session: requests.Session, by: Any
) -> None:
    """As jqGrid has it, whose ``total`` is how many pages there are."""

    def answer(asked: Asked) -> Answer:
        start = (asked.number("page", 1) - 1) * 3 + asked.number("offset", 0)
        return Answer({"rows": STARS[start:][:3], "total": 2, "records": 5})

    api.answer = answer
    params = {"page": 1} if by == "page" else None
    assert [*data.records(plain_session, api.url, by=by, params=params)] == STARS


@pytest.mark.parametrize("begins", [0, 1])
@pytest.mark.parametrize("is_link", [True, False])
@pytest.mark.parametrize("beyond", [200, 404])
def test_the_last_page_is_called_by_its_number(
    api: Api,
    plain_session: requests.Session,
    begins: int,
    is_link: bool,  # noqa: FBT001 - the example
    beyond: int,
) -> None:
    last = begins + 2

    def answer(asked: Asked) -> Answer:
        found = STARS[(asked.number("page", begins) - begins) * 2 :][:2]
        link = {"Link": f'</stars?page={last}>; rel="last"'} if is_link else {}
        body = {"items": found} if is_link else {"items": found, "lastPage": last}
        return Answer(body, link, status=200 if found else beyond)

    api.answer = answer
    found = data.records(plain_session, api.url, by="page", params={"page": begins})
    assert [*found] == STARS
    assert len(api.asked) == 3


def test_a_query_stays_as_it_was_written() -> None:
    query = "$filter=a%20eq%20'b'&flag&x=1,2"
    first = PageRequest("GET", f"https://api.example/stars?page=1&{query}&")
    assert first.with_parameter("page", 2).url == f"https://api.example/stars?{query}&page=2"
    linked = first.following("?page=2", first.url)
    assert linked.url == f"https://api.example/stars?page=2&{query}"


@pytest.mark.parametrize(
    "arguments", [{}, {"by": "page", "params": {"page": 1}}, {"records": "stars"}]
)
@pytest.mark.parametrize(
    "error", [{"ok": False, "error": "ratelimited"}, {"errors": [{"message": "ratelimited"}]}]
)
def test_an_error_with_a_good_status_is_no_end(
    api: Api, plain_session: requests.Session, arguments: dict[str, Any], error: object
) -> None:
    page = {"stars": STARS[:1], "next": "/stars?page=2"}
    api.answer = lambda _: Answer(page if len(api.asked) == 1 else error)
    with pytest.raises(PaginationError, match="ratelimited"):
        list(data.records(plain_session, api.url, **arguments))


def test_a_query_of_graphql_that_fails_has_no_records(
    api: Api, plain_session: requests.Session
) -> None:
    api.answer = lambda _: Answer({"data": None, "errors": [{"message": "no such field"}]})
    with pytest.raises(PaginationError, match="no such field"):
        list(data.records(plain_session, api.url, records="data.stars.nodes"))


def test_an_address_may_be_relative_to_the_page(api: Api, plain_session: requests.Session) -> None:
    api.answer = lambda asked: Answer(
        {"items": STARS[3:]} if asked.query else {"items": STARS[:3], "next": "stars?page=2"}
    )
    assert every(plain_session, api) == STARS
    assert every(plain_session, api, next="next") == STARS


def test_a_request_shows_no_key() -> None:
    request = PageRequest("GET", "https://api.example/?key=s3cret", {"headers": {"K": "s3cret"}})
    assert "s3cret" not in repr(request)


def test_a_place_that_is_not_there_is_an_error_where_there_is_more(
    api: Api, plain_session: requests.Session
) -> None:
    api.answer = lambda _: Answer({"stars": STARS, "total": 50})
    with pytest.raises(PaginationError, match=r"nothing at next='meta.cursr'"):
        every(plain_session, api, next="meta.cursr")
    api.answer = lambda _: Answer({"stars": STARS})
    assert every(plain_session, api, next="meta.cursor") == STARS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"by": "page"}, "with which number the pages begin"),
        ({"by": "page", "params": {"page": "one"}}, "with which number"),
        ({"by": "offset", "params": {"offset": "none"}}, "with which number"),
        ({"by": "cursor"}, "is none of"),
        ({"by": "page", "next": "next"}, "say one of them"),
        ({"parameter": "page"}, "goes with"),
        ({"parameter": "page", "by": "single"}, "goes with"),
        ({"next": "stars[].strange | [-1]"}, "which parameter carries it"),
        ({"next": "stars[?"}, "is no place"),
        ({"records": "stars[?"}, "is no place"),
        ({"allowed_origins": ["api.example"]}, "is no origin"),
        ({"allowed_origins": "https://api.example:port"}, "is no origin"),
    ],
)
def test_arguments_that_cannot_work_say_what_would(
    api: Api, plain_session: requests.Session, arguments: dict[str, Any], said: str
) -> None:
    api.answer = lambda _: Answer({"stars": [{"strange": 1}]})
    with pytest.raises(ConfigurationError, match=said):
        every(plain_session, api, **arguments)


# -- no circles --------------------------------------------------------------------------------


def test_the_same_page_twice_is_an_error(api: Api, plain_session: requests.Session) -> None:
    api.answer = lambda _: Answer({"took": len(api.asked), "stars": STARS})
    with pytest.raises(PaginationError, match="no notice of 'page'"):
        every(plain_session, api, by="page", params={"page": 1})
    assert len(api.asked) == 2


def test_so_it_is_where_the_api_names_the_next(api: Api, plain_session: requests.Session) -> None:
    api.answer = lambda asked: Answer(
        b"id\n1\n",
        {"Link": f'</stars?nonce={len(api.asked)}>; rel="next"'},
        content_type="text/csv",
    )
    with pytest.raises(PaginationError, match=r"came twice\. What the API names"):
        list(data.pages(plain_session, api.url))


def test_a_circle_of_links_is_an_error(api: Api, plain_session: requests.Session) -> None:
    def circle(asked: Asked) -> Answer:
        here = asked.query.get("at", "a")
        return Answer([{"at": here}], {"Link": f"<?at={'ba'[here == 'b']}>; rel=next"})

    api.answer = circle
    with pytest.raises(PaginationError, match="in a circle"):
        list(data.pages(plain_session, f"{api.url}?at=a"))
    assert [asked.query["at"] for asked in api.asked] == ["a", "b"]


def test_empty_pages_on_the_way_are_no_circle(api: Api, plain_session: requests.Session) -> None:
    def filtered(asked: Asked) -> Answer:
        page = asked.number("page", 1)
        cursor = f"/stars?page={page + 1}" if page < 4 else None
        return Answer({"results": STARS if page == 4 else [], "next": cursor})

    api.answer = filtered
    assert every(plain_session, api) == STARS


def test_nobody_goes_on_for_ever_through_empty_pages(
    api: Api, plain_session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nb_oauth.data.walking._TOO_MANY", 20)
    api.answer = lambda _: Answer(
        {"items": STARS if len(api.asked) == 15 else [], "next": f"?n={len(api.asked)}"}
    )
    with pytest.raises(PaginationError, match="last 20 pages were empty"):
        every(plain_session, api)
    assert len(api.asked) == 15 + 20


def test_an_empty_answer_has_no_records(api: Api, plain_session: requests.Session) -> None:
    api.answer = lambda _: Answer(b"", status=204)
    assert every(plain_session, api) == []


# -- which list --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {"items": [{"id": 1}], "owners": [{"id": 2}]},
        {"tags": ["a"], "stars": [{"id": 1}]},
        {"errors": [{"id": 2}], "stars": [{"id": 1}]},
        {"data": {"sky": {"edges": [{"id": 2}], "nodes": [{"id": 1}]}}},
        {"response": {"docs": [{"id": 1}]}},
    ],
)
def test_records_are_found(api: Api, plain_session: requests.Session, document: object) -> None:
    api.answer = lambda _: Answer(document)
    assert every(plain_session, api) == [{"id": 1}]


@pytest.mark.parametrize(
    ("document", "arguments", "said"),
    [
        (
            {"stars": [{}], "owners": [{}, {}]},
            {},
            r"Say which: records='stars' \(1\), records='owners' \(2\)",
        ),
        ({"items": [{}], "data": [{}]}, {}, "several"),
        ({"id": 1, "tags": ["a", "b"]}, {}, "no list of records"),
        ("text", {}, "no list of records"),
        (
            {"stars": [{}]},
            {"records": "star"},
            "nothing at records='star'. There is a list at 'stars'",
        ),
        ({"stars": {"id": 1}}, {"records": "stars"}, "no list at records"),
    ],
)
def test_which_list_is_never_guessed(
    api: Api,
    plain_session: requests.Session,
    document: object,
    arguments: dict[str, str],
    said: str,
) -> None:
    api.answer = lambda _: Answer(document)
    with pytest.raises(PaginationError, match=said):
        every(plain_session, api, **arguments)
    assert len(list(data.pages(plain_session, api.url, **arguments))) == 1


@pytest.mark.parametrize("arguments", [{}, {"records": "stars"}])
def test_what_was_the_list_on_one_page_is_on_all(
    api: Api, plain_session: requests.Session, arguments: dict[str, str]
) -> None:
    pages = [
        {"stars": [], "notes": [], "next": "?2"},
        {"stars": STARS, "next": "?3"},
        {"stars": [], "notes": [{"id": 9}], "next": "?4"},
        {"next": None},
    ]
    api.answer = lambda _: Answer(pages[len(api.asked) - 1])
    assert every(plain_session, api, **arguments) == STARS


def test_lists_that_are_all_empty_are_no_question(
    api: Api, plain_session: requests.Session
) -> None:
    api.answer = lambda _: Answer({"stars": [], "notes": []})
    assert every(plain_session, api) == []
    assert every(plain_session, api, records="stars") == []


def test_what_is_left_out_where_it_is_empty_may_be_named(
    api: Api, plain_session: requests.Session
) -> None:
    api.answer = lambda _: Answer({"kind": "calendar#events"})
    assert every(plain_session, api, records="items") == []


# -- content -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"id": 1}\n\n{"id": 2}\n', "application/x-ndjson"),
        (b'\xef\xbb\xbf{"id": 1}\n{"id": 2}\n', "application/x-ndjson"),
        (b'\x1e{"id": 1}\n\x1e{"id": 2}\n', "application/geo+json-seq"),
        (b'[{"id": 1}, {"id": 2}]', "application/vnd.example.v3+json; charset=utf-8"),
        (b'[{"id": 1}, {"id": 2}]', "text/plain"),
    ],
)
def test_json_is_known_by_its_content_type(
    api: Api, plain_session: requests.Session, body: bytes, kind: str
) -> None:
    api.answer = lambda _: Answer(body, content_type=kind)
    assert every(plain_session, api) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("kind", ["text/csv", "text/plain", ""])
def test_records_of_what_is_not_json_are_an_error(
    api: Api, plain_session: requests.Session, kind: str
) -> None:
    api.answer = lambda _: Answer(b"id\n1\n", content_type=kind)
    with pytest.raises(PaginationError, match=r"data\.table"):
        every(plain_session, api)
    assert [each.text for each in data.pages(plain_session, api.url)] == ["id\n1\n"]


def test_what_says_it_is_json_and_is_not_is_an_error(
    api: Api, plain_session: requests.Session
) -> None:
    api.answer = lambda _: Answer(b"<html>")
    with pytest.raises(requests.JSONDecodeError):
        every(plain_session, api)


def test_a_refused_page_is_requests_own_error(api: Api, plain_session: requests.Session) -> None:
    api.answer = lambda _: Answer({"error": "gone"}, status=404)
    with pytest.raises(requests.HTTPError, match="404") as error:
        list(data.pages(plain_session, f"{api.url}?access_token=s3cret-s3cret"))
    assert "s3cret" not in str(error.value)


# -- the query ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "asked_for"),
    [
        ("?page=2", {"page": "2", "kind": "Mira", "per_page": "100"}),
        ("?page=2&per_page=50", {"page": "2", "kind": "Mira", "per_page": "50"}),
        ("/stars?offset=100#top", {"offset": "100", "kind": "Mira", "per_page": "100"}),
        ("?cursor=abc", {"cursor": "abc"}),
        ("?page_info=abc&page=2", {"page_info": "abc", "page": "2"}),
        ("/others?page=2", {"page": "2"}),
        (
            "?kind=Mira&per_page=100&page=2",
            {"page": "2", "kind": "Mira", "per_page": "100"},
        ),
    ],
)
def test_a_number_cannot_say_what_else_was_asked_for(
    api: Api, plain_session: requests.Session, link: str, asked_for: dict[str, str]
) -> None:
    api.answer = lambda _: Answer(
        STARS[len(api.asked) :], {"Link": f'<{link}>; rel="next"'} if len(api.asked) == 1 else {}
    )
    every(plain_session, api, params={"page": "1", "kind": "Mira", "per_page": 100})
    assert api.asked[1].query == asked_for


@pytest.mark.parametrize(
    ("link", "method", "body"),
    [
        ({"method": "POST", "body": {"token": 2}, "merge": True}, "POST", {"limit": 9, "token": 2}),
        ({"method": "POST", "body": {"token": 2}}, "POST", {"token": 2}),
        ({"method": "POST"}, "POST", {"limit": 9}),
        ({}, "GET", None),
    ],
)
def test_a_link_of_stac_may_be_a_search(
    api: Api, plain_session: requests.Session, link: dict[str, Any], method: str, body: object
) -> None:
    following = {"rel": "next", "href": "/stars?page=2", **link}
    api.answer = lambda _: Answer(
        {"features": STARS[len(api.asked) :], "links": [following] * (len(api.asked) == 1)}
    )
    every(plain_session, api, method="post", json={"limit": 9})
    assert api.asked[1].method == method
    assert (api.asked[1].json if api.asked[1].body else None) == body


def test_a_link_of_stac_may_name_headers_but_not_who_asks(
    api: Api, plain_session: requests.Session
) -> None:
    wanted = {"Search-After": "LC81530752019135LGN00", "authorization": "Bearer another"}
    following = {"rel": "next", "href": "/stars", "method": "POST", "headers": wanted}
    api.answer = lambda _: Answer(
        {"features": STARS[len(api.asked) :], "links": [following] * (len(api.asked) == 1)}
    )
    plain_session.headers["Authorization"] = "Bearer my-own"
    every(plain_session, api, method="POST", json={"limit": 2}, headers={"X-Of": "mine"})
    first, second = (asked.headers for asked in api.asked)
    assert "Search-After" not in first
    assert second["Search-After"] == "LC81530752019135LGN00"
    assert (second["Authorization"], second["X-Of"]) == ("Bearer my-own", "mine")


def test_a_method_that_changes_things_is_not_followed(
    api: Api, plain_session: requests.Session
) -> None:
    links = [{"rel": "next", "href": "/stars", "method": "DELETE"}]
    api.answer = lambda _: Answer({"features": STARS, "links": links})
    with pytest.raises(PaginationError, match="DELETE"):
        every(plain_session, api)


def test_a_form_is_paged_like_a_query(api: Api, plain_session: requests.Session) -> None:
    api.answer = lambda asked: Answer(STARS if b"page=1" in asked.body else [])
    form = {"page": 1, "kind": "Mira"}
    assert every(plain_session, api, method="POST", by="page", data=form) == STARS
    assert [asked.body for asked in api.asked] == [b"page=1&kind=Mira", b"page=2&kind=Mira"]


def test_a_post_without_a_body_pages_in_its_query(
    api: Api, plain_session: requests.Session
) -> None:
    api.answer = lambda asked: Answer(STARS[asked.number("offset", 0) :])
    assert every(plain_session, api, method="POST", by="offset") == STARS


# -- lazy, and ahead ---------------------------------------------------------------------------


def test_nothing_is_fetched_before_it_is_wanted(api: Api, plain_session: requests.Session) -> None:
    api.answer = in_two
    found = data.pages(plain_session, api.url)
    assert api.asked == []
    next(found)
    assert len(api.asked) == 1
    assert len(list(found)) == 1


def test_ahead_means_one_page(api: Api, plain_session: requests.Session) -> None:
    came = threading.Semaphore(0)

    def counted(asked: Asked) -> Answer:
        came.release()
        return Answer([{"page": asked.query["page"]}])

    api.answer = counted
    arguments: dict[str, Any] = {"by": "page", "params": {"page": 1}}
    found = data.pages(plain_session, api.url, prefetch=True, **arguments)
    next(found)
    assert came.acquire(timeout=10)
    assert came.acquire(timeout=10)  # the second is fetched while the first is used
    found.close()  # type: ignore[attr-defined]
    assert [asked.query["page"] for asked in api.asked] == ["1", "2"]
    assert not [each for each in threading.enumerate() if each.name == "next page"]


def test_who_stops_early_is_not_kept_waiting_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nb_oauth.data.ahead._SECONDS_TO_END", 0.01)
    go_on = threading.Event()

    def slow() -> Iterator[int]:
        yield 1
        go_on.wait(10)

    found = one_ahead(slow())
    next(found)
    found.close()  # type: ignore[attr-defined]
    [left] = [each for each in threading.enumerate() if each.name == "next page"]
    assert left.daemon
    go_on.set()
    left.join(10)


def test_ahead_is_in_the_context_of_whoever_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(
        "nb_oauth.data.ahead.context_here", lambda: made.append(context_here()) or made[-1]
    )
    assert list(one_ahead(iter("ab"))) == ["a", "b"]
    assert len(made) == 3


@pytest.mark.parametrize("prefetch", [False, True])
def test_an_error_comes_with_its_page(
    api: Api,
    plain_session: requests.Session,
    prefetch: bool,  # noqa: FBT001 - the example
) -> None:
    def breaking(asked: Asked) -> Answer:
        return Answer({}, status=410) if "page" in asked.query else in_two(asked)

    api.answer = breaking
    found = data.records(plain_session, api.url, prefetch=prefetch)
    assert [next(found) for _ in range(3)] == STARS[:3]
    with pytest.raises(requests.HTTPError, match="410"):
        next(found)


# -- progress ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: Answer(STARS, {"X-Total-Count": "5"}), ["5/5", "records"]),
        (lambda _: Answer({"stars": STARS, "@odata.context": "", "@odata.count": 5}), ["5/5"]),
        (lambda _: Answer(STARS), ["5", "records"]),
        (lambda _: Answer(b"id\n1\n", content_type="text/csv"), ["1", "pages"]),
        (
            lambda _: Answer(STARS, {"Link": '</stars?page=1>; rel="last"'}),
            ["1/1", "pages"],
        ),
    ],
)
def test_the_bar_has_a_total_where_the_api_tells_one(
    api: Api,
    plain_session: requests.Session,
    capsys: pytest.CaptureFixture[str],
    answer: Callable[[Asked], Answer],
    said: list[str],
) -> None:
    api.answer = answer
    list(data.pages(plain_session, api.url, progress=True))
    last = capsys.readouterr().err.rpartition("\r")[2]
    assert "127.0.0.1" in last
    assert [each for each in said if each not in last] == []
    list(data.pages(plain_session, api.url))
    assert capsys.readouterr().err == ""


def test_how_many_are_on_the_page_is_no_total(
    api: Api, plain_session: requests.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    def counted(asked: Asked) -> Answer:
        found = STARS[3:] if asked.query else STARS[:3]
        return Answer(
            {"stars": found, "count": len(found), "next": None if asked.query else "?n=2"}
        )

    api.answer = counted
    assert len(every(plain_session, api, progress=True)) == 5
    drawn = capsys.readouterr().err
    assert "5 records" in drawn
    assert "%" not in drawn


def further(asked: Asked) -> Answer:
    """It leads on to a third page, and no further, as some do after thousands of records."""
    number = asked.number("page", 1)
    links = {"Link": f'</stars?page={number + 1}>; rel="next"'} if number < 3 else {}
    records = [{"id": 2 * number}, {"id": 2 * number + 1}]
    return Answer(records, {**links, "X-Total-Count": "10"})


def test_fewer_than_the_api_tells_of_is_said(api: Api, plain_session: requests.Session) -> None:
    api.answer = further
    with pytest.warns(UserWarning, match=r"tells of 10 records; 6 came, .* no further") as told:
        assert len(list(data.records(plain_session, api.url))) == 6
    assert told[0].filename == __file__


def test_who_begins_in_the_middle_or_wants_one_page_is_told_nothing(
    api: Api, plain_session: requests.Session
) -> None:
    api.answer = further
    assert len(list(data.records(plain_session, api.url, params={"page": 2}))) == 4
    assert len(list(data.records(plain_session, api.url, by="single"))) == 2
