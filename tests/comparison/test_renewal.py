"""Renewing a token: rows 1, 3 to 7 and 9."""

from __future__ import annotations

import json
from typing import Any

import pytest
from requests_oauthlib import TokenUpdated

from nb_oauth import Client
from tests.comparison.rows import row, same
from tests.comparison.sides import OPENED, OURS, Side, error_of
from tests.unit.session_stage import Reply, Request, Stage, ending, reply


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("json", {"amount": 3}),
        ("params", {"page": "2"}),
        ("allow_redirects", True),
        ("cookies", {"a": "b"}),
        ("cert", __file__),
    ],
)
@row(1, r"^posts \['\w+'\] to the token endpoint$")
def test_nothing_of_the_api_request_reaches_the_token_endpoint(
    side: Side, stage: Stage, name: str, value: Any
) -> None:
    session = side.session(stage.provider, ending(-1))
    session.post(stage.api, **{name: value})
    (request,) = stage.token_requests
    surplus = {*request.form, *request.query} - {"grant_type", "refresh_token", "client_id"}
    assert not surplus, f"posts {sorted(surplus)} to the token endpoint"
    assert "Cookie" not in request.headers


@pytest.mark.parametrize("in_body", [False, True], ids=["basic", "body"])
@row(3, "^sends the client's secret in 1 of 2 token requests$", OPENED)
def test_a_renewal_authenticates_as_the_first_token_request_did(
    side: Side, stage: Stage, *, in_body: bool
) -> None:
    method = "client_secret_post" if in_body else "client_secret_basic"
    client = Client("app", "the-secret", token_endpoint_auth_method=method)
    session = side.session(stage.provider, client=client)
    if side is OPENED:
        session.fetch_token(stage.token_endpoint, code="code")
    else:
        more = {"client_secret": "the-secret", "include_client_id": in_body}
        session.fetch_token(stage.token_endpoint, code="code", **more)
    session.token = {**session.token, "expires_at": 1}
    session.get(stage.api)
    place = (lambda one: one.form.get("client_secret")) if in_body else _authorization
    seen = [place(one) for one in stage.token_requests]
    assert None not in seen, f"sends the client's secret in 1 of {len(seen)} token requests"
    assert seen == [seen[0]] * 2


@row(4, "^TokenExpiredError")
def test_a_renewal_without_expires_in_does_not_leave_the_session_renewing(
    side: Side, stage: Stage
) -> None:
    stage.at_token = lambda _: reply(access_token="new", token_type="Bearer")
    session = side.session(stage.provider, ending(-1))
    session.get(stage.api)
    session.get(stage.api)
    assert len(stage.token_requests) == 1
    assert stage.sent_tokens == ["Bearer new"] * 2


@row(5, "^the payment is not sent: TokenUpdated$", OPENED)
def test_a_request_that_meets_an_ended_token_is_sent(side: Side, stage: Stage) -> None:
    session = side.session(stage.provider, ending(-1))
    session.token_updater = None
    error = error_of(session.post, stage.api, data={"amount": "3"})
    assert not error, f"the payment is not sent: {type(error).__name__}"
    assert [one.form for one in stage.api_requests] == [{"amount": "3"}]


@same(5, OURS)
def test_who_wants_to_be_told_is_told_before_the_request_is_sent(side: Side, stage: Stage) -> None:
    session = side.session(stage.provider, ending(-1))
    session.token_updater = None
    with pytest.raises(TokenUpdated) as raised:
        session.post(stage.api, data="a payment")
    assert raised.value.token["access_token"] == "access-1"
    assert not stage.api_requests
    session.post(stage.api, data="a payment")
    assert stage.sent_tokens == ["Bearer access-1"]


@row(7, "^sends a token that ends in 5 s$", OPENED)
def test_a_token_is_renewed_before_its_end(side: Side, stage: Stage) -> None:
    side.session(stage.provider, ending(5)).get(stage.api)
    assert stage.sent_tokens == ["Bearer access-1"], "sends a token that ends in 5 s"


@same(7)
def test_a_token_that_nothing_renews_is_used_to_its_end(side: Side, stage: Stage) -> None:
    assert side.session(stage.provider, ending(5, refresh_token=None)).get(stage.api).ok
    assert stage.sent_tokens == ["Bearer access-0"]


@row(7, "^does not renew early$", OPENED)
def test_where_renewing_early_fails_the_token_that_lives_is_used(side: Side, stage: Stage) -> None:
    stage.at_token = lambda _: reply(503)
    assert side.session(stage.provider, ending(5)).get(stage.api).ok
    assert stage.sent_tokens == ["Bearer access-0"]
    assert stage.token_requests, "does not renew early"


class RefusingStage(Stage):
    """Its API takes what its token endpoint issued, and refuses everything else as it is told."""

    says, takes = "invalid_token", "access-1"

    def answer(self, request: Request) -> Reply:
        answered = super().answer(request)
        if request.path == "/token" or self.takes in str(request.headers.get("Authorization")):
            return answered
        header = {"WWW-Authenticate": f'Bearer error="{self.says}"'}
        return Reply(json.dumps({}), 401, header)


@pytest.fixture
def refusing() -> Any:
    with RefusingStage() as stage:
        yield stage


@pytest.mark.parametrize("expires_in", [3600, None])
@row(7, "^a refused token is not renewed$", OPENED)
def test_a_token_that_the_api_refuses_is_renewed(
    side: Side, refusing: RefusingStage, expires_in: int | None
) -> None:
    token = {"access_token": "access-0", "refresh_token": "refresh-0", "token_type": "Bearer"}
    if expires_in:
        token |= {"expires_in": expires_in}  # type: ignore[dict-item]
    answer = side.session(refusing.provider, token).post(refusing.api, data="text")
    assert answer.ok, "a refused token is not renewed"
    assert len(refusing.token_requests) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"headers": {"Authorization": "ApiKey mine"}},
        {"auth": ("me", "mine")},
        {"withhold_token": True},
        {"files": {"file": b"once"}},
    ],
    ids=["own-authorization", "own-credentials", "no-token", "a-file"],
)
@same(7)
def test_a_refusal_that_no_renewal_would_change_is_the_callers(
    side: Side, refusing: RefusingStage, arguments: dict[str, Any]
) -> None:
    session = side.session(refusing.provider, ending(3000))
    assert session.post(refusing.api, **arguments).status_code == 401
    assert (len(refusing.api_requests), refusing.token_requests) == (1, [])


@row(7, "^renews 0 times$", OPENED)
def test_an_api_that_refuses_every_token_causes_one_renewal(
    side: Side, refusing: RefusingStage
) -> None:
    refusing.takes = "none"
    session = side.session(refusing.provider, ending(3000))
    assert {session.get(refusing.api).status_code for _ in range(5)} == {401}
    renewals = len(refusing.token_requests)
    assert renewals == 1, f"renews {renewals} times"


@same(7)
def test_a_refusal_by_another_host_after_a_redirect_is_the_callers(
    side: Side, refusing: RefusingStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = side.session(refusing.provider, ending(3000))
    away = refusing.api.replace("127.0.0.1", "localhost") + "/elsewhere"
    answer = refusing.answer

    def send_away(request: Request) -> Reply:
        refused = answer(request)
        return refused if "elsewhere" in request.path else Reply("", 302, {"Location": away})

    monkeypatch.setattr(refusing, "answer", send_away)
    assert session.get(refusing.api).status_code == 401
    assert not refusing.token_requests


@same(7)
def test_a_scope_that_is_missing_is_renewed_by_nobody(side: Side, refusing: RefusingStage) -> None:
    refusing.says = "insufficient_scope"
    assert side.session(refusing.provider, ending(3000)).get(refusing.api).status_code == 401
    assert not refusing.token_requests


@row(9, "^asks with grant_type=refresh_token$")
def test_client_credentials_are_renewed_by_asking_again(side: Side, stage: Stage) -> None:
    ended = ending(-1, refresh_token=None)
    client = Client("app", "the-secret")
    session = side.session(stage.provider, ended, client, grant="client_credentials")
    if side is not OPENED:
        session.auto_refresh_kwargs = {"client_id": "app", "client_secret": "the-secret"}
    error_of(session.get, stage.api)
    [request] = stage.token_requests
    kind = request.form["grant_type"]
    assert kind == "client_credentials", f"asks with grant_type={kind}"
    assert _authorization(request) == "Basic YXBwOnRoZS1zZWNyZXQ="
    assert stage.sent_tokens == ["Bearer access-1"]


def _authorization(request: Request) -> str | None:
    return request.headers.get("Authorization")
