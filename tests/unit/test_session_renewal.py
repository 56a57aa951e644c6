"""A session that was opened renews its token: early, once, and without losing a request."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests
import requests_oauthlib

from nb_oauth import (
    ConfigurationError,
    LoginRequired,
    MemoryTokenStore,
    OAuth2Session,
    TokenError,
    TokenExpiredError,
    place,
    setbacks,
)
from nb_oauth import renewal as renewal_module
from nb_oauth import session_renewal as session_module
from nb_oauth.place import Place
from nb_oauth.renewal import Renewal
from tests.polling import wait_until
from tests.unit.session_stage import (
    Reply,
    Stage,
    at_once,
    ending,
    let_theirs_use_http,
    once_inside,
    reply,
    threads_inside,
)


class Clock:
    """The clocks of ``time``: they stand still, and are ahead by as much as a test wants."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._began, self._booted = time.time(), time.monotonic()

    def time(self) -> float:
        return self._began + self.ahead

    def monotonic(self) -> float:
        return self._booted + self.ahead

    def ending(self, seconds: float, lifetime: float = 3600) -> dict[str, Any]:
        """A token that ends in ``seconds`` by this clock."""
        return ending(seconds, lifetime, expires_at=self.time() + seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(session_module, "time", clock)
    return clock


def statuses(results: list[object]) -> list[object]:
    return [getattr(result, "status_code", result) for result in results]


# -- one renewal for all threads (row 6) --------------------------------------------------------


@pytest.mark.parametrize("threads", [8, 64])
def test_threads_that_meet_an_ended_token_renew_it_once_and_all_succeed(
    stage: Stage, threads: int
) -> None:
    stage.delay = 0.1
    session = stage.open(token=ending(-1))
    results = at_once(threads, lambda: session.get(stage.api))
    assert statuses(results) == [200] * threads
    assert len(stage.token_requests) == 1
    assert set(stage.sent_tokens) == {"Bearer access-1"}


@pytest.mark.parametrize(
    "kind",
    [
        OAuth2Session,
        pytest.param(
            requests_oauthlib.OAuth2Session,
            marks=pytest.mark.xfail(strict=True, raises=AssertionError),
        ),
    ],
)
def test_a_classic_session_with_a_token_updater_renews_once_too(
    stage: Stage, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    stage.delay = 0.1
    kept: list[dict[str, object]] = []
    session = stage.classic(
        kind,
        token=ending(-1),
        auto_refresh_url=stage.token_endpoint,
        auto_refresh_kwargs={"client_id": "app"},
        token_updater=kept.append,
    )
    results = at_once(8, lambda: session.get(stage.api))
    assert statuses(results) == [200] * 8
    assert [token["access_token"] for token in kept] == ["access-1"]
    assert len(stage.token_requests) == 1


def test_a_token_endpoint_that_refuses_is_asked_once_for_all_waiting_threads(stage: Stage) -> None:
    stage.at_token = once_inside(Renewal.run, 8, lambda _: reply(400, error="invalid_client"))
    session = stage.open(token=ending(-1))
    results = at_once(8, lambda: session.get(stage.api))
    assert all(isinstance(result, TokenError) for result in results)
    assert len(stage.token_requests) == 1


# -- leeway (row 7) -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "lifetime", "renewed"),
    [(29, 3600, True), (31, 3600, False), (9, 100, True), (11, 100, False), (0.9, 10, True)],
)
def test_a_token_is_renewed_half_a_minute_or_a_tenth_of_its_life_before_its_end(
    stage: Stage, clock: Clock, left: float, lifetime: float, *, renewed: bool
) -> None:
    session = stage.open(token=clock.ending(left, lifetime))
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-1" if renewed else "Bearer access-0"]


@pytest.mark.parametrize(
    "failure",
    [
        reply(500, error="server_error"),
        reply(400, error="invalid_grant"),
        reply(429, error="slow_down"),
        Reply("<html>Down for maintenance</html>", 502, {"Content-Type": "text/html"}),
        Reply("", 302, {"Location": "https://elsewhere.example/"}),
    ],
)
def test_a_token_that_still_lives_is_used_when_its_early_renewal_fails(
    stage: Stage, failure: Reply
) -> None:
    stage.at_token = lambda _: failure
    session = stage.open(token=ending(20))
    assert session.get(stage.api).status_code == 200
    assert stage.sent_tokens == ["Bearer access-0"]


def test_a_token_that_still_lives_is_used_when_the_token_endpoint_cannot_be_reached(
    stage: Stage,
) -> None:
    session = stage.open(token=ending(20))
    session.provider = type(stage.provider)("Stage", token_endpoint="http://127.0.0.1:1/token")
    assert session.get(stage.api).status_code == 200


def test_a_failed_early_renewal_is_not_tried_again_with_every_request(
    stage: Stage, clock: Clock
) -> None:
    stage.at_token = lambda _: reply(503, error="temporarily_unavailable")
    session = stage.open(token=clock.ending(25))
    at_once(8, lambda: session.get(stage.api))
    for _ in range(5):
        session.get(stage.api)
    assert len(stage.token_requests) == 1


def test_a_failed_early_renewal_is_tried_again_after_a_tenth_of_what_is_left(
    stage: Stage, clock: Clock
) -> None:
    stage.at_token = lambda _: reply(503, error="temporarily_unavailable")
    session = stage.open(token=clock.ending(25))
    session.get(stage.api)
    clock.ahead = 2.3
    session.get(stage.api)
    assert len(stage.token_requests) == 1
    clock.ahead = 2.7
    stage.at_token = stage.rotate
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-0"] * 2 + ["Bearer access-1"]


def test_the_rest_after_a_failed_early_renewal_ends_with_the_token(
    stage: Stage, clock: Clock
) -> None:
    stage.at_token = lambda _: reply(503, error="temporarily_unavailable")
    session = stage.open(token=clock.ending(0.5, lifetime=20))
    session.get(stage.api)
    stage.at_token = stage.rotate
    clock.ahead = 0.6  # less than the second that a rest lasts
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-0", "Bearer access-1"]


@pytest.mark.parametrize(("left", "rest"), [(-1, 1), (0, 1), (0.4, 0.4), (5, 1), (25, 2.5)])
def test_a_rest_is_no_longer_than_the_token_lives(left: float, rest: float) -> None:
    trouble = setbacks.Setbacks()
    trouble.note(ending(left), TokenError("busy"), 100.0, left=left)
    assert trouble.is_resting(100 + rest - 0.01)
    assert not trouble.is_resting(100 + rest + 0.01)


def test_an_ended_token_whose_renewal_fails_for_a_while_can_be_renewed_later(stage: Stage) -> None:
    stage.at_token = lambda _: reply(503, error="temporarily_unavailable")
    session = stage.open(token=ending(-1))
    with pytest.raises(TokenError) as raised:
        session.get(stage.api)
    assert raised.value.error == "temporarily_unavailable"
    stage.at_token = stage.rotate
    assert session.get(stage.api).status_code == 200


@pytest.mark.parametrize(
    ("where", "advice"),
    [
        (Place.NOTEBOOK, "run the cell that signs in once more"),
        (Place.REACTIVE, "run the cell that signs in once more"),
        (Place.APP, "Load the page again"),
        (Place.UNATTENDED, "`nb-oauth login`"),
        (Place.TERMINAL, "`nb-oauth login`"),
        (Place.ELSEWHERE, "`nb-oauth login`"),
    ],
)
def test_how_to_sign_in_again_is_told_as_it_can_be_done_here(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, where: Place, advice: str
) -> None:
    monkeypatch.setattr(place, "here", lambda: where)
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    session = stage.open(token=ending(-1))
    for _ in range(2):  # as the provider has it, and as it is known from then on
        with pytest.raises((TokenError, LoginRequired)) as raised:
            session.get(stage.api)
    assert advice in str(raised.value)
    with pytest.raises(TokenExpiredError, match=advice):
        stage.open(token={"access_token": "a", "expires_at": 1}).get(stage.api)


def test_an_unreachable_token_endpoint_is_an_error_of_requests(stage: Stage) -> None:
    session = stage.open(token=ending(-1))
    session.provider = type(stage.provider)("Stage", token_endpoint="http://127.0.0.1:1/token")
    with pytest.raises(requests.ConnectionError):
        session.get(stage.api)


# -- the end ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["invalid_grant", "bad_refresh_token"])
def test_a_refused_refresh_token_is_used_once_and_then_somebody_must_sign_in(
    stage: Stage, code: str
) -> None:
    stage.at_token = lambda _: reply(400, error=code)
    session = stage.open(token=ending(-1))
    results = at_once(8, lambda: session.get(stage.api))
    results += at_once(1, lambda: session.get(stage.api))
    assert {type(result) for result in results} == {LoginRequired}
    assert "Stage renews this sign-in no longer" in str(results[0])
    assert len(stage.token_requests) == 1
    assert not stage.api_requests


def test_a_refresh_token_refused_early_is_used_no_more_and_the_token_until_its_end(
    stage: Stage, clock: Clock
) -> None:
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    session = stage.open(token=ending(20))
    session.get(stage.api)
    clock.ahead = 15
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-0"] * 2
    assert len(stage.token_requests) == 1
    clock.ahead = 21
    with pytest.raises(LoginRequired):
        session.get(stage.api)


def test_signing_in_again_ends_the_refusal(stage: Stage) -> None:
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    session = stage.open(token=ending(-1))
    with pytest.raises(LoginRequired):
        session.get(stage.api)
    stage.at_token = lambda _: reply(access_token="new", refresh_token="refresh-0", expires_in=-5)
    session.fetch_token(stage.token_endpoint, code="code")
    stage.at_token = stage.rotate
    assert session.get(stage.api).status_code == 200


def test_a_session_opened_on_a_refused_token_knows_that_somebody_must_sign_in(
    stage: Stage,
) -> None:
    store = MemoryTokenStore()
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    session = stage.open(token=ending(-1), store=store)
    with pytest.raises(LoginRequired):
        session.get(stage.api)
    another = stage.open(store=store)
    assert (session.is_alive, another.is_alive) == (False, False)
    session.forget_token()  # and with it what was refused
    assert stage.open(token=ending(-1), store=store).is_alive


def test_a_token_endpoint_rests_as_long_as_it_asked_to() -> None:
    trouble = setbacks.Setbacks()
    trouble.note(ending(20), TokenError("busy", status=429, retry_after=15.0), now=100.0, left=20.0)
    assert trouble.is_resting(114.0)
    assert not trouble.is_resting(116.0)


def test_token_expired_is_never_raised_before_the_end(stage: Stage, clock: Clock) -> None:
    token = clock.ending(5)
    del token["refresh_token"]
    session = stage.open(token=token)
    assert session.get(stage.api).status_code == 200
    clock.ahead = 5
    with pytest.raises(TokenExpiredError, match="Stage gave nothing to renew it with"):
        session.get(stage.api)
    assert not stage.token_requests


def test_opened_sessions_never_raise_token_updated(stage: Stage) -> None:
    session = stage.open(token=ending(-1))
    assert session.token_updater is None
    assert session.get(stage.api).status_code == 200
    assert len(stage.api_requests) == 1


# -- what is renewed ----------------------------------------------------------------------------


def test_a_renewal_without_expires_in_does_not_leave_the_session_renewing_for_ever(
    stage: Stage,
) -> None:
    stage.at_token = lambda _: reply(access_token="new", token_type="bearer")
    session = stage.open(token=ending(-1))
    session.get(stage.api)
    session.get(stage.api)
    assert len(stage.token_requests) == 1
    assert "expires_at" not in session.token


def test_a_renewal_keeps_the_refresh_token_and_scope_that_it_does_not_name(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token="new", expires_in=60)
    session = stage.open(token=ending(-1, scope=["a"]), scope="a b")
    session.get(stage.api)
    assert session.token["refresh_token"] == "refresh-0"
    assert (session.scope, session.missing_scope) == (["a"], ["b"])


def test_a_renewed_token_is_dated_from_when_it_was_asked_for(stage: Stage) -> None:
    stage.delay = 0.2
    session = stage.open(token=ending(-1))
    before = time.time()
    session.get(stage.api)
    assert before + 3600 <= session.token["expires_at"] <= time.time() + 3600 - 0.2


def test_a_renewal_asks_for_no_scope(stage: Stage) -> None:
    session = stage.open(token=ending(-1), scope="a b")
    session.get(stage.api)
    assert stage.token_requests[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-0",
        "client_id": "app",
    }


# -- the room itself ----------------------------------------------------------------------------


def _never(_: object) -> dict[str, object]:
    pytest.fail("nobody should renew")


def test_a_token_that_somebody_else_renewed_is_adopted() -> None:
    renewed = {"access_token": "b"}
    renewal = Renewal(lambda: renewed)
    assert renewal.run({"access_token": "a"}, _never) is renewed


def test_the_same_access_token_with_a_later_end_is_a_renewed_one() -> None:
    renewed = {"access_token": "a", "expires_at": 2}
    renewal = Renewal(lambda: renewed)
    assert renewal.run({"access_token": "a", "expires_at": 1}, _never) is renewed


def test_a_failure_from_before_is_not_the_callers() -> None:
    stale = {"access_token": "a"}
    renewal = Renewal(lambda: stale)
    with pytest.raises(ZeroDivisionError):
        renewal.run(stale, lambda _: {"never": 1 / 0})
    assert renewal.run(stale, lambda _: {"access_token": "b"}) == {"access_token": "b"}


class OddError(Exception):
    """One that cannot be copied."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


@pytest.mark.parametrize(
    ("error", "tries"), [(TokenError("no", error="e", status=503), 1), (OddError("no", "way"), 2)]
)
@pytest.mark.timeout(20)
def test_who_waited_gets_an_error_of_his_own(error: Exception, tries: int) -> None:
    stale, has_begun, tried = {"access_token": "a"}, threading.Event(), []
    renewal = Renewal(lambda: stale)

    def fail(_: object) -> Any:
        tried.append(1)
        has_begun.set()
        if len(tried) == 1:
            wait_until(lambda: threads_inside(Renewal.run) == 2, "another waits")
        raise error

    results = at_once(2, lambda: renewal.run(stale, fail))
    assert len(tried) == tries
    assert {(type(one), str(one)) for one in results} == {(type(error), str(error))}
    assert len({id(one) for one in results}) == 3 - tries
    assert {getattr(one, "status", None) for one in results} == {getattr(error, "status", None)}
    assert renewal._last_failure is None or renewal._last_failure.__traceback__ is None


def test_a_fork_leaves_no_lock_behind() -> None:
    renewal = Renewal(dict)
    before = renewal._lock
    renewal_module._begin_anew()  # what runs in a forked child
    assert renewal._lock is not before
    before = setbacks._guard
    setbacks._begin_anew()
    assert setbacks._guard is not before


def test_a_token_updater_may_ask_the_api_with_its_own_session(stage: Stage) -> None:
    session: Any = stage.classic(
        token=ending(-1),
        auto_refresh_url=stage.token_endpoint,
        token_updater=lambda _: session.get(stage.api + "/inner"),
    )
    session.get(stage.api)
    wait_until(lambda: len(stage.api_requests) == 2, "both requests arrive", seconds=5)
    assert [request.path for request in stage.api_requests] == ["/api/inner", "/api"]


@pytest.mark.timeout(10)
def test_a_token_updater_may_renew_again_with_its_own_session(stage: Stage) -> None:
    def update(_: object) -> None:
        if len(stage.token_requests) == 1:
            stage.lifetime = 3600
            session.get(stage.api + "/inner")

    stage.lifetime = -1  # the first renewal brings a token that has ended already
    session: Any = stage.classic(
        token=ending(-1), auto_refresh_url=stage.token_endpoint, token_updater=update
    )
    session.get(stage.api)
    assert len(stage.token_requests) == 2
    assert stage.sent_tokens[0] == "Bearer access-2"


def test_a_renewed_token_without_end_is_not_taken_for_the_one_that_ended(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token="new", token_type="bearer")
    session: Any = stage.open(token=ending(-1))
    session._client.default_token_placement = "query"  # where oauthlib looks at the end as well
    session.get(stage.api)
    assert stage.api_requests[0].query == {"access_token": "new"}


def test_a_store_that_cannot_save_loses_no_token() -> None:
    class FullDisk(MemoryTokenStore):
        def save(self, key: object, token: object) -> None:
            raise OSError(28, "No space left on device")

    with Stage() as stage:
        session = stage.open(store=FullDisk(), token=None)
        with pytest.warns(UserWarning, match="could not be stored"):
            session._keep(ending(-1))
        with pytest.warns(UserWarning, match="could not be stored"):
            assert session.get(stage.api).status_code == 200
        assert session.token["access_token"] == "access-1"


def test_a_request_that_meets_a_sign_out_says_so() -> None:
    with Stage() as stage:
        session = stage.open(token=ending(-1))
        ended = dict(session.token)
        session.forget_token()
        with pytest.raises(LoginRequired, match="signed out"):
            session._renewal.run(ended, lambda _: ended)


def test_a_living_token_is_renewed_on_demand(stage: Stage) -> None:
    session = stage.open(token=ending(3000, refresh_token="refresh-0"))
    assert session.renew() is None  # type: ignore[func-returns-value]  # no cell prints a token
    assert session.token["access_token"] == "access-1"


def test_many_who_ask_for_a_new_token_at_once_get_one(stage: Stage) -> None:
    stage.at_token = once_inside(Renewal.run, 8, stage.rotate)
    session = stage.open(token=ending(3000, refresh_token="refresh-0"))
    assert at_once(8, session.renew) == [None] * 8
    assert session.token["access_token"] == "access-1"
    assert len(stage.token_requests) == 1


def test_on_demand_the_failure_is_told_and_the_token_stays(stage: Stage) -> None:
    session = stage.open(token=ending(3000, refresh_token="another"))
    with pytest.raises(TokenError, match="invalid_grant"):
        session.renew()
    assert session.token["access_token"] == "access-0"


def test_without_a_refresh_token_there_is_nothing_to_renew_with(stage: Stage) -> None:
    session = stage.open(token={"access_token": "a", "expires_in": 3600})
    with pytest.raises(LoginRequired, match="gave nothing to renew"):
        session.renew()


def test_a_session_of_the_constructor_is_renewed_by_refresh_token(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match="refresh_token"):
        stage.classic(token=ending(3000)).renew()


class SameAgain:
    """A lender that has nothing newer, as where the token lives on."""

    name = "the lender"

    def lend(self, former: dict[str, Any], *, is_refused: bool = False) -> dict[str, Any]:
        return former


def test_a_lender_that_has_nothing_newer_leaves_the_token_that_there_is(stage: Stage) -> None:
    session = stage.open(token=ending(5))
    session.lender, kept = SameAgain(), []
    session._keep = kept.append
    assert session.get(stage.api).ok
    assert not kept
    assert not stage.token_requests
