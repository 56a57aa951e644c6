"""What the environment says is what requests would find, however often it changes."""

from __future__ import annotations

import os
import random
import socket
import threading
import urllib.request
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import requests
import requests.utils

from nb_oauth import Client, OAuth2Session, environment
from nb_oauth.environment import Environment, EnvironmentSession
from tests.unit.session_stage import Reply, Request, Stage

HOSTS = [
    *("api.example", "API.Example", "example", "sub.api.example", "localhost", "other.test"),
    *("10.1.2.3", "10.1.9.9", "127.0.0.1", "192.168.0.7", "[::1]", "[2001:db8::1]", "xn--nxa.test"),
]
URLS = [
    f"{scheme}://{user}{host}{port}{rest}"
    for scheme in ("http", "https", "HTTPS", "socks5")
    for user in ("", "ann:secret@")
    for host in HOSTS
    for port in ("", ":80", ":443", ":8080")
    for rest in ("", "/", "/a/b?c=d#e", "?q=http://example")
]
PROXIES = ["http://proxy.test:3128", "https://u:p@proxy.test", "socks5h://10.9.9.9:1080", "x", ""]
EXCEPTIONS = [
    *("api.example", ".example", "EXAMPLE", "api.example:8080", "10.1.0.0/16", "10.1.2.3", "*"),
    *("127.0.0.0/8", "::1", "[::1]", "localhost", " other.test ", "", "example:443", "*.example"),
]
SCHEMES = ["http", "https", "all", "ftp", "socks5", "https://api.example", "all://10.1.2.3"]
AUTHORITIES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]


def spelled(dice: random.Random, name: str) -> str:
    return dice.choice([str.lower, str.lower, str.upper, str.upper, str.title])(name)


def new_variable(dice: random.Random) -> tuple[str, str]:
    kind = dice.randrange(10)
    if kind < 5:
        scheme = dice.choice(SCHEMES if kind else ["https"])
        return spelled(dice, f"{scheme}_proxy"), dice.choice(PROXIES)
    if kind < 8:
        named = dice.sample(EXCEPTIONS, dice.randrange(4))
        return spelled(dice, "no_proxy"), dice.choice([",", ", "]).join(named)
    if kind < 9:
        return dice.choice(AUTHORITIES), dice.choice(["/etc/ca.pem", "/home/ca.pem", ""])
    return dice.choice(["REQUEST_METHOD", "HOME_proxyless", "X"]), dice.choice(["GET", "y"])


# -- three systems -------------------------------------------------------------------------------


class System:
    """Where a system keeps proxies besides the environment."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.proxies, self.exceptions = dice, dict[str, str](), list[str]()

    def change(self) -> None:
        some = self.dice.sample(["http", "https"], self.dice.randrange(3))
        self.proxies = {scheme: self.dice.choice(PROXIES[:3]) for scheme in some}
        self.exceptions = self.dice.sample(EXCEPTIONS, self.dice.randrange(4))

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let requests ask this system, in the way it does there."""

    def new_environment(self, variables: dict[str, str]) -> Any:
        encode = os.environ.encodekey  # type: ignore[attr-defined]
        data = {encode(name): encode(value) for name, value in variables.items()}
        return os._Environ(  # type: ignore[call-arg]
            data, encode, os.fsdecode, os.fsencode, os.fsdecode
        )


class Linux(System):
    """Keeps none."""


class MacOS(System):
    """Asks System Configuration where the environment names no proxy."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(requests.utils, "getproxies", self.getproxies)
        monkeypatch.setattr(requests.utils, "proxy_bypass", self.proxy_bypass)

        monkeypatch.setattr(socket, "gethostbyname", self.gethostbyname)

    def gethostbyname(self, host: str) -> str:
        if host[0].isdigit():
            return host
        raise OSError

    def getproxies(self) -> dict[str, str]:
        return urllib.request.getproxies_environment() or dict(self.proxies)

    def proxy_bypass(self, host: str) -> bool:
        proxies = urllib.request.getproxies_environment()
        if proxies:
            return bool(urllib.request.proxy_bypass_environment(host, proxies))
        settings = {"exclude_simple": True, "exceptions": self.exceptions}
        by_system: Any = urllib.request._proxy_bypass_macosx_sysconf  # type: ignore[attr-defined]
        return bool(by_system(host, settings))


class Windows(System):
    """Asks the registry where the environment names no proxy; names of variables have no case."""

    install = MacOS.install
    gethostbyname = MacOS.gethostbyname
    getproxies = MacOS.getproxies

    def proxy_bypass(self, host: str) -> bool:
        if urllib.request.getproxies_environment():
            return bool(urllib.request.proxy_bypass_environment(host))
        return any(fnmatch(host.lower(), pattern.lower()) for pattern in self.exceptions)

    def new_environment(self, variables: dict[str, str]) -> Any:
        data = {name.upper(): value for name, value in variables.items()}
        return os._Environ(data, str.upper, str, str, str)  # type: ignore[call-arg]


def change(dice: random.Random, variables: dict[str, str]) -> None:
    if dice.random() < 0.1:  # the same ones, set in another order
        items = dice.sample(list(variables.items()), len(variables))
        variables.clear()
        variables.update(items)
        return
    if variables and dice.random() < 0.4:
        del variables[dice.choice(list(variables))]
    if dice.random() < 0.8:
        name, value = new_variable(dice)
        variables[name] = value


def settings_of(session: requests.Session, url: str, given: dict[str, Any]) -> Any:
    asked = {"proxies": {}, "stream": None, "verify": None, "cert": None} | given
    asked["proxies"] = dict(asked["proxies"])
    try:
        settings = session.merge_environment_settings(url, **asked)
        return settings | {"proxies": dict(settings["proxies"])}
    except ValueError as error:
        return repr(error)


def new_arguments(dice: random.Random) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if dice.random() < 0.2:
        arguments["proxies"] = {dice.choice(SCHEMES): dice.choice([*PROXIES, None])}
    if dice.random() < 0.1:
        arguments["verify"] = dice.choice([True, False, "/my/ca.pem"])
    if dice.random() < 0.1:
        arguments |= {"stream": True, "cert": ("a", "b")}
    return arguments


def change_session(dice: random.Random, *sessions: requests.Session) -> None:
    values: dict[str, Any] = {
        "proxies": dice.choice([{}, {}, {"https": "http://mine.test"}, {"all": None}]),
        "verify": dice.choice([True, True, False, "/session/ca.pem"]),
        "trust_env": dice.random() < 0.9,
        "cert": dice.choice([None, None, "/session/cert.pem"]),
    }
    for session in sessions:
        vars(session).update(values)


def compare(monkeypatch: pytest.MonkeyPatch, system: System, count: int) -> None:
    dice, variables = system.dice, dict[str, str]()
    ours, theirs = EnvironmentSession(), requests.Session()
    system.install(monkeypatch)
    for number in range(count):
        change(dice, variables)
        if number % 50 == 0:
            variables.clear()
        monkeypatch.setattr(os, "environ", system.new_environment(variables))
        if number % 10 == 0:
            change_session(dice, ours, theirs)
        for url in [dice.choice(URLS)] * 2:  # the second time it is remembered
            if dice.random() < 0.1:
                system.change()
            given = new_arguments(dice)
            expected = settings_of(theirs, url, given)
            assert settings_of(ours, url, given) == expected, (variables, url, given)


SYSTEMS = [Linux, MacOS, Windows]


@pytest.mark.parametrize("kind", SYSTEMS)
def test_it_is_what_requests_finds(monkeypatch: pytest.MonkeyPatch, kind: type[System]) -> None:
    compare(monkeypatch, kind(random.Random(kind.__name__)), 7_000)  # noqa: S311 - no secret


@pytest.mark.sweep
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", SYSTEMS)
def test_it_is_what_requests_finds_far_more_often(
    monkeypatch: pytest.MonkeyPatch, kind: type[System]
) -> None:
    compare(monkeypatch, kind(random.Random(f"more {kind.__name__}")), 100_000)  # noqa: S311 - no secret


# -- when it looks again -------------------------------------------------------------------------


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that requests' own look-up was asked about."""
    asked: list[str] = []
    look_up = requests.utils.get_environ_proxies

    def noting(url: str, no_proxy: str | None = None) -> dict[str, str]:
        asked.append(url)
        return look_up(url, no_proxy=no_proxy)

    monkeypatch.setattr(requests.utils, "get_environ_proxies", noting)
    monkeypatch.setattr(environment, "_LONGEST", 1e6)
    return asked


def test_it_looks_once(looked_up: list[str]) -> None:
    found = Environment()
    for path in ("a", "b?c", "d#e"):
        found.settings_for(f"https://api.example/{path}")
    assert looked_up == ["https://api.example/a"]
    found.settings_for("https://other.test/")
    assert len(looked_up) == 2


CHANGES = [
    {"HTTPS_PROXY": "http://new.test"},
    {"Https_Proxy": "http://new.test"},
    {"https://api.example_proxy": "http://new.test"},
    {"NO_PROXY": "*"},
    {"REQUESTS_CA_BUNDLE": "/new.pem"},
    {"SOMETHING_ELSE": "1"},
]


@pytest.mark.parametrize("changed", CHANGES, ids=str)
def test_it_looks_again_after_any_change(
    monkeypatch: pytest.MonkeyPatch, looked_up: list[str], changed: dict[str, str]
) -> None:
    found, url = Environment(), "https://api.example/"
    found.settings_for(url)
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    found.settings_for(url)
    assert len(looked_up) == 2
    monkeypatch.setenv(name, value + "x")
    found.settings_for(url)
    monkeypatch.delenv(name)
    found.settings_for(url)
    assert len(looked_up) == 4


def test_it_looks_again_where_the_environment_is_another_mapping(
    monkeypatch: pytest.MonkeyPatch, looked_up: list[str]
) -> None:
    found, variables = Environment(), {"https_proxy": "http://one.test"}
    monkeypatch.setattr(os, "environ", variables)
    assert found.settings_for("https://api.example/").proxies["https"] == "http://one.test"
    variables["https_proxy"] = "http://two.test"
    assert found.settings_for("https://api.example/").proxies["https"] == "http://two.test"


def test_what_changed_while_it_looked_is_not_remembered(
    monkeypatch: pytest.MonkeyPatch, looked_up: list[str]
) -> None:
    found, url = Environment(), "https://api.example/"
    look_up = requests.utils.get_environ_proxies
    monkeypatch.delenv("https_proxy", raising=False)

    def late(url: str, no_proxy: str | None = None) -> dict[str, str]:
        monkeypatch.setenv("https_proxy", "http://meanwhile.test")
        return look_up(url, no_proxy=no_proxy)

    monkeypatch.setattr(requests.utils, "get_environ_proxies", late)
    assert "https" in found.settings_for(url).proxies
    monkeypatch.setattr(requests.utils, "get_environ_proxies", look_up)
    monkeypatch.delenv("https_proxy")
    assert "https" not in found.settings_for(url).proxies


def test_what_was_found_in_an_odd_moment_does_not_stay(
    monkeypatch: pytest.MonkeyPatch, looked_up: list[str]
) -> None:
    found, url = Environment(), "https://api.example/"
    found.settings_for(url)
    found._answers.ends_at = 0.0
    found.settings_for(url)
    assert len(looked_up) == 2


def test_it_does_not_remember_hosts_without_end(
    monkeypatch: pytest.MonkeyPatch, looked_up: list[str]
) -> None:
    monkeypatch.setattr(environment, "_MOST_HOSTS", 3)
    found = Environment()
    for number in range(10):
        found.settings_for(f"https://host{number}.example/")
    assert len(found._answers.by_host) <= 3


def test_many_threads_see_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    found, wrong, end = Environment(), list[Any](), threading.Event()
    expected = ["http://start.test"]
    monkeypatch.setenv("https_proxy", expected[0])

    def look() -> None:
        while not end.is_set():
            seen = found.settings_for("https://api.example/").proxies.get("https")
            if seen not in expected:
                wrong.append(seen)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        value = f"http://proxy{number}.test"
        expected.append(value)
        monkeypatch.setenv("https_proxy", value)
        if found.settings_for("https://api.example/").proxies["https"] != value:
            wrong.append(value)
    end.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_callers_proxies_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://environment.test")
    given = {"http": "http://mine.test"}
    settings = EnvironmentSession().merge_environment_settings(
        "https://api.example/", given, None, None, None
    )
    assert settings["proxies"] == {"http": "http://mine.test", "https": "http://environment.test"}
    assert given == {"http": "http://mine.test"}


# -- netrc ---------------------------------------------------------------------------------------

ALIVE = {"access_token": "the-token", "refresh_token": "refresh-0", "expires_at": 2e11}
PUBLIC = Client("app", redirect_uri="http://127.0.0.1/callback", token_endpoint_auth_method="none")


class Moving(Stage):
    """Its API has moved from ``/moved``."""

    def answer(self, request: Request) -> Reply:
        answer = super().answer(request)
        return Reply("", 302, {"Location": "/api"}) if request.path == "/moved" else answer


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Moving() as stage:
        yield stage


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stage: Stage) -> OAuth2Session:
    """A session where the environment has a password for every host of loopback."""
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login ann password from-netrc\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    opened = stage.open(PUBLIC, token=ALIVE)
    opened.trust_env = True
    return opened


def basic(user: str, password: str) -> str:
    return requests.auth._basic_auth_str(user, password)


def test_a_password_of_the_environment_does_not_take_the_tokens_place(
    session: OAuth2Session, stage: Stage
) -> None:
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer the-token"]


def test_nor_after_a_redirect(session: OAuth2Session, stage: Stage) -> None:
    session.get(f"{stage.issuer}/moved")
    assert stage.sent_tokens == ["Bearer the-token"] * 2


def test_an_authentication_of_the_callers_own_is_sent_as_ever(
    session: OAuth2Session, stage: Stage
) -> None:
    session.get(stage.api, auth=("me", "mine"))
    session.auth = ("me", "always")
    session.get(stage.api)
    assert stage.sent_tokens == [basic("me", "mine"), basic("me", "always")]


def test_a_client_authenticates_by_nothing_of_the_environment(
    session: OAuth2Session, stage: Stage
) -> None:
    session.renew()
    assert "Authorization" not in stage.token_requests[0].headers
