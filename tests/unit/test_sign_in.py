"""login() with a provider that describes itself, and the grant it signs in by."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import nb_oauth
from nb_oauth import (
    Client,
    ConfigurationError,
    LoginRequired,
    OAuth2Session,
    Provider,
    grant_choice,
    grants,
    logins,
    place,
    sign_in,
    sign_in_request,
    stores,
)
from nb_oauth.grants import DeviceAuthorization
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.place import Place
from nb_oauth.prompts import Page
from nb_oauth.providers import discovery_cache
from nb_oauth.surfaces import Appeared, NewLinkWanted
from tests.polling import wait_until
from tests.unit.metadata_server import OPENID, MetadataServer
from tests.unit.session_stage import Reply, Request, Stage, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APP = Client("app")
SERVICE = Client("app", client_secret="s3cret/+")
EVERYTHING = Provider(
    "Example",
    authorization_endpoint="https://as.example/authorize",
    token_endpoint="https://as.example/token",
    device_authorization_endpoint="https://as.example/device",
    grant_types_supported=grant_choice.NAMES,
)
TOKEN = {"access_token": "a-token", "expires_in": 3600}


@pytest.fixture(autouse=True)
def where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Place], None]:
    """A notebook, unless the test says otherwise; nothing is remembered from before."""

    def be(there: Place) -> None:
        monkeypatch.setattr(place, "here", lambda: there)

    be(Place.NOTEBOOK)
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(discovery_cache, "_here", {})
    return be


@pytest.fixture
def server() -> Iterator[MetadataServer]:
    with MetadataServer() as server:
        yield server


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A token endpoint that gives an app a token, and nobody else."""

    def issue(request: Request) -> Reply:
        asks = request.form["grant_type"] == "client_credentials"
        return reply(**TOKEN) if asks else reply(400, error="unauthorized_client")

    with Stage() as stage:
        stage.at_token = issue
        yield stage


def found(provider: Any, client: Client | None = APP, grant: str | None = None) -> Any:
    return sign_in._memory.find(sign_in._request(provider, client, "read", None, None, grant))


def session_by(grant: str, client: Client = APP) -> OAuth2Session:
    """A live session that this kernel remembers, of a sign-in by ``grant``."""
    request = sign_in._request(EVERYTHING, client, "read", None, None, grant)
    session = OAuth2Session.open(EVERYTHING, client, scope="read", token=TOKEN, grant=grant)
    sign_in._memory._put(request.key, session)
    return session


# -- the provider ------------------------------------------------------------------------------


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_address_is_asked_what_it_offers(server: MetadataServer, slash: str) -> None:
    server.publish()
    widget = found(f" {server.issuer}{slash}")
    assert isinstance(widget, logins.AuthorizationCodeLogin)
    assert widget._provider == Provider.discover(server.issuer)
    [why] = widget.remarks
    assert why.startswith("Authorization code with PKCE: 127.0.0.1 offers it, and the browser")
    assert found(server.issuer) is widget
    assert server.asked == [OPENID]


def test_what_it_offers_decides(server: MetadataServer) -> None:
    server.publish(
        device_authorization_endpoint=f"{server.issuer}/device",
        grant_types_supported=["urn:ietf:params:oauth:grant-type:device_code"],
    )
    widget = found(server.issuer)
    assert isinstance(widget, logins.DeviceLogin)
    assert widget.remarks[-1].startswith("Device code: 127.0.0.1 offers no authorization code")


@pytest.mark.parametrize("there", [Place.NOTEBOOK, Place.TERMINAL])
def test_a_provider_that_is_found_needs_a_client_and_asks_for_it(
    server: MetadataServer, there: Place, where: Callable[[Place], None]
) -> None:
    where(there)
    server.publish()
    assert isinstance(found(server.issuer, None), logins.RegistrationLogin)


@pytest.mark.parametrize("there", [Place.UNATTENDED, Place.ELSEWHERE])
def test_where_nobody_can_be_asked_the_variables_are_named(
    server: MetadataServer, there: Place, where: Callable[[Place], None]
) -> None:
    where(there)
    server.publish()
    with pytest.raises(LoginRequired, match=r"NB_OAUTH_127_0_0_1_CLIENT_ID.*_TOKEN_ENDPOINT"):
        nb_oauth.login(server.issuer)


def test_an_address_without_metadata_says_what_to_do(server: MetadataServer) -> None:
    with pytest.raises(ConfigurationError, match="publishes no metadata"):
        nb_oauth.login(server.issuer, client=APP)


def test_an_address_without_https_is_taken_for_a_name(server: MetadataServer) -> None:
    with pytest.raises(ConfigurationError, match=r"'as\.example'; known: .*'https://accounts"):
        nb_oauth.login("as.example", client=APP)


# -- the grant ---------------------------------------------------------------------------------


def test_every_grant_has_its_login() -> None:
    assert set(sign_in_request.LOGINS) == set(grant_choice.NAMES)
    for name in grant_choice.NAMES:
        assert found(EVERYTHING, SERVICE, name)._grant.name == name


def test_who_names_a_grant_gets_it_without_a_why() -> None:
    assert not any(
        "Example offers" in remark for remark in found(EVERYTHING, APP, "implicit").remarks
    )
    assert found(EVERYTHING, APP, "device_code").remarks == ()


def test_the_usual_grant_at_endpoints_of_ones_own_needs_no_why() -> None:
    assert found(EVERYTHING).remarks == ()


def test_another_grant_at_endpoints_of_ones_own_says_why() -> None:
    own_scheme = Client("app", redirect_uri="com.example.app:/callback")
    widget = found(EVERYTHING, own_scheme)
    assert isinstance(widget, logins.DeviceLogin)
    assert "cannot come back here" in widget.remarks[-1]


def test_naming_the_best_grant_goes_on_with_the_same_widget() -> None:
    assert found(EVERYTHING) is found(EVERYTHING, APP, "authorization_code")
    assert found(EVERYTHING) is not found(EVERYTHING, APP, "device_code")


@pytest.mark.parametrize("grant", ["code", 5, ""])
def test_an_unknown_grant_is_told(grant: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"grant={grant!r} is no grant"):
        nb_oauth.login(EVERYTHING, client=APP, grant=grant)


@pytest.mark.parametrize("grant", sorted(grant_choice.NAMES))
def test_extra_goes_to_whom_it_is_for(grant: str) -> None:
    extra = {"prompt": "consent"}
    request = sign_in._request(EVERYTHING, SERVICE, None, extra, None, grant)
    widget: Any = sign_in._memory.find(request)
    assert widget._grant.token_extra or widget._grant.extra == extra


@pytest.mark.parametrize("name", ["grant_type", "client_secret", "password"])
@pytest.mark.parametrize("kind", [logins.ClientCredentialsLogin, logins.PasswordLogin])
def test_extra_cannot_undo_what_a_token_request_sends(kind: Any, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"must not hold {name}"):
        kind(EVERYTHING, SERVICE, extra={name: "x"})


def test_extra_goes_along_whenever_a_token_is_earned(
    stage: Stage, where: Callable[[Place], None]
) -> None:
    where(Place.UNATTENDED)
    extra = {"audience": "https://api.example"}
    options: dict[str, Any] = {"client": SERVICE, "grant": "client_credentials", "extra": extra}
    session = nb_oauth.login(stage.provider, **options)
    session.renew()
    assert [one.form["audience"] for one in stage.token_requests] == [extra["audience"]] * 2


def test_the_key_holds_the_grant() -> None:
    request = sign_in._request(EVERYTHING, SERVICE, None, None, "work", "password")
    assert (request.key.grant, request.key.account) == (grants.PasswordGrant.name, "work")


# -- sessions that live --------------------------------------------------------------------------


@pytest.mark.parametrize("grant", grant_choice.OF_A_PERSON)
def test_a_persons_session_will_do_however_it_was_earned(grant: str) -> None:
    session = session_by(grant)
    assert found(EVERYTHING) is session
    assert nb_oauth.login(EVERYTHING, client=APP, scope="read") is session


def test_who_names_a_grant_means_it() -> None:
    session_by("device_code")
    assert isinstance(found(EVERYTHING, APP, "authorization_code"), logins.Login)


def test_the_apps_own_session_is_not_a_persons() -> None:
    session_by("client_credentials", SERVICE)
    assert isinstance(found(EVERYTHING, SERVICE), logins.AuthorizationCodeLogin)


def test_a_persons_session_goes_before_the_app_itself(where: Callable[[Place], None]) -> None:
    session = session_by("authorization_code", SERVICE)
    where(Place.UNATTENDED)
    assert nb_oauth.login(EVERYTHING, client=SERVICE, scope="read") is session


# -- where nobody is -----------------------------------------------------------------------------


def provider_at(stage: Stage) -> Provider:
    endpoints = {"token_endpoint": stage.token_endpoint, "authorization_endpoint": f"{stage.api}/a"}
    return Provider("Example", grant_types_supported=grant_choice.NAMES, **endpoints)


@pytest.mark.parametrize("there", [Place.UNATTENDED, Place.ELSEWHERE])
def test_an_app_acts_as_itself_and_says_so(
    stage: Stage, where: Callable[[Place], None], there: Place
) -> None:
    where(there)
    with pytest.warns(UserWarning, match="as itself and not as a person.*Pass grant=") as caught:
        session = nb_oauth.login(provider_at(stage), client=SERVICE, timeout=10)
    assert caught[0].filename == __file__
    assert session.token["access_token"] == "a-token"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nb_oauth.login(provider_at(stage), client=SERVICE) is session


def test_an_app_that_was_meant_to_is_not_warned_of(
    stage: Stage, where: Callable[[Place], None]
) -> None:
    where(Place.ELSEWHERE)
    session = nb_oauth.login(
        provider_at(stage), client=SERVICE, grant="client_credentials", timeout=10
    )
    assert session.authorized


def test_without_a_secret_somebody_has_to_sign_in(where: Callable[[Place], None]) -> None:
    where(Place.UNATTENDED)
    with pytest.raises(LoginRequired):
        nb_oauth.login(EVERYTHING, client=APP)


# -- the store ---------------------------------------------------------------------------------


def stored(store: Any, **token: Any) -> None:
    """Put a token into ``store``, as another kernel has left it there."""
    OAuth2Session.open(EVERYTHING, APP, scope="read write", store=store, token={**TOKEN, **token})


def found_in(store: Any, scope: str = "read") -> Any:
    return sign_in._memory.find(
        sign_in._request(EVERYTHING, APP, scope, None, None, None, store=store)
    )


def test_a_stored_token_is_used_without_asking() -> None:
    store = nb_oauth.MemoryTokenStore()
    stored(store, scope="read write")
    session = found_in(store)
    assert isinstance(session, OAuth2Session)
    assert session.token["access_token"] == "a-token"
    assert found_in(store) is session


@pytest.mark.parametrize(
    "token",
    [{"scope": "write"}, {"scope": "read", "expires_at": 1.0}],
    ids=["for something else", "ended"],
)
def test_a_stored_token_that_will_not_do_is_not_used(token: dict[str, Any]) -> None:
    store = nb_oauth.MemoryTokenStore()
    stored(store, **token)
    assert isinstance(found_in(store), logins.Login)


def test_what_was_granted_is_stored_where_the_provider_leaves_it_out(stage: Stage) -> None:
    store = nb_oauth.MemoryTokenStore()
    session = OAuth2Session.open(
        stage.provider, SERVICE, scope="read", store=store, grant="client_credentials"
    )
    session.fetch_token(stage.token_endpoint)
    again = OAuth2Session.open(
        stage.provider, SERVICE, scope="write", store=store, grant="client_credentials"
    )
    assert (again.may_have("read"), again.may_have("write")) == (True, False)


def test_a_live_session_moves_into_the_store_that_is_asked_for() -> None:
    session, store = session_by("authorization_code"), nb_oauth.MemoryTokenStore()
    assert found_in(store) is session
    assert found_in(store) is session
    key = sign_in._request(EVERYTHING, APP, "read", None, None).key
    assert dict(store.load(key) or {})["access_token"] == "a-token"


def test_a_store_that_is_named_late_gets_the_token(
    stage: Stage, where: Callable[[Place], None]
) -> None:
    where(Place.UNATTENDED)
    widget = found(stage.provider, SERVICE, "client_credentials")
    store = nb_oauth.MemoryTokenStore()
    options: dict[str, Any] = {"scope": "read", "grant": "client_credentials", "store": store}
    session = nb_oauth.login(stage.provider, client=SERVICE, **options)
    assert widget.session is session
    assert repr(store) == "<MemoryTokenStore: holds 1>"


@pytest.fixture
def _demo_ends() -> Iterator[None]:
    yield
    nb_oauth.demo.stop()


@pytest.mark.usefixtures("_demo_ends")
def test_the_demo_says_that_a_store_is_of_no_use_to_it() -> None:
    request = sign_in._request("demo", None, None, None, None, store=nb_oauth.MemoryTokenStore())
    assert "The demo ends with the process that serves it" in request.remark
    assert sign_in._request("demo", None, None, None, None).remark == ""


def test_the_widget_keeps_its_token_in_the_store() -> None:
    store = nb_oauth.MemoryTokenStore()
    assert found_in(store)._store is store


def test_a_store_has_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stores, "_named", {})
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    widget = found_in("file")
    assert isinstance(widget._store, nb_oauth.FileTokenStore)
    assert found_in("file") is widget


@pytest.mark.parametrize("store", ["disk", 5, nb_oauth.MemoryTokenStore])
def test_what_is_no_store_is_refused(store: Any) -> None:
    with pytest.raises(ConfigurationError, match="store="):
        found_in(store)


def test_a_stored_token_is_known_by_what_was_asked_for(stage: Stage) -> None:
    stage.at_token = lambda _: reply(**TOKEN, scope="https://as.example/scopes/read")
    store = nb_oauth.MemoryTokenStore()
    options: dict[str, Any] = {"store": store, "grant": "client_credentials"}
    OAuth2Session.open(stage.provider, SERVICE, scope="read", **options).fetch_token(
        stage.token_endpoint
    )
    again = OAuth2Session.open(stage.provider, SERVICE, scope="write", **options)
    assert (again.may_have("read"), again.may_have("write")) == (True, False)


CALLBACK = "https://hub.test/user/ada/nb-oauth/callback"


def shown_to(page: Page, **asked: Any) -> tuple[Any, Any]:
    """The widget for that page, and what it shows once it waits for the person."""
    request = sign_in._request(EVERYTHING, **{**ASKED, **asked})
    login = sign_in._memory.find(request)
    assert isinstance(login, logins.Login)
    login._take(Appeared())
    login._take(page)
    wait_until(lambda: login._view is not None and login._view.link, "a link is shown")
    return login, login._view


ASKED: dict[str, Any] = {"client": APP, "scope": "read", "extra": None, "account": None}


@pytest.mark.parametrize("page", [Page(CALLBACK), Page(reaches_kernel=True)])
def test_what_a_browser_can_bring_back_is_an_authorization_code(page: Page) -> None:
    login, view = shown_to(page)
    assert "redirect_uri=" in view.link
    assert view.code is None
    assert "by itself" in view.remarks[-1]
    login.cancel()


def test_where_no_browser_can_bring_it_back_there_is_a_device_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def authorize(session: OAuth2Session, url: str, extra: Any) -> Any:
        asked.append(url)
        return DeviceAuthorization(
            "a-device-code", "WDJB-MJHT", "https://as.example/device", None, time.monotonic() + 9, 5
        )

    monkeypatch.setattr(OAuth2Session, "device_authorization", authorize)
    login, view = shown_to(Page())
    assert asked == ["https://as.example/device"]
    assert view.code == "WDJB-MJHT"
    assert "By a device code. The answer cannot come back by itself" in view.remarks[-1]
    assert login.chosen.request.key.grant == "device_code"
    login.cancel()
    wait_until(lambda: login.has_failed, "the first is over")
    login._take(NewLinkWanted())
    login._take(Page(CALLBACK))  # it was opened elsewhere meanwhile
    wait_until(lambda: "redirect_uri=" in (login._view.link or ""), "the other code is asked for")
    assert login.chosen.request.key.grant == "authorization_code"
    login.cancel()


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"grant": "authorization_code"}, "somebody named the grant"),
        ({"client": Client("app", redirect_uri="https://app.example/cb")}, "the app says where"),
    ],
)
def test_there_is_nothing_else_where_somebody_said_what(asked: dict[str, Any], why: str) -> None:
    request = sign_in._request(EVERYTHING, **{**ASKED, **asked})
    assert request.otherwise is None, why


@pytest.mark.parametrize("there", [Place.TERMINAL, Place.ELSEWHERE])
def test_there_is_nothing_else_where_no_page_could_say_so(
    where: Callable[[Place], None], there: Place
) -> None:
    where(there)
    request = sign_in._request(EVERYTHING, **{**ASKED, "client": APP})
    assert request.otherwise is None


def test_there_is_nothing_else_where_the_provider_has_no_device_code() -> None:
    without = replace(EVERYTHING, device_authorization_endpoint=None)
    assert sign_in._request(without, **ASKED).otherwise is None
    assert sign_in._request(EVERYTHING, **ASKED).otherwise is not None


def test_what_signed_in_by_either_code_is_remembered_as_what_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = sign_in._request(EVERYTHING, **ASKED)
    login = sign_in._memory.find(request)
    assert isinstance(login, logins.CodeLogin)
    login._use(login._device)
    session = OAuth2Session.open(EVERYTHING, APP, scope="read", token=TOKEN)
    sign_in._memory._remember(request, session, login)
    assert list(sign_in._memory._sessions) == [replace(request, grant="device_code").key]
    assert sign_in._memory.find(request) is session
