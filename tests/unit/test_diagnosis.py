"""doctor(): each thing it looks at, broken and whole, and what it says to do."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from concurrent.futures import Future
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
from nb_oauth.diagnosis import (
    Check,
    Report,
    Verdict,
    at_provider,
    front_end,
    machine,
    storage,
    versions,
)
from nb_oauth.place import Place
from nb_oauth.providers import KnownProvider, ProviderEntry, known_provider
from nb_oauth.redirects import loopback
from nb_oauth.surfaces.output import Outputs
from nb_oauth.surfaces.widget import LoginWidget
from tests.unit.demo_visitor import direct
from tests.unit.fake_marimo import FakeMarimo
from tests.unit.metadata_server import MetadataServer

if TYPE_CHECKING:
    from collections.abc import Iterator

FINE, LOOK, WRONG, UNKNOWN = Verdict.FINE, Verdict.LOOK, Verdict.WRONG, Verdict.UNKNOWN
REMOTE = (*machine._ELSEWHERE, *machine._PROXIES, *map(str.lower, machine._PROXIES))


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in (*REMOTE, *machine._AUTHORITIES, front_end._SERVER, front_end._PARENT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
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


def test_in_a_browser_there_is_one_thing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    be(Place.BROWSER, monkeypatch)
    report = nb_oauth.doctor("github")
    (check,) = report
    assert (report.is_fine, check.verdict) == (False, WRONG)
    assert check.advice.startswith("Run this with a kernel on a computer")


@pytest.mark.parametrize("where", [one for one in Place if one is not Place.BROWSER])
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
    monkeypatch.setattr(LoginWidget, "any_has_appeared", False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: installed)
    assert machine.the_widget().verdict is verdict
    FakeMarimo(monkeypatch)
    assert machine.the_widget().verdict is FINE


def test_a_widget_that_has_appeared_is_proof_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    be(Place.NOTEBOOK, monkeypatch)
    monkeypatch.setattr(LoginWidget, "any_has_appeared", False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    widget = LoginWidget(lambda _: None, Outputs("Example"))
    assert machine.the_widget().verdict is LOOK
    widget._take_message(None, {"type": "hello", "id": 1}, [])
    widget.close()
    assert machine.the_widget() == Check("widget", FINE, "one has appeared in the page")


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


# -- what the browser can reach ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "browser", "verdict"),
    [
        (Place.TERMINAL, object(), FINE),
        (Place.TERMINAL, None, LOOK),
        (Place.ELSEWHERE, None, FINE),
        (Place.NOTEBOOK, None, UNKNOWN),
    ],
)
def test_the_browser(
    monkeypatch: pytest.MonkeyPatch, where: Place, browser: object, verdict: Verdict
) -> None:
    be(where, monkeypatch)
    monkeypatch.setattr(loopback, "_reached", threading.Event())
    monkeypatch.setattr(place, "browser", lambda: browser)
    check = front_end.the_browser()
    assert check.verdict is verdict
    assert (check.advice == "") is (verdict is FINE)


@pytest.mark.parametrize("refused", [None, "That is no answer."])
def test_a_browser_that_brought_an_answer_reaches_this_machine(
    monkeypatch: pytest.MonkeyPatch, refused: str | None
) -> None:
    be(Place.NOTEBOOK, monkeypatch)
    monkeypatch.setattr(loopback, "_reached", threading.Event())
    verdict: Future[str | None] = Future()
    verdict.set_result(refused)
    listener = loopback.LoopbackRedirect("http://127.0.0.1/callback", lambda _: verdict)
    with direct() as http:
        http.get(f"{listener.redirect_uri}?code=any", timeout=10)
    listener.close()
    assert front_end.the_browser().verdict is (FINE if refused is None else UNKNOWN)


class JupyterServer(BaseHTTPRequestHandler):
    """A Jupyter server with a callback page, or with something else in its place."""

    policy = "default-src 'none'; script-src 'self'"
    status = 200

    def do_GET(self) -> None:
        is_page = self.path == "/base/nb-oauth/callback"
        self.send_response(self.status if is_page else 404)
        self.send_header("Content-Security-Policy", self.policy)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def jupyter() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), JupyterServer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/base"
        server.shutdown()
        thread.join()


def test_the_callback_page_of_the_server_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, jupyter: str
) -> None:
    with_secrets = jupyter.replace("//", "//me:s3cret@") + "/?token=s3cret#s3cret"
    monkeypatch.setenv("JUPYTER_SERVER_URL", with_secrets)
    check = front_end.the_callback_page()
    assert check == Check("callback page", FINE, f"{jupyter}/nb-oauth/callback")


@pytest.mark.parametrize(
    ("status", "policy"), [(404, JupyterServer.policy), (302, ""), (200, "frame-ancestors 'self'")]
)
def test_a_callback_page_that_is_not_there_is_called_so(
    monkeypatch: pytest.MonkeyPatch, jupyter: str, status: int, policy: str
) -> None:
    monkeypatch.setattr(JupyterServer, "status", status)
    monkeypatch.setattr(JupyterServer, "policy", policy)
    monkeypatch.setenv("JUPYTER_SERVER_URL", jupyter)
    check = front_end.the_callback_page()
    assert check.verdict is LOOK
    assert check.found == f"{jupyter}/nb-oauth/callback is not there (HTTP {status})"
    assert "install nb_oauth where Jupyter itself runs" in check.advice


def test_a_server_that_is_gone_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_SERVER_URL", "http://127.0.0.1:9/")
    assert "cannot be asked (ConnectionError)" in front_end.the_callback_page().found


@pytest.mark.parametrize(("parent", "verdict"), [("a kernel's", LOOK), (None, FINE)])
def test_the_server_of_this_kernel_is_asked_and_no_other_where_it_is_known(
    monkeypatch: pytest.MonkeyPatch, jupyter: str, home: Path, parent: str | None, verdict: Verdict
) -> None:
    running = [
        {"pid": os.getppid(), "url": "http://127.0.0.1:9/"},
        {"pid": os.getpid(), "url": "http+unix://nowhere"},
        {"pid": os.getpid(), "url": f"{jupyter}/", "token": "s3cret"},
    ]
    (home / "runtime").mkdir()
    for number, server in enumerate(running):
        file = home / "runtime" / f"jpserver-{number}.json"
        file.write_text(json.dumps(server), encoding="utf-8")
    if parent:
        monkeypatch.setenv("JPY_PARENT_PID", str(os.getppid()))
    check = front_end.the_callback_page()
    assert (check.verdict, "s3cret" in check.found) == (verdict, False)
    assert "unix" not in check.found


@pytest.mark.parametrize("where", [Place.NOTEBOOK, Place.TERMINAL])
def test_where_no_server_is_known_it_says_where_to_look(
    monkeypatch: pytest.MonkeyPatch, where: Place
) -> None:
    be(where, monkeypatch)
    monkeypatch.setitem(sys.modules, "jupyter_server.serverapp", None)
    check = front_end.the_callback_page()
    if where is Place.NOTEBOOK:
        assert (check.verdict, "/nb-oauth/callback" in check.advice) == (UNKNOWN, True)
    else:
        assert check.verdict is FINE


# -- and this machine again ----------------------------------------------------------------------


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
    assert storage.the_token_files().found.endswith("which is not there yet")
    store = FileTokenStore()
    OAuth2Session.open(
        known_provider("github").provider, Client("app"), token={"access_token": "a"}, store=store
    )
    assert storage.the_token_files().found.startswith("1 in ")
    assert "only you may read them" in storage.the_token_files().found
    [file] = store.folder.glob("*.json")
    file.chmod(0o640)
    assert "chmod 600" in storage.the_token_files().advice
    file.unlink()
    beside = store.folder / "environment-0123"
    beside.mkdir(0o722)
    beside.chmod(0o722)
    (beside / "one.json").touch(0o600)
    assert str(beside) in storage.the_token_files().advice
    beside.chmod(0o700)
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


def test_our_own_version_is_there_for_whoever_asks() -> None:
    assert versions.our_own().found.startswith(f"{nb_oauth.__version__}, Python 3.")


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


def test_one_that_is_passed_is_asked_as_login_takes_it(server: MetadataServer) -> None:
    example = Provider("Example", token_endpoint=f"{server.issuer}token")
    rows = list(nb_oauth.doctor(example))[len(diagnosis.ON_THIS_MACHINE) :]
    assert rows[0].name == "Example"
    assert [row.name for row in rows][-2:] == ["your app", "redirect URI to register"]


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
