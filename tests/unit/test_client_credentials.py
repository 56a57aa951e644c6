"""The client credentials grant: nobody is asked, and it renews by asking again."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from nb_oauth import place
from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError, TokenError
from nb_oauth.grants import ClientCredentialsGrant
from nb_oauth.logins import ClientCredentialsLogin
from nb_oauth.place import Place
from nb_oauth.providers import Provider
from nb_oauth.session import OAuth2Session
from tests.unit.session_stage import Reply, Request, Stage, at_once, reply

PATIENCE = 10.0
CLIENT = Client("service", client_secret="a secret/+")


class Issuer(Stage):
    """A stage whose token endpoint gives a numbered token for a short time to whoever asks."""

    lifetime = 3600.0

    def issue(self, _: Request) -> Reply:
        return reply(
            access_token=f"access-{len(self.token_requests)}",
            token_type="Bearer",
            expires_in=self.lifetime,
        )


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as stage:
        stage.at_token = stage.issue
        yield stage


@pytest.fixture(autouse=True)
def _in_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sits here: this grant asks nobody."""
    monkeypatch.setattr(place, "here", lambda: Place.ELSEWHERE)


def login_at(issuer: Issuer, **options: Any) -> ClientCredentialsLogin:
    provider = Provider("Example", token_endpoint=issuer.token_endpoint)
    return ClientCredentialsLogin(provider, CLIENT, **options)


def test_the_grant_asks_nobody() -> None:
    asked: list[str] = []

    class Session:
        redirect_uri = None

        def fetch_token(self, token_url: str, code: str | None = None) -> dict[str, str]:
            assert code is None
            asked.append(token_url)
            return {"access_token": "t"}

    provider = Provider("Example", token_endpoint="https://example.test/token")
    flow = ClientCredentialsGrant(provider).flow(Session())  # type: ignore[arg-type]
    with pytest.raises(StopIteration) as done:
        next(flow)
    assert done.value.value == {"access_token": "t"}
    assert asked == ["https://example.test/token"]


def test_a_script_gets_a_session(issuer: Issuer) -> None:
    login = login_at(issuer, scope="read write")
    session = login.wait(PATIENCE)
    assert login.session is session
    assert login.status == "signed_in"
    [request] = issuer.token_requests
    assert request.form == {"grant_type": "client_credentials", "scope": "read write"}
    assert request.headers["Authorization"].startswith("Basic ")


def test_without_a_scope_none_is_sent(issuer: Issuer) -> None:
    login_at(issuer).wait(PATIENCE)
    assert issuer.token_requests[0].form == {"grant_type": "client_credentials"}


def test_nothing_is_shown_unless_somebody_shows_it(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    monkeypatch.setattr(
        "IPython.display.publish_display_data", lambda data, **_: shown.append(data)
    )
    login_at(issuer).wait(PATIENCE)
    assert shown == []


def test_showing_it_begins_anywhere_and_invites_nobody(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(
        "IPython.display.publish_display_data", lambda data, **_: shown.append(data["text/plain"])
    )
    login = login_at(issuer)
    login.display()
    assert login.wait(PATIENCE).authorized
    login.display()
    assert shown[-1] == "Signed in to Example."


def test_it_renews_by_asking_again_once_for_all_threads(issuer: Issuer) -> None:
    issuer.lifetime = -1
    session = login_at(issuer).wait(PATIENCE)
    issuer.lifetime = 3600
    assert session.is_alive
    assert at_once(16, lambda: session.get(issuer.api).status_code) == [200] * 16
    assert [one.form["grant_type"] for one in issuer.token_requests] == ["client_credentials"] * 2


def test_a_refusal_leaves_a_token_that_still_lives(issuer: Issuer) -> None:
    session = login_at(issuer).wait(PATIENCE)
    soon = {**session.token, "expires_in": 3600, "expires_at": time.time() + 5}
    session.token = soon
    issuer.at_token = lambda _: reply(401, error="invalid_client")
    assert session.get(issuer.api).status_code == 200
    assert session.token == soon


def test_a_refusal_is_told_when_the_token_has_ended(issuer: Issuer) -> None:
    session = login_at(issuer).wait(PATIENCE)
    session.token = {**session.token, "expires_at": time.time() - 1}
    issuer.at_token = lambda _: reply(401, error="invalid_client")
    with pytest.raises(TokenError, match="invalid_client"):
        session.get(issuer.api)


def test_a_wrong_secret_is_told_without_the_secret(issuer: Issuer) -> None:
    issuer.at_token = lambda _: reply(
        401, error="invalid_client", error_description="a secret/+ is wrong"
    )
    login = login_at(issuer)
    with pytest.raises(TokenError) as refused:
        login.wait(PATIENCE)
    assert refused.value.error == "invalid_client"
    assert "a secret/+" not in str(refused.value)
    assert login.status == "failed"


def test_a_secret_is_needed() -> None:
    provider = Provider("Example", token_endpoint="https://example.test/token")
    with pytest.raises(ConfigurationError, match="client_secret"):
        ClientCredentialsLogin(provider, Client("service"))


def test_an_unknown_token_is_not_taken_for_one_of_another_grant(issuer: Issuer) -> None:
    session = login_at(issuer).wait(PATIENCE)
    assert session._key is not None
    assert session._key.grant == "client_credentials"
    assert isinstance(session, OAuth2Session)
