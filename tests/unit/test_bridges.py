"""The same token for other clients: each bridge with the real library."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import fsspec
import google.auth.transport.requests
import httpx
import pandas as pd
import pystac_client
import pytest
import requests

from nb_oauth import (
    ConfigurationError,
    InsecureTransportError,
    LoginRequired,
    OAuth2Session,
    bridges,
)
from tests.unit.session_stage import Reply, Request, Stage, at_once, ending, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = pd.DataFrame({"star": ["Goodricke", "Leavitt"], "magnitude": [3.5, 4.25]})
ENDED = ending(-1, refresh_token="refresh-0")
IN_THE_OPEN = "http://api.example/data"
MANY = 64


class Api(Stage):
    """Answers whoever has the token that was issued last; ``/elsewhere`` leads to another host."""

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return super().answer(request)
        self.api_requests.append(request)
        if request.path == "/elsewhere":
            port = urlsplit(self.issuer).port
            return Reply("", 302, {"Location": f"http://localhost:{port}/open"})
        sent = {name.lower(): value for name, value in request.headers.items()}
        if request.path == "/open":
            return reply(sent=sent.get("authorization"))
        if sent.get("authorization") != f"Bearer access-{self._generation}":
            return reply(401, error="invalid_token")
        return _DATA.get(request.path, lambda _: reply(path=request.path))(self)


def _csv(_: Api) -> Reply:
    return Reply(TABLE.to_csv(index=False), headers={"Content-Type": "text/csv"})


def _parquet(_: Api) -> Reply:
    file = io.BytesIO()
    TABLE.to_parquet(file)
    return Reply(file.getvalue(), headers={"Content-Type": "application/vnd.apache.parquet"})


def _catalogue(api: Api) -> Reply:
    links = [{"rel": "self", "href": f"{api.issuer}/stac"}]
    conforms = ["https://api.stacspec.org/v1.0.0/core"]
    body = {"type": "Catalog", "id": "sky", "description": "A sky", "stac_version": "1.0.0"}
    return reply(**body, links=links, conformsTo=conforms)


_DATA = {
    "/table.csv": _csv,
    "/table.parquet": _parquet,
    "/stac": _catalogue,
    "/gone": lambda _: reply(404),
}


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No library goes by a proxy of this machine's."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        yield api


@pytest.fixture
def session(api: Api) -> OAuth2Session:
    """A session whose token has ended: the first to use it renews it."""
    return api.open(token=ENDED)


def test_requests(api: Api, session: OAuth2Session) -> None:
    plain = requests.Session()
    plain.auth = bridges.requests_auth(session)
    answers = at_once(MANY, lambda: plain.get(f"{api.issuer}/data", timeout=20).status_code)
    assert set(answers) == {200}
    assert len(api.token_requests) == 1


def test_httpx(api: Api, session: OAuth2Session) -> None:
    with httpx.Client(auth=bridges.httpx_auth(session)) as client:
        answers = at_once(8, lambda: client.get(f"{api.issuer}/data").status_code)
    assert set(answers) == {200}
    assert len(api.token_requests) == 1


def test_many_tasks_of_httpx(api: Api, session: OAuth2Session) -> None:
    async def ask() -> list[int]:
        async with httpx.AsyncClient(auth=bridges.httpx_auth(session), timeout=20) as client:
            answers = await asyncio.gather(*(client.get(f"{api.issuer}/data") for _ in range(MANY)))
        return [answer.status_code for answer in answers]

    assert set(asyncio.run(ask())) == {200}
    assert len(api.token_requests) == 1


def test_aiohttp(api: Api, session: OAuth2Session) -> None:
    async def ask() -> list[int]:
        middlewares = [bridges.aiohttp_middleware(session, api.issuer)]
        async with aiohttp.ClientSession(middlewares=middlewares) as client:

            async def one() -> int:
                async with client.get(f"{api.issuer}/data") as answer:
                    return answer.status

            return list(await asyncio.gather(*(one() for _ in range(MANY))))

    assert set(asyncio.run(ask())) == {200}
    assert len(api.token_requests) == 1


def test_aiohttp_is_told_where_the_token_belongs(session: OAuth2Session) -> None:
    with pytest.raises(ConfigurationError, match="https://api"):
        bridges.aiohttp_middleware(session)


def test_pandas(api: Api, session: OAuth2Session) -> None:
    options = bridges.storage_options(session)
    read = pd.read_csv(f"{api.issuer}/table.csv", storage_options=options)
    pd.testing.assert_frame_equal(read, TABLE)
    assert len(api.token_requests) == 1


def test_parquet(api: Api, session: OAuth2Session) -> None:
    options = bridges.storage_options(session)
    read = pd.read_parquet(f"{api.issuer}/table.parquet", storage_options=options)
    pd.testing.assert_frame_equal(read, TABLE)
    assert len(api.token_requests) == 1


def test_a_file(api: Api, session: OAuth2Session) -> None:
    with bridges.open_url(session, f"{api.issuer}/table.csv") as file:
        pd.testing.assert_frame_equal(pd.read_csv(file), TABLE)


def test_a_file_that_is_none(api: Api, session: OAuth2Session) -> None:
    with pytest.raises(requests.HTTPError, match="404"):
        bridges.open_url(session, f"{api.issuer}/gone")


def test_fsspec(api: Api, session: OAuth2Session) -> None:
    options = bridges.storage_options(session, fsspec=True)
    with fsspec.open(f"{api.issuer}/table.csv", **options) as file:
        assert pd.read_csv(file).equals(TABLE)


def test_storage_options_are_not_shown(session: OAuth2Session) -> None:
    assert "access-1" not in repr(bridges.storage_options(session))
    assert "access-1" not in repr(bridges.storage_options(session, fsspec=True))


def test_pystac_client(api: Api, session: OAuth2Session) -> None:
    auth = bridges.requests_auth(session)
    stac_io = pystac_client.stac_api_io.StacApiIO()
    stac_io.session.auth = auth
    catalogue = pystac_client.Client.open(f"{api.issuer}/stac", stac_io=stac_io)
    assert catalogue.id == "sky"


def test_google(api: Api, session: OAuth2Session) -> None:
    credentials = bridges.google_credentials(session)
    assert credentials.valid
    client = google.auth.transport.requests.AuthorizedSession(credentials)
    assert client.get(f"{api.issuer}/data").status_code == 200
    session.renew()  # so that the one google-auth holds is good no more
    assert client.get(f"{api.issuer}/data").status_code == 200
    assert len(api.token_requests) == 2


def test_google_has_a_refused_token_renewed(api: Api, session: OAuth2Session) -> None:
    credentials = bridges.google_credentials(session)
    credentials.refresh(None)
    assert credentials.token == "access-2"


def test_google_renews_a_short_token_no_more_than_the_session_does(api: Api) -> None:
    api.lifetime = 200
    credentials = bridges.google_credentials(api.open(token=ENDED))
    client = google.auth.transport.requests.AuthorizedSession(credentials)
    for _ in range(4):
        assert client.get(f"{api.issuer}/data").status_code == 200
    assert len(api.token_requests) == 1


def test_google_keeps_a_token_that_nothing_renews(api: Api) -> None:
    session = api.open(token={"access_token": "a", "expires_in": 100})
    credentials = bridges.google_credentials(session)
    credentials.refresh(None)
    assert credentials.token == "a"


def test_google_knows_no_end_where_there_is_none(api: Api) -> None:
    credentials = bridges.google_credentials(api.open(token={"access_token": "a"}))
    assert (credentials.expiry, credentials.valid) == (None, True)


@pytest.mark.parametrize("path", ["/elsewhere"])
def test_no_other_host_gets_the_token(api: Api, session: OAuth2Session, path: str) -> None:
    url = api.issuer + path
    with httpx.Client(auth=bridges.httpx_auth(session), follow_redirects=True) as client:
        assert client.get(url).json() == {"sent": None}
    by_requests = requests.get(url, auth=bridges.requests_auth(session), timeout=20)
    assert by_requests.json() == {"sent": None}

    async def ask() -> Any:
        middlewares = [bridges.aiohttp_middleware(session, api.issuer)]
        async with aiohttp.ClientSession(middlewares=middlewares) as client, client.get(url) as got:
            return json.loads(await got.text())

    assert asyncio.run(ask()) == {"sent": None}
    with bridges.open_url(session, url) as file:
        assert json.load(file) == {"sent": None}


def test_no_token_travels_in_the_open(session: OAuth2Session) -> None:
    with pytest.raises(InsecureTransportError):
        requests.get(IN_THE_OPEN, auth=bridges.requests_auth(session), timeout=20)
    with pytest.raises(InsecureTransportError):
        httpx.get(IN_THE_OPEN, auth=bridges.httpx_auth(session))


def test_who_is_not_signed_in_is_told(api: Api) -> None:
    with pytest.raises(LoginRequired, match=r"nb_oauth\.login\(…\) returns one"):
        bridges.storage_options(api.open())


def test_only_bridges_are_there() -> None:
    assert set(bridges.__all__) <= set(dir(bridges))
    with pytest.raises(AttributeError, match="no_such_bridge"):
        _ = bridges.no_such_bridge


@pytest.fixture
def elsewhere(api: Api) -> OAuth2Session:
    """A session whose token does not go to the API."""
    return api.open(token=ENDED, allowed_hosts=["api.example"])


def test_no_token_goes_where_it_may_not(api: Api, elsewhere: OAuth2Session) -> None:
    other = api.issuer.replace("127.0.0.1", "localhost") + "/data"
    with pytest.raises(ConfigurationError, match="does not go to localhost"):
        requests.get(other, auth=bridges.requests_auth(elsewhere), timeout=20)
    with pytest.raises(ConfigurationError, match="does not go to localhost"):
        httpx.get(other, auth=bridges.httpx_auth(elsewhere))
    with pytest.raises(ConfigurationError, match="does not go to localhost"):
        bridges.open_url(elsewhere, other)
    with pytest.raises(ConfigurationError, match="does not go to localhost"):
        bridges.aiohttp_middleware(elsewhere, other)
    client = google.auth.transport.requests.AuthorizedSession(bridges.google_credentials(elsewhere))
    with pytest.raises(ConfigurationError, match="does not go to localhost"):
        client.get(other)
    assert not api.api_requests


def test_no_token_goes_where_it_may_not_in_an_event_loop(
    api: Api, elsewhere: OAuth2Session
) -> None:
    other = api.issuer.replace("127.0.0.1", "localhost") + "/data"

    async def by_httpx() -> None:
        async with httpx.AsyncClient(auth=bridges.httpx_auth(elsewhere)) as client:
            await client.get(other)

    async def by_aiohttp() -> None:
        elsewhere.allowed_hosts = None
        middlewares = [bridges.aiohttp_middleware(elsewhere, other)]
        elsewhere.allowed_hosts = ["api.example"]  # changed meanwhile
        async with aiohttp.ClientSession(middlewares=middlewares) as client, client.get(other):
            pass

    for ask in (by_httpx, by_aiohttp):
        with pytest.raises(ConfigurationError, match="does not go to localhost"):
            asyncio.run(ask())
    assert not api.api_requests
