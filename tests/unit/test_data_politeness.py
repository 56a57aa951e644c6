"""Asking again where that helps, and no faster than an API wants to be asked."""

from __future__ import annotations

import os
import threading
import time
from email.utils import formatdate
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import requests
from urllib3.util import Retry

from nb_oauth import Client, ConfigurationError, OAuth2Session, Provider, TokenError
from nb_oauth.data import hosts, politeness, rates
from nb_oauth.data.hosts import Host
from nb_oauth.data.politeness import send
from tests.free_ports import free_port
from tests.unit.session_stage import Reply, Request, Stage, at_once, ending

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN = Reply("", 503)


def closed(retry_after: object, **headers: str) -> Reply:
    return Reply("", 429, {"Retry-After": str(retry_after), **headers})


class Api(Stage):
    """Answers each request with the next of what is to come, and then as ever."""

    def __init__(self) -> None:
        super().__init__()
        self.to_come: list[Reply] = []
        self.came_at: list[float] = []

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return super().answer(request)
        self.came_at.append(time.monotonic())
        answer = super().answer(request)
        return self.to_come.pop(0) if self.to_come else answer


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        yield api


@pytest.fixture
def session(api: Api) -> Iterator[OAuth2Session]:
    with api.open(token=ending(3600)) as session:
        yield session


@pytest.fixture(autouse=True)
def _nothing_is_known_of_any_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_hosts", {})
    monkeypatch.setattr(rates, "_paces", {})


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for, and in truth was not; the clock shows it all the same."""
    noted: list[float] = []
    monotonic = time.monotonic
    monkeypatch.setattr(politeness, "_sleep", noted.append)
    monkeypatch.setattr(politeness, "_clock", lambda: monotonic() + sum(noted))
    return noted


# -- asking again ------------------------------------------------------------------------------


def test_what_is_well_is_asked_once(api: Api, session: OAuth2Session, pauses: list[float]) -> None:
    assert send(session, "GET", api.api, params={"a": "b"}).json() == {"path": "/api"}
    assert (len(api.api_requests), pauses) == (1, [])
    assert api.api_requests[0].query == {"a": "b"}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_is_out_of_order_is_asked_again(
    api: Api, session: OAuth2Session, pauses: list[float], status: int
) -> None:
    api.to_come = [Reply("", status)] * 3
    assert send(session, "GET", api.api).status_code == 200
    assert len(pauses) == 3
    assert 0 <= pauses[0] <= 0.5
    assert 1 <= pauses[1] <= 2
    assert 2 <= pauses[2] <= 3


def test_asking_has_an_end(api: Api, session: OAuth2Session, pauses: list[float]) -> None:
    api.to_come = [BROKEN] * 20
    assert send(session, "GET", api.api).status_code == 503
    assert len(api.api_requests) == 6
    assert sum(pauses) < 40


def test_as_often_as_is_said(api: Api, session: OAuth2Session, pauses: list[float]) -> None:
    api.to_come = [BROKEN] * 20
    for retry, times in ((None, 1), (0, 1), (2, 3), (Retry(1, status_forcelist=[503]), 2)):
        api.api_requests.clear()
        assert send(session, "GET", api.api, retry=retry).status_code == 503
        assert len(api.api_requests) == times


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 501])
def test_what_does_not_pass_is_not_asked_again(
    api: Api, session: OAuth2Session, pauses: list[float], status: int
) -> None:
    api.to_come = [Reply("", status)]
    assert send(session, "GET", api.api, withhold_token=True).status_code == status
    assert (len(api.api_requests), pauses) == (1, [])


def test_what_may_not_be_repeated_is_not(
    api: Api, session: OAuth2Session, pauses: list[float]
) -> None:
    api.to_come = [BROKEN, BROKEN]
    assert send(session, "POST", api.api, json={}).status_code == 503
    assert len(api.api_requests) == 1
    told = politeness.POLICY.new(allowed_methods=None)
    assert send(session, "POST", api.api, json={}, retry=told).status_code == 200


def test_a_body_that_is_read_once_is_sent_once(
    api: Api, session: OAuth2Session, pauses: list[float]
) -> None:
    api.to_come = [BROKEN]
    told = politeness.POLICY.new(allowed_methods=None)
    assert send(session, "POST", api.api, files={"a": b"b"}, retry=told).status_code == 503


def test_a_connection_that_fails(api: Api, session: OAuth2Session, pauses: list[float]) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(requests.ConnectionError):
        send(session, "GET", url)
    assert len(pauses) == 5
    pauses.clear()
    with pytest.raises(requests.ConnectionError):
        send(session, "POST", url)
    assert pauses == []


def test_errors_that_do_not_pass(api: Api, session: OAuth2Session, pauses: list[float]) -> None:
    for error in (requests.exceptions.SSLError("no"), requests.exceptions.InvalidJSONError("no")):
        session.request = _raising(error)  # type: ignore[method-assign]
        with pytest.raises(type(error)):
            send(session, "GET", api.api)
    assert pauses == []


def test_a_host_that_cannot_be_connected_to_in_time(
    api: Api, session: OAuth2Session, pauses: list[float]
) -> None:
    session.request = _raising(requests.ConnectTimeout())  # type: ignore[method-assign]
    with pytest.raises(requests.ConnectTimeout):
        send(session, "GET", api.api, retry=2)
    assert len(pauses) == 2


def test_a_renewal_that_fails_is_not_begun_again_here(api: Api, pauses: list[float]) -> None:
    provider = Provider("Gone", token_endpoint=f"http://127.0.0.1:{free_port()}/token")
    with OAuth2Session.open(provider, Client("app"), token=ending(-1)) as session:
        session.trust_env, session._pause = False, api.pauses.append
        with pytest.raises(TokenError):
            send(session, "GET", api.api)
    assert pauses == []


# -- Retry-After -------------------------------------------------------------------------------


def within(pauses: list[float], seconds: float, began: float) -> bool:
    """Whether there was one pause: of that, less what has passed since ``began``."""
    [pause] = pauses
    return seconds - (time.monotonic() - began) <= pause <= seconds


def test_seconds(api: Api, session: OAuth2Session, pauses: list[float]) -> None:
    api.to_come, began = [closed(7)], time.monotonic()
    assert send(session, "GET", api.api).status_code == 200
    assert within(pauses, 7, began)


def test_a_date(api: Api, session: OAuth2Session, pauses: list[float]) -> None:
    began, then = time.monotonic(), formatdate(int(time.time()) + 21, usegmt=True)
    api.to_come = [closed(then)]
    assert send(session, "GET", api.api).status_code == 200
    assert within(pauses, 21, began - 1)  # it has whole seconds


def test_too_long_a_time(api: Api, session: OAuth2Session, pauses: list[float]) -> None:
    api.to_come = [closed(3600), closed(3600)]
    assert send(session, "GET", api.api).status_code == 429
    assert pauses == []
    patient = politeness.POLICY.new(retry_after_max=4000)
    began = time.monotonic()
    assert send(session, "GET", api.api, retry=patient).status_code == 200
    assert within(pauses, 3600, began)


def test_an_answer_that_does_not_say_how_long(
    api: Api, session: OAuth2Session, pauses: list[float]
) -> None:
    api.to_come = [Reply("", 429), closed("soon"), Reply("", 503, {"Retry-After": "3"})]
    assert send(session, "GET", api.api).status_code == 200
    assert sum(pauses) > 3


def test_a_policy_that_does_not_heed_it(
    api: Api, session: OAuth2Session, pauses: list[float]
) -> None:
    api.to_come = [closed(100)]
    policy = politeness.POLICY.new(respect_retry_after_header=False)
    assert send(session, "GET", api.api, retry=policy).status_code == 200
    assert sum(pauses) < 1


def test_one_refusal_holds_for_all_requests_to_that_host(
    api: Api, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, let_through = hosts.host_of(api.api), list[float]()
    ask = host.wait

    def wait(now: float) -> float:
        pause = ask(now)
        if not pause:
            let_through.append(now)
        return pause

    api.to_come, began = [closed(1)], time.monotonic()
    assert send(session, "POST", api.api).status_code == 429  # and it is not repeated
    other = api.open(token=ending(3600))
    monkeypatch.setattr(host, "wait", wait)
    assert at_once(8, lambda: send(other, "GET", api.api).status_code) == [200] * 8
    assert api.came_at[1] - began > 0.8
    let_through.sort()  # when they arrive depends on the machine
    gaps = [b - a for a, b in pairwise(let_through)]
    assert len(gaps) == 7
    assert min(gaps) > 0.01, "they come one after the other"
    other.close()


def test_other_hosts_are_asked_meanwhile(
    api: Api, session: OAuth2Session, pauses: list[float]
) -> None:
    api.to_come = [closed(100)]
    send(session, "POST", api.api)
    assert send(session, "GET", api.api.replace("127.0.0.1", "localhost")).status_code == 200
    assert pauses == []


def test_requests_turned_away_together_count_once() -> None:
    host = Host()
    for sent_at in (9.0, 9.5, 9.9):
        host.close(1, sent_at, 10)
    assert host.wait(10.5) == 0.5
    assert [host.wait(11), host.wait(11)] == [0, pytest.approx(0.05)]
    host.close(0, 11.5, 12)
    assert [host.wait(12), host.wait(12)] == [0, pytest.approx(0.095)]


def test_a_host_that_is_well_is_asked_as_ever_in_the_end() -> None:
    host, now, let_through = Host(), 0.0, 0
    host.close(0, 0, 0)
    while wait := host.wait(now) or host.wait(now):
        now, let_through = now + wait, let_through + 1
    assert let_through < 100
    assert now < 1.1


# -- a rate ------------------------------------------------------------------------------------


def most_within(moments: list[float], seconds: float) -> int:
    """The most requests in any span of that length."""
    return max(sum(begin <= one < begin + seconds for one in moments) for begin in moments)


def test_all_sessions_of_a_provider_keep_a_rate_together(api: Api) -> None:
    sessions = [api.open(token=ending(3600)) for _ in range(4)]

    def ask() -> int:
        session = sessions[threading.get_ident() % 4]
        return send(session, "GET", api.api, rate="10/s").status_code

    began = time.monotonic()
    assert at_once(25, ask) == [200] * 25
    assert time.monotonic() - began > 1.9
    [pace] = rates._paces.values()
    moments = [item.timestamp / 1000 for item in pace._bucket.items]
    assert len(moments) == 25
    assert most_within(moments, 1) == 10
    for session in sessions:
        session.close()


def test_sessions_of_no_provider_keep_the_rate_of_the_host(
    api: Api, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    with requests.Session() as plain:
        plain.trust_env = False
        send(plain, "GET", api.api, rate="1/s")
        [pace] = rates._paces.values()
        now = pace._bucket.now()
        monkeypatch.setattr(pace._bucket, "now", lambda: now)
        for _ in range(3):
            send(plain, "GET", api.api, rate="1/s")
    assert [b - a for a, b in pairwise(pauses)] == [pytest.approx(1, abs=0.01)] * 2


def test_each_is_judged_by_its_own_rate_and_counts_for_all() -> None:
    pace = rates.Pace()
    assert [pace.reserve("3/s") for _ in range(3)] == [0, 0, 0]
    assert pace.reserve("3/min") == pytest.approx(60, abs=0.1)
    assert pace.reserve("3/s") == pytest.approx(60, abs=0.1)


def test_what_is_past_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = rates.Pace()
    now = 0
    monkeypatch.setattr(pace._bucket, "now", lambda: now)
    for now in range(0, 100_000, 10):  # noqa: B007 - the clock
        assert pace.reserve("200/s") == 0
    assert pace._bucket.count() <= 201


@pytest.mark.parametrize(
    ("rate", "meant"),
    [
        ("10/s", (10, 1)),
        ("10 / sec", (10, 1)),
        ("100 per minute", (100, 60)),
        ("5000/hour", (5000, 3600)),
        ("300/15 min", (300, 900)),
        ("3/days", (3, 86_400)),
    ],
)
def test_rates(rate: str, meant: tuple[int, int]) -> None:
    assert rates.require_rate(rate) == meant


def test_a_rate_that_processes_share() -> None:
    assert rates.shared_rate(None, 2) is None
    assert rates.shared_rate("41/s", 2) == "20/1s"
    assert rates.shared_rate("3/min", 8) == "1/160s"


@pytest.mark.parametrize("rate", ["", "10", "0/s", "5/0 s", "1/parsec", "-1/s", 10, "ten/s"])
def test_what_is_no_rate(session: OAuth2Session, api: Api, rate: Any) -> None:
    with pytest.raises(ConfigurationError, match="10/s"):
        send(session, "GET", api.api, rate=rate)
    assert not api.api_requests


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_fork_begins_anew() -> None:
    hosts.host_of("https://api.example").close(100, 1, 1)
    rates.pace_of("api").reserve("1/s")
    with hosts._guard, rates._guard:
        child = os.fork()
        if not child:  # pragma: no cover - not this process
            free = hosts.host_of("https://api.example").wait(2) == 0
            os._exit(0 if free and rates.pace_of("api").reserve("1/s") == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    hosts._begin_anew()  # what was done there
    rates._begin_anew()
    assert hosts.host_of("https://api.example").wait(2) == 0


def _raising(error: Exception) -> Any:
    def request(*_: object, **__: object) -> None:
        raise error

    return request
