"""Pickles hold no secret, copies renew through a store, twins share one renewal."""

from __future__ import annotations

import base64
import copy
import gc
import logging
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest
import requests
from oauthlib.oauth2 import MobileApplicationClient, WebApplicationClient
from requests.auth import HTTPBasicAuth

from nb_oauth import (
    Client,
    ConfigurationError,
    FileTokenStore,
    KeyringTokenStore,
    LoginRequired,
    MemoryTokenStore,
    OAuth2Session,
    TokenError,
    TokenExpiredError,
    bridges,
)
from nb_oauth.stores import TokenStore
from nb_oauth.without_secrets import bare_token, can_do_without, how_to_send_another
from tests.unit.session_stage import Stage, at_once, ending, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "the client's s3cret/+&"
GRANTS = ("authorization_code", "implicit", "password", "device_code", "client_credentials")


def sent(session: Any) -> Any:
    """What a worker gets."""
    there = pickle.loads(pickle.dumps(session))  # noqa: S301 - our own
    there.trust_env = False
    return there


def private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


# -- no secret leaves ---------------------------------------------------------------------------


def pickles_of(value: object) -> Iterator[bytes]:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.dumps(value, protocol)
    yield cloudpickle.dumps(value)  # what joblib and Dask send


def assert_absent(secrets: list[Any], session: object) -> None:
    assert all(secrets), secrets
    for pickled in pickles_of(session):
        for secret in map(str, secrets):
            assert secret.encode() not in pickled, secret
            assert secret.encode("unicode_escape") not in pickled, secret
            assert base64.b64encode(secret.encode()).rstrip(b"=")[:-1] not in pickled, secret


def signed_in_by(grant: str, stage: Stage, client: Client, **arguments: Any) -> Any:
    """A session that got its token by ``grant``, and has another request under way."""
    session = stage.open(client, grant=grant, scope="a b", **arguments)
    if grant in {"authorization_code", "implicit"}:
        _url, state = session.authorization_url(f"{stage.issuer}/authorize")
        answer = "http://127.0.0.1/callback#access_token=access-1&token_type=bearer"
        if grant == "implicit":
            session.token_from_fragment(f"{answer}&state={state}&expires_in=60")
        else:
            session.fetch_token(stage.token_endpoint, code="the-c0de")
        session.authorization_url(f"{stage.issuer}/authorize")
    elif grant == "password":
        session.fetch_token(stage.token_endpoint, username="me", password="my passw0rd")
    else:
        session.fetch_token(stage.token_endpoint, **device_code(grant))
    return session


def device_code(grant: str) -> dict[str, str]:
    return {"device_code": "the-device-c0de"} if grant == "device_code" else {}


@pytest.mark.parametrize("store", ["memory", "file"])
@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("kind", ["secret", "post", "key", "public"])
def test_no_secret_is_in_a_pickle(
    stage: Stage, folder: Path, grant: str, kind: str, store: str
) -> None:
    key = private_key()
    redirect_uri = "http://127.0.0.1/callback"
    client = {
        "secret": Client("app", SECRET, redirect_uri),
        "post": Client("app", SECRET, redirect_uri, "client_secret_post"),
        "key": Client("app", private_key=key, redirect_uri=redirect_uri),
        "public": Client("app", redirect_uri=redirect_uri),
    }[kind]
    kept = {"store": FileTokenStore(folder)} if store == "file" else {}
    extra = {"assertion": "an-3xtra"} if grant == "client_credentials" else {}
    session = signed_in_by(grant, stage, client, extra=extra, **kept)
    secrets = [SECRET, f"app:{SECRET}", *key.splitlines()[1:-1], "refresh-1", "my passw0rd"]
    secrets += ["the-c0de", "the-device-c0de", "an-3xtra"]
    if grant == "authorization_code":
        secrets += [session._code_verifier, session._state]
    assert_absent(secrets, session)
    there = sent(session)
    assert there.get(stage.api).status_code == 200
    assert there.token["access_token"] == "access-1"
    assert not there.token.get("refresh_token")
    assert_absent(secrets, there)


@pytest.mark.parametrize("auth", [("app", SECRET), HTTPBasicAuth("app", SECRET)])
def test_no_secret_of_a_session_made_by_its_constructor_is_in_a_pickle(
    stage: Stage, auth: Any
) -> None:
    session = stage.classic(
        OAuth2Session,
        client=WebApplicationClient("app", code_verifier="a-v3rifier", mac_key="a-m4c-key"),
        token={**ending(60), "client_secret": SECRET},
        auto_refresh_url=stage.token_endpoint,
        auto_refresh_kwargs={"client_id": "app", "client_secret": SECRET},
        token_updater=lambda token: None,
        state="the-st4te",
        pkce="S256",
    )
    session._client.password = "my passw0rd"  # as a subclass may keep it
    session.authorization_url(f"{stage.issuer}/authorize")
    session.auth = auth
    secrets = [SECRET, "refresh-0", "the-st4te", "a-v3rifier", "a-m4c-key", "my passw0rd"]
    assert_absent([*secrets, session._code_verifier], session)
    there = sent(session)
    assert there.get(stage.api).status_code == 200
    assert stage.sent_tokens == ["Bearer access-0"]


def test_a_refresh_token_is_found_wherever_a_provider_puts_it() -> None:
    token = {
        "access_token": "a",
        "refreshToken": "r",
        "refresh_token_expires_in": 1,
        "authed_user": {"access_token": "b", "refresh_token": "r", "id": "U1"},
        "teams": [{"refresh-token": "r", "name": "T"}],
        "instance_url": "https://api.example",
    }
    assert bare_token(token) == {
        "access_token": "a",
        "authed_user": {"access_token": "b", "id": "U1"},
        "teams": [{"name": "T"}],
        "instance_url": "https://api.example",
    }


# Every attribute that a session has is decided on: one that is new must be put somewhere here.
TRAVELS = {
    "_asks_again", "_cert_of_fetch", "_client", "_extra", "_given_hosts", "_is_copy", "_key",
    "_lacks_secret", "_pkce", "_registered", "_scope", "_store", "auto_refresh_url",
    "compliance_hook", "lender", "pickles_secret", "provider", "redirect_uri", "strict_scope",
    *requests.Session.__attrs__,
}  # fmt: skip
MADE_ANEW = {
    "_asked_for", "_code_verifier", "_former_access_token", "_hosts_of", "_is_asking", "_keeping",
    "_pause", "_renewal", "_said_to_be_missing", "_signing_keys", "_state",
    "auto_refresh_kwargs", "state", "token_updater",
}  # fmt: skip


@pytest.mark.parametrize("grant", GRANTS)
def test_of_every_attribute_it_is_known_whether_it_travels(stage: Stage, grant: str) -> None:
    session = signed_in_by(grant, stage, Client("app", SECRET, "http://127.0.0.1/callback"))
    session.allowed_hosts = ["127.0.0.1"]
    session.get(stage.api)
    unknown = vars(session).keys() - TRAVELS - MADE_ANEW
    assert not unknown, "say here whether it travels, and in session_copies.py if it does"
    assert session.__getstate__().keys() - {"token"} <= TRAVELS


# -- what a copy has ----------------------------------------------------------------------------


def test_a_copy_has_what_the_person_set(stage: Stage) -> None:
    session = stage.open(token=ending(60, instance="there"), scope="a b", account="work")
    session.headers["X-Mine"] = "yes"
    session.cookies.set("a", "b")
    session.proxies["https"] = "http://proxy.example"
    session.auth = ("me", "my own password")
    session.verify, session.max_redirects, session.allowed_hosts = "/ca.pem", 3, ["127.0.0.1"]
    session.strict_scope = True
    there = sent(session)
    for name in ("headers", "proxies", "auth", "verify", "max_redirects", "strict_scope", "hooks"):
        assert getattr(there, name) == getattr(session, name)
    assert there.cookies["a"] == "b"
    assert there.account.label == "work"
    assert there.scope == ["a", "b"]
    assert there.token["instance"] == "there"
    assert there.allowed_hosts == ("127.0.0.1",)
    with pytest.raises(ConfigurationError, match="allowed_hosts"):
        there.require_allowed("https://elsewhere.example")


def test_a_session_without_a_token_can_be_sent_and_sign_in_there(stage: Stage) -> None:
    there = sent(stage.open())
    with pytest.raises(LoginRequired, match="Nobody is signed in"):
        there.get(stage.api)
    there.authorization_url(f"{stage.issuer}/authorize")
    there.fetch_token(stage.token_endpoint, code="code")
    assert there.get(stage.api).status_code == 200
    assert there.account.renews


def test_a_token_that_was_set_beside_the_others_comes_along(stage: Stage) -> None:
    session = stage.classic(OAuth2Session, "app", token=ending(60))
    session.access_token = "set-beside"
    sent(session).get(stage.api)
    assert stage.sent_tokens == ["Bearer set-beside"]


def test_where_a_provider_wants_its_token_comes_along(stage: Stage) -> None:
    client = MobileApplicationClient("app", default_token_placement="query")
    session = stage.classic(OAuth2Session, client=client, token=ending(60))
    session._client.prepare_request_body = lambda: None  # a method that somebody put there
    sent(session).get(stage.api)
    [request] = stage.api_requests
    assert request.query == {"access_token": "access-0"}


def add_mine(url: str, headers: Any, data: Any) -> tuple[str, Any, Any]:
    return url, {**(headers or {}), "X-Hook": "mine"}, data


def test_a_hook_of_a_request_comes_along_and_one_of_a_renewal_where_it_is_of_use(
    stage: Stage, folder: Path
) -> None:
    session = stage.open(token=ending(60))
    for kind in ("protected_request", "refresh_token_response"):
        session.register_compliance_hook(kind, add_mine)
    alone = sent(session)
    alone.get(stage.api)
    assert stage.api_requests[0].headers["X-Hook"] == "mine"
    assert not alone.compliance_hook["refresh_token_response"]
    session.keep_in(FileTokenStore(folder))
    assert sent(session).compliance_hook["refresh_token_response"] == {add_mine}


def test_the_rules_of_a_provider_are_applied_anew(stage: Stage, folder: Path) -> None:
    provider = replace(stage.provider, quirks=("fitbit_compliance_fix",))  # no pickle can tell it
    session = OAuth2Session.open(provider, Client("app"), store=FileTokenStore(folder))
    there = sent(session)
    assert len(there.compliance_hook["access_token_response"]) == 1
    assert not session.__getstate__()["compliance_hook"]["access_token_response"]


def test_a_copy_that_somebody_signed_in_with_is_none_any_more(stage: Stage) -> None:
    there = sent(stage.open(token=ending(-1)))
    stage.at_token = lambda _: reply(access_token="own", token_type="bearer", expires_in=-1)
    there.authorization_url(f"{stage.issuer}/authorize")
    there.fetch_token(stage.token_endpoint, code="code")
    with pytest.raises(TokenExpiredError, match="gave nothing to renew it with"):
        there.get(stage.api)


def test_a_subclass_adds_what_else_travels_as_with_requests(stage: Stage) -> None:
    session = Mine("app", token=ending(60))
    session.mine = "yes"
    assert sent(session).mine == "yes"
    assert type(copy.deepcopy(session)) is Mine


class Mine(OAuth2Session):
    __attrs__ = [*requests.Session.__attrs__, "mine"]  # noqa: RUF012 - as requests has it
    mine = "no"


# -- at the end of its token --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["opened", "classic"])
def test_a_copy_on_no_store_says_at_its_end_what_to_do(stage: Stage, kind: str) -> None:
    url = {"auto_refresh_url": stage.token_endpoint}
    session = (
        stage.open(token=ending(-1))
        if kind == "opened"
        else stage.classic(OAuth2Session, "app", token=ending(-1), **url)
    )
    there = sent(session)
    assert not there.is_alive
    assert not there.account.renews
    assert "none: sign in again" in repr(there)
    kinds = {
        "opened": (LoginRequired, r"another process.*store=.file.*send the session"),
        "classic": (TokenExpiredError, r"another process.*not have the refresh.* Renew the token"),
    }
    error, words = kinds[kind]
    for use in (lambda: there.get(stage.api), there.fresh_access_token):
        with pytest.raises(error, match=words) as refused:
            use()
        assert ("store=" in str(refused.value)) is (kind == "opened")
    assert not stage.token_requests
    there.token = dict(ending(60, access_token="fresh"))
    assert there.get(stage.api).status_code == 200
    assert stage.sent_tokens == ["Bearer fresh"]


def test_a_copy_that_lives_says_so(stage: Stage) -> None:
    there = sent(stage.open(token=ending(20)))
    assert there.is_alive
    assert there.is_due
    assert there.get(stage.api).status_code == 200
    with pytest.raises(LoginRequired, match="another process"):
        there.renew()


def test_a_copy_that_the_api_refuses_gives_its_answer(stage: Stage) -> None:
    there = sent(stage.open(token=ending(60)))
    refuse(stage, "access-0")
    assert there.get(stage.api).status_code == 401


def refuse(stage: Stage, *refused: str) -> None:
    answer = stage.answer

    def at_api(request: Any) -> Any:
        given = answer(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return reply(401) if token in refused else given

    stage.answer = at_api  # type: ignore[method-assign]


# -- on a store ---------------------------------------------------------------------------------


def test_copies_on_a_file_store_renew_there_once(stage: Stage, folder: Path) -> None:
    session = stage.open(token=ending(-1), store=FileTokenStore(folder))
    there = [sent(session) for _ in range(8)]
    assert all(one.is_alive and one.account.renews for one in there)
    assert "by itself" in repr(there[0])
    results = at_once(8, lambda: there.pop().get(stage.api).status_code)
    assert results == [200] * 8
    assert session.get(stage.api).status_code == 200
    assert len(stage.token_requests) == 1


def test_a_copy_that_took_its_token_out_of_the_store_is_as_good_as_any(
    stage: Stage, folder: Path
) -> None:
    there = sent(stage.open(token=ending(-1), store=FileTokenStore(folder)))
    there.get(stage.api)
    there.renew()
    again = sent(there)
    stage.lifetime = 60
    again.renew()
    assert [one.form["refresh_token"] for one in stage.token_requests] == [
        "refresh-0",
        "refresh-1",
        "refresh-2",
    ]
    assert sent(sent(there)).account.renews


@pytest.mark.parametrize("use", ["requests_auth", "fresh_access_token", "renew"])
def test_a_copy_on_a_file_store_serves_other_clients(stage: Stage, folder: Path, use: str) -> None:
    there = sent(stage.open(token=ending(-1), store=FileTokenStore(folder)))
    if use == "requests_auth":
        with requests.Session() as other:
            other.trust_env = False
            other.get(stage.api, auth=bridges.requests_auth(there))
        assert stage.sent_tokens == ["Bearer access-1"]
    else:
        getattr(there, use)()
    assert there.fresh_access_token() == "access-1"
    assert len(stage.token_requests) == 1


def test_a_copy_whose_token_the_api_refuses_renews_it_in_the_store(
    stage: Stage, folder: Path
) -> None:
    session = stage.open(token=ending(60), store=FileTokenStore(folder))
    there = sent(session)
    refuse(stage, "access-0")
    assert there.get(stage.api).status_code == 200
    assert stage.sent_tokens == ["Bearer access-0", "Bearer access-1"]
    assert sent(session).get(stage.api).status_code == 200  # what the first one got
    assert len(stage.token_requests) == 1


def test_a_store_that_did_not_take_the_token_stays_at_home(stage: Stage, folder: Path) -> None:
    class Full(FileTokenStore):
        def save(self, key: Any, token: Any) -> None:
            raise OSError(28, "No space left on device")

    stage.open(token=ending(60, refresh_token="spent"), store=FileTokenStore(folder))
    with pytest.warns(UserWarning, match="No space"):
        session = stage.open(token=ending(-1, access_token="newer"), store=Full(folder))
    with pytest.raises(LoginRequired, match="another process"):
        sent(session).get(stage.api)
    assert not stage.token_requests


def test_a_copy_finds_nothing_in_the_store_of_another_machine(stage: Stage, folder: Path) -> None:
    pickled = pickle.dumps(stage.open(token=ending(-1), store=FileTokenStore(folder)))
    for file in folder.iterdir():
        file.unlink()
    there = pickle.loads(pickled)  # noqa: S301 - our own
    assert not there.is_alive
    with pytest.raises(LoginRequired, match="the store that it was opened on has nothing"):
        there.get(stage.api)


def test_a_store_that_cannot_be_read_is_said_once_it_is_used(stage: Stage, folder: Path) -> None:
    there = sent(stage.open(token=ending(-1), store=FileTokenStore(folder)))
    [file] = folder.glob("*.json")
    file.chmod(0o644)
    assert not there.is_alive
    with pytest.warns(UserWarning, match="chmod 600"), pytest.raises(LoginRequired):
        there.get(stage.api)


def test_a_copy_takes_no_token_of_less_scope(stage: Stage, folder: Path) -> None:
    store = FileTokenStore(folder)
    there = sent(stage.open(token=ending(-1, scope="a b"), store=store, scope="a b"))
    stage.open(token=ending(60, scope="a"), store=store, scope="a")
    with pytest.raises(LoginRequired):
        there.get(stage.api)
    assert not there.account.renews


def test_a_copy_puts_its_lesser_token_into_no_store(stage: Stage, folder: Path) -> None:
    store = FileTokenStore(folder)
    stage.open(token=ending(60, refresh_token="refresh-0"), store=store)
    there = sent(stage.open(token=ending(60)))
    there.keep_in(store)
    assert stage.open(store=store).token["refresh_token"] == "refresh-0"
    there.renew()
    assert there.token["access_token"] == "access-1"
    there.keep_in(MemoryTokenStore())
    assert there.account.renews


class Shared(MemoryTokenStore):
    """Stands for one that other processes reach."""

    kept: MemoryTokenStore
    is_shared = True

    def __reduce__(self) -> Any:
        return _the_shared, ()


_SHARED = Shared()


def _the_shared() -> Shared:
    return _SHARED


class Unhashable(Shared):
    __hash__ = None  # type: ignore[assignment]  # as that of whatever compares itself

    def __reduce__(self) -> Any:
        return Unhashable, (), {"_tokens": self._tokens}


def test_a_store_of_ones_own_may_say_that_it_is_shared(stage: Stage) -> None:
    there = sent(stage.open(token=ending(-1), store=_SHARED))
    assert there.get(stage.api).status_code == 200
    assert there._store is _SHARED


class Unknown:
    """A store as people write them, which would pickle with what it holds."""

    def __init__(self) -> None:
        self.tokens: dict[Any, Any] = {}

    def load(self, key: Any) -> Any:
        return self.tokens.get(key)

    def save(self, key: Any, token: Any) -> None:
        self.tokens[key] = token

    def delete(self, key: Any) -> None:
        self.tokens.pop(key, None)


@pytest.mark.parametrize("kind", [Unknown, MemoryTokenStore])
def test_a_store_that_may_hold_tokens_in_its_pickle_stays_at_home(
    stage: Stage, kind: Callable[[], TokenStore]
) -> None:
    session = stage.open(token=ending(60), store=kind())
    assert_absent(["refresh-0"], session)
    assert sent(session)._store is None


def test_a_keyring_goes_along() -> None:
    assert KeyringTokenStore.is_shared
    assert isinstance(pickle.loads(pickle.dumps(KeyringTokenStore())), KeyringTokenStore)  # noqa: S301 - our own


def test_a_refresh_token_that_was_refused_to_one_copy_is_not_tried_by_the_next(
    stage: Stage, folder: Path
) -> None:
    session = stage.open(token=ending(-1, refresh_token="spent"), store=FileTokenStore(folder))
    for _ in range(5):
        there = sent(session)
        with pytest.raises(LoginRequired, match="renews this sign-in no longer"):
            there.get(stage.api)
        del there
    assert len(stage.token_requests) == 1
    stage.open(token=ending(-1), store=FileTokenStore(folder))  # somebody signs in again
    assert sent(session).get(stage.api).status_code == 200


class Remote(Shared):
    """As people write them: two that lead to one place are not equal."""

    def __reduce__(self) -> Any:
        return Remote, ()


def test_copies_on_a_store_that_does_not_compare_itself_do_not_pile_up(stage: Stage) -> None:
    pickled = pickle.dumps(stage.open(token=ending(60), store=Remote()))
    before, most = _count_of_remotes(), 128
    for _ in range(2 * most):
        pickle.loads(pickled)  # noqa: S301 - our own
    assert _count_of_remotes() - before <= most


def _count_of_remotes() -> int:
    gc.collect()
    return sum(type(one) is Remote for one in gc.get_objects())


def test_a_store_without_a_hash_is_a_store(stage: Stage) -> None:
    there = sent(stage.open(token=ending(-1), store=Unhashable()))
    assert there.get(stage.api).status_code == 200


# -- apps with a secret -------------------------------------------------------------------------

CONFIDENTIAL = Client("app", SECRET, "http://127.0.0.1/callback")


def test_without_the_secret_a_copy_takes_what_the_parent_renewed(
    stage: Stage, folder: Path
) -> None:
    session = stage.open(CONFIDENTIAL, token=ending(-1), store=FileTokenStore(folder))
    there = sent(session)
    assert not there.is_alive
    with pytest.raises(LoginRequired, match="pickles_secret = True"):
        there.get(stage.api)
    assert not stage.token_requests
    session.renew()
    assert there.get(stage.api).status_code == 200
    assert len(stage.token_requests) == 1
    refuse(stage, "access-1")
    assert there.get(stage.api).status_code == 401
    assert sent(there)._lacks_secret


def test_asked_to_a_pickle_holds_the_secret_and_no_refresh_token(
    stage: Stage, folder: Path
) -> None:
    session = stage.open(CONFIDENTIAL, token=ending(-1), store=FileTokenStore(folder))
    session.pickles_secret = True
    assert_absent(["refresh-0"], session)
    there = sent(sent(session))
    assert there.get(stage.api).status_code == 200
    [request] = stage.token_requests
    assert request.headers["Authorization"].startswith("Basic ")


def test_what_takes_the_secret_says_that_it_is_not_there(stage: Stage) -> None:
    there = sent(stage.open(CONFIDENTIAL, token=ending(60)))
    with pytest.raises(TokenError, match="without the client's secret"):
        there.fetch_token(stage.token_endpoint, code="code")
    assert not stage.token_requests
    there.fetch_token(stage.token_endpoint, code="code", client_secret=SECRET)
    assert there.token["access_token"] == "access-1"


@pytest.mark.parametrize("asked", [False, True])
def test_an_app_that_acts_as_itself_asks_again_only_with_its_secret(
    stage: Stage, *, asked: bool
) -> None:
    session = stage.open(
        CONFIDENTIAL, grant="client_credentials", token=ending(-1), extra={"audience": "x"}
    )
    session.pickles_secret = asked
    there = sent(session)
    if asked:
        assert there.get(stage.api).status_code == 200
        assert stage.token_requests[0].form["audience"] == "x"
    else:
        with pytest.raises(LoginRequired, match="client's secret"):
            there.get(stage.api)


def test_a_key_in_a_file_need_not_travel(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "client.key"
    file.write_text(private_key())
    client = Client("app", private_key=file)
    there = sent(stage.open(client, grant="client_credentials", token=ending(-1)))
    assert there.is_alive
    assert there.get(stage.api).status_code == 200
    assert "client_assertion" in stage.token_requests[0].form
    extra = {"audience": "a-s3cret-one"}  # is not sent along, and nothing is asked for without it
    session = stage.open(client, grant="client_credentials", token=ending(-1), extra=extra)
    assert_absent(["a-s3cret-one"], session)
    assert not sent(session).is_alive


@pytest.mark.parametrize(
    ("client", "can"),
    [
        (Client("app"), True),
        (Client("app", SECRET), False),
        (Client("app", SECRET, token_endpoint_auth_method="none"), True),
        (Client("app", SECRET, token_endpoint_auth_method="client_secret_post"), False),
        (Client("app", private_key=private_key()), False),
    ],
)
def test_whether_an_app_can_do_without_its_secret(client: Client, *, can: bool) -> None:
    assert can_do_without(client) is can


# -- twins --------------------------------------------------------------------------------------

twins = pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy])


@twins
@pytest.mark.parametrize("kind", ["opened", "file", "classic"])
def test_twins_renew_once(
    stage: Stage, folder: Path, kind: str, twin: Callable[[Any], Any]
) -> None:
    stage.delay = 0.1
    updated: list[Any] = []
    session = (
        stage.classic(
            OAuth2Session,
            "app",
            token=ending(-1),
            auto_refresh_url=stage.token_endpoint,
            token_updater=updated.append,
        )
        if kind == "classic"
        else stage.open(token=ending(-1), store=FileTokenStore(folder) if kind == "file" else None)
    )
    all_of_them = [session, *(twin(session) for _ in range(7))]
    todo = list(all_of_them)
    assert at_once(8, lambda: todo.pop().get(stage.api).status_code) == [200] * 8
    assert len(stage.token_requests) == 1
    assert {one.token["refresh_token"] for one in all_of_them} == {"refresh-1"}
    assert len(updated) == (kind == "classic")


@twins
def test_a_twin_renews_on_when_the_first_is_gone(stage: Stage, twin: Callable[[Any], Any]) -> None:
    session = stage.open(token=ending(-1))
    other = twin(session)
    del session
    other.renew()
    other.renew()
    assert other.get(stage.api).status_code == 200
    assert stage.sent_tokens == ["Bearer access-2"]


@twins
def test_no_log_shows_a_secret_that_a_twin_alone_has(
    stage: Stage, twin: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    other = twin(stage.open(token=ending(60)))
    other.authorization_url(f"{stage.issuer}/authorize")
    logging.getLogger("urllib3.connectionpool").warning("Asked with %s", other._code_verifier)
    assert caplog.messages == ["Asked with •••"]


@twins
def test_who_signs_out_of_one_signs_out_of_its_twins(
    stage: Stage, twin: Callable[[Any], Any]
) -> None:
    session = stage.open(token=ending(60))
    other = twin(session)
    session.forget_token()
    with pytest.raises(LoginRequired):
        other.get(stage.api)


@twins
@pytest.mark.parametrize("is_hashable", [True, False])
def test_what_one_keeps_in_a_store_its_twins_keep_there(
    stage: Stage,
    folder: Path,
    twin: Callable[[Any], Any],
    is_hashable: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    store: TokenStore = FileTokenStore(folder) if is_hashable else Unhashable()
    session = stage.open(token=ending(60))
    other = twin(session)
    other.keep_in(store)
    session.renew()
    elsewhere = stage.open(store=store)
    elsewhere.renew()
    session.renew()
    assert session.token["access_token"] == other.token["access_token"] == "access-2"
    other.renew()
    assert stage.open(store=store).token["refresh_token"] == "refresh-3"
    assert session._setbacks is other._setbacks


def test_a_deep_twin_has_settings_of_its_own(stage: Stage) -> None:
    session = stage.open(token=ending(60))
    session.hooks["response"].append(session.close)  # that is the session's own
    other = copy.deepcopy(session)
    other.headers["X-Mine"] = "yes"
    other.cookies.set("a", "b")
    other.compliance_hook["protected_request"].add(add_mine)
    other.auto_refresh_kwargs["a"] = "b"
    assert "X-Mine" not in session.headers
    assert not session.cookies
    assert not session.compliance_hook["protected_request"]
    assert not session.auto_refresh_kwargs
    assert other.adapters["https://"] is not session.adapters["https://"]
    assert other.hooks["response"][0].__self__ is other
    assert copy.copy(session).headers is session.headers  # as requests has it


def test_a_session_in_a_larger_thing_is_copied_with_it_once(stage: Stage) -> None:
    session = stage.open(token=ending(60))
    one, other = copy.deepcopy([session, session])
    assert one is other
    assert one._client is session._client


@pytest.mark.parametrize("is_loaded", [True, False])
def test_who_uses_dask_is_told_of_the_copies_that_go_on(
    monkeypatch: pytest.MonkeyPatch, *, is_loaded: bool
) -> None:
    monkeypatch.delitem(sys.modules, "distributed", raising=False)
    if is_loaded:
        monkeypatch.setitem(sys.modules, "distributed", sys)
    assert ("on_cluster(session, client)" in how_to_send_another()) is is_loaded
