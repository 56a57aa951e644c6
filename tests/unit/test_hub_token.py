"""JupyterHub's own token: where it is used, for whom, and what is said where it is not."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import time
import traceback
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests

import nb_oauth
from nb_oauth import (
    Client,
    ConfigurationError,
    LoginRequired,
    MemoryTokenStore,
    OAuth2Session,
    Provider,
    TokenError,
    diagnosis,
    hub_token,
    place,
    sign_in,
)
from nb_oauth.commands import main
from nb_oauth.diagnosis.hub import the_hubs_token
from nb_oauth.hub_token import auth_state as state_reader
from nb_oauth.hub_token import hub_api
from nb_oauth.hub_token.lending import JupyterHub
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.logins import Login
from nb_oauth.place import Place
from nb_oauth.providers import discovery_cache
from nb_oauth.surfaces import NewLinkWanted
from tests.polling import wait_until
from tests.unit.fake_hub import (
    API_TOKEN,
    ITS_PATH,
    USER,
    FakeHub,
    auth_state,
    ending_state,
    let_end,
)
from tests.unit.metadata_server import OPENID
from tests.unit.session_stage import Reply, Request, Stage, at_once, ending, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SETTING = "NB_OAUTH_HUB_PROVIDER"
APP = Client("app")
SECRETS = ("lent-1", "lent-2", "the-hubs-own", API_TOKEN)


class Publishing(Stage):
    """An authorization server that says where its endpoints are, and an API.

    Attributes:
        refuses: the access token that the API does not take.
    """

    refuses = ""

    def answer(self, request: Request) -> Reply:
        if request.path == OPENID:
            endpoint = {"authorization_endpoint": f"{self.issuer}/authorize"}
            return reply(issuer=self.issuer, token_endpoint=f"{self.issuer}/token", **endpoint)
        answer = super().answer(request)
        is_refused = request.headers.get("Authorization") == f"Bearer {self.refuses}"
        return reply(401) if is_refused else answer

    @property
    def provider(self) -> Provider:
        return replace(super().provider, issuer=self.issuer)


@pytest.fixture(autouse=True)
def _kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A kernel that remembers nothing, and in which nobody can be asked."""
    for name in ("CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setattr(discovery_cache, "_here", {})
    monkeypatch.setattr(place, "here", lambda: Place.UNATTENDED)
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: None)


@pytest.fixture
def stage() -> Iterator[Publishing]:
    with Publishing() as stage:
        yield stage


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, stage: Publishing) -> Iterator[FakeHub]:
    """A Hub that signs people in by the stage; this process is a server of its."""
    with FakeHub() as hub:
        hub.start_a_server(monkeypatch)
        monkeypatch.setenv(SETTING, f" {stage.issuer}/ ")
        yield hub


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long everybody would wait before asking again; nobody does."""
    noted: list[float] = []
    monkeypatch.setattr(OAuth2Session, "_pause", staticmethod(noted.append))
    monkeypatch.setattr(hub_token, "_pause", noted.append)
    return noted


def login(stage: Stage, **more: Any) -> OAuth2Session:
    asked = {"client": APP, "scope": "read", **more}
    session = nb_oauth.login(asked.pop("provider", stage.provider), **asked)
    session.trust_env = False
    return session


def refused(stage: Stage, match: str, **more: Any) -> str:
    """What is said where the Hub's token is not used, so that somebody would have to sign in."""
    with pytest.warns(UserWarning, match=match) as said, pytest.raises(LoginRequired):
        login(stage, **more)
    [warning] = said
    assert warning.filename == __file__
    return str(warning.message)


def sent(stage: Stage) -> list[str | None]:
    return [one and one.removeprefix("Bearer ") for one in stage.sent_tokens]


# -- it is used --------------------------------------------------------------------------------


def test_nobody_is_asked(stage: Publishing, hub: FakeHub) -> None:
    session = login(stage)
    assert session.get(stage.api).ok
    assert sent(stage) == ["lent-1"]
    assert session.scope == ["read", "openid"]
    assert login(stage) is session
    assert [one.path for one in hub.asked] == [ITS_PATH]


def test_it_is_known_by_its_short_name(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "GitHub")
    hub.states = [auth_state(scope="read:user")]
    session = nb_oauth.login("github", scope="read:user")
    assert session.token["access_token"] == "lent-1"
    assert session.allowed_hosts
    with pytest.raises(ConfigurationError, match=r"does not go to elsewhere\.example"):
        session.get("https://elsewhere.example/")


def test_no_app_of_ones_own_is_needed(stage: Publishing, hub: FakeHub) -> None:
    session = nb_oauth.login(stage.issuer, scope="read")
    assert session.token["access_token"] == "lent-1"
    assert nb_oauth.login(stage.issuer, scope="read") is session


@pytest.mark.parametrize("there", [Place.NOTEBOOK, Place.TERMINAL, Place.ELSEWHERE])
def test_wherever_the_person_is(
    stage: Publishing, hub: FakeHub, there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "here", lambda: there)
    assert login(stage, client=None).token["access_token"] == "lent-1"


def test_the_visitors_of_an_app_are_not_whom_the_hub_knows(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub_token.may_be_for(stage.provider)
    monkeypatch.setattr(place, "here", lambda: Place.APP)
    assert not hub_token.may_be_for(stage.provider)
    with pytest.raises(nb_oauth.ConfigurationError, match="Those who visit this page"):
        nb_oauth.login(stage.issuer, scope="read")
    assert the_hubs_token().found == "it is its owner's: each visitor of this page signs in"


def test_no_store_is_given_it(stage: Publishing, hub: FakeHub) -> None:
    store = MemoryTokenStore()
    session = login(stage, store=store)
    assert login(stage, store=store) is session
    assert not store._tokens  # type: ignore[attr-defined]


def test_a_stored_token_comes_first(stage: Publishing, hub: FakeHub) -> None:
    store = MemoryTokenStore()
    kept = ending(3000, scope="read")
    OAuth2Session.open(stage.provider, APP, scope="read", token=kept, store=store)
    assert login(stage, store=store).token["access_token"] == "access-0"
    assert not hub.asked


def test_more_than_was_asked_for_will_do(stage: Publishing, hub: FakeHub) -> None:
    assert login(stage, scope=None).token["access_token"] == "lent-1"


def test_no_refresh_token_and_no_id_token_come_along(stage: Publishing, hub: FakeHub) -> None:
    hub.states = [auth_state(id_token="an.id.token", scope="openid read")]
    session = login(stage, scope="openid read")
    assert set(session.token) == {"access_token", "token_type", "scope", "requested_scope"}
    assert session.id_claims == {}


# -- it is not ---------------------------------------------------------------------------------


def test_nothing_is_asked_of_the_hub_unless_an_administrator_says_so(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SETTING)
    with pytest.raises(LoginRequired, match="REFRESH_TOKEN"):
        login(stage)
    assert not hub.asked


@pytest.mark.parametrize("name", ["API_URL", "API_TOKEN", "USER"])
def test_nor_where_no_hub_is(
    stage: Publishing, hub: FakeHub, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"JUPYTERHUB_{name}")
    with pytest.raises(LoginRequired):
        login(stage)
    assert not hub.asked


def test_nor_for_another_provider(stage: Publishing, hub: FakeHub) -> None:
    another = replace(stage.provider, issuer="https://as.example")
    for provider in ("google", another, replace(another, issuer=None)):
        with pytest.raises(LoginRequired):
            login(stage, provider=provider, grant="authorization_code")
    assert not hub.asked


@pytest.mark.parametrize(
    "endpoint", ["token_endpoint", "authorization_endpoint", "userinfo_endpoint"]
)
def test_nor_for_one_that_borrows_the_issuer(
    stage: Publishing, hub: FakeHub, endpoint: str
) -> None:
    address = {endpoint: "https://elsewhere.example/there"}
    with pytest.raises(LoginRequired):
        login(stage, provider=replace(stage.provider, **address))
    assert not hub.asked


def test_a_provider_made_by_hand_gets_it_for_the_hosts_that_are_known(
    hub: FakeHub, stage: Publishing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "github")
    ours = nb_oauth.providers.known_provider("github").provider
    mine = Provider("Mine", token_endpoint=ours.token_endpoint, api_hosts=["*.example"])
    session = login(stage, provider=mine, grant="authorization_code")
    assert session.provider == replace(ours, name="Mine")
    with pytest.raises(ConfigurationError, match=r"does not go to elsewhere\.example"):
        session.get("https://elsewhere.example/")


def test_nor_for_another_account(stage: Publishing, hub: FakeHub) -> None:
    with pytest.raises(LoginRequired):
        login(stage, account="work")
    with pytest.raises((LoginRequired, ConfigurationError)):
        login(stage, account="work", client=None)
    assert not hub.asked


def test_nor_where_the_app_is_to_act_as_itself(stage: Publishing, hub: FakeHub) -> None:
    service = Client("app", client_secret="s3cret")
    session = login(stage, client=service, grant="client_credentials")
    assert session.token["access_token"] == "access-1"
    assert not hub.asked


def test_nor_on_the_command_line(
    stage: Publishing, hub: FakeHub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["login", stage.issuer, "--client-id", "app"]) != 0
    assert not hub.asked
    assert "nb-oauth login" in capsys.readouterr().err


def test_what_the_administrator_names_may_be_nothing(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "gihtub")
    assert f"{SETTING}='gihtub' will not do: No provider is known" in refused(stage, "gihtub")


@pytest.mark.parametrize("kept", ["email profile", ""])
def test_a_scope_that_it_does_not_cover(stage: Publishing, hub: FakeHub, kept: str) -> None:
    hub.states = [auth_state(scope=kept)]
    said = refused(stage, "good for")
    granted = kept or "nothing it says"
    assert said.startswith(
        f"JupyterHub's token of 127.0.0.1 is good for {granted}, and not for all of read. "
    )


def test_a_person_is_asked_instead(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "here", lambda: Place.NOTEBOOK)
    hub.states = [None]
    with pytest.warns(UserWarning, match="keeps no auth_state of you"):
        found = sign_in._memory.find(
            sign_in._request(stage.provider, APP, "read", None, None), hub_token.session_for
        )
    assert isinstance(found, Login)


def test_who_has_no_app_is_told_of_that_in_the_end(stage: Publishing, hub: FakeHub) -> None:
    hub.states = [None]
    with (
        pytest.warns(UserWarning, match="keeps no auth_state"),
        pytest.raises(LoginRequired, match="CLIENT_ID"),
    ):
        login(stage, client=None)


# -- what the hub may say ----------------------------------------------------------------------


def html(_: Request) -> Reply:
    return Reply("<h1>lent-1 the-hubs-own</h1>", headers={"Content-Type": "text/html"})


def moved(_: Request) -> Reply:
    return Reply("", 302, {"Location": "https://elsewhere.example/"})


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (lambda _: reply(kind="user", name="ada"), "scope admin:auth_state!user to both of the"),
        (
            lambda _: reply(404, message="No access"),
            "scope admin:auth_state!user to both of the roles",
        ),
        (lambda _: reply(auth_state=None), "c.Authenticator.enable_auth_state = True"),
        (lambda _: reply(auth_state={}), "JUPYTERHUB_CRYPT_KEY"),
        (lambda _: reply(auth_state={"user": "ada"}), "has no access_token"),
        (lambda _: reply(auth_state={"access_token": 7}), "has no access_token"),
        (lambda _: reply(401, message="the-hubs-own"), r"sign in to it again \(HTTP 401\)"),
        (lambda _: reply(403, message="the-hubs-own"), r"sign in to it again \(HTTP 403\)"),
        (lambda _: reply(500, message="the-hubs-own"), "answers HTTP 500 where its API should"),
        (lambda _: Reply('["lent-1"]'), "answers HTTP 200 where its API should say who"),
        (html, "answers HTTP 200 where its API should say who"),
        (moved, "answers HTTP 302 where its API should say who"),
        (lambda _: reply(auth_state=auth_state(token_type="DPoP")), "of the type DPoP"),
    ],
)
def test_what_is_wrong_is_said_and_what_to_change(
    stage: Publishing, hub: FakeHub, says: Callable[[Request], Reply], words: str
) -> None:
    hub.says = says
    said = refused(stage, words)
    assert not any(secret in said for secret in SECRETS)
    assert len(hub.asked) == 1


def test_a_hub_that_is_away(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:9/hub/api")
    said = refused(stage, "could not be reached")
    assert said.startswith("JupyterHub could not be reached at 127.0.0.1:9 for the token that it")


def test_no_proxy_and_no_netrc_is_asked(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("no_proxy", "")
    assert hub_api.auth_state()["access_token"] == "lent-1"


def test_a_hub_with_certificates_of_its_own(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def get(_: object, url: str, **options: Any) -> requests.Response:
        asked.update(options)
        raise requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")

    for name, path in (("CERTFILE", "/c.crt"), ("KEYFILE", "/c.key"), ("CLIENT_CA", "/ca.crt")):
        monkeypatch.setenv(f"JUPYTERHUB_SSL_{name}", path)
    monkeypatch.setattr(requests.Session, "get", get)
    with pytest.raises(TokenError, match="JupyterHub could not be reached"):
        hub_api.auth_state()
    assert (asked["cert"], asked["verify"]) == (("/c.crt", "/c.key"), "/ca.crt")


# -- the next one ------------------------------------------------------------------------------


def test_the_hub_is_asked_for_the_next_one_before_the_end(stage: Publishing, hub: FakeHub) -> None:
    hub.states = [ending_state(20), ending_state(3600, "lent-2")]
    session = login(stage)
    assert all(answer.ok for answer in at_once(8, lambda: session.get(stage.api)))
    assert set(sent(stage)) <= {"lent-1", "lent-2"}
    assert len(hub.asked) == 2
    assert session.get(stage.api).ok
    assert sent(stage)[-1] == "lent-2"
    assert not stage.token_requests


def test_one_that_lives_is_used_until_its_end_where_the_hub_has_no_other(
    stage: Publishing, hub: FakeHub
) -> None:
    hub.states = [ending_state(20)]
    session = login(stage)
    for _ in range(3):
        assert session.get(stage.api).ok
    assert sent(stage) == ["lent-1"] * 3
    assert login(stage) is session
    assert len(hub.asked) == 2


def test_the_hub_may_take_a_moment_to_see_that_it_has_ended(
    stage: Publishing, hub: FakeHub, pauses: list[float]
) -> None:
    hub.states = [*[ending_state(-1)] * 3, ending_state(3600, "lent-2")]
    assert login(stage).token["access_token"] == "lent-2"
    assert len(pauses) == 2


def test_where_it_never_does_somebody_is_to_sign_in(
    stage: Publishing, hub: FakeHub, pauses: list[float]
) -> None:
    hub.states = [ending_state(-1)]
    said = refused(stage, "still has a token that has ended")
    assert "c.Authenticator.auth_refresh_age = 10" in said
    assert 10 < sum(pauses) <= 15


def test_one_that_has_ended_serves_for_as_long_as_apis_take_it(
    stage: Publishing, hub: FakeHub, pauses: list[float]
) -> None:
    """The clocks differ, or the provider gives it some seconds more, and so the Hub keeps it."""
    hub.states = [ending_state(3600)]
    session = login(stage)
    let_end(hub, session)
    assert [session.get(stage.api).ok for _ in range(3)] == [True] * 3
    assert len(hub.asked) == 2
    assert login(stage) is session
    stage.refuses = "lent-1"
    hub.states = [*hub.states * 2, ending_state(3600, "lent-2")]
    assert session.get(stage.api).ok
    assert sent(stage)[-1] == "lent-2"
    assert len(pauses) == 2


def test_one_that_is_refused_as_soon_as_it_has_ended_is_renewed(
    stage: Publishing, hub: FakeHub
) -> None:
    """A moment before its end the Hub had none yet: that is no reason not to ask after it."""
    hub.states = [ending_state(3600)]
    session = login(stage)
    hub.states = [ending_state(0.2)]
    ends_at = hub.states[0]["token_response"]["expires_at"]
    session.token = {**session.token, "expires_at": ends_at}
    assert session.get(stage.api).ok
    wait_until(lambda: time.time() > ends_at + 0.05, "it ends")
    stage.refuses = "lent-1"
    hub.states = [*hub.states, ending_state(3600, "lent-2")]
    assert session.get(stage.api).ok
    assert sent(stage)[-1] == "lent-2"


@pytest.mark.usefixtures("pauses")
def test_a_session_whose_token_is_refused_for_good_lives_no_more(
    stage: Publishing, hub: FakeHub
) -> None:
    hub.states = [ending_state(3600)]
    session = login(stage)
    let_end(hub, session)
    stage.refuses = "lent-1"
    with pytest.warns(UserWarning, match="refuses the token. JupyterHub still has") as said:
        assert session.get(stage.api).status_code == 401
    assert said[0].filename == __file__
    session.token = {**session.token, "expires_at": time.time()}
    assert session.fresh_access_token() == "lent-1"  # for another moment, and good for nothing
    assert not session.is_alive
    refused(stage, "still has a token that has ended")
    hub.states = [ending_state(3600, "lent-2")]
    assert login(stage).token["access_token"] == "lent-2"
    session.token = {**session.token, "expires_at": time.time()}
    assert session.get(stage.api).ok
    assert session.is_alive


@pytest.mark.usefixtures("pauses")
def test_a_hub_that_is_away_ends_no_session(stage: Publishing, hub: FakeHub) -> None:
    hub.states = [ending_state(20)]
    session = login(stage)
    hub.__exit__()
    assert session.get(stage.api).ok
    assert login(stage) is session


@pytest.mark.usefixtures("pauses")
def test_a_hub_that_lends_no_more_is_asked_no_more(stage: Publishing, hub: FakeHub) -> None:
    hub.states = [ending_state(3600)]
    session = login(stage)
    let_end(hub, session)
    hub.says = lambda _: reply(403)
    with pytest.raises(TokenError, match="wants you to sign in to it again"):
        session.get(stage.api)
    asked = len(hub.asked)
    with pytest.raises(TokenError, match="Sign in again"):
        session.get(stage.api)
    assert not session.is_alive
    assert len(hub.asked) == asked
    refused(stage, "wants you to sign in to it again")


def test_one_that_an_api_refuses_is_renewed_once(stage: Publishing, hub: FakeHub) -> None:
    hub.states = [auth_state(), auth_state("lent-2")]
    stage.refuses = "lent-1"
    session = login(stage)
    assert session.get(stage.api).ok
    assert sent(stage) == ["lent-1", "lent-2"]
    assert len(hub.asked) == 2


@pytest.mark.parametrize("state", [auth_state(), ending_state(360_000)])
def test_what_the_api_says_stands_where_the_hub_has_no_other(
    stage: Publishing,
    hub: FakeHub,
    state: Any,
    pauses: list[float],
) -> None:
    hub.states = [state]
    stage.refuses = "lent-1"
    session = login(stage)
    with pytest.warns(UserWarning, match="JupyterHub has no other token. Where an API refuses"):
        assert [session.get(stage.api).status_code for _ in range(2)] == [401, 401]
    assert len(hub.asked) == 2
    assert not pauses


def test_the_hub_is_waited_for_where_the_token_ends_at_some_time(
    stage: Publishing, hub: FakeHub, pauses: list[float]
) -> None:
    """``expires_in`` alone says that it ends, and not when."""
    hub.states = [*[auth_state(expires_in=300)] * 2, auth_state("lent-2", expires_in=300)]
    stage.refuses = "lent-1"
    session = login(stage)
    assert session.token.get("expires_at") is None
    assert session.get(stage.api).ok
    assert len(pauses) == 1


def test_renewing_by_hand_says_that_the_hub_does_it(stage: Publishing, hub: FakeHub) -> None:
    hub.states = [ending_state(3000)]
    session = login(stage)
    with pytest.raises(TokenError, match="renews the token at its end, and has no newer one yet"):
        session.renew()
    assert session.get(stage.api).ok


def test_the_same_token_with_a_later_end_is_a_new_one() -> None:
    hub = JupyterHub(hub_api.whose())
    former, state = {"access_token": "lent-1", "expires_at": time.time()}, ending_state(60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_api, "auth_state", lambda: state)
        assert hub.lend(former)["expires_at"] > former["expires_at"]


# -- its end -----------------------------------------------------------------------------------


def id_token(**claims: Any) -> str:
    import base64

    parts = [json.dumps(one).encode() for one in ({"alg": "RS256"}, claims)]
    return ".".join(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts) + ".c2ln"


@pytest.mark.parametrize(
    ("members", "end"),
    [
        ({}, None),
        ({"expires_in": 60}, None),
        ({"expires_in": 60, "id_token": id_token(iat=1000)}, 1060.0),
        ({"expires_in": 60, "id_token": id_token(sub="ada")}, None),
        ({"expires_in": 60, "id_token": "no-id-token"}, None),
        ({"expires_in": "never", "id_token": id_token(iat=1000)}, None),
        ({"expires_at": 2000, "expires_in": 60, "id_token": id_token(iat=1000)}, 2000.0),
    ],
)
def test_when_it_ends(members: dict[str, Any], end: float | None) -> None:
    token = state_reader.token_in(auth_state(**members))
    assert token.get("expires_at") == end


def test_an_auth_state_may_be_made_otherwise() -> None:
    token = state_reader.token_in({"token_response": {"access_token": "lent-1", "scope": "a b"}})
    assert (token["access_token"], token["scope"]) == ("lent-1", "a b")
    token = state_reader.token_in({"access_token": "lent-1", "token_response": 7, "scope": 7})
    assert (token["access_token"], token["scope"]) == ("lent-1", "")


# -- copies, and the end of it -----------------------------------------------------------------


def test_a_pickle_holds_no_more_than_any(stage: Publishing, hub: FakeHub) -> None:
    hub.states = [ending_state(20), ending_state(3600, "lent-2")]
    pickled = pickle.dumps(login(stage))
    assert not any(secret.encode() in pickled for secret in ("the-hubs-own", API_TOKEN))
    there: OAuth2Session = pickle.loads(pickled)  # noqa: S301 - our own
    there.trust_env = False
    assert there.get(stage.api).ok
    assert sent(stage) == ["lent-2"]
    twin = copy.copy(there)
    assert twin.token["access_token"] == "lent-2"


def test_a_copy_where_no_hub_is_says_so(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.states = [ending_state(3600)]
    there: OAuth2Session = pickle.loads(pickle.dumps(login(stage)))  # noqa: S301 - our own
    monkeypatch.delenv("JUPYTERHUB_API_URL")
    let_end(hub, there)
    with pytest.raises(TokenError, match="not a server that JupyterHub has started"):
        there.get(stage.api)
    with pytest.raises(TokenError, match="gave nothing to renew it with"):
        there.get(stage.api)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JUPYTERHUB_API_URL", "{hub}/another/hub/api"),
        ("JUPYTERHUB_USER", "bob"),
        (SETTING, "gitlab"),
        (SETTING, None),
    ],
)
def test_a_copy_on_a_server_of_another_is_lent_nothing(
    stage: Publishing,
    hub: FakeHub,
    name: str,
    value: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the Hub has there is somebody else's, or another provider's."""
    there: OAuth2Session = pickle.loads(pickle.dumps(login(stage)))  # noqa: S301 - our own
    there.trust_env = False
    stage.refuses = "lent-1"
    hub.says = lambda _: reply(auth_state=auth_state("lent-2"))
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value.format(hub=hub.issuer))
    with pytest.warns(UserWarning, match=r"not this server's to renew: .*Renew it in the notebook"):
        assert there.get(stage.api).status_code == 401
    with pytest.raises(LoginRequired, match="Sign in again"):
        there.renew()
    assert not there.is_alive
    assert sent(stage) == ["lent-1"]
    assert len(hub.asked) == 1


def test_nor_is_it_before_its_token_ends(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.states = [ending_state(20)]
    there: OAuth2Session = pickle.loads(pickle.dumps(login(stage)))  # noqa: S301 - our own
    there.trust_env = False
    hub.says = lambda _: reply(auth_state=auth_state("lent-2"))
    monkeypatch.setenv("JUPYTERHUB_USER", "bob")
    assert there.get(stage.api).ok
    assert sent(stage) == ["lent-1"]
    assert len(hub.asked) == 1


def test_what_is_remembered_of_whose_it_is_holds_no_secret(hub: FakeHub, stage: Publishing) -> None:
    lender = login(stage).lender
    assert isinstance(lender, JupyterHub)
    assert lender.of == (f"{hub.issuer}/hub/api", USER, f"{stage.issuer}/")
    assert API_TOKEN not in repr(lender)


def test_signing_out_forgets_it_here_and_revokes_nothing(stage: Publishing, hub: FakeHub) -> None:
    session = login(stage)
    said = repr(nb_oauth.logout(session))
    assert said == (
        "Signed out of Stage: the tokens are forgotten here. JupyterHub has its own still, and "
        "login() uses that again: sign out there."
    )
    with pytest.raises(LoginRequired):
        session.get(stage.api)
    assert not stage.token_requests
    assert login(stage) is not session


def test_no_secret_is_in_any_text(
    stage: Publishing, hub: FakeHub, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        session = login(stage)
        session.get(stage.api)
        hub.says = lambda _: reply(500, message="the-hubs-own")
        with pytest.raises(TokenError) as raised:
            session.renew()
    texts = [caplog.text, repr(session), session._repr_html_(), with_variables(raised.value)]
    for secret in SECRETS:
        assert not any(secret in text for text in texts), secret


@pytest.mark.parametrize(
    "state",
    [
        ending_state(360_000),
        ending_state(-1),
        auth_state(),
        auth_state(token_type="DPoP"),
        auth_state(access_token="lent-2\n2"),
        {"refresh_token": "the-hubs-own"},
    ],
)
@pytest.mark.usefixtures("pauses")
def test_no_frame_of_an_error_holds_one(stage: Publishing, hub: FakeHub, state: Any) -> None:
    hub.states = [auth_state(), state]
    session = login(stage)
    stage.refuses = "lent-1"
    with pytest.raises((TokenError, ConfigurationError)) as raised:
        session._renew_now(session.provider, session.token, refused_by="host")  # type: ignore[arg-type]
    assert not any(secret in with_variables(raised.value) for secret in SECRETS)


def with_variables(error: BaseException) -> str:
    """What a debugger, or a service that collects errors, shows of ours."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown.stack = traceback.StackSummary.from_list(
        [one for one in shown.stack if "/nb_oauth/" in one.filename]
    )
    return "".join(shown.format())


def looked_at() -> diagnosis.Check:
    [check] = [one for one in nb_oauth.doctor() if one.name == "JupyterHub's token"]
    return check


def test_the_doctor_asks_the_hub(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine, look = diagnosis.Verdict.FINE, diagnosis.Verdict.LOOK
    found = looked_at()
    assert (found.verdict, found.found) == (fine, f"{stage.issuer}/: for read openid")
    hub.states = [auth_state(scope="")]
    assert looked_at().found == f"{stage.issuer}/: for what it does not say"
    hub.states = [None]
    found = looked_at()
    assert (found.verdict, found.found) == (
        look,
        f"{stage.issuer}/: there is none, so one signs in",
    )
    assert "enable_auth_state = True" in found.advice
    monkeypatch.delenv(SETTING)
    assert looked_at().found == f"it lends none: {SETTING} is not set"
    monkeypatch.delenv("JUPYTERHUB_USER")
    assert looked_at().found == "not needed here: no JupyterHub started this"
    assert len(hub.asked) == 3


def test_no_warning_where_all_is_well(stage: Publishing, hub: FakeHub) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        login(stage).get(stage.api)


# -- without waiting ---------------------------------------------------------------------------


@pytest.mark.parametrize("there", [Place.NOTEBOOK, Place.TERMINAL, Place.UNATTENDED])
@pytest.mark.parametrize("client", [APP, None])
def test_a_widget_that_is_done_stands_for_it(
    stage: Publishing,
    hub: FakeHub,
    there: Place,
    client: Client | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether or not there is an app that somebody could sign in by."""
    monkeypatch.setattr(place, "here", lambda: there)
    called: list[OAuth2Session] = []
    widget = nb_oauth.login(stage.issuer, client=client, scope="read", wait=False)
    widget.on_signed_in(called.append)
    assert widget.status == "signed_in"
    assert called == [widget.session]
    assert widget.session.token["access_token"] == "lent-1"
    assert len(hub.asked) == 1


def test_who_asks_such_a_widget_for_another_is_told_what_is_missing(
    stage: Publishing, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "here", lambda: Place.UNATTENDED)
    widget = nb_oauth.login(stage.issuer, scope="read", wait=False)
    nb_oauth.logout(widget.session)
    widget._take(NewLinkWanted())
    assert widget._attempt is not None
    with pytest.raises(LoginRequired, match="CLIENT_ID"):
        widget._attempt.future.result(10)
    assert widget.status == "failed"
