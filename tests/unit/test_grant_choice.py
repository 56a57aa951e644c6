"""The best grant that provider, client and place allow, and why."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nb_oauth import Client, ConfigurationError, Provider, grants, place
from nb_oauth.grant_choice import NAMES, Choice, choose, named
from nb_oauth.place import Place

AUTHORIZE = {"authorization_endpoint": "https://as.example/authorize"}
TOKEN = {"token_endpoint": "https://as.example/token"}
DEVICE = {"device_authorization_endpoint": "https://as.example/device"}
ALL = {**AUTHORIZE, **TOKEN, **DEVICE}
OFFERS_ALL = {**ALL, "grant_types_supported": NAMES}
PUBLIC = Client("app")
SECRET = Client("app", client_secret="s3cret")
OWN_SCHEME = Client("app", redirect_uri="com.example.app:/callback")


def provider(**members: Any) -> Provider:
    return Provider("Example", **members)


def picked(members: dict[str, Any], client: Client = PUBLIC, where: Place = Place.NOTEBOOK) -> str:
    return choose(provider(**members), client, where).grant


def test_the_names_are_those_of_the_grants() -> None:
    kinds = [getattr(grants, name) for name in grants.__all__]
    assert set(NAMES) == {kind.name for kind in kinds if isinstance(getattr(kind, "name", 0), str)}


@pytest.mark.parametrize("name", NAMES)
def test_who_names_a_grant_gets_it_without_a_why(name: str) -> None:
    assert (named(name).grant, named(name).why) == (name, "")


@pytest.mark.parametrize("name", ["code", "", 5, ["implicit"]])
def test_an_unknown_grant_is_told_with_those_there_are(name: Any) -> None:
    words = re.escape(f"grant={name!r} is no grant: pass one of {', '.join(NAMES)}")
    with pytest.raises(ConfigurationError, match=words):
        named(name)


@pytest.mark.parametrize(
    "members",
    [
        {**AUTHORIZE, **TOKEN},
        ALL,
        OFFERS_ALL,
        {**OFFERS_ALL, "response_types_supported": ["code"]},
        {**OFFERS_ALL, "response_types_supported": ["id_token", "code id_token"]},
        {**AUTHORIZE, **TOKEN, "grant_types_supported": ["authorization_code"]},
    ],
)
@pytest.mark.parametrize("client", [PUBLIC, SECRET])
def test_the_authorization_code_where_it_is_offered(
    members: dict[str, Any], client: Client
) -> None:
    assert picked(members, client) == "authorization_code"


@pytest.mark.parametrize(
    ("redirect_uri", "why"),
    [
        (None, "the browser can come back here by itself."),
        ("http://127.0.0.1/callback", "the browser can come back here by itself."),
        ("https://app.example/callback", "what the browser shows at the end can be pasted here."),
        ("urn:ietf:wg:oauth:2.0:oob", "what the browser shows at the end can be pasted here."),
    ],
)
def test_why_the_authorization_code(redirect_uri: str | None, why: str) -> None:
    choice = choose(provider(**ALL), Client("app", redirect_uri=redirect_uri), Place.NOTEBOOK)
    assert choice.grant == "authorization_code"
    assert choice.why == f"Authorization code with PKCE: Example offers it, and {why}"


@pytest.mark.parametrize(
    "members",
    [
        {**TOKEN, **DEVICE},
        {**ALL, "grant_types_supported": ["implicit"]},
        {**ALL, "response_types_supported": ["token"]},
    ],
)
def test_a_device_code_where_no_authorization_code_is_offered(members: dict[str, Any]) -> None:
    choice = choose(provider(**members), PUBLIC, Place.NOTEBOOK)
    assert choice.grant == "device_code"
    assert "Example offers no authorization code" in choice.why


def test_a_device_code_where_the_browser_cannot_come_back() -> None:
    choice = choose(provider(**ALL), OWN_SCHEME, Place.NOTEBOOK)
    assert choice.grant == "device_code"
    assert "cannot come back here from the app's redirect_uri" in choice.why


def test_an_authorization_code_all_the_same_where_there_is_no_device_code() -> None:
    choice = choose(provider(**AUTHORIZE, **TOKEN), OWN_SCHEME, Place.NOTEBOOK)
    assert choice.grant == "authorization_code"
    assert "nothing that suits better" in choice.why


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, browser: object, **members: Any) -> Choice:
    monkeypatch.setattr(place, "browser", lambda: browser)
    return choose(provider(**{**ALL, **members}), SECRET, Place.TERMINAL)


def test_a_device_code_at_a_terminal_without_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = at_a_terminal(monkeypatch, None, **OFFERS_ALL)
    assert choice == Choice("device_code", "Device code: no browser can be opened on this machine.")
    assert at_a_terminal(monkeypatch, object()).grant == "authorization_code"
    without = {"device_authorization_endpoint": None}
    assert at_a_terminal(monkeypatch, None, **without).grant == "authorization_code"


def test_no_device_code_at_a_terminal_that_the_provider_keeps_for_apps_with_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(place, "browser", lambda: None)
    choice = choose(provider(**ALL), PUBLIC, Place.TERMINAL, with_secret={"device_code"})
    assert choice.grant == "authorization_code"


@pytest.mark.parametrize("where", [Place.UNATTENDED, Place.ELSEWHERE])
def test_the_app_acts_as_itself_where_nobody_is_there(where: Place) -> None:
    choice = choose(provider(**OFFERS_ALL), SECRET, where)
    assert choice.grant == "client_credentials"
    assert "as itself and not as a person" in choice.why


@pytest.mark.parametrize("where", [Place.UNATTENDED, Place.ELSEWHERE])
@pytest.mark.parametrize(
    ("members", "client"),
    [(OFFERS_ALL, PUBLIC), (ALL, SECRET), ({**AUTHORIZE, **TOKEN}, SECRET)],
)
def test_it_does_so_only_if_it_can_and_the_provider_says_it_may(
    where: Place, members: dict[str, Any], client: Client
) -> None:
    assert picked(members, client, where) == "authorization_code"


@pytest.mark.parametrize("members", [TOKEN, {**TOKEN, "grant_types_supported": [*NAMES]}])
def test_the_app_acts_as_itself_where_no_person_could_sign_in(members: dict[str, Any]) -> None:
    choice = choose(provider(**members), SECRET, Place.NOTEBOOK)
    assert choice.grant == "client_credentials"
    assert "Example has no way for a person to sign in" in choice.why


@pytest.mark.parametrize(
    "members",
    [
        AUTHORIZE,
        {**AUTHORIZE, **TOKEN, "grant_types_supported": ["implicit", "password"]},
        {**AUTHORIZE, **TOKEN, "grant_types_supported": ["implicit", "client_credentials"]},
        {**AUTHORIZE, **TOKEN, "response_types_supported": ["id_token token"]},
    ],
)
def test_the_implicit_grant_where_there_is_nothing_else(members: dict[str, Any]) -> None:
    choice = choose(provider(**members), SECRET, Place.NOTEBOOK)
    assert choice.grant == "implicit"
    assert choice.why == "Implicit grant: Example offers nothing better."


@pytest.mark.parametrize("where", list(Place))
@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({**AUTHORIZE, **TOKEN, "grant_types_supported": ["password"]}, "It says it offers: pass"),
        ({**AUTHORIZE, **TOKEN, "grant_types_supported": []}, "It says it offers: none."),
        (DEVICE, "token_endpoint=…"),
        ({}, "authorization_endpoint=…"),
        (TOKEN, "client_secret=…"),
    ],
)
def test_nothing_else_is_ever_picked(where: Place, members: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)) as caught:
        choose(provider(**members), PUBLIC, where)
    assert "grant='password'" in str(caught.value)
