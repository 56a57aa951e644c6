"""A token endpoint that is out of order for a moment: who waits for it, and how long."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import Client, LoginRequired, MemoryTokenStore, TokenError, session_refusals
from nb_oauth import session_renewal as session_module
from nb_oauth.renewal import Renewal
from nb_oauth.retrying import LONGEST
from nb_oauth.session_store import StoredSession
from nb_oauth.stores import FileTokenStore
from tests.polling import wait_until
from tests.unit.session_stage import (
    Reply,
    Request,
    Stage,
    at_once,
    ending,
    once_inside,
    reply,
    threads_inside,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nb_oauth import OAuth2Session

BUSY = reply(503, error="temporarily_unavailable")


class UnsteadyStage(Stage):
    """Its token endpoint fails as often as ``failures`` says before it gives a token.

    Its API refuses ``access-0`` where it ``is_strict``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[Reply] = []
        self.is_strict = False
        self.at_token = self.fail_or_rotate

    def fail_or_rotate(self, request: Request) -> Reply:
        return self.failures.pop() if self.failures else self.rotate(request)

    def answer(self, request: Request) -> Reply:
        answered = super().answer(request)
        refused = self.is_strict and request.headers.get("Authorization") == "Bearer access-0"
        return reply(401, error="invalid_token") if refused else answered


@pytest.fixture
def stage() -> Iterator[UnsteadyStage]:
    with UnsteadyStage() as stage:
        yield stage


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How far the session's clocks are ahead, which stand still: change its one member."""
    ahead = [0.0]
    began, booted = time.time(), time.monotonic()
    clocks = {"time": lambda: began + ahead[0], "monotonic": lambda: booted + ahead[0]}
    for module in (session_module, session_refusals):
        monkeypatch.setattr(module, "time", type("time", (), clocks))
    return ahead


def asking_for_rest(seconds: object, status: int = 503) -> Reply:
    return Reply("{}", status, {"Content-Type": "application/json", "Retry-After": str(seconds)})


# -- who waits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        BUSY,
        reply(500, error="server_error"),
        reply(429, error="slow_down"),
        reply(400, error="temporarily_unavailable"),
        Reply("<html>Bad Gateway</html>", 502, {"Content-Type": "text/html"}),
        Reply("", 503),
    ],
)
@pytest.mark.parametrize("why", ["the token has ended", "the API refuses it"])
def test_a_moments_failure_costs_no_request(stage: UnsteadyStage, failure: Reply, why: str) -> None:
    stage.failures, stage.is_strict = [failure] * 3, why == "the API refuses it"
    session = stage.open(token=ending(3000 if stage.is_strict else -1))
    assert session.get(stage.api).status_code == 200
    assert (len(stage.token_requests), len(stage.pauses)) == (4, 3)
    assert {one.form["refresh_token"] for one in stage.token_requests} == {"refresh-0"}


@pytest.mark.parametrize("threads", [8, 64])
def test_all_threads_wait_for_one_renewal(stage: UnsteadyStage, threads: int) -> None:
    stage.failures = [BUSY] * 2
    session = stage.open(token=ending(-1))
    results = at_once(threads, lambda: session.get(stage.api).status_code)
    assert results == [200] * threads
    assert len(stage.token_requests) == 3


@pytest.mark.usefixtures("ahead")
@pytest.mark.parametrize("threads", [1, 8])
def test_nobody_waits_while_the_token_lives(stage: UnsteadyStage, threads: int) -> None:
    stage.failures = [BUSY] * 9
    session = stage.open(token=ending(20))
    results = at_once(threads, lambda: session.get(stage.api).status_code)
    assert results == [200] * threads
    assert (len(stage.token_requests), stage.pauses) == (1, [])


@pytest.mark.timeout(30)
def test_a_token_that_lives_waits_for_no_other_thread_that_renews_it(stage: UnsteadyStage) -> None:
    go_on = threading.Event()
    stage.at_token = lambda request: (go_on.wait(10), stage.rotate(request))[1]
    session = stage.open(token=ending(20))
    first: list[int] = []
    renewing = threading.Thread(target=lambda: first.append(session.get(stage.api).status_code))
    renewing.start()
    wait_until(lambda: stage.token_requests, "one of them renews")
    assert at_once(3, lambda: session.get(stage.api).status_code) == [200] * 3
    was_still_renewed = not go_on.is_set() and not first
    go_on.set()
    renewing.join()
    assert (was_still_renewed, first) == (True, [200])
    assert stage.sent_tokens == ["Bearer access-0"] * 3 + ["Bearer access-1"]
    assert len(stage.token_requests) == 1


def test_on_demand_a_token_that_lives_is_renewed_in_one_attempt(stage: UnsteadyStage) -> None:
    stage.failures = [BUSY] * 9
    session = stage.open(token=ending(3000))
    with pytest.raises(TokenError):
        session.renew()
    assert (len(stage.token_requests), stage.pauses) == (1, [])


def test_a_session_of_the_constructor_asks_once_as_requests_oauthlib_does(
    stage: UnsteadyStage,
) -> None:
    stage.failures = [BUSY] * 9
    session = stage.classic(token=ending(-1), auto_refresh_url=stage.token_endpoint)
    with pytest.raises(TokenError):
        session.get(stage.api)
    assert len(stage.token_requests) == 1


# -- how long -----------------------------------------------------------------------------------


def test_the_wait_has_an_end_and_is_not_begun_anew_by_the_next_request(
    stage: UnsteadyStage, ahead: list[float]
) -> None:
    stage.at_token = lambda _: BUSY
    session = stage.open(token=ending(-1))
    with pytest.raises(TokenError) as raised:
        session.get(stage.api)
    assert raised.value.error == "temporarily_unavailable"
    assert LONGEST - 4 < sum(stage.pauses) <= LONGEST
    waited, asked = len(stage.pauses), len(stage.token_requests)
    with pytest.raises(TokenError):
        session.get(stage.api)
    assert (len(stage.pauses), len(stage.token_requests)) == (waited, asked + 1)
    ahead[0] = 61
    with pytest.raises(TokenError):
        session.get(stage.api)
    assert len(stage.pauses) > waited


@pytest.mark.parametrize("threads", [8, 64])
def test_many_sessions_on_one_store_wait_for_one_of_them_and_share_its_failure(
    stage: UnsteadyStage, tmp_path: Path, threads: int
) -> None:
    stage.at_token = lambda _: BUSY
    stage.open(token=ending(-1), store=FileTokenStore(tmp_path))
    sessions = [stage.open(store=FileTokenStore(tmp_path)) for _ in range(threads)]

    entering = StoredSession._only_one.__wrapped__

    def others_wait(seconds: float) -> None:
        stage.pauses.append(seconds)
        wait_until(lambda: threads_inside(entering) == threads - 1, "all are here")

    for session in sessions:
        session._pause = others_wait
    results = at_once(threads, lambda: sessions.pop().get(stage.api))
    assert {getattr(one, "status", one) for one in results} == {503}
    assert len(stage.token_requests) == len(stage.pauses) + 1


def test_retry_after_is_waited_for(stage: UnsteadyStage) -> None:
    stage.failures = [asking_for_rest(7)]
    session = stage.open(token=ending(-1))
    assert session.get(stage.api).status_code == 200
    assert stage.pauses == [7]


def test_a_long_retry_after_is_said_and_nobody_is_asked_until_then(
    stage: UnsteadyStage, ahead: list[float]
) -> None:
    stage.failures = [asking_for_rest(120, 429)]
    session = stage.open(token=ending(-1))
    with pytest.raises(TokenError, match=r"try again in 120 s\.$") as raised:
        session.get(stage.api)
    assert (raised.value.retry_after, raised.value.status) == (120, 429)
    with pytest.raises(TokenError, match=r"asked again so soon\. Try again in \d+ s\.$") as raised:
        session.get(stage.api)
    assert 110 < (raised.value.retry_after or 0) <= 120
    assert (len(stage.token_requests), stage.pauses) == (1, [])
    ahead[0] = 110
    assert session.get(stage.api).status_code == 200
    assert 5 < stage.pauses[0] <= 10  # the rest of it


def test_a_long_retry_after_with_an_error_is_said_too(stage: UnsteadyStage) -> None:
    slow = reply(429, error="slow_down")
    stage.failures = [Reply(slow.body, 429, {**slow.headers, "Retry-After": "7201"})]
    with pytest.raises(TokenError, match=r"slow_down\. Try again in 3 h\.$"):
        stage.open(token=ending(-1)).get(stage.api)


def test_a_long_retry_after_is_a_long_rest_for_a_token_that_lives(
    stage: UnsteadyStage, ahead: list[float]
) -> None:
    stage.failures = [asking_for_rest(15)]
    session = stage.open(token=ending(29))
    for ahead[0] in (0, 5, 14):
        assert session.get(stage.api).status_code == 200
    assert len(stage.token_requests) == 1
    ahead[0] = 16
    assert session.get(stage.api).status_code == 200
    assert stage.sent_tokens == ["Bearer access-0"] * 3 + ["Bearer access-1"]


def test_nobody_is_left_alone_for_longer_than_an_hour_without_being_asked(
    stage: UnsteadyStage, ahead: list[float]
) -> None:
    stage.failures = [asking_for_rest(31_536_000, 429)]
    session = stage.open(token=ending(9000))
    with pytest.raises(TokenError, match=r"try again in 8760 h\.$"):
        session.renew()
    with pytest.raises(TokenError, match=r"asked again so soon\. Try again in 60 min\.$"):
        session.renew()
    assert len(stage.token_requests) == 1
    ahead[0] = 3601
    session.renew()
    assert session.token["access_token"] == "access-1"


def test_a_token_with_months_to_live_is_not_left_refused_for_days(
    stage: UnsteadyStage, ahead: list[float]
) -> None:
    stage.at_token, stage.is_strict = lambda _: BUSY, True
    session = stage.open(token=ending(90 * 24 * 3600))
    assert session.get(stage.api).status_code == 401
    asked = len(stage.token_requests)
    stage.at_token, ahead[0] = stage.rotate, 3500
    assert session.get(stage.api).status_code == 401
    assert len(stage.token_requests) == asked
    ahead[0] = 3601
    assert session.get(stage.api).status_code == 200


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_set_lets_nobody_wait_for_longer(
    stage: UnsteadyStage, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    clock = SimpleNamespace(time=time.time, monotonic=lambda: 100.0)
    monkeypatch.setattr(session_module, "time", clock)
    stage.failures = [asking_for_rest(5)]
    session = stage.open(token=ending(9000))
    with pytest.raises(TokenError, match=r"try again in 5 s\.$"):
        session.renew()
    clock.time = lambda: time.time() + hours * 3600
    clock.monotonic = lambda: 101.0
    with pytest.raises(TokenError, match=r"Try again in 4 s\.$"):
        session.renew()
    clock.monotonic = lambda: 106.0
    session.renew()
    assert len(stage.token_requests) == 2


def test_the_error_can_be_taken_to_another_process() -> None:
    error = TokenError("busy", status=503, retry_after=120.0, was_sent=False)
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (str(twin), twin.retry_after, twin.was_sent) == ("busy", 120.0, False)


# -- what is sent twice -------------------------------------------------------------------------


class Deaf:
    """A token endpoint that takes a request and says nothing."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/token"
        self.heard = 0
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            with connection:
                if not connection.recv(65536):
                    return
                self.heard += 1

    def close(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self.socket.close()


def at(session: OAuth2Session, token_endpoint: str) -> OAuth2Session:
    session.provider = type(session.provider)("Stage", token_endpoint=token_endpoint)  # type: ignore[misc, call-arg]
    return session


def test_a_refresh_token_that_may_have_arrived_is_not_sent_again(stage: UnsteadyStage) -> None:
    with closing(Deaf()) as deaf:
        session = at(stage.open(token=ending(-1)), deaf.url)
        with pytest.raises(requests.ConnectionError):
            session.get(stage.api)
        assert (deaf.heard, stage.pauses) == (1, [])


def test_a_refresh_token_that_a_gateway_gave_up_on_is_not_sent_again(stage: UnsteadyStage) -> None:
    stage.failures = [Reply("", 504)]
    with pytest.raises(TokenError):
        stage.open(token=ending(-1)).get(stage.api)
    assert len(stage.token_requests) == 1


def test_client_credentials_are(stage: UnsteadyStage) -> None:
    with closing(Deaf()) as deaf:
        session = at(stage.open(token=ending(-1), grant="client_credentials"), deaf.url)
        with pytest.raises(requests.ConnectionError):
            session.get(stage.api)
        assert deaf.heard == len(stage.pauses) + 1 > 3


@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:9"])
def test_where_nobody_listens_it_is_tried_again(stage: UnsteadyStage, proxy: str | None) -> None:
    endpoint = "http://127.0.0.1:9/token" if proxy is None else "https://nobody.invalid/token"
    session = at(stage.open(token=ending(-1)), endpoint)
    session.proxies = {} if proxy is None else {"https": proxy}
    with pytest.raises(requests.ConnectionError) as raised:
        session.get(stage.api)
    assert raised.value.was_sent is False
    assert len(stage.pauses) > 3


def test_a_connection_that_comes_too_late_has_brought_nothing(stage: UnsteadyStage) -> None:
    def too_late(*_: Any, **__: Any) -> None:
        raise requests.ConnectTimeout

    session = stage.open(token=ending(-1))
    session.mount(stage.token_endpoint, adapter := requests.adapters.HTTPAdapter())
    adapter.send = too_late  # type: ignore[method-assign, assignment]
    with pytest.raises(requests.ConnectTimeout):
        session.get(stage.api)
    assert len(stage.pauses) > 3


# -- ending the wait ----------------------------------------------------------------------------


@pytest.mark.timeout(30)
def test_ctrl_c_ends_the_wait_and_the_session_goes_on(stage: UnsteadyStage) -> None:
    stage.at_token = lambda _: asking_for_rest(14)
    session = stage.open(token=ending(-1))
    del session._pause  # it really waits
    began = time.monotonic()

    def interrupt() -> None:
        wait_until(lambda: stage.token_requests, "the renewal has begun")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        session.get(stage.api)
    thread.join()
    assert time.monotonic() - began < 10
    stage.at_token = stage.rotate
    assert session.get(stage.api).status_code == 200


@pytest.mark.timeout(30)
def test_ctrl_c_ends_the_wait_for_a_thread_that_waits(stage: UnsteadyStage) -> None:
    stage.failures = [BUSY]
    waits, go_on = threading.Event(), threading.Event()
    session = stage.open(token=ending(-1))
    session._pause = lambda _: (waits.set(), go_on.wait(20))
    results: list[object] = []
    renewing = threading.Thread(
        target=lambda: results.extend(at_once(1, lambda: session.get(stage.api).status_code))
    )
    renewing.start()
    assert waits.wait(10)

    def interrupt() -> None:
        main = threading.main_thread().ident or 0
        run = Renewal.run.__code__
        stack = lambda: traceback.walk_stack(sys._current_frames()[main])  # noqa: E731 - the main thread's, now
        wait_until(lambda: any(one.f_code is run for one, _ in stack()), "both wait")
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        session.get(stage.api)
    interrupting.join()
    go_on.set()
    renewing.join()
    assert results == [200]


def test_other_hosts_and_living_tokens_wait_for_nobody(stage: UnsteadyStage) -> None:
    stage.at_token = lambda _: BUSY
    store = MemoryTokenStore()
    waiting, go_on = threading.Event(), threading.Event()
    ended = stage.open(token=ending(-1), store=store)
    ended._pause = lambda _: (waiting.set(), go_on.wait(10))
    alive = stage.open(token=ending(3000), account="another")
    thread = threading.Thread(target=at_once, args=(1, lambda: ended.get(stage.api)))
    thread.start()
    assert waiting.wait(10)
    assert alive.get(stage.api).status_code == 200
    go_on.set()
    thread.join()


def test_a_copy_without_a_store_tells_nobody_that_it_was_refused(stage: UnsteadyStage) -> None:
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    session = stage.open(
        Client("app", "the-secret"),
        token=ending(-1, refresh_token=None),
        grant="client_credentials",
    )
    session.pickles_secret = True
    copy = pickle.loads(pickle.dumps(session))  # noqa: S301 - our own
    assert copy._store is None
    with pytest.raises(TokenError, match="invalid_grant"):
        copy.get(stage.api)
    assert len(stage.token_requests) == 1


# -- by hand ------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [8, 64])
@pytest.mark.parametrize("left", [-1, 3000])
def test_refresh_token_called_at_once_is_one_renewal(
    stage: UnsteadyStage, threads: int, left: float
) -> None:
    stage.at_token = once_inside(Renewal.run, threads, stage.rotate)
    session = stage.open(token=ending(left))
    results = at_once(threads, lambda: session.refresh_token(stage.token_endpoint))
    assert {one["access_token"] for one in results} == {"access-1"}
    assert len(stage.token_requests) == 1
    session.refresh_token(stage.token_endpoint)
    assert len(stage.token_requests) == 2


def test_refresh_token_of_many_sessions_on_one_store_is_one_renewal(
    stage: UnsteadyStage, tmp_path: Path
) -> None:
    stage.delay = 0.1
    stage.open(token=ending(3000), store=FileTokenStore(tmp_path))
    sessions = [stage.open(store=FileTokenStore(tmp_path)) for _ in range(8)]
    results = at_once(8, lambda: sessions.pop().refresh_token(stage.token_endpoint))
    assert {one["access_token"] for one in results} == {"access-1"}
    assert len(stage.token_requests) == 1


def test_refresh_token_and_requests_at_once_are_one_renewal(stage: UnsteadyStage) -> None:
    stage.at_token = once_inside(Renewal.run, 16, stage.rotate)
    session = stage.open(token=ending(-1))
    calls = iter([lambda: session.refresh_token(stage.token_endpoint)] * 4 + [session.renew] * 4)
    lock = threading.Lock()

    def call() -> object:
        with lock:
            mine = next(calls, lambda: session.get(stage.api))
        return mine()

    at_once(16, call)
    assert session.token["access_token"] == "access-1"
    assert len(stage.token_requests) == 1


def test_a_refresh_token_of_ones_own_is_sent_as_it_is(stage: UnsteadyStage) -> None:
    session = stage.open(token={})
    assert session.refresh_token(stage.token_endpoint, "refresh-0")["access_token"] == "access-1"
    session.refresh_token(stage.token_endpoint, refresh_token="refresh-1")
    with pytest.raises(TokenError, match="invalid_grant"):
        session.refresh_token(stage.token_endpoint, refresh_token="of somebody else")
    assert session.get(stage.api).status_code == 200


def test_by_hand_a_refused_refresh_token_is_sent_once(stage: UnsteadyStage) -> None:
    session = stage.open(token=ending(3000, refresh_token="used"))
    with pytest.raises(TokenError, match="invalid_grant"):
        session.refresh_token(stage.token_endpoint)
    with pytest.raises(LoginRequired):
        session.refresh_token(stage.token_endpoint)
    assert session.get(stage.api).status_code == 200
    assert len(stage.token_requests) == 1
