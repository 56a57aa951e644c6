"""Many requests at once: what comes back, in which order, and what is left when it ends early."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from concurrent.futures import CancelledError
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import ConfigurationError, InsecureTransportError, LoginRequired, OAuth2Session
from nb_oauth.data import courier, fetch, hosts, politeness, rates
from tests.free_ports import free_port
from tests.polling import wait_until
from tests.unit.session_stage import Reply, Request, Stage, ending, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 40


class Api(Stage):
    """Says what it was asked; as many requests as are in ``at_once`` were under way together."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str | None] = set()
        self.status: dict[str, int] = {}
        self.takes = 0.0
        self.opened: dict[str, threading.Event] = {}
        self.under_way = self.at_once = 0
        self._counting = threading.Lock()

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return super().answer(request)
        with self._counting:
            self.under_way += 1
            self.at_once = max(self.at_once, self.under_way)
        if request.path in self.opened:
            assert self.opened[request.path].wait(20)
        time.sleep(self.takes)
        self.api_requests.append(request)
        with self._counting:
            self.under_way -= 1
        if request.headers.get("Authorization") in self.refused:
            return reply(401, error="invalid_token")
        return reply(self.status.get(request.path, 200), path=request.path, query=request.query)

    def urls(self, count: int = COUNT) -> list[str]:
        return [f"{self.issuer}/item/{number}" for number in range(count)]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.api_requests]


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        yield api


@pytest.fixture
def session(api: Api) -> Iterator[OAuth2Session]:
    with api.open(token=ending(3600)) as session:
        yield session


@pytest.fixture(autouse=True)
def _nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hosts, "_hosts", {})
    monkeypatch.setattr(rates, "_paces", {})
    yield
    left = [one.name for one in threading.enumerate() if one.name.startswith("nb_oauth fetch")]
    assert left == []


def paths(answers: Any) -> list[str]:
    return [answer.json()["path"] for answer in answers]


def items(count: int = COUNT) -> list[str]:
    return [f"/item/{number}" for number in range(count)]


# -- what comes back ---------------------------------------------------------------------------


def test_in_order(api: Api, session: OAuth2Session) -> None:
    api.takes = 0.1
    assert paths(fetch(session, api.urls())) == items()
    assert 8 < api.at_once <= 16


def test_a_list(api: Api, session: OAuth2Session) -> None:
    results = fetch(session, api.urls())
    assert repr(results) == "<data.fetch: 0 of 40 answers handed over>"
    assert paths(results.all()) == items()
    assert repr(results) == "<data.fetch: 40 of 40 answers handed over>"
    assert results.all() == []


def test_as_they_arrive(api: Api, session: OAuth2Session) -> None:
    api.opened["/item/0"] = threading.Event()
    answers = iter(fetch(session, api.urls(), ordered=False))
    first = [next(answers) for _ in range(COUNT - 1)]
    api.opened["/item/0"].set()
    assert sorted(paths(first)) == sorted(items()[1:])
    assert paths(answers) == ["/item/0"]


def test_one_that_is_slow_keeps_only_the_next_ones_waiting(
    api: Api, session: OAuth2Session
) -> None:
    api.opened["/item/0"] = threading.Event()
    results = fetch(session, (f"{api.issuer}/item/{n}" for n in itertools.count()))
    others_came = (lambda: len(api.api_requests) >= 63, api.opened["/item/0"].set)
    opening = threading.Thread(target=_when, args=others_came)
    opening.start()
    for answer in results:
        assert answer.json()["path"] == "/item/0"
        break
    opening.join()
    assert len(api.api_requests) <= 64 + 2 * 16  # no more than there is room for


def test_in_a_coroutine(api: Api, session: OAuth2Session) -> None:
    async def ask() -> tuple[list[str], list[str], list[str]]:
        as_list = await fetch(session, api.urls())
        in_order = [one async for one in fetch(session, api.urls())]
        as_they_come = [one async for one in fetch(session, api.urls(), ordered=False)]
        return paths(as_list), paths(in_order), sorted(paths(as_they_come))

    assert asyncio.run(ask()) == (items(), items(), sorted(items()))


def test_a_plain_call_where_a_loop_runs(api: Api, session: OAuth2Session) -> None:
    async def cell() -> list[str]:
        return paths(fetch(session, api.urls()))

    assert asyncio.run(cell()) == items()


def test_addresses_without_an_end(api: Api, session: OAuth2Session) -> None:
    taken: list[int] = []

    def addresses() -> Iterator[str]:
        for number in itertools.count():
            taken.append(number)
            yield f"{api.issuer}/item/{number}"

    answers = fetch(session, addresses())
    assert paths(itertools.islice(answers, 100)) == items(100)
    assert len(taken) < 200
    assert repr(answers).startswith("<data.fetch: 100 of ? answers handed over")


def test_addresses_are_taken_in_the_thread_of_the_caller(api: Api, session: OAuth2Session) -> None:
    def addresses() -> Iterator[str]:
        for url in api.urls():
            assert threading.current_thread() is threading.main_thread()
            time.sleep(0.003)
            yield url

    assert paths(fetch(session, addresses())) == items()


def test_addresses_that_take_their_time_hold_up_no_answer(api: Api, session: OAuth2Session) -> None:
    def addresses() -> Iterator[str]:
        for url in api.urls(5):
            time.sleep(0.003)  # longer than answers are left waiting for
            yield url

    assert paths(fetch(session, addresses()).all()) == items()[:5]


def test_none(session: OAuth2Session) -> None:
    assert list(fetch(session, [])) == fetch(session, []).all() == []


def test_requests_that_differ_in_more_than_their_address(api: Api, session: OAuth2Session) -> None:
    calls = [
        requests.Request("POST", api.api, json={"a": 1}),
        requests.Request("GET", api.api, params={"n": "1"}, headers={"X-Own": "2"}),
        requests.Request(url=api.api),
    ]
    answers = fetch(session, calls, method="POST", headers={"X-Shared": "3"}).all()
    assert [one.request.method for one in answers] == ["POST", "GET", "POST"]
    assert answers[1].json()["query"] == {"n": "1"}
    own = next(one.headers for one in api.api_requests if one.method == "GET")
    assert (own["X-Own"], own.get("X-Shared")) == ("2", None)


def test_arguments_of_all(api: Api, session: OAuth2Session) -> None:
    answers = fetch(session, api.urls(3), params={"q": "a b"}, headers={"X-Shared": "3"}).all()
    assert [one.json()["query"] for one in answers] == [{"q": "a b"}] * 3
    assert {one.headers["X-Shared"] for one in api.api_requests} == {"3"}
    assert answers[1].url == f"{api.issuer}/item/1?q=a+b"


# -- one that fails ----------------------------------------------------------------------------


def test_the_first_that_fails_is_raised_and_nothing_is_lost(
    api: Api, session: OAuth2Session
) -> None:
    api.status["/item/7"] = 404
    results: Any = fetch(session, api.urls())
    had: list[Any] = []
    with pytest.raises(requests.HTTPError, match=r"404 Client Error.*/item/7$") as caught:
        had.extend(results)
    assert caught.value.response.json()["path"] == "/item/7"
    assert paths(had) == items()[:7]
    api.status.clear()
    assert paths(results) == items()[7:]
    assert all(api.paths.count(path) == 1 for path in ("/item/0", "/item/6"))


def test_of_a_list_what_came_is_kept(api: Api, session: OAuth2Session) -> None:
    api.status["/item/30"] = 404
    results = fetch(session, api.urls())
    for _ in range(2):
        with pytest.raises(requests.HTTPError, match="/item/30"):
            results.all()
    assert len(results.finished) >= 30 - 16
    assert "more are here>" in repr(results)
    before = {one.json()["path"] for one in results.finished}
    api.status.clear()
    api.api_requests.clear()
    assert paths(results.all()) == items()
    assert before.isdisjoint(api.paths)


def test_errors_that_are_returned(api: Api, session: OAuth2Session) -> None:
    api.status["/item/1"] = 410
    gone = f"http://127.0.0.1:{free_port()}/"
    urls = [*api.urls(2), gone, "http://api.example/in-the-open", "no address"]
    found = fetch(session, urls, on_error="return", retry=None).all()
    assert [type(one) for one in found] == [
        requests.Response,
        requests.Response,
        requests.ConnectionError,
        InsecureTransportError,
        InsecureTransportError,
    ]
    assert isinstance(found[1], requests.Response)
    assert found[1].status_code == 410


def test_an_error_says_which_address_and_no_secret(api: Api, session: OAuth2Session) -> None:
    query = "?id=5&access_token=very-secret&X-Amz-Signature=also-secret&key=secret-too"
    api.status["/item"] = 403
    with pytest.raises(requests.HTTPError) as caught:
        fetch(session, [f"{api.issuer}/item{query}"]).all()
    assert "id=5&access_token=•••&X-Amz-Signature=•••&key=•••" in str(caught.value)
    gone = f"http://127.0.0.1:{free_port()}/item{query}"
    with pytest.raises(requests.ConnectionError) as failed:
        fetch(session, [gone], retry=None).all()
    assert "/item?id=5&access_token=•••" in str(failed.value)
    assert "secret" not in str(failed.value) + str(caught.value)


def test_what_passes_is_asked_again(
    api: Api, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = politeness.POLICY.new(
        total=1000, backoff_factor=0.01, backoff_jitter=0, backoff_max=0.05
    )
    api.status["/item/3"] = 503
    asked = api.api_requests
    mending = threading.Thread(target=_when, args=(lambda: len(asked) > 8, api.status.clear))
    mending.start()
    assert paths(fetch(session, api.urls(), concurrency=4, retry=quick)) == items()
    mending.join()
    assert api.paths.count("/item/3") > 1


def test_one_that_is_turned_away_slows_all(api: Api, session: OAuth2Session) -> None:
    turned_away: list[float] = []
    well = api.answer

    def answer(request: Request) -> Reply:
        if not turned_away and request.path == "/item/5":
            turned_away.append(time.monotonic())
            return Reply("", 429, {"Retry-After": "1"})
        return well(request)

    api.answer = answer  # type: ignore[method-assign]
    began = time.monotonic()
    assert paths(fetch(session, api.urls(), concurrency=4)) == items()
    assert time.monotonic() - began > 1


def test_a_rate(api: Api, session: OAuth2Session) -> None:
    began = time.monotonic()
    assert paths(fetch(session, api.urls(15), rate="10/s")) == items(15)
    assert time.monotonic() - began > 0.95


# -- ending early ------------------------------------------------------------------------------


def test_who_goes_on_later_gets_the_rest(api: Api, session: OAuth2Session) -> None:
    results, had = fetch(session, api.urls(), concurrency=4), []
    for answer in results:
        had.append(answer)
        if len(had) == 10:
            break
    with contextlib.suppress(ZeroDivisionError):
        for answer in results:
            had.append(answer)
            if len(had) == 20:
                raise ZeroDivisionError
    had += results.all()
    assert paths(had) == items()
    assert len(api.api_requests) <= COUNT + 8


@pytest.mark.parametrize("ordered", [True, False])
def test_who_is_interrupted_goes_on(
    api: Api, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch, *, ordered: bool
) -> None:
    results = fetch(session, api.urls(), concurrency=4, ordered=ordered)
    had: list[Any] = []
    api.opened["/item/20"] = threading.Event()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Event, "wait", _interrupted_at(3))
        with pytest.raises(KeyboardInterrupt):
            had.extend(results)
    api.opened["/item/20"].set()
    had += results
    assert sorted(paths(had)) == sorted(items())


def test_a_task_that_is_cancelled(api: Api, session: OAuth2Session) -> None:
    api.opened["/item/9"] = threading.Event()
    results = fetch(session, api.urls(), concurrency=4)

    async def ask() -> list[requests.Response]:
        task = asyncio.ensure_future(_awaited(results))
        await asyncio.to_thread(wait_until, lambda: len(api.api_requests) >= 9, "nine came")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        api.opened["/item/9"].set()
        return await results

    assert paths(asyncio.run(ask())) == items()


def test_only_one_at_a_time(api: Api, session: OAuth2Session) -> None:
    results = fetch(session, api.urls())
    for _ in results:
        with pytest.raises(ConfigurationError, match="already"):
            results.all()
        break


def test_a_generator_of_addresses_that_raises(api: Api, session: OAuth2Session) -> None:
    def addresses() -> Iterator[str]:
        yield from api.urls(3)
        raise ZeroDivisionError

    results = fetch(session, addresses())
    had: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        had.extend(results)
    with pytest.raises(ConfigurationError, match="anew"):
        had.extend(results)
    assert paths(had) == items(3)


def test_what_cannot_begin(
    api: Api, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise OSError("no more files")

    monkeypatch.setattr(courier.Exchange, "__aenter__", fail)
    with pytest.raises(OSError, match="no more files"):
        fetch(session, api.urls()).all()


def test_a_loop_that_dies(
    api: Api, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Any) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._is_ready.set()
        raise MemoryError

    monkeypatch.setattr(courier.Courier, "_main", fail)
    with pytest.raises((MemoryError, RuntimeError)):
        fetch(session, api.urls()).all()


def test_one_that_never_began_needs_no_end(session: OAuth2Session) -> None:
    from nb_oauth.data.exchange import Terms

    given: Any = {}
    courier.Courier(session, Terms(None, None, 1), given, given, lambda: None).stop()


def test_what_the_session_does_with_an_answer_ends_as_well(
    api: Api, session: OAuth2Session
) -> None:
    """Redirects are followed in threads: who breaks off waits for none of them."""
    api.opened["/item/5"] = threading.Event()
    well = api.answer

    def answer(request: Request) -> Reply:
        if request.path == "/to":
            return Reply("", 302, {"Location": "/item/5"})
        return well(request)

    api.answer = answer  # type: ignore[method-assign]
    results = fetch(session, [f"{api.issuer}/item/0", f"{api.issuer}/to"])
    for _ in results:
        wait_until(lambda: api.under_way, "it has been redirected")
        break
    api.opened["/item/5"].set()
    assert paths(results) == ["/item/5"]


# -- what cannot work --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ({"concurrency": 0}, "at least 1"),
        ({"on_error": "ignore"}, "'return'"),
        ({"stream": True}, "stream=True"),
        ({"rate": "quickly"}, "10/s"),
    ],
)
def test_arguments_that_cannot_work(
    session: OAuth2Session, argument: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        fetch(session, [], **argument)


def test_nobody_is_signed_in(api: Api) -> None:
    with api.open() as session, pytest.raises(LoginRequired):
        fetch(session, api.urls(), on_error="return").all()
    assert not api.api_requests


# -- helpers -----------------------------------------------------------------------------------


async def _awaited(results: Any) -> Any:
    return await results


def _interrupted_at(times: int) -> Any:
    """A wait that is interrupted the so-manieth time, as Ctrl-C does it."""
    wait, waited = threading.Event.wait, itertools.count(1)

    def interrupted(event: threading.Event, timeout: float | None = None) -> bool:
        ours = timeout == 1.0 and threading.current_thread() is threading.main_thread()
        if ours and next(waited) == times:
            raise KeyboardInterrupt
        return wait(event, timeout)

    return interrupted


def _when(condition: Any, then: Any) -> None:
    wait_until(condition, "it is time")
    then()


def test_a_fork_is_told_that_another_process_fetches_these(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Api() as api, api.open(token=ending(3600)) as session:
        results = iter(fetch(session, api.urls(), concurrency=1))
        next(results)
        with monkeypatch.context() as patch:
            patch.setattr(courier, "os", SimpleNamespace(getpid=lambda: -1))
            with pytest.raises(ConfigurationError, match="forked"):
                list(results)


def test_nothing_more_is_sent_for_whom_it_has_ended() -> None:
    ended: list[str] = []

    class Insistent(requests.Session):
        def request(self, method: Any, url: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
            with contextlib.suppress(CancelledError):
                while url.endswith("/1"):
                    super().request(method, url, **kwargs)
            try:
                return super().request(method, url, **kwargs)
            except CancelledError:
                ended.append(url)
                raise

    with Api() as api, Insistent() as session:
        results = iter(fetch(session, api.urls(2), concurrency=2))
        next(results)
        wait_until(lambda: api.paths.count("/item/1") > 1, "it asks again and again")
        results.close()  # type: ignore[attr-defined]
        assert ended == [api.urls(2)[1]]
