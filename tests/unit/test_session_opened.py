"""Opening a session, and what it says of itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from nb_oauth import (
    Client,
    ConfigurationError,
    LoginRequired,
    MemoryTokenStore,
    OAuth2Session,
    Provider,
)
from nb_oauth.tokens import TokenKey
from tests.unit.session_stage import Stage, ending

if TYPE_CHECKING:
    pass

PROVIDER = Provider("Example <b>", token_endpoint="https://as.example/token")
CLIENT = Client("app", client_secret="s3cret", redirect_uri="https://app.example/callback")


def opened(**arguments: Any) -> OAuth2Session:
    return OAuth2Session.open(PROVIDER, CLIENT, **arguments)


def test_a_session_is_opened_without_a_token() -> None:
    session = opened(scope="a b")
    assert not session.authorized
    assert not session.is_alive
    assert session.scope == session.requested_scope == ["a", "b"]
    assert session.missing_scope == []
    assert session.redirect_uri == "https://app.example/callback"
    assert session.auto_refresh_url == "https://as.example/token"


def test_a_redirect_uri_of_its_own_comes_first() -> None:
    assert opened(redirect_uri="http://127.0.0.1:5/x").redirect_uri == "http://127.0.0.1:5/x"


@pytest.mark.parametrize("redirect_uri", ["/callback", "http://127.0.0.1/#x"])
def test_a_redirect_uri_that_is_none_is_refused(redirect_uri: str) -> None:
    with pytest.raises(ConfigurationError, match="redirect_uri='"):
        opened(redirect_uri=redirect_uri)


def test_a_provider_without_token_endpoint_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="token_endpoint"):
        OAuth2Session.open(Provider("Example"), CLIENT)


def test_an_unknown_grant_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="grant='code' is not one of authorization_code"):
        opened(grant="code")


def test_an_opened_session_sends_a_challenge() -> None:
    url, _ = opened().authorization_url("https://as.example/authorize")
    assert "code_challenge_method=S256" in url


# -- the store ----------------------------------------------------------------------------------


def test_a_token_given_is_kept_under_its_key() -> None:
    store = MemoryTokenStore()
    opened(store=store, token=ending(100), account="work", grant="device_code")
    key = TokenKey.of(PROVIDER, CLIENT, "device_code", "work")
    kept = store.load(key)
    assert kept is not None
    assert kept["access_token"] == "access-0"


def test_a_token_in_the_store_is_taken() -> None:
    store = MemoryTokenStore()
    store.save(TokenKey.of(PROVIDER, CLIENT, "authorization_code"), ending(100))
    session = opened(store=store)
    assert session.is_alive
    assert session.token["access_token"] == "access-0"


def test_a_store_that_is_empty_is_a_store() -> None:
    class Sized(MemoryTokenStore):
        def __len__(self) -> int:
            return len(self._tokens)

    store = Sized()
    opened(store=store, token=ending(100))
    assert len(store) == 1


def test_every_renewed_token_is_kept(stage: Stage) -> None:
    store = MemoryTokenStore()
    session = stage.open(store=store, token=ending(-1))
    session.get(stage.api)
    again = stage.open(store=store)
    assert again.token["access_token"] == "access-1"


def test_a_token_kept_with_no_date_is_dated() -> None:
    session = opened(token={"access_token": "a", "expires_in": 60})
    assert session.token["expires_at"] == pytest.approx(time.time() + 60, abs=5)


def test_changing_the_token_given_changes_nothing() -> None:
    token = ending(100)
    session = opened(token=token)
    token["access_token"] = "another"
    assert session.token["access_token"] == "access-0"


# -- scope --------------------------------------------------------------------------------------


def test_scope_says_what_was_granted() -> None:
    session = opened(scope="a b", token=ending(100, scope="a"))
    assert (session.scope, session.requested_scope) == (["a"], ["a", "b"])
    assert session.missing_scope == ["b"]


def test_scope_is_what_was_asked_for_where_the_token_says_nothing() -> None:
    session = opened(scope=["a", "b"], token=ending(100))
    assert (session.scope, session.missing_scope) == (["a", "b"], [])


@pytest.mark.parametrize(
    ("requested", "granted", "wanted", "may"),
    [
        ("a b", "a b", "a", True),
        ("a b", "a b", ["b", "a"], True),
        ("a b", "a b", None, True),
        ("a b", "a b", "c", False),
        ("a b", "a", "a", True),
        ("a b", "a", "b", False),
        ("a b", "a", "a b", False),
        ("a b", "a c", "c", True),
        ("a email", "a https://provider.example/email", "email", True),
        ("a email", "a https://provider.example/email", "a email", True),
        ("a email", "a https://provider.example/email", "c", False),
        ("repo user", "repo,user", "user", True),
        ("repo user", "repo", "user", False),
        (None, "a", "a", True),
        (None, "a", "b", False),
        ("a b", None, "a", True),
        ("a b", "", "a", True),
        ("a b", None, "c", False),
        (None, None, None, True),
    ],
)
def test_what_a_session_may_have(
    requested: str | None, granted: str | None, wanted: Any, *, may: bool
) -> None:
    session = opened(scope=requested, token=ending(100, scope=granted))
    assert session.may_have(wanted) is may


def test_scope_can_be_set_and_is_the_clients_by_default() -> None:
    session = OAuth2Session("app")
    session._client.scope = "of the client"
    assert session.scope == "of the client"
    session.scope = "mine"
    assert session.scope == "mine"


# -- alive --------------------------------------------------------------------------------------


def test_a_token_that_ended_is_alive_only_with_something_to_renew_it() -> None:
    gone = {"access_token": "a", "expires_at": 1}
    assert not opened(token=gone).is_alive
    assert opened(token={**gone, "refresh_token": "r"}).is_alive
    assert not OAuth2Session("app", token={**gone, "refresh_token": "r"}).is_alive


def test_a_token_without_end_is_alive() -> None:
    assert opened(token={"access_token": "a"}).is_alive


# -- requests while nobody is signed in ---------------------------------------------------------


def test_nobody_signed_in_is_told_and_no_request_goes_out(stage: Stage) -> None:
    session = stage.open()
    with pytest.raises(LoginRequired, match="Nobody is signed in with this session"):
        session.get(stage.api)
    assert stage.api_requests == []
    session.fetch_token(stage.token_endpoint, code="code")
    assert session.get(stage.api).status_code == 200


def test_what_needs_no_token_goes_out_all_the_same(stage: Stage) -> None:
    session = stage.open()
    session.get(stage.api, withhold_token=True)
    session.get(stage.api, headers={"Authorization": "Basic eDp5"})
    session.get(stage.api, headers={"authorization": None})
    stage.classic().get(stage.api)
    assert stage.sent_tokens == [None, "Basic eDp5", None, None]


# -- what it says of itself ---------------------------------------------------------------------


def test_repr_says_whose_what_and_how_long() -> None:
    text = repr(opened(scope="a", token=ending(7300)))
    assert text.startswith(
        "<OAuth2Session: Signed in to Example <b> · scope a · token ends in 2 h ("
    )
    assert text.endswith("renewal by itself>")


@pytest.mark.parametrize("words", [repr, str, OAuth2Session._repr_html_])
def test_no_secret_is_in_what_a_session_says(words: Any) -> None:
    said = words(opened(scope="a", token=ending(100, id_token="id-0")))
    for secret in ("access-0", "refresh-0", "id-0", "s3cret"):
        assert secret not in said


def test_html_is_text() -> None:
    said = opened(scope="<script>", token=ending(100))._repr_html_()
    assert "<script>" not in said
    assert "Example &lt;b&gt;" in said


def test_a_session_without_provider_speaks_for_itself() -> None:
    assert repr(OAuth2Session("app")) == "<OAuth2Session: Not signed in>"
