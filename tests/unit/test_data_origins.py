"""Pages stay where they began, and the token with them."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import Client, OAuth2Session, Provider, data
from nb_oauth.data.link_header import links_by_relation
from nb_oauth.data.origins import Origins
from nb_oauth.exceptions import PaginationError
from tests.unit.data_stage import Answer, Api, Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = {"access_token": "s3cret-s3cret", "token_type": "Bearer", "expires_in": 3600}


@pytest.fixture
def elsewhere() -> Iterator[Api]:
    with Api() as api:
        api.answer = lambda _: Answer([{"id": 2}])
        yield api


def leading_to(elsewhere: Api) -> Any:
    headers = {"Link": f'<{elsewhere.url}?page=2>; rel="next"'}
    return lambda _asked: Answer([{"id": 1}], headers)


def signed_in(api: Api, **arguments: Any) -> OAuth2Session:
    provider = Provider("Stars", token_endpoint=f"{api.origin}/token")
    session = OAuth2Session.open(provider, Client("notebook"), token=TOKEN, **arguments)
    session.trust_env = False
    return session


def sent(asked: Asked) -> str | None:
    return asked.headers.get("Authorization")


def test_another_origin_is_an_error_that_names_it(
    api: Api, elsewhere: Api, plain_session: requests.Session
) -> None:
    api.answer = leading_to(elsewhere)
    with pytest.raises(PaginationError, match=f'allowed_origins=\\["{elsewhere.origin}"\\]'):
        list(data.records(plain_session, api.url))
    assert elsewhere.asked == []


def test_a_token_of_ours_stays_at_home(api: Api, elsewhere: Api) -> None:
    api.answer = leading_to(elsewhere)
    with signed_in(api) as session:
        found = list(data.records(session, api.url, allowed_origins=[elsewhere.origin]))
    assert [each["id"] for each in found] == [1, 2]
    assert sent(api.asked[0]) == "Bearer s3cret-s3cret"
    assert sent(elsewhere.asked[0]) is None


def test_nor_does_a_hook_take_it_along(api: Api, elsewhere: Api) -> None:
    def sign(url: str, headers: Any, data: Any) -> tuple[str, Any, Any]:
        return url, {**(headers or {}), "X-Signature": "s3cret-s3cret"}, data

    api.answer = leading_to(elsewhere)
    with signed_in(api) as session:
        session.register_compliance_hook("protected_request", sign)
        list(data.records(session, api.url, allowed_origins=[elsewhere.origin]))
    assert "s3cret" in api.asked[0].headers["X-Signature"]
    assert "s3cret" not in str(elsewhere.asked[0])


@pytest.mark.parametrize(("hosts", "goes"), [(["127.0.0.1"], True), (["127.0.0.1:1"], False)])
def test_it_goes_where_the_session_says_that_it_may(
    api: Api,
    elsewhere: Api,
    hosts: list[str],
    goes: bool,  # noqa: FBT001 - the example
) -> None:
    api.answer = leading_to(elsewhere)
    with signed_in(api) as session:
        session.allowed_hosts = hosts
        list(data.records(session, api.url, allowed_origins=elsewhere.origin))
    assert (sent(elsewhere.asked[0]) is not None) is goes


def test_nothing_that_may_be_secret_goes_elsewhere(
    api: Api, elsewhere: Api, plain_session: requests.Session
) -> None:
    api.answer = leading_to(elsewhere)
    plain_session.headers["X-API-Key"] = "s3cret"
    plain_session.headers["Accept-Language"] = "de"
    plain_session.params = {"key": "s3cret"}
    plain_session.auth = ("ada", "s3cret")
    arguments: dict[str, Any] = {"headers": {"X-Key": "s3cret"}, "cookies": {"a": "s3cret"}}
    list(data.records(plain_session, api.url, allowed_origins=[elsewhere.url], **arguments))
    [there] = elsewhere.asked
    assert "s3cret" in str(api.asked)
    assert "s3cret" not in str(there)
    assert "Authorization" not in there.headers
    assert there.headers["Accept-Language"] == "de"


@pytest.mark.parametrize(
    ("home", "link", "followed"),
    [
        ("https://api.example/", "https://API.example:443/a", "https://API.example:443/a"),
        ("https://api.example/", "http://api.example/a?b", "https://api.example/a?b"),
        ("https://api.example:8443/", "http://api.example:8443/a", "https://api.example:8443/a"),
        ("https://[::1]/", "http://[::1]/a", "https://[::1]/a"),
        ("http://api.example/", "http://api.example:80/a", "http://api.example:80/a"),
    ],
)
def test_one_origin_is_written_in_many_ways(home: str, link: str, followed: str) -> None:
    assert Origins(home).checked(link) == followed


@pytest.mark.parametrize(
    "link",
    [
        "http://api.example:8080/",
        "https://api.example:8443/",
        "https://api.example.evil.example/",
        "https://api.example@evil.example/",
        "ftp://api.example/",
        "https://api.example:port/",
        "//evil.example/",
    ],
)
def test_another_origin_is_no_other_way_to_write_it(link: str) -> None:
    with pytest.raises(PaginationError, match="another origin"):
        Origins("https://api.example/").checked(link)


def test_http_is_never_taken_for_https() -> None:
    with pytest.raises(PaginationError, match=r"https://api\.example"):
        Origins("http://api.example/").checked("https://api.example/")


# -- the header --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "links"),
    [
        ('<https://a.example/?q=a,b>; rel="next"', {"next": "https://a.example/?q=a,b"}),
        ("</a?page=2>;rel=next,</a?page=9>;rel=last", {"next": "/a?page=2", "last": "/a?page=9"}),
        ('<a>; rel="prev next"', {"prev": "a", "next": "a"}),
        ("<a>; REL = Next", {"next": "a"}),
        ('<a>; title="one, <b>; rel=last"; rel="next"', {"next": "a"}),
        (r'<a>; title="a \" quote, <b>"; rel="next", <c>; rel=last', {"next": "a", "last": "c"}),
        ('<a>; rel="next"; rel="last"', {"next": "a"}),
        ("<a>; rel=next, <b>; rel=next", {"next": "a"}),
        ('<a>; rel=next; anchor="#other", <b>; rel=next', {"next": "b"}),
        (" , <a>; rel=next ,, <b>; rel=last;", {"next": "a", "last": "b"}),
        ("<a>; ???; rel=next, <b>; rel=last", {"next": "a", "last": "b"}),
        ('<a>; rel=next "what" else, <b>; rel=last', {"next": "a", "last": "b"}),
        (
            '<a>; rel="previous"; results="true", <b>; rel="next"; results="false"',
            {"previous": "a"},
        ),
        ("<a>", {}),
        ("a; rel=next", {}),
        ("", {}),
    ],
)
def test_a_link_header_is_read_as_it_is_written(header: str, links: dict[str, str]) -> None:
    assert links_by_relation(header) == links


def test_no_backslash_hides_which_host_it_is(
    api: Api, elsewhere: Api, plain_session: requests.Session
) -> None:
    hidden = f"{elsewhere.origin}\\@{api.origin.partition('//')[2]}/stars?page=2"
    api.answer = lambda _: Answer({"items": [{"id": 1}], "next": hidden})
    with pytest.raises(PaginationError, match="another origin"):
        list(data.records(plain_session, api.url))
    assert elsewhere.asked == []


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_cookie_that_names_no_host_stays_at_home(
    api: Api,
    elsewhere: Api,
    plain_session: requests.Session,
    is_ours: bool,  # noqa: FBT001 - the example
) -> None:
    there = elsewhere.origin.replace("127.0.0.1", "localhost")
    leads = {"Link": f'<{there}/stars?page=2>; rel="next"'}
    api.answer = lambda _: Answer([{"id": 1}], leads)
    with signed_in(api) if is_ours else plain_session as session:
        session.cookies["sid"] = "s3cret"
        session.cookies.set("its", "own", domain="localhost.local", path="/")
        list(data.records(session, api.url, allowed_origins=[there]))
    assert api.asked[0].headers["Cookie"] == "sid=s3cret"
    assert elsewhere.asked[0].headers["Cookie"] == "its=own"


@pytest.mark.parametrize("is_there", [True, False])
def test_no_error_quotes_a_key_in_an_address(
    api: Api,
    plain_session: requests.Session,
    is_there: bool,  # noqa: FBT001 - the example
) -> None:
    api.answer = lambda _: Answer({}, status=404)
    origin = api.origin if is_there else "http://127.0.0.1:9"
    secret = "access_token=s3cret-1&api_key=s3cret-2&sig=s3cret-3&page=2"
    with pytest.raises(requests.RequestException) as caught:
        list(data.pages(plain_session, f"{origin}/stars?{secret}", retry=None))
    said = "".join(traceback.format_exception(caught.value))
    assert "page=2" in said
    assert "s3cret" not in said
