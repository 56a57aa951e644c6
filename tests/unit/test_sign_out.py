"""logout() and sessions: what lives in this kernel, and ending it."""

from __future__ import annotations

import dataclasses
import gc
from typing import TYPE_CHECKING

import pytest
import requests

import nb_oauth
from nb_oauth import Client, MemoryTokenStore, OAuth2Session, Provider
from nb_oauth.exceptions import ConfigurationError
from tests.unit.session_stage import Reply, Stage, ending
from tests.unit.test_session_with_judge import signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.oidc import OidcProvider

CLIENT = Client("app", client_secret="s3cret/+")


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
    return OAuth2Session.open(stage.revoking_provider(), CLIENT, **arguments)  # type: ignore[arg-type]


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


def test_after_it_no_token_is_sent(stage: Revoking) -> None:
    session = session_at(stage)
    nb_oauth.logout(session)
    session.get(stage.api)
    assert stage.sent_tokens[-1] is None
    assert "Not signed in" in repr(session)


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
    monkeypatch.setattr(OAuth2Session, "opened", set())
    assert repr(nb_oauth.sessions) == "No live sessions."
    assert "No live sessions" in nb_oauth.sessions._repr_html_()


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
