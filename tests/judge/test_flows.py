"""Every flow at oidc-provider, and all that can come of it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from nb_oauth import AuthorizationCodeLogin, Client, LoginCancelled, PasswordLogin, TokenError
from nb_oauth.exceptions import TokenExpiredError
from nb_oauth.surfaces import Status
from tests.judge.flows import (
    FLOWS,
    OUTCOMES,
    REDIRECT_URI,
    BrowserFlow,
    CodeFlow,
    DeviceFlow,
    Flow,
    PasswordFlow,
)
from tests.judge.renewing import let_end
from tests.judge.scene import Scene, port_of, threads
from tests.polling import wait_until

if TYPE_CHECKING:
    from nb_oauth import OAuth2Session

pytestmark = pytest.mark.provider

METHODS = {
    "denied": "deny",
    "expired": "expire",
    "wrong password": "mistake",
    "server error": "meet_server_error",
}


def flows_with(outcome: str) -> pytest.MarkDecorator:
    cells = [(flow, outcome) for flow in FLOWS if outcome not in flow.without]
    return pytest.mark.parametrize(("flow", "outcome"), cells, ids=[str(flow) for flow, _ in cells])


def succeed(flow: Flow, scene: Scene) -> OAuth2Session:
    """Sign in; the judge takes the token for what was asked, and no secret was shown."""
    flow.sign_in(scene)
    session = scene.wait()
    assert scene.login.status == "signed_in"
    opened = session.get(scene.oidc.api).json()
    assert opened.get("sub") == flow.person
    assert set(opened["scope"].split()) >= {"api:read"}
    wait_until(lambda: not threads(), "the attempt's thread and listener end")
    scene.search_for_secrets(flow.kinds)
    return session


@flows_with("success")
def test_success(flow: Flow, outcome: str, scene: Scene) -> None:
    flow.begin(scene)
    session = succeed(flow, scene)
    assert all(view.error is None for view in scene.views)
    if "id_token" in flow.kinds:
        assert session.id_claims["sub"] == session.userinfo()["sub"] == flow.person
    before = session.token["access_token"]
    let_end(session)
    if flow.renews_by is None:
        with pytest.raises(TokenExpiredError):
            session.get(scene.oidc.api)
        return
    assert session.get(scene.oidc.api).status_code == 200
    assert session.token["access_token"] != before
    assert scene.oidc.token_requests(flow.renews_by)[-1]["status"] == 200
    scene.search_for_secrets(flow.kinds)


@flows_with("denied")
def test_denied(flow: Flow, outcome: str, scene: Scene) -> None:
    flow.deny(scene)
    assert scene.login.is_under_way
    succeed(flow, scene)


@flows_with("expired")
def test_expired(flow: Flow, outcome: str, scene: Scene) -> None:
    flow.expire(scene)
    assert scene.login.is_under_way
    succeed(flow, scene)


@flows_with("wrong password")
def test_wrong_password(flow: Flow, outcome: str, scene: Scene) -> None:
    flow.mistake(scene)
    succeed(flow, scene)


@flows_with("server error")
def test_server_error(flow: Flow, outcome: str, scene: Scene) -> None:
    flow.meet_server_error(scene)
    succeed(flow, scene)


@flows_with("cancelled")
def test_cancelled(flow: Flow, outcome: str, scene: Scene) -> None:
    flow.begin(scene)
    flow.see_that_it_waits(scene)
    port = port_of(scene.see_link()) if isinstance(flow, BrowserFlow) else None
    assert threads()

    scene.send("cancel")

    with pytest.raises(LoginCancelled):
        scene.wait()
    assert scene.views[-1].status is Status.CANCELLED
    wait_until(lambda: not threads(), "the attempt's thread and listener end")
    if port is not None:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
    scene.send("new_link")
    succeed(flow, scene)


@pytest.mark.parametrize("flow", FLOWS, ids=str)
def test_what_a_flow_is_without_it_does_not_have(flow: Flow) -> None:
    assert set(flow.without) <= set(OUTCOMES)
    has = {one for one, name in METHODS.items() if getattr(type(flow), name) != getattr(Flow, name)}
    assert has == METHODS.keys() - flow.without.keys()


# -- what has no place in the table --------------------------------------------------------


@pytest.mark.parametrize("flow", [one for one in FLOWS if isinstance(one, BrowserFlow)], ids=str)
def test_a_sign_in_page_that_was_left_too_long_is_opened_again(
    flow: BrowserFlow, scene: Scene
) -> None:
    flow.begin(scene)
    link = scene.see_link()
    scene.oidc.set_lifetimes(sign_in_page=1)
    page = scene.visitor.open(link)
    wait_until(lambda: scene.visitor.open(page.url).status_code == 400, "the page ends")
    scene.oidc.set_lifetimes(sign_in_page=600)
    assert scene.see_link() == link
    succeed(flow, scene)


@pytest.mark.parametrize(
    ("flow", "login", "client_id"),
    [
        (CodeFlow(), AuthorizationCodeLogin, "confidential-basic"),
        (PasswordFlow(), PasswordLogin, "password-basic"),
    ],
    ids=["authorization-code", "password"],
)
def test_a_wrong_secret_ends_it_and_the_right_one_does_not(
    flow: Flow, login: type, client_id: str, scene: Scene
) -> None:
    right = scene.oidc.client_secrets[client_id]
    redirect_uri = REDIRECT_URI if isinstance(flow, BrowserFlow) else None

    def begin(secret: str) -> None:
        client = Client(client_id, client_secret=secret, redirect_uri=redirect_uri)
        scene.begin(login(scene.provider, client, scope="openid api:read"))
        flow.sign_in(scene)

    begin("not+the/secret: %41")
    with pytest.raises(TokenError) as told:
        scene.wait()
    assert told.value.error == "invalid_client"
    scene.see_error("invalid_client")
    begin(right)
    assert scene.wait().get(scene.oidc.api).ok
    scene.search_for_secrets({"client_secret", "password"})


def test_who_is_told_to_slow_down_does(scene: Scene) -> None:
    """The judge tells it again to whoever leaves less than 5 seconds more than before."""
    flow = DeviceFlow()
    scene.oidc.set_token_fault("slow_down", times=1)
    flow.begin(scene)
    wait_until(lambda: scene.oidc.errors().get("slow_down"), "it is told to slow down")
    succeed(flow, scene)
    assert scene.oidc.errors()["slow_down"] == 1


def test_nobody_polls_faster_than_the_judge_allows(scene: Scene) -> None:
    flow = DeviceFlow()
    flow.begin(scene)
    wait_until(lambda: scene.oidc.errors().get("authorization_pending", 0) >= 3, "it asks thrice")
    succeed(flow, scene)
    assert "slow_down" not in scene.oidc.errors()
