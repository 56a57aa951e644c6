"""After a password was sent, nothing that can be reached refers to it."""

from __future__ import annotations

import gc
import secrets
import weakref
from typing import TYPE_CHECKING

import pytest

from nb_oauth import Client, PasswordLogin, TokenError
from nb_oauth.prompts import Credentials
from nb_oauth.surfaces import widget
from tests.judge.flows import PasswordFlow
from tests.judge.memory import holders
from tests.polling import wait_until

if TYPE_CHECKING:
    from tests.judge.scene import Scene

pytestmark = pytest.mark.provider

FLOW = PasswordFlow()


def holders_of(scene: Scene, password: str) -> list[str]:
    """Who refers to the end of ``password``, which looks the same in every encoding."""
    return holders(password[-20:], apart_from=[scene.oidc.passwords])


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[Credentials]]:
    """What people typed, as long as it is there."""
    alive: list[weakref.ref[Credentials]] = []

    def make(username: str, password: str) -> Credentials:
        credentials = Credentials(username, password)
        alive.append(weakref.ref(credentials))
        return credentials

    monkeypatch.setattr(widget, "Credentials", make)
    return alive


def assert_forgotten(typed: list[weakref.ref[Credentials]], count: int) -> None:
    """Also what only a running frame has on its stack, which no search can see."""
    assert len(typed) == count
    gc.collect()
    assert [one() for one in typed] == [None] * count


def test_the_search_finds_whoever_refers_to_it(scene: Scene) -> None:
    password = scene.oidc.passwords["analyst"]
    FLOW.begin(scene)
    FLOW.sign_in(scene)
    session = scene.wait()
    assert holders_of(scene, password) == []

    session.planted = {"body": (f"grant_type=password&password={password}",)}  # type: ignore[attr-defined]
    assert holders_of(scene, password) == ["builtins.tuple"]
    session.planted = password.encode()  # type: ignore[attr-defined]
    assert len(holders_of(scene, password)) == 1
    del session.planted  # type: ignore[attr-defined]
    assert holders_of(scene, password) == []


def test_who_signed_in_left_no_password(
    scene: Scene, typed: list[weakref.ref[Credentials]]
) -> None:
    FLOW.begin(scene)
    FLOW.sign_in(scene)
    session = scene.wait()
    assert holders_of(scene, scene.oidc.passwords["analyst"]) == []
    assert_forgotten(typed, 1)
    assert session.get(scene.oidc.api).ok


def test_a_wrong_password_is_forgotten_while_another_is_waited_for(
    scene: Scene, typed: list[weakref.ref[Credentials]]
) -> None:
    wrong = secrets.token_hex(20)
    FLOW.begin(scene)
    for attempt in range(2):
        scene.see(lambda view: view.credentials, "name and password are asked for")
        errors = sum(1 for view in scene.views if view.error)
        scene.send("credentials", "analyst", wrong)
        wait_until(
            lambda told=errors: sum(1 for view in scene.views if view.error) > told,
            "they are asked for again",
        )
        wait_until(lambda: typed[-1]() is None, "what was typed is let go of")
        assert holders_of(scene, wrong) == []
        assert_forgotten(typed, attempt + 1)


def test_a_sign_in_that_failed_for_good_left_no_password(
    scene: Scene, typed: list[weakref.ref[Credentials]]
) -> None:
    client = Client("password-basic", client_secret="wrong")
    scene.begin(PasswordLogin(scene.provider, client, scope="api:read"))
    FLOW.sign_in(scene)
    with pytest.raises(TokenError) as told:
        scene.wait()
    assert told.value.error == "invalid_client"
    assert holders_of(scene, scene.oidc.passwords["analyst"]) == []
    assert_forgotten(typed, 1)


def test_what_was_typed_too_late_is_not_kept(
    scene: Scene, typed: list[weakref.ref[Credentials]]
) -> None:
    """A message may come when nobody waits for it any more: the inbox of the attempt is over."""
    FLOW.begin(scene)
    FLOW.sign_in(scene)
    scene.wait()
    scene.send("credentials", "analyst", scene.oidc.passwords["analyst"])
    assert holders_of(scene, scene.oidc.passwords["analyst"]) == []
    assert_forgotten(typed, 2)
