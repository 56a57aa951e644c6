"""doctor(): each thing it looks at, broken and whole, and what it says to do."""

from __future__ import annotations

import socket
import sys
import time
from email.utils import formatdate
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
import tomlkit

import nb_oauth
from nb_oauth import Client, FileTokenStore, OAuth2Session, Provider, commands, diagnosis, place
from nb_oauth.app_registrations import ClientsFile
from nb_oauth.diagnosis import Check, Report, Verdict, at_provider, machine, storage, versions
from nb_oauth.place import Place
from nb_oauth.providers import KnownProvider, ProviderEntry, known_provider
from tests.unit.metadata_server import MetadataServer

if TYPE_CHECKING:
    from collections.abc import Iterator

FINE, LOOK, WRONG, UNKNOWN = Verdict.FINE, Verdict.LOOK, Verdict.WRONG, Verdict.UNKNOWN
REMOTE = (*machine._ELSEWHERE, *machine._PROXIES, *map(str.lower, machine._PROXIES))


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in (*REMOTE, *machine._AUTHORITIES):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert address[0] in {"127.0.0.1", "::1"}, address
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def server() -> Iterator[MetadataServer]:
    with MetadataServer() as server:
        server.publish()
        yield server


def be(where: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "here", lambda: where)


# -- the report ----------------------------------------------------------------------------------


def test_every_check_has_a_row_and_nothing_is_wrong_here() -> None:
    report = nb_oauth.doctor()
    assert len(report) == len(diagnosis.ON_THIS_MACHINE)
    assert [check.name for check in report if check.verdict in {WRONG, UNKNOWN}] == []
    assert report.is_fine


def test_it_is_text_and_a_table_in_which_nothing_is_markup() -> None:
    long = "Do <this> and that: " + "word " * 30
    report = Report([Check("one", FINE, "good"), Check("two", WRONG, "<bad>", long)])
    lines = repr(report).splitlines()
    assert lines[:2] == ["fine     one: good", "wrong    two: <bad>"]
    assert all(line.startswith(" " * 9) and len(line) <= 100 for line in lines[2:])
    assert report._repr_html_().count("<tr>") == 2
    assert "&lt;bad&gt;" in report._repr_html_()
    assert "<this>" not in report._repr_html_()
    assert not report.is_fine


def test_a_check_that_breaks_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def the_weather() -> Check:
        raise RuntimeError("a-secret")

    monkeypatch.setattr(diagnosis, "ON_THIS_MACHINE", [the_weather, machine.the_clock])
    first, second = nb_oauth.doctor()
    assert first == Check("the weather", UNKNOWN, "could not be checked (RuntimeError)")
    assert second.verdict is FINE


@pytest.mark.parametrize(("verdict", "status"), [(LOOK, 0), (WRONG, 1)])
def test_the_command_prints_it_and_its_status_says_whether_something_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verdict: Verdict,
    status: int,
) -> None:
    monkeypatch.setattr(diagnosis, "ON_THIS_MACHINE", [lambda: Check("it", verdict, "so")])
    assert commands.main(["doctor"]) == status
    assert capsys.readouterr().out == f"{verdict.value:<8} it: so\n"


# -- this machine --------------------------------------------------------------------------------


@pytest.mark.parametrize("where", Place)
def test_who_can_be_asked(monkeypatch: pytest.MonkeyPatch, where: Place) -> None:
    be(where, monkeypatch)
    check = machine.who_can_be_asked()
    assert check.verdict is (FINE if where.is_attended else LOOK)
    assert ("--for-ci" in check.advice) is not where.is_attended


@pytest.mark.parametrize(("installed", "verdict"), [(object(), FINE), (None, LOOK)])
def test_the_widget(monkeypatch: pytest.MonkeyPatch, installed: object, verdict: Verdict) -> None:
    be(Place.TERMINAL, monkeypatch)
    assert "not needed" in machine.the_widget().found
    be(Place.NOTEBOOK, monkeypatch)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: installed)
    assert machine.the_widget().verdict is verdict


def test_the_loopback_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.the_loopback_redirect().verdict is FINE

    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
    elsewhere = machine.the_loopback_redirect()
    assert elsewhere.verdict is LOOK
    assert "(SSH_CONNECTION)" in elsewhere.found
    assert "device code" in elsewhere.advice

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "create_server", refuse)
    broken = machine.the_loopback_redirect()
    assert broken.verdict is WRONG
    assert "Operation not permitted" in broken.found


def test_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.the_clock().verdict is FINE
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert machine.the_clock().verdict is WRONG


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://me:a-secret@proxy.example:3128", "proxy.example:3128"),
        ("proxy.example", "proxy.example"),
        ("http://proxy.example:port", "(no address)"),
    ],
)
def test_a_proxy_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str, shown: str
) -> None:
    assert "none" in machine.the_proxies().found
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert machine.the_proxies().found.startswith(f"HTTPS_PROXY {shown};")


def test_the_authorities(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "certifi" in machine.the_authorities().found
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert machine.the_authorities().verdict is FINE
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone"))
    assert machine.the_authorities().verdict is WRONG
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setattr("requests.utils.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "gone"))
    assert "--force-reinstall certifi" in machine.the_authorities().advice


# -- what is kept --------------------------------------------------------------------------------


def test_the_token_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert storage.the_token_files().found.startswith("0 in ")
    store = FileTokenStore()
    OAuth2Session.open(
        known_provider("github").provider, Client("app"), token={"access_token": "a"}, store=store
    )
    assert storage.the_token_files().found.startswith("1 in ")
    for file in store.folder.glob("*.json"):
        file.chmod(0o640)
    assert "chmod 600" in storage.the_token_files().advice
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "new"))
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "XDG_STATE_HOME" in storage.the_token_files().advice


@pytest.mark.parametrize(("priority", "verdict"), [(5, FINE), (0, LOOK)])
def test_the_keyring(monkeypatch: pytest.MonkeyPatch, priority: int, verdict: Verdict) -> None:
    backend = SimpleNamespace(priority=priority, name="a keyring")
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_keyring=lambda: backend))
    assert storage.the_keyring().verdict is verdict
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "not installed" in storage.the_keyring().found


def test_the_apps() -> None:
    assert "not there yet" in storage.the_apps().found
    file = ClientsFile()
    file.keep(known_provider("github"), Client("app", client_secret="s3cret"))
    assert storage.the_apps() == Check("clients.toml", FINE, str(file.path))
    file.path.chmod(0o644)
    assert storage.the_apps().verdict is WRONG


# -- versions ------------------------------------------------------------------------------------


def test_the_versions_needed_are_those_of_the_package() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    said = tomlkit.parse(project).unwrap()["project"]
    wanted = [*said["dependencies"], *said["optional-dependencies"]["demo"]]
    for package, needed in versions.NEEDED.items():
        assert f"{package}>={needed}" in wanted


def test_the_version_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert versions.the_version_of("oauthlib").verdict is FINE

    monkeypatch.setattr(versions, "version", lambda _: "3.2.2")
    old = versions.the_version_of("oauthlib")
    assert (old.verdict, old.found) == (WRONG, "3.2.2, older than 3.3.1")
    assert "-m pip install 'oauthlib>=3.3.1'" in old.advice

    def gone(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(versions, "version", gone)
    assert versions.the_version_of("oauthlib").verdict is WRONG
    assert versions.the_version_of("jupyterlab").verdict is FINE


# -- at a provider -------------------------------------------------------------------------------


def test_a_provider_that_is_named_is_asked(server: MetadataServer) -> None:
    rows = list(nb_oauth.doctor(server.issuer))[len(diagnosis.ON_THIS_MACHINE) :]
    assert [check.verdict for check in rows] == [FINE, FINE, LOOK, FINE]
    assert "answers in" in rows[0].found
    assert "NB_OAUTH_127_0_0_1_CLIENT_ID" in rows[2].advice
    assert "any port will do" in rows[3].found


def test_one_that_nobody_knows_is_one_row() -> None:
    [row] = at_provider.checks("nobody")
    assert (row.verdict, "known: auth0" in row.advice) == (WRONG, True)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.SSLError, "REQUESTS_CA_BUNDLE"),
        (requests.exceptions.ProxyError, "The proxy that HTTPS_PROXY names"),
        (requests.exceptions.ConnectTimeout, "Check the network"),
    ],
)
def test_one_that_cannot_be_reached_says_why(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], words: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("a-secret@proxy.example")

    monkeypatch.setattr(requests.Session, "head", fail)
    row, *_ = at_provider.checks("github")
    assert (row.verdict, row.found) == (WRONG, f"github.com cannot be reached ({error.__name__})")
    assert words in row.advice


@pytest.mark.parametrize(
    ("apart", "verdict", "found"),
    [
        (0, FINE, "0 s apart"),
        (60, LOOK, "this clock is 60 s ahead"),
        (-60, LOOK, "this clock is 60 s behind"),
        (3600, WRONG, "this clock is 3600 s ahead"),
    ],
)
def test_the_clocks_are_compared(apart: int, verdict: Verdict, found: str) -> None:
    check = at_provider.the_clocks(formatdate(1_800_000_000, usegmt=True), 1_800_000_000 + apart)
    assert (check.verdict, check.found) == (verdict, found)


def test_a_provider_without_a_clock() -> None:
    assert at_provider.the_clocks("", 0.0).verdict is UNKNOWN


def test_one_without_endpoints_is_not_asked() -> None:
    known = KnownProvider(Provider("Example", issuer="https://as.example"))
    assert at_provider._reach(known) == []


def test_the_app_and_the_redirect_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_SECRET", "s3cret")
    github = known_provider("github")
    half = at_provider.the_app(github)
    assert (half.verdict, "s3cret" in half.advice) == (WRONG, False)
    assert at_provider.the_redirect_uri(github).found.startswith("http://127.0.0.1/callback (any")
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_ID", "the-app")
    assert at_provider.the_app(github).found == "client ID the-app, with a secret"


def test_the_redirect_uri_of_an_app_is_its_own() -> None:
    github = known_provider("github")
    ClientsFile().path.parent.mkdir(parents=True, mode=0o700)
    ClientsFile().path.touch(0o600)
    ClientsFile().path.write_text(
        '[github]\nclient_id = "a"\nredirect_uri = "https://a.example/back"\n', encoding="utf-8"
    )
    assert "https://a.example/back (exactly so)" in at_provider.the_redirect_uri(github).found


def test_a_provider_that_sends_nobody_back_here_wants_an_address_of_yours() -> None:
    check = at_provider.the_redirect_uri(
        KnownProvider(Provider("Example"), entry=ProviderEntry("Example", loopback="none"))
    )
    assert check.verdict is LOOK
    assert "paste" in check.advice


def test_what_a_provider_says_is_one_line_of_text() -> None:
    found = "refused\x1b]0;pwned\x07\nfine     everything"
    assert repr(Report([Check("metadata", Verdict.WRONG, found)])) == (
        "wrong    metadata: refused]0;pwned fine everything"
    )
