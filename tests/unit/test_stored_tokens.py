"""A stored token serves the token endpoint that gave it, and no other of the same issuer."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

from nb_oauth import Client, FileTokenStore, MemoryTokenStore, OAuth2Session, Provider, tokens
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.place import Place
from nb_oauth.tokens import TokenKey
from tests.unit.session_stage import Stage, ending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ISSUER = "https://as.example"
TRUE = Provider("Example", issuer=ISSUER, token_endpoint="https://as.example/token")
CLIENT = Client("app")
KEY = TokenKey(ISSUER, "app", "authorization_code")


@pytest.fixture
def thief() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def borrowed(thief: Stage, **members: Any) -> Provider:
    """A provider made by hand, with the issuer of another."""
    return Provider("Borrowed", issuer=ISSUER, token_endpoint=thief.token_endpoint, **members)


def opened(provider: Provider, **arguments: Any) -> OAuth2Session:
    session = OAuth2Session.open(provider, CLIENT, **arguments)
    session.trust_env = False
    return session


def test_it_comes_back_without_what_it_was_marked_with() -> None:
    store = MemoryTokenStore()
    opened(TRUE, token=ending(100), store=store)
    assert (store.load(KEY) or {})[tokens.TOKEN_ENDPOINT] == TRUE.token_endpoint
    session = opened(TRUE, store=store)
    assert session.token["refresh_token"] == "refresh-0"
    assert tokens.TOKEN_ENDPOINT not in session.token


def test_no_other_token_endpoint_of_that_issuer_is_given_it(thief: Stage) -> None:
    store = MemoryTokenStore()
    opened(TRUE, token=ending(-1), store=store)
    with pytest.warns(UserWarning, match=r"as\.example/token.*127\.0\.0\.1"):
        session = opened(borrowed(thief), store=store)
    assert not session.authorized
    assert thief.token_requests == []
    assert (store.load(KEY) or {})["refresh_token"] == "refresh-0"


def test_nor_by_renewing_a_token_of_its_own(thief: Stage) -> None:
    store = MemoryTokenStore()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = opened(borrowed(thief), token=ending(-1), store=store)
        opened(TRUE, token=ending(-1, refresh_token="another's"), store=store)
        session.get(thief.api)
    assert [one.form["refresh_token"] for one in thief.token_requests] == ["refresh-0"]


def test_nor_where_nobody_can_be_asked(
    thief: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import nb_oauth
    from nb_oauth import LoginRequired, place, sign_in

    monkeypatch.setattr(place, "here", lambda: Place.UNATTENDED)
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    store = FileTokenStore(tmp_path / "tokens")
    opened(TRUE, token=ending(-1), store=store)
    provider = borrowed(thief, authorization_endpoint=f"{thief.issuer}/authorize")
    with pytest.warns(UserWarning, match="127"), pytest.raises(LoginRequired):
        nb_oauth.login(provider, client=CLIENT, store=store)
    assert thief.token_requests == []


@pytest.mark.parametrize(
    ("provider", "is_taken"),
    [
        (TRUE, True),
        (Provider("Elsewhere", issuer=ISSUER, token_endpoint="https://other.example/token"), False),
        (Provider("No issuer", token_endpoint="https://as.example/token"), True),
    ],
)
def test_one_that_was_stored_without_the_mark(provider: Provider, *, is_taken: bool) -> None:
    store = MemoryTokenStore()
    store.save(TokenKey.of(provider, CLIENT, "authorization_code"), ending(100))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert opened(provider, store=store).authorized is is_taken
    assert len(said) == (not is_taken)


def test_the_implicit_grant_has_no_token_endpoint() -> None:
    store = MemoryTokenStore()
    provider = Provider("Old", issuer=ISSUER, authorization_endpoint=f"{ISSUER}/authorize")
    opened(provider, token={"access_token": "a"}, store=store, grant="implicit")
    assert opened(provider, store=store, grant="implicit").authorized
