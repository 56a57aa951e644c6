"""An API that refuses a token before its end: it is renewed once, and the request sent again."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.auth import AuthBase, HTTPDigestAuth, HTTPProxyAuth

from nb_oauth import LoginRequired, TokenError, session_refusals, session_renewal
from tests.unit.session_stage import Reply, Request, Stage, at_once, ending, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nb_oauth import OAuth2Session

LIVING = ending(360_000, refresh_token="refresh-0")


class RevokingStage(Stage):
    """Its API takes what its token endpoint issued last, and no token that it issued before."""

    takes_nothing = False
    moved_to = ""
    challenge = "Bearer"

    def __init__(self) -> None:
        super().__init__()
        self.ended = {"Bearer access-0"}

    def answer(self, request: Request) -> Reply:
        answered = super().answer(request)
        if request.path == "/token":
            return answered
        if request.path == "/moved":
            return Reply("", 302, {"Location": self.moved_to})
        sent = request.headers.get("Authorization")
        good = sent == f"Bearer access-{self._generation}" and sent not in self.ended
        if self.takes_nothing or not good:
            refusal = reply(401, error="invalid_token")
            headers = {**refusal.headers, "WWW-Authenticate": self.challenge}
            return Reply(refusal.body, 401, headers)
        return answered


def without_its_end(answer: Reply) -> Reply:
    members = json.loads(answer.body)
    del members["expires_in"]
    return reply(**members)


@pytest.fixture
def stage() -> Iterator[RevokingStage]:
    with RevokingStage() as stage:
        yield stage


@pytest.fixture
def session(stage: RevokingStage) -> OAuth2Session:
    return stage.open(token=LIVING)


@pytest.mark.parametrize("data", [None, "text", b"bytes", {"a": "form"}, [("a", "form")]])
def test_a_refused_token_is_renewed_and_the_request_sent_again(
    stage: RevokingStage, session: OAuth2Session, data: Any
) -> None:
    assert session.post(stage.api, data=data).status_code == 200
    assert stage.sent_tokens == ["Bearer access-0", "Bearer access-1"]
    assert len(stage.token_requests) == 1


@pytest.mark.parametrize("count", [8, 64])
def test_many_threads_renew_a_refused_token_once(
    stage: RevokingStage, session: OAuth2Session, count: int
) -> None:
    answers = at_once(count, lambda: session.get(stage.api).status_code)
    assert set(answers) == {200}
    assert len(stage.token_requests) == 1


@pytest.mark.parametrize(
    "body", [{"data": io.BytesIO(b"once")}, {"files": {"f": io.BytesIO(b"once")}}], ids=str
)
def test_what_is_read_once_is_not_sent_twice(
    stage: RevokingStage, session: OAuth2Session, body: dict[str, Any]
) -> None:
    assert session.post(stage.api, **body).status_code == 401
    assert (len(stage.api_requests), stage.token_requests) == (1, [])


def test_an_api_that_refuses_every_token_causes_one_renewal(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    stage.takes_nothing = True
    assert {session.get(stage.api).status_code for _ in range(5)} == {401}
    assert len(stage.token_requests) == 1
    assert len(stage.api_requests) == 6


def test_two_apis_that_refuse_every_token_cause_one_renewal_each(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    stage.takes_nothing = True
    other = stage.api.replace("127.0.0.1", "localhost")
    answers = [session.get(url).status_code for url in (stage.api, other) * 4]
    assert answers == [401] * 8
    assert len(stage.token_requests) == 2


def test_an_api_that_refused_every_token_is_given_another_chance_in_an_hour(
    stage: RevokingStage, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.takes_nothing = True
    ahead = 0.0
    clocks = {
        "time": lambda: time.time() + ahead,
        "monotonic": lambda: time.monotonic() + ahead,
    }
    for module in (session_renewal, session_refusals):
        monkeypatch.setattr(module, "time", type("time", (), clocks))
    stage.lifetime = 10**6
    for ahead, renewals in ((0, 1), (3500, 1), (3700, 2), (7200, 2), (7400, 3)):  # noqa: B007 - the clock's
        assert session.get(stage.api).status_code == 401
        assert len(stage.token_requests) == renewals


def test_a_token_whose_end_nobody_knows_is_renewed_each_time_it_ends(stage: RevokingStage) -> None:
    session = stage.open(token={"access_token": "access-0", "refresh_token": "refresh-0"})
    stage.at_token = lambda request: without_its_end(stage.rotate(request))
    for times in (1, 2, 3):
        assert session.get(stage.api).status_code == 200
        assert "expires_at" not in session.token
        assert len(stage.token_requests) == times
        stage.ended.add(f"Bearer access-{times}")


def test_what_was_refused_after_a_redirect_to_another_host_was_not_our_token(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    stage.moved_to = stage.api.replace("127.0.0.1", "localhost")
    answer = session.get(f"{stage.issuer}/moved")
    assert (answer.status_code, answer.url) == (401, stage.moved_to)
    assert stage.sent_tokens == ["Bearer access-0", None]
    assert stage.token_requests == []


def test_what_was_refused_after_a_redirect_on_the_same_host_was(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    stage.moved_to = stage.api
    assert session.get(f"{stage.issuer}/moved").status_code == 200
    assert len(stage.token_requests) == 1


def test_no_renewal_brings_a_scope_that_was_not_granted(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    stage.challenge = 'Bearer error="insufficient_scope", scope="write"'
    assert session.get(stage.api).status_code == 401
    assert stage.token_requests == []


def test_a_token_in_a_place_of_the_callers_own_is_renewed_too(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    session._client.default_token_placement = "query"
    assert session.get(stage.api).status_code == 401  # this API looks into the header alone
    assert len(stage.token_requests) == 1


def test_a_refresh_token_that_is_refused_is_used_once(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    for _ in range(5):
        with pytest.raises(LoginRequired, match="renews this sign-in no longer"):
            session.get(stage.api)
    assert len(stage.token_requests) == 1


def test_what_another_thread_learns_meanwhile_counts(
    stage: RevokingStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = stage.open(token=LIVING)

    def another_has_learned(token: Any) -> bool:
        session._setbacks.note_refused(token)
        return False

    monkeypatch.setattr(session, "_can_renew", another_has_learned)
    with pytest.raises(LoginRequired):
        session.get(stage.api)
    assert stage.token_requests == []


def test_where_the_token_endpoint_is_out_of_order_the_answer_of_the_api_stands(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    stage.at_token = lambda _: reply(503, error="temporarily_unavailable")
    for _ in range(3):
        answer = session.get(stage.api, stream=True)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    assert len(stage.token_requests) == len(stage.pauses) + 1  # then it is given a rest


def test_a_token_of_somebody_else_is_told(
    stage: RevokingStage, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise TokenError("not of who signed in", error="invalid_id_token")

    monkeypatch.setattr(session, "_check", refuse)
    with pytest.raises(TokenError, match="not of who signed in"):
        session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-0"]


def test_without_anything_to_renew_with_the_answer_is_the_callers(stage: RevokingStage) -> None:
    session = stage.open(token={"access_token": "a", "expires_in": 3600})
    assert session.get(stage.api).status_code == 401
    assert len(stage.api_requests) == 1


def test_a_request_without_the_token_is_nobodys_refusal(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    assert session.get(stage.api, withhold_token=True).status_code == 401
    assert stage.token_requests == []


class ApiKey(AuthBase):
    """Somebody's own way to authenticate."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "ApiKey mine"
        return request


OWN = [("me", "mine"), HTTPDigestAuth("me", "mine"), ApiKey()]


@pytest.mark.parametrize("own", [*OWN, ApiKey().__call__], ids=lambda _: None)
@pytest.mark.parametrize("always", [False, True], ids=["once", "always"])
def test_what_is_said_to_credentials_of_the_callers_own_is_nobodys_refusal(
    stage: RevokingStage, session: OAuth2Session, own: Any, *, always: bool
) -> None:
    session.auth = own if always else session.auth
    answer = session.get(stage.api, **({} if always else {"auth": own}))
    assert (answer.status_code, len(stage.api_requests), stage.token_requests) == (401, 1, [])
    assert "access-0" not in str(stage.sent_tokens)


@pytest.mark.parametrize("own", OWN, ids=lambda _: None)
@pytest.mark.parametrize("token", [{}, ending(-1, refresh_token=None)], ids=["none", "ended"])
def test_credentials_of_the_callers_own_need_no_token(
    stage: RevokingStage, token: dict[str, Any], own: Any
) -> None:
    session = stage.open(token=token, allowed_hosts=["api.example"])
    assert session.get(stage.api, auth=own).status_code == 401
    session.auth = own
    assert session.get(stage.api).status_code == 401
    assert len(stage.api_requests) == 2


@pytest.mark.parametrize(
    "beside", [None, lambda request: request, HTTPProxyAuth("me", "mine")], ids=lambda _: None
)
def test_what_leaves_room_for_the_token_does_not_take_its_place(
    stage: RevokingStage, session: OAuth2Session, beside: Any
) -> None:
    session.auth = ("me", "always")
    session.auth = beside
    assert session.get(stage.api).status_code == 200
    assert session.get(stage.api, auth=beside).status_code == 200
    assert stage.sent_tokens == ["Bearer access-0", *["Bearer access-1"] * 2]


def test_where_the_token_is_in_the_query_there_is_room_for_both(
    stage: RevokingStage, session: OAuth2Session
) -> None:
    session._client.default_token_placement = "query"
    assert session.get(stage.api, auth=("me", "mine")).status_code == 401
    assert [one.query["access_token"] for one in stage.api_requests] == ["access-0", "access-1"]


@pytest.mark.parametrize("secret", ["access-0", "a+b/c=%~", " padded-0 "])
@pytest.mark.parametrize(
    ("placement", "data"),
    [
        *(("query", data) for data in (None, "a=form", b"a=form")),
        *(("auth_header", data) for data in (None, "a=form", b"a=form")),
        *(("body", data) for data in (None, "a=form")),  # oauthlib puts no token into bytes
    ],
    ids=str,
)
def test_a_refused_token_is_renewed_wherever_in_the_request_it_was(
    stage: RevokingStage, placement: str, secret: str, data: Any
) -> None:
    session = stage.open(token=ending(3000, access_token=secret, refresh_token="refresh-0"))
    session._client.default_token_placement = placement
    session.post(stage.api, data=data)
    assert len(stage.token_requests) == 1


def test_a_session_of_the_constructor_does_as_requests_oauthlib(stage: RevokingStage) -> None:
    session = stage.classic(token=LIVING, auto_refresh_url=stage.token_endpoint)
    assert session.get(stage.api).status_code == 401
    assert stage.token_requests == []


def test_the_refused_answer_is_closed(
    stage: RevokingStage, session: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []
    close = requests.Response.close
    monkeypatch.setattr(
        requests.Response, "close", lambda one: (closed.append(one.status_code), close(one))
    )
    assert session.get(stage.api, stream=True).status_code == 200
    assert 401 in closed
