"""logout() and sessions: what lives in this kernel, and ending it."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import secrets
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

import nb_oauth
from nb_oauth import Client, MemoryTokenStore, OAuth2Session, Provider
from nb_oauth.exceptions import ConfigurationError, LoginRequired, TokenError
from nb_oauth.live_sessions import LiveSessions
from nb_oauth.setbacks import Setbacks
from nb_oauth.sign_out import SignedOut
from tests.judge.memory import holders
from tests.unit.session_stage import Reply, Request, Stage, at_once, ending, reply
from tests.unit.test_session_with_judge import signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.oidc import OidcProvider

CLIENT = Client("app", client_secret="s3cret/+")

ROOT = Path(__file__).parents[2]
PATH = {**os.environ, "PYTHONPATH": str(ROOT)}


class Revoking(Stage):
    """A stage with a revocation endpoint at ``/api/revoke``, which answers as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.refusal: Reply | None = None
        self.answers: list[Reply] = []

    def revoking_provider(self) -> Provider:
        return dataclasses.replace(self.provider, revocation_endpoint=f"{self.api}/revoke")

    def answer(self, request):  # noqa: ANN001, ANN201 - as Stage's
        reply = super().answer(request)
        if not request.path.endswith("/revoke"):
            return reply
        return self.answers.pop(0) if self.answers else self.refusal or reply

    @property
    def revoked(self) -> list[dict[str, str]]:
        return [one.form for one in self.api_requests if one.path.endswith("/revoke")]


@pytest.fixture
def stage() -> Iterator[Revoking]:
    with Revoking() as stage:
        yield stage


def session_at(stage: Revoking, **options: object) -> OAuth2Session:
    arguments = {"token": ending(3600), "scope": "read", **options}
    session = OAuth2Session.open(stage.revoking_provider(), CLIENT, **arguments)  # type: ignore[arg-type]
    session._pause = stage.pauses.append
    return session


def test_revokes_both_tokens_and_forgets_them(stage: Revoking) -> None:
    store = MemoryTokenStore()
    session = session_at(stage, store=store)
    done = nb_oauth.logout(session)
    assert [one["token_type_hint"] for one in stage.revoked] == ["refresh_token", "access_token"]
    assert [one["token"] for one in stage.revoked] == ["refresh-0", "access-0"]
    assert done.revoked == ("refresh_token", "access_token")
    assert not session.authorized
    assert not session.is_alive
    assert repr(store) == "<MemoryTokenStore: holds 0>"
    assert "has revoked the refresh token and access token" in repr(done)


def test_the_client_authenticates_as_in_every_token_request(stage: Revoking) -> None:
    nb_oauth.logout(session_at(stage))
    assert stage.api_requests[0].headers["Authorization"].startswith("Basic ")
    public = OAuth2Session.open(stage.revoking_provider(), Client("app"), token=ending(3600))
    nb_oauth.logout(public)
    assert stage.revoked[-1]["client_id"] == "app"
    posted = Client("app", "s3cret/+", token_endpoint_auth_method="client_secret_post")
    nb_oauth.logout(OAuth2Session.open(stage.revoking_provider(), posted, token=ending(3600)))
    assert stage.revoked[-1]["client_secret"] == "s3cret/+"


def test_a_refusal_is_told_without_secrets_and_forgets_all_the_same(stage: Revoking) -> None:
    stage.refusal = Reply('{"error": "x", "error_description": "refresh-0 of s3cret/+"}', 400)
    session = session_at(stage)
    done = nb_oauth.logout(session)
    assert done.revoked == ()
    assert len(done.failures) == 2
    assert "revocation endpoint answered x (" in repr(done)
    assert "refresh-0" not in repr(done)
    assert "s3cret" not in repr(done)
    assert not session.authorized


@pytest.mark.parametrize("body", ["<p>refresh-0</p>", "[]", "{}", '{"error": 5}', ""])
def test_a_refusal_that_says_nothing_is_not_quoted(stage: Revoking, body: str) -> None:
    stage.refusal = Reply(body, 503)
    failures = nb_oauth.logout(session_at(stage, token={"access_token": "a-token"})).failures
    assert failures == (
        "The access token could not be revoked: The revocation endpoint answered HTTP 503.",
    )


@pytest.mark.parametrize("status", [200, 201, 204])  # Reddit: 204
def test_any_success_is_one(stage: Revoking, status: int) -> None:
    stage.refusal = Reply("", status, {})
    done = nb_oauth.logout(session_at(stage))
    assert (done.revoked, done.failures) == (("refresh_token", "access_token"), ())


def test_what_was_good_no_more_is_revoked(stage: Revoking) -> None:  # Google's end together
    stage.answers = [Reply("{}"), Reply('{"error": "invalid_token"}', 400)]
    done = nb_oauth.logout(session_at(stage))
    assert (done.revoked, done.failures) == (("refresh_token", "access_token"), ())


def test_a_redirect_is_no_success(stage: Revoking) -> None:
    stage.refusal = Reply("", 302, {"Location": "/elsewhere"})
    assert len(nb_oauth.logout(session_at(stage)).failures) == 2


def test_an_endpoint_out_of_reach_is_told(stage: Revoking) -> None:
    provider = dataclasses.replace(stage.provider, revocation_endpoint="http://127.0.0.1:9/revoke")
    session = OAuth2Session.open(provider, CLIENT, token={"access_token": "a-token"})
    done = nb_oauth.logout(session)
    assert "could not be reached" in repr(done)
    assert not session.authorized


def test_a_provider_that_cannot_revoke_is_named(stage: Revoking) -> None:
    session = OAuth2Session.open(stage.provider, CLIENT, token=ending(3600))
    done = nb_oauth.logout(session)
    assert "no revocation endpoint" in repr(done)
    assert stage.revoked == []
    assert not session.authorized


def test_after_it_no_request_goes_out(stage: Revoking) -> None:
    session = session_at(stage)
    nb_oauth.logout(session)
    asked = len(stage.api_requests)
    with pytest.raises(LoginRequired, match="Nobody is signed in with this session"):
        session.get(stage.api)
    assert len(stage.api_requests) == asked
    assert session.get(stage.api, withhold_token=True).status_code == 200
    assert stage.sent_tokens[-1] is None
    assert "Not signed in" in repr(session)


def test_a_request_that_is_on_its_way_meanwhile_says_so(stage: Revoking) -> None:
    def sign_out(*request: object) -> object:
        session.forget_token()
        return request

    session = session_at(stage)
    session.register_compliance_hook("protected_request", sign_out)
    with pytest.raises(LoginRequired, match="Nobody is signed in with this session"):
        session.get(stage.api)
    assert stage.api_requests == []


@pytest.mark.timeout(20)
def test_a_thread_that_would_renew_meanwhile_gets_nothing(
    stage: Revoking, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, outcome = session_at(stage), []
    renewal = threading.Thread(target=lambda: outcome.extend(at_once(1, session.renew)))
    answer = stage.answer

    def answer_meanwhile(request: Request) -> Reply:
        if not renewal.ident and request.path.endswith("/revoke"):
            renewal.start()
            renewal.join(0.3)  # more than a renewal needs
        return answer(request)

    monkeypatch.setattr(stage, "answer", answer_meanwhile)
    nb_oauth.logout(session)
    renewal.join()
    assert stage.token_requests == []
    assert [one["token"] for one in stage.revoked] == ["refresh-0", "access-0"]
    assert "signed out" in str(outcome)


def test_what_another_session_of_the_store_has_got_is_revoked(stage: Revoking) -> None:
    store = MemoryTokenStore()
    session = session_at(stage, store=store)
    session_at(stage, store=store, token=None).renew()
    nb_oauth.logout(session)
    assert [one["token"] for one in stage.revoked] == ["refresh-1", "access-1"]


def test_what_was_signed_out_elsewhere_is_revoked_all_the_same(stage: Revoking) -> None:
    store = MemoryTokenStore()
    session = session_at(stage, store=store)
    session_at(stage, store=store, token=None).forget_token()
    nb_oauth.logout(session)
    assert [one["token"] for one in stage.revoked] == ["refresh-0", "access-0"]


def test_a_session_that_nobody_is_signed_in_with_revokes_nothing(stage: Revoking) -> None:
    store = MemoryTokenStore()
    nobody = session_at(stage, store=store, token={})
    session_at(stage, store=store)
    assert nb_oauth.logout(nobody).revoked == ()
    assert stage.revoked == []


def test_a_hook_that_raises_keeps_nobody_signed_in(stage: Revoking) -> None:
    def refuse(response: requests.Response, **_: object) -> None:
        response.raise_for_status()

    stage.refusal = Reply("", 503)
    session = session_at(stage)
    session.hooks["response"].append(refuse)
    assert "503 Server Error" in repr(nb_oauth.logout(session))
    assert not session.authorized


def test_whatever_goes_wrong_the_token_is_forgotten(
    stage: Revoking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    session = session_at(stage)
    monkeypatch.setattr(session, "revoke_token", interrupt)
    with pytest.raises(KeyboardInterrupt):
        nb_oauth.logout(session)
    assert not session.authorized


FAILURES = {"out of order": reply(503, error="x"), "refused": reply(400, error="invalid_grant")}


@pytest.mark.parametrize("failure", FAILURES)
def test_nothing_refers_to_its_tokens_any_more(failure: str) -> None:
    run = [sys.executable, "-W", "error", __file__, failure]  # has far less in memory to look at
    subprocess.run(run, check=True, timeout=100, cwd=ROOT, env=PATH)  # noqa: S603 - this very file


def sign_out_and_look(failure: str) -> None:
    mark = secrets.token_hex(8)
    answers = [reply(access_token=f"a2-{mark}", refresh_token=f"r2-{mark}")]
    with Revoking() as stage:
        stage.at_token = lambda _: (answers or [FAILURES[failure]]).pop()
        stage.refusal = reply(401, error="x")
        token = {"access_token": f"a1-{mark}", "refresh_token": f"r1-{mark}"}
        session = session_at(stage, token=token)
        session.get(f"{stage.api}/revoke")  # refuses both, so that the second is a last resort
        with contextlib.suppress(TokenError):
            session.renew()
        with contextlib.suppress(LoginRequired, TokenError):
            session._renewal.run(
                session.token, partial(session._renew_refused, session.provider, host="api")
            )
        assert holders(mark, apart_from=[token]) != []
        nb_oauth.logout(session)
        stage.api_requests.clear()
        stage.token_requests.clear()
        assert holders(mark, apart_from=[token]) == []
        assert vars(session._setbacks) == vars(Setbacks())  # no digest either
        assert session._renewal._last_failure is None


def test_a_session_of_the_constructor_cannot_be_signed_out() -> None:
    with pytest.raises(ConfigurationError, match="knows its provider"):
        nb_oauth.logout(OAuth2Session("app", token={"access_token": "a-token"}))


def test_a_token_that_is_not_there_cannot_be_revoked(stage: Revoking) -> None:
    session = session_at(stage, token={"access_token": "a-token"})
    with pytest.raises(ConfigurationError, match="no refresh_token"):
        session.revoke_token("refresh_token")


def test_sessions_shows_what_lives_and_no_secret(stage: Revoking) -> None:
    gc.collect()
    before = len(nb_oauth.sessions)
    session = session_at(stage, account="work")
    ended = session_at(stage, token={"access_token": "access-9", "expires_at": 1})
    assert len(nb_oauth.sessions) == before + 1
    assert session in list(nb_oauth.sessions)
    assert ended not in list(nb_oauth.sessions)
    for shown in (repr(nb_oauth.sessions), nb_oauth.sessions._repr_html_()):
        assert "(work)" in shown
        assert "read" in shown
        assert "access-0" not in shown
        assert "s3cret" not in shown
    nb_oauth.logout(session)
    assert session not in list(nb_oauth.sessions)


def test_sessions_says_so_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OAuth2Session, "opened", LiveSessions())
    assert repr(nb_oauth.sessions) == "No live sessions."
    assert "No live sessions" in nb_oauth.sessions._repr_html_()


def test_sessions_may_be_opened_while_somebody_goes_through_them(stage: Revoking) -> None:
    first = session_at(stage)
    shown = iter(OAuth2Session.opened)
    met = {next(shown)}
    session = session_at(stage)
    met |= set(shown)
    assert first in met
    assert session not in met


@pytest.mark.timeout(20)
def test_nobody_opens_one_while_they_are_counted(stage: Revoking) -> None:
    counted, session = OAuth2Session.opened, session_at(stage)
    counted.discard(session)
    opening = threading.Thread(target=counted.add, args=[session])
    with counted._lock:  # as while a snapshot is taken
        opening.start()
        opening.join(0.2)
        assert session not in counted
    opening.join()
    assert session in counted


def test_the_sessions_that_are_opened_are_a_set() -> None:
    session = OAuth2Session.open(Provider("A", token_endpoint="https://a.example/token"), CLIENT)
    assert session in OAuth2Session.opened
    assert session in OAuth2Session.opened.copy()
    assert session in OAuth2Session.opened.snapshot()
    lock = OAuth2Session.opened._lock
    OAuth2Session.opened.begin_anew()  # as after a fork
    assert OAuth2Session.opened._lock is not lock


@pytest.mark.provider
def test_the_judge_refuses_what_was_revoked(oidc: OidcProvider) -> None:
    session = signed_in(oidc, "confidential-basic", "client_secret_basic")
    assert session.provider is not None
    session.provider = dataclasses.replace(
        session.provider, revocation_endpoint=oidc.revocation_endpoint
    )
    token = session.token["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert requests.get(oidc.api, headers=bearer, timeout=10).status_code == 200
    assert nb_oauth.logout(session).revoked == ("refresh_token", "access_token")
    assert requests.get(oidc.api, headers=bearer, timeout=10).status_code == 401


def test_a_session_of_the_constructor_can_forget_its_token() -> None:
    session = OAuth2Session("app", token={"access_token": "a-token"})
    session.forget_token()
    assert not session.authorized
    assert session.token == {}


def test_what_was_done_is_text_in_a_cell() -> None:
    done = SignedOut("<b>", ("access_token",), ())
    assert done._repr_html_() == (
        "<p>Signed out of &lt;b&gt;: the tokens are forgotten here. &lt;b&gt; has revoked the "
        "access token.</p>"
    )


if __name__ == "__main__":
    sign_out_and_look(sys.argv[1])
