"""Connections are those that requests' own adapter would use, however they are found."""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from nb_oauth import OAuth2Session
from nb_oauth.connections import Connections

URLS = [
    f"{scheme}://{host}{port}/{path}"
    for scheme in ("http", "https")
    for host in ("one.test", "two.test", "127.0.0.1", "[::1]", "ann:secret@one.test")
    for port in ("", ":80", ":8443")
    for path in ("", "a?b=c")
]


def prepared(url: str) -> requests.PreparedRequest:
    return requests.Request("GET", url).prepare()


def told(pool: Any) -> Any:
    """What tells one pool of connections from another."""
    names = ("cert_reqs", "ca_certs", "ca_cert_dir", "cert_file", "key_file")
    trusted = {name: getattr(pool, name, None) for name in names}
    proxy = str(pool.proxy) if pool.proxy else None
    return type(pool).__name__, pool.scheme, pool.host, pool.port, proxy, trusted


@pytest.fixture
def adapter() -> Connections:
    return Connections()


def test_they_are_those_of_requests(adapter: Connections) -> None:
    dice, theirs = random.Random(7), HTTPAdapter()  # noqa: S311 - no secret
    for _ in range(2_000):
        asked = prepared(dice.choice(URLS))
        settings = {
            "verify": dice.choice([True, False]),
            "proxies": dice.choice([{}, {}, {"http": "http://proxy.test:3128"}]),
            "cert": dice.choice([None, "one.pem", ("one.pem", "one.key")]),
        }
        mine = adapter.get_connection_with_tls_context(asked, **settings)
        assert told(mine) == told(theirs.get_connection_with_tls_context(asked, **settings))


def test_they_are_found_once(adapter: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    look_up = HTTPAdapter.get_connection_with_tls_context

    def noting(self: HTTPAdapter, request: Any, *arguments: Any, **named: Any) -> Any:
        asked.append(request.url)
        return look_up(self, request, *arguments, **named)

    monkeypatch.setattr(HTTPAdapter, "get_connection_with_tls_context", noting)
    for path in ("a", "b", "c"):
        adapter.get_connection_with_tls_context(prepared(f"https://one.test/{path}"), True)
    assert asked == ["https://one.test/a"]


def test_those_of_many_hosts_do_not_pile_up(adapter: Connections) -> None:
    for number in range(50):
        adapter.get_connection_with_tls_context(prepared(f"https://host{number}.test/"), True)
    assert len(adapter._pools) <= 10


def test_closed_ones_are_left_behind(adapter: Connections) -> None:
    asked = prepared("https://one.test/")
    first = adapter.get_connection_with_tls_context(asked, True)
    adapter.poolmanager.pools.clear()  # as urllib3 does with those that were not used of late
    first.close()
    second = adapter.get_connection_with_tls_context(asked, True)
    assert second.pool is not None
    adapter.close()
    assert not adapter._pools
    third = adapter.get_connection_with_tls_context(asked, True)
    assert third.pool is not None
    assert third is not second


def test_a_pickle_has_none(adapter: Connections) -> None:
    adapter.get_connection_with_tls_context(prepared("https://one.test/"), True)
    assert pickle.loads(pickle.dumps(adapter))._pools == {}  # noqa: S301 - our own


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_session_has_them(scheme: str) -> None:
    adapter = OAuth2Session("app").get_adapter(f"{scheme}://one.test/")
    assert isinstance(adapter, Connections)
