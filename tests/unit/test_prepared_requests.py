"""A request that ours prepares is the one that requests would have."""

from __future__ import annotations

import random
from typing import Any

import pytest
import requests
from requests.cookies import RequestsCookieJar, cookiejar_from_dict

from nb_oauth import OAuth2Session
from nb_oauth.prepared_requests import PreparingSession

URLS = ("https://api.example", "https://api.example/a?b=c", "http://127.0.0.1:8000/a b?b#d")
PARAMS = ({}, None, {"a": "1"}, {"a": None, "b": ["x", "y"]}, [("a", "2")], "a=3", b"a=4", "")
HEADERS = ({}, None, {"Accept": "text/csv", "accept-encoding": None}, {"X": "1"})
COOKIES = ({}, None, {"a": "1"}, cookiejar_from_dict({"b": "2"}), RequestsCookieJar())
DATA = (None, {"c": "d"}, b"e", "")
HOOKS = ({}, None, {"response": [print]}, {"response": []})
CASES = 1_000


def one_of(choice: random.Random) -> tuple[requests.Request, dict[str, Any]]:
    request = requests.Request(
        choice.choice(("GET", "post")),
        choice.choice(URLS),
        headers=choice.choice(HEADERS),
        params=choice.choice(PARAMS),
        cookies=choice.choice(COOKIES),
        data=choice.choice(DATA),
        hooks=choice.choice(HOOKS),
    )
    settings = {
        "params": choice.choice(PARAMS),
        "cookies": cookiejar_from_dict(choice.choice(({}, {"c": "3"}))),
        "auth": choice.choice((None, ("user", "password"))),
    }
    return request, settings


def made_by(kind: type[requests.Session], request: requests.Request, settings: Any) -> Any:
    session = kind()
    session.trust_env = False
    vars(session).update(settings)
    try:
        prepared = session.prepare_request(request)
    except Exception as error:  # noqa: BLE001 - which is compared
        return type(error), str(error)
    sent = vars(prepared) | {"headers": list(prepared.headers.items())}
    return sent | {"_cookies": sorted(prepared._cookies.get_dict().items())}


def test_it_is_what_requests_makes_of_it() -> None:
    choice = random.Random(17)  # noqa: S311 - the same cases every time
    for _ in range(CASES):
        request, settings = one_of(choice)
        assert made_by(PreparingSession, request, settings) == made_by(
            requests.Session, request, settings
        ), (vars(request), settings)


def test_the_callers_request_is_left_as_it_is() -> None:
    request = requests.Request("GET", "https://api.example")
    before = dict(vars(request))
    OAuth2Session("app").prepare_request(request)
    assert vars(request) == before
    assert request.params is before["params"]


def test_no_cookie_of_one_request_reaches_another() -> None:
    session = PreparingSession()
    prepared = session.prepare_request(requests.Request("GET", "https://api.example"))
    prepared._cookies.set("a", "1")
    after = session.prepare_request(requests.Request("GET", "https://api.example"))
    assert "Cookie" not in after.headers
    assert not after._cookies


@pytest.mark.parametrize("kind", [requests.Session, PreparingSession])
def test_what_cannot_be_prepared_is_refused_in_the_same_words(kind: type[requests.Session]) -> None:
    with pytest.raises(requests.exceptions.MissingSchema, match="No scheme supplied"):
        kind().prepare_request(requests.Request("GET", "api.example"))
