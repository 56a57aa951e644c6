"""Providers known by name or address: the data, what other packages add, and signing in to them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jsonschema
import pytest

import nb_oauth
from nb_oauth import Client, ConfigurationError, Provider, grant_choice, logins, place, sign_in
from nb_oauth.allowed_hosts import AllowedHosts
from nb_oauth.grant_choice import NAMES
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.logins import sent_back
from nb_oauth.place import Place
from nb_oauth.providers import (
    KnownProvider,
    ProviderEntry,
    directory,
    discovery_cache,
    entry,
    known,
    known_provider,
    known_providers,
)
from nb_oauth.providers.entry import GrantUse, read_entry
from nb_oauth.transport import is_loopback
from tests.unit.metadata_server import MetadataServer
from tests.unit.session_stage import Stage, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OURS = known_providers()
BY_NAME = {name: one for name, one in OURS.items() if one.metadata}
BY_ADDRESS = {name: one for name, one in OURS.items() if not one.metadata and one.addresses}
FILES = sorted(directory._FILES.glob("*.json"))
SCHEMA = json.loads((directory._FILES.parent / "entry.schema.json").read_text(encoding="utf-8"))
APP = Client("app")
SERVICE = Client("app", client_secret="s3cret/+")
SMALLEST = {"name": "Observatory", "metadata": {"token_endpoint": "https://as.example/token"}}


# -- the data ----------------------------------------------------------------------------------


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == {one.name for one in fields(ProviderEntry)}
    assert set(SCHEMA["properties"]) == set(entry._READERS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_as_the_schema_says(file: Path) -> None:
    jsonschema.validate(
        json.loads(file.read_text(encoding="utf-8")), SCHEMA, jsonschema.Draft202012Validator
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"shop": "https://as.example"},
        {"documentation": []},
        {"documentation": ["http://as.example/doc"]},
        {"register": "as.example"},
        {"metadata": {"token_endpoint": "http://as.example/token"}},
        {"metadata": {"token_endpoint": "https://as.example/token", "shop": "x"}},
        {"api_hosts": ["https://api.example"]},
        {"grants": {"code": {}}},
        {"module": "nb_oauth.demo"},
        {"loopback": "some ports"},
        {"lasting_tokens": "yes"},
    ],
    ids=str,
)
def test_the_schema_finds_a_mistake(wrong: dict[str, Any]) -> None:
    good = json.loads((directory._FILES / "zenodo.json").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(good | wrong, SCHEMA, jsonschema.Draft202012Validator)


def test_every_provider_that_was_promised_is_known() -> None:
    promised = (
        "google github gitlab microsoft slack spotify strava orcid zenodo huggingface globus "
        "earthdata copernicus keycloak auth0 okta demo"
    )
    assert sorted(promised.split()) == sorted(OURS)


@pytest.mark.parametrize("name", BY_NAME)
def test_an_entry_makes_a_provider(name: str) -> None:
    made = known_provider(f" {name.title()} ")
    provider = made.provider
    assert made.entry is OURS[name]
    assert provider.name == OURS[name].name
    assert provider.require("token_endpoint")
    assert provider.grant_types_supported
    assert provider.api_hosts
    AllowedHosts.read(provider.api_hosts)
    for one in fields(Provider):
        value = getattr(provider, one.name)
        if one.name.endswith(("_endpoint", "_uri")) and value is not None:
            assert urlsplit(value).scheme == "https"


@pytest.mark.parametrize("name", OURS)
def test_an_entry_names_the_pages_that_it_is_taken_from(name: str) -> None:
    assert OURS[name].documentation or name == "demo"


@pytest.mark.parametrize("name", OURS)
def test_every_grant_of_an_entry_can_be_used(name: str) -> None:
    one = OURS[name]
    assert set(one.grants) <= set(NAMES)
    for grant, use in one.grants.items():
        if one.metadata:  # the grant takes the endpoints, and what is sent along by default
            sign_in._memory._new_login(
                sign_in._request(name, SERVICE, None, None, None, grant)
            ).close()
        assert isinstance(use, GrantUse)


def test_names_and_aliases_are_each_of_one_provider() -> None:
    every = [*OURS, *(alias for one in OURS.values() for alias in one.aliases)]
    assert len(every) == len(set(every))
    assert known_provider("HF").entry is OURS["huggingface"]


@pytest.mark.parametrize("name", OURS)
def test_where_to_be_sent_back_to_goes_with_the_rule(name: str) -> None:
    one = OURS[name]
    if one.module is not None:  # wherever the person's notebook is, and nobody registers anything
        assert (one.redirect_uri, one.loopback) == (None, "any port")
        return
    assert one.redirect_uri
    parts = urlsplit(one.redirect_uri)
    if one.loopback == "any port":
        assert (is_loopback(parts.hostname), parts.port) == (True, None)
    elif one.loopback == "exact":
        assert parts.port or not is_loopback(parts.hostname)


def test_an_entry_that_a_name_is_enough_for_is_not_only_an_address() -> None:
    for one in BY_NAME.values():
        if "issuer" in one.metadata:
            assert one.metadata["issuer"] in one.addresses or one.name == "Slack"


# -- by address --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issuer", "name"),
    [
        ("https://tenant.auth0.com/", "auth0"),
        ("https://tenant.eu.auth0.com", "auth0"),
        ("https://dev-1.okta.com", "okta"),
        ("https://Dev-1.Okta.com/oauth2/default/", "okta"),
        ("https://sso.example.org/realms/r", "keycloak"),
        ("https://sso.example.org:8443/auth/realms/r", "keycloak"),
        ("https://identity.dataspace.copernicus.eu/auth/realms/CDSE", "copernicus"),
        ("https://login.microsoftonline.com/11111111-2222/v2.0", "microsoft"),
        ("https://accounts.google.com", "google"),
        ("https://auth0.com", None),
        ("https://evil.example/.auth0.com", None),
        ("https://tenant.auth0.com.evil.example", None),
        ("https://someone@tenant.auth0.com", None),
        ("http://tenant.auth0.com", None),
        ("https://sso.example.org/realms/r/more", None),
        ("https://accounts.example", None),
    ],
)
def test_an_address_is_known_by_its_pattern(issuer: str, name: str | None) -> None:
    assert directory.find_at(issuer) is (OURS[name] if name else None)


@pytest.fixture
def discovered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses asked for; each answers with what an authorization server has."""
    asked: list[str] = []

    def discover(issuer: str) -> Provider:
        asked.append(issuer)
        base = issuer.rstrip("/")
        return Provider(
            str(urlsplit(issuer).hostname),
            issuer=issuer,
            authorization_endpoint=f"{base}/authorize",
            token_endpoint=f"{base}/token",
        )

    monkeypatch.setattr(Provider, "discover", discover)
    return asked


@pytest.mark.parametrize("prefix", ["", "https://"])
@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("tenant.auth0.com", "auth0"),
        ("dev-1.okta.com/oauth2/default", "okta"),
        ("sso.example.org/realms/r", "keycloak"),
    ],
)
def test_a_host_name_is_enough(prefix: str, address: str, name: str, discovered: list[str]) -> None:
    made = known_provider(f" {prefix}{address} ")
    assert discovered == [f"https://{address}"]
    assert made.entry is OURS[name]
    assert made.provider.name == address.partition("/")[0]
    assert (made.client, made.provider.api_hosts) == (None, None)


def test_a_known_address_brings_what_the_name_brings(discovered: list[str]) -> None:
    made = known_provider("https://identity.dataspace.copernicus.eu/auth/realms/CDSE")
    by_name = known_provider("copernicus")
    assert (made.client, made.entry) == (by_name.client, by_name.entry)
    assert made.provider.api_hosts == by_name.provider.api_hosts == ("*.dataspace.copernicus.eu",)
    assert len(discovered) == 1


def test_any_other_address_is_only_what_it_says_of_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(discovery_cache, "_here", {})
    with MetadataServer() as server:
        server.publish()
        made = known_provider(server.issuer)
    assert made == KnownProvider(Provider.discover(server.issuer))
    assert made.entry.grants == {}


@pytest.mark.parametrize("name", BY_ADDRESS)
def test_a_name_that_stands_for_many_says_which_address_to_pass(name: str) -> None:
    with pytest.raises(
        ConfigurationError, match="has an address for each tenant: pass yours, "
    ) as it:
        known_provider(name)
    assert "https://<yours>" in str(it.value)


# -- what other packages add -------------------------------------------------------------------


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put packages with entry points where Python finds them, as pip would."""
    modules: list[str] = []

    def put(package: str, points: dict[str, str], source: str = "") -> None:
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[nb_oauth.providers]\n{lines}")
        (tmp_path / f"{package}.py").write_text(textwrap.dedent(source))
        modules.append(package)

    monkeypatch.syspath_prepend(tmp_path)
    yield put
    for module in modules:
        sys.modules.pop(module, None)


OBSERVATORY = """
PROVIDER = {
    "name": "Example Observatory",
    "metadata": {"authorization_endpoint": "https://as.example/authorize",
                 "token_endpoint": "https://as.example/token"},
    "api_hosts": ["api.example"],
    "grants": {"authorization_code": {"extra": {"audience": "telescope"}}},
    "scopes": {"sky": "look"},
    "documentation": ["https://docs.example/oauth"],
}

def provider():
    return PROVIDER
"""


@pytest.mark.parametrize("what", ["PROVIDER", "provider"])
def test_another_package_adds_a_provider(install: Any, what: str) -> None:
    install("observatory", {"Observatory": f"observatory:{what}"}, OBSERVATORY)
    made = known_provider("Observatory")
    assert made.provider.name == "Example Observatory"
    assert made.provider.api_hosts == ("api.example",)
    assert made.entry.use_of("authorization_code").extra == {"audience": "telescope"}
    assert known_providers()["observatory"] == made.entry
    with pytest.raises(ConfigurationError, match="okta, orcid"):
        known_provider("no such")
    with pytest.raises(ConfigurationError, match="observatory, okta"):
        known_provider("no such")


def test_no_package_is_loaded_for_a_provider_of_ours(install: Any) -> None:
    install("evil", {"github": "evil:PROVIDER", "hf": "evil:PROVIDER"}, OBSERVATORY)
    assert known_provider("github").provider.token_endpoint == (
        "https://github.com/login/oauth/access_token"
    )
    assert known_provider("hf").entry is OURS["huggingface"]
    assert known_providers() == OURS
    assert "evil" not in sys.modules


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise RuntimeError('no telescope')", "RuntimeError: no telescope"),
        ("", "AttributeError: .*PROVIDER"),
        ("PROVIDER = 5", "an entry is a mapping, not int"),
        ("PROVIDER = {}", "name is missing"),
        ("PROVIDER = {'name': 'O'}", "neither metadata nor addresses"),
        ("PROVIDER = {'name': 'O', 'shop': 1, 'store': 2}", "no entry has shop, store"),
        ("PROVIDER = {'name': 5}", "name must be text, not 5"),
        ("def PROVIDER(): return 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_provider_that_will_not_do_names_its_package(
    install: Any, source: str, words: str
) -> None:
    install("broken", {"broken": "broken:PROVIDER"}, source)
    install("observatory", {"observatory": "observatory:PROVIDER"}, OBSERVATORY)
    told = rf"'broken' that the package broken adds cannot be used \(.*{words}.*pass Provider\("
    with pytest.raises(ConfigurationError, match=told):
        known_provider("broken")
    assert known_provider("observatory").provider.name == "Example Observatory"
    with pytest.warns(UserWarning, match="'broken' that the package broken adds"):
        listed = known_providers()
    assert "observatory" in listed
    assert "broken" not in listed


def test_two_packages_that_add_one_name_are_named(install: Any) -> None:
    install("first", {"sky": "first:PROVIDER"}, OBSERVATORY)
    install("second", {"sky": "second:PROVIDER"}, OBSERVATORY)
    with pytest.raises(ConfigurationError, match="'sky': the package first, the package second"):
        known_provider("sky")
    assert "sky" in directory.names()


def test_metadata_of_another_package_are_checked_as_any_provider_s(install: Any) -> None:
    source = "PROVIDER = {'name': 'O', 'metadata': {'token_endpoint': 'http://as.example'}}"
    install("plain", {"plain": "plain:PROVIDER"}, source)
    with pytest.raises(
        ConfigurationError, match=r"Provider\('O'\): token_endpoint must be an https"
    ):
        known_provider("plain")


def test_a_package_without_a_name_is_told_by_what_it_points_to() -> None:
    from importlib.metadata import EntryPoint

    assert directory._package(EntryPoint("a", "module:thing", "group")) == "module:thing"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(" GitHib", " (did you mean 'github' or 'gitlab'?)"), ("nobody-at-all", "")],
)
def test_who_mistypes_a_name_is_told_which_was_probably_meant(typed: str, meant: str) -> None:
    with pytest.raises(ConfigurationError) as failure:
        known_provider(typed)
    assert f"is known as {typed.strip()!r}{meant}; known: auth0" in str(failure.value)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"aliases": "o"}, "aliases must be several texts, not 'o'"),
        ({"aliases": [1]}, "aliases must be several texts"),
        ({"register": "as.example"}, "register must be an https address"),
        ({"documentation": ["http://as.example"]}, "documentation must be an https address"),
        ({"metadata": []}, "metadata must be a mapping of names"),
        ({"metadata": {1: 2}}, "metadata must be a mapping of names"),
        ({"scopes": {"a": 1}}, "scopes must be a mapping of names to texts"),
        ({"grants": {"a": {"secret": "yes"}}}, "grants must be a mapping of grants to"),
        ({"grants": {"a": {"own_app": 1}}}, "grants must be a mapping of grants to"),
        ({"grants": {"a": {"shop": 1}}}, "grants must be a mapping of grants to"),
        ({"grants": {"a": 1}}, "grants must be a mapping"),
        ({"loopback": "some"}, "loopback must be 'any port', 'exact' or 'none', not 'some'"),
        ({"lasting_tokens": 1}, "lasting_tokens must be true or false, not 1"),
        ({"client": {"client_id": "a"}}, "client must be {'client_id': …, 'grant': …}"),
    ],
    ids=str,
)
def test_a_member_of_another_kind_is_told(members: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        read_entry(SMALLEST | members)


def test_a_provider_may_take_no_loopback_redirect() -> None:
    assert read_entry(SMALLEST | {"loopback": "none"}).loopback == "none"


def test_an_unknown_quirk_is_told_when_the_provider_is_made() -> None:
    with pytest.raises(ConfigurationError, match=r"quirks=\['typo'\]: there is no such rule"):
        read_entry(SMALLEST | {"quirks": ["typo"]}).provider()


# -- signing in --------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "here", lambda: Place.NOTEBOOK)
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())


def asked(name: Any, client: Client | None = APP, **arguments: Any) -> Any:
    given = {"scope": None, "extra": None, "account": None, "grant": None} | arguments
    return sign_in._request(name, client, **given)


def test_what_a_provider_needs_is_sent_unless_the_caller_says_otherwise() -> None:
    assert asked("google", SERVICE).extra == (("access_type", "offline"), ("prompt", "consent"))
    chosen = asked("google", SERVICE, extra={"prompt": "select_account"})
    assert chosen.extra == (("access_type", "offline"), ("prompt", "select_account"))
    assert asked("google", SERVICE, grant="device_code").extra == ()
    assert asked(known_provider("google").provider, SERVICE).extra == ()


@pytest.mark.parametrize(
    ("name", "redirect_uri"),
    [("spotify", "http://127.0.0.1/callback"), ("microsoft", "http://localhost/callback")],
)
def test_what_a_provider_says_of_loopback_addresses_is_used_where_one_is(
    name: str, redirect_uri: str
) -> None:
    request = asked(name)
    assert request.client.redirect_uri is None  # the person's page may know better
    assert request.loopback_uri == request.chosen().redirect_uri == redirect_uri
    own = Client("app", redirect_uri="https://hub.example/callback")
    assert asked(name, own).client is own


def test_an_address_that_a_provider_has_for_everybody_is_used_wherever_one_is() -> None:
    shown = "https://auth.globus.org/v2/web/auth-code"
    assert asked("globus").client.redirect_uri == shown
    assert asked("globus").loopback_uri == "http://127.0.0.1/callback"


def test_a_code_that_wants_an_app_of_its_own_takes_the_place_of_no_other() -> None:
    assert asked("google", SERVICE).otherwise is None
    assert asked("gitlab").otherwise.grant == "device_code"


def test_who_is_sent_nowhere_needs_no_redirect_uri() -> None:
    assert asked("github").client is APP


def test_nobody_is_sent_back_to_a_machine_that_a_provider_does_not_take() -> None:
    only_https = ProviderEntry("E", loopback="none")
    made = KnownProvider(
        Provider("E", authorization_endpoint="https://as.example/a"), None, only_https
    )
    with pytest.raises(ConfigurationError, match="E sends nobody back to this machine: register"):
        sent_back(made, APP, "authorization_code")
    assert sent_back(made, APP, "device_code") is APP


def test_without_a_secret_the_grant_that_needs_none_is_picked() -> None:
    public, confidential = asked("github"), asked("github", SERVICE)
    assert public.grant == "device_code"
    assert public.remark == (
        "Device code: for an authorization code GitHub wants a client_secret, too."
    )
    assert (confidential.grant, confidential.remark) == ("authorization_code", "")
    assert asked("github", grant="authorization_code").grant == "authorization_code"


@pytest.mark.parametrize("name", ["google", "strava", "orcid", "earthdata", "zenodo"])
def test_where_every_grant_needs_a_secret_that_is_said_at_once(name: str) -> None:
    with pytest.raises(ConfigurationError, match="gives no token to an app without a secret: pass"):
        asked(name)
    assert asked(name, SERVICE).grant == "authorization_code"
    assert asked(name, grant="authorization_code").grant == "authorization_code"


def test_a_secret_that_only_the_app_s_own_grant_needs_is_not_asked_for() -> None:
    assert asked("spotify").grant == "authorization_code"
    assert OURS["spotify"].with_secret == {"client_credentials"}
    nothing = Provider("E", token_endpoint="https://as.example/t", grant_types_supported=("x",))
    with pytest.raises(ConfigurationError, match="No grant of Provider"):
        grant_choice.choose(nothing, APP, Place.NOTEBOOK, with_secret={"client_credentials"})


def test_the_client_for_everybody_is_used_by_its_grant() -> None:
    request = asked("copernicus", None)
    assert (request.client.client_id, request.grant) == ("cdse-public", "password")
    assert request.client.token_endpoint_auth_method == "none"
    assert asked("copernicus").grant == "authorization_code"


def test_where_no_client_is_known_the_page_to_register_one_is_named() -> None:
    for name in ("github", "google"):
        prompt = asked(name, None).question.prompt()
        assert prompt.page == known_provider(name).entry.register
        assert prompt.needs_secret == (name == "google")


def test_a_session_goes_to_the_provider_s_own_apis_only() -> None:
    made = known_provider("github").provider
    session = nb_oauth.OAuth2Session.open(made, APP, token={"access_token": "a-token"})
    session.require_allowed("https://api.github.com/user")
    with pytest.raises(ConfigurationError, match=r"does not go to api\.example"):
        session.require_allowed("https://api.example/user")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("globus", "https://transfer.api.globus.org/v0.10/task_list"),
        ("globus", "https://search.api.globus.org/v1/search"),
        ("globus", "https://auth.globus.org/v2/api/identities"),
        ("globus", "https://flows.globus.org/runs"),
        ("globus", "https://flows.automate.globus.org/runs"),
        ("globus", "https://timer.automate.globus.org/jobs/"),
        ("copernicus", "https://catalogue.dataspace.copernicus.eu/odata/v1/Products"),
        ("copernicus", "https://download.dataspace.copernicus.eu/odata/v1/Products(1)/$value"),
        ("copernicus", "https://zipper.dataspace.copernicus.eu/odata/v1/Products(1)/$value"),
        ("google", "https://www.googleapis.com/drive/v3/files"),
        ("google", "https://docs.google.com/spreadsheets/d/1/export?format=csv"),
    ],
)
def test_a_token_goes_to_every_api_of_its_provider(name: str, url: str) -> None:
    made = known_provider(name).provider
    nb_oauth.OAuth2Session.open(made, SERVICE).require_allowed(url)


def test_who_is_led_from_a_catalogue_to_a_download_is_told_to_ask_there() -> None:
    """A token stays behind where a redirect leads to another host."""
    assert any("download.dataspace" in note for note in OURS["copernicus"].notes)


def test_the_login_of_a_known_provider_is_that_of_its_grant() -> None:
    made = sign_in._memory.find(asked("slack", scope="users:read chat:write"))
    assert isinstance(made, logins.AuthorizationCodeLogin)
    assert sign_in._memory.find(asked("slack", scope="users:read chat:write")) is made


def test_signing_in_to_what_a_package_adds(install: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "here", lambda: Place.ELSEWHERE)
    with Stage() as stage:
        entry = {
            "name": "Observatory",
            "metadata": {"token_endpoint": stage.token_endpoint},
            "grants": {"client_credentials": {"secret": True, "extra": {"audience": "telescope"}}},
            "api_hosts": ["127.0.0.1"],
            "quirks": ["plentymarkets_compliance_fix"],
        }
        install("observatory", {"observatory": "observatory:PROVIDER"}, f"PROVIDER = {entry}")
        stage.at_token = lambda _: reply(accessToken="a-token", expiresIn=3600)
        session = nb_oauth.login("observatory", client=SERVICE, grant="client_credentials")
        assert session.get(f"{stage.api}/sky").ok
        assert stage.token_requests[0].form["audience"] == "telescope"
        assert stage.sent_tokens == ["Bearer a-token"]
        with pytest.raises(ConfigurationError, match="does not go to"):
            session.get("https://other.example/sky")


def test_names_are_told_without_loading_anything() -> None:
    code = (
        "import nb_oauth, sys; from nb_oauth import providers\n"
        "assert 'nb_oauth.providers.known' not in sys.modules\n"
        "providers.ProviderEntry\n"
        "from nb_oauth.providers import directory\n"
        "assert not directory.ours.cache_info().currsize\n"
        "providers.known_provider('github')\n"
        "sys.exit('nb_oauth.demo' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603 - our own
    assert run.returncode == 0


def test_the_demo_is_among_them() -> None:
    assert OURS["demo"].scopes["observations:read"]
    assert known.is_address("https://accounts.example")
    assert not known.is_address("demo")
