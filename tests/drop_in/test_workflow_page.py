"""Every snippet of requests-oauthlib's workflow page runs with only the import changed."""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
import requests_oauthlib
from cryptography import x509
from urllib3.util import connection

import nb_oauth
from tests.drop_in import drop_in_plugin, fetching
from tests.drop_in.documented_provider import API, HOSTS, DocumentedProvider, Request
from tests.drop_in.workflow_page import (
    BODY_OF_TOKEN_SAVER,
    FORGOTTEN,
    PAGE,
    WORKFLOWS,
    snippets,
    workflow,
)
from tests.providers.tls import AUTHORITY, issue

Play = Callable[[str, str], tuple[dict[str, Any], list[Request]]]

# What the servers of each workflow are asked, in this order.
ASKED = {
    "web application": [
        "GET accounts.google.com/o/oauth2/auth",
        "POST accounts.google.com/o/oauth2/token",
        "GET www.googleapis.com/oauth2/v1/userinfo",
    ],
    "mobile application": [
        "GET your.oauth2/auth",
        "GET your.callback/uri",
        "GET provider.com/secret",
    ],
    "legacy application": ["POST somesite.com/oauth2/token", "GET provider.com/secret"],
    "backend application": ["POST provider.com/oauth2/token", "GET provider.com/secret"],
    "backend application, Basic": ["POST provider.com/oauth2/token", "GET provider.com/secret"],
    "refreshing, first way": ["POST provider.com/token", "GET provider.com/secret"],
    "refreshing, second way": ["POST provider.com/token", "GET provider.com/secret"],
    "refreshing, third way": ["POST provider.com/token", "GET provider.com/secret"],
    "TLS client authentication": [
        "POST provider.com/oauth2/token",
        "POST somesite.com/oauth2/token",
        "GET provider.com/secret",
    ],
}


@pytest.fixture(scope="module")
def source() -> Path:
    return fetching.source()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, the servers' certificate, and the page's own for the client."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = issue("An authority of a test", extensions=AUTHORITY)
    (folder / "authority.pem").write_bytes(authority.pem())
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    issue("everybody", authority, extensions=(names,)).save(folder, "server")
    client = issue("your_client_id", authority)
    (folder / "test-client.pem").write_bytes(client.pem())
    (folder / "test-client-key.pem").write_bytes(client.key_pem())
    return folder


@pytest.fixture
def play(
    source: Path,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Play:
    """Run a workflow with a module's class; returns its names, and what the servers saw."""

    def play(name: str, module: str) -> tuple[dict[str, Any], list[Request]]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        context.load_verify_locations(certificates / "authority.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        names: dict[str, Any] = {"database": []}
        with DocumentedProvider(context) as provider, monkeypatch.context() as patch:
            _lead_to(provider.port, patch, certificates)
            patch.setattr("builtins.input", lambda _: _visit(capsys.readouterr().out))
            for number, snippet in enumerate(workflow(name, source, module)):
                exec(compile(snippet, f"{name} {number}", "exec"), names)  # noqa: S102 - what is tested
            if "r" not in names:
                names["r"] = names["oauth"].get(API)  # the page ends with the token
        return names, [request.comparable() for request in provider.seen]

    return play


def _lead_to(port: int, patch: pytest.MonkeyPatch, certificates: Path) -> None:
    """Let every host of the page be found on loopback, trusted, and no other one at all."""
    connect = connection.create_connection

    def to_loopback(address: tuple[str, int], *rest: Any, **keywords: Any) -> Any:
        assert address in {(host, 443) for host in HOSTS}
        return connect(("127.0.0.1", port), *rest, **keywords)

    patch.setattr(connection, "create_connection", to_loopback)
    patch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "authority.pem"))
    patch.setenv("NO_PROXY", "*")
    patch.chdir(certificates)


def _visit(printed: str) -> str:
    """What a person pastes after opening the address that was printed."""
    found = re.search(r"Please go to (\S+) and authorize access", printed)
    assert found
    page = requests.get(found[1], allow_redirects=False, timeout=10)
    return page.headers["Location"]


def test_every_snippet_of_the_page_is_in_a_workflow(source: Path) -> None:
    used = {number for numbers in WORKFLOWS.values() for number in numbers}
    assert used == set(range(len(snippets(source)))) == set(range(17))
    page = (source / PAGE).read_text(encoding="utf-8")
    assert page.count("code-block") == 17


@pytest.mark.parametrize("name", WORKFLOWS)
def test_only_the_import_is_changed(name: str, source: Path) -> None:
    theirs = "\n".join(workflow(name, source, "requests_oauthlib")).splitlines()
    ours = "\n".join(workflow(name, source, "nb_oauth")).splitlines()
    readers = {FORGOTTEN.strip(), BODY_OF_TOKEN_SAVER.rstrip(), ""}
    page = (source / PAGE).read_text(encoding="utf-8")
    assert [line for line in theirs if line not in readers and line not in page] == []

    changed = [(a, b) for a, b in zip(theirs, ours, strict=True) if a != b]
    assert changed
    for before, after in changed:
        assert before.startswith("from requests_oauthlib import OAuth2Session")
        assert after == before.replace("requests_oauthlib", "nb_oauth")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_it_runs_and_the_servers_see_the_same(name: str, play: Play) -> None:
    names, seen = play(name, "nb_oauth")
    expected, seen_of_theirs = play(name, "requests_oauthlib")
    assert type(names["oauth"]) is nb_oauth.OAuth2Session
    assert type(expected["oauth"]) is requests_oauthlib.OAuth2Session
    assert seen == _without_accident(seen_of_theirs, is_there="second" in name or "third" in name)
    assert [f"{request.method} {request.address}" for request in seen] == ASKED[name]
    assert names["r"].json() == expected["r"].json()
    assert [one["access_token"] for one in names["database"]] == [
        one["access_token"] for one in expected["database"]
    ]


def _without_accident(seen: list[Request], *, is_there: bool) -> list[Request]:
    """Take out what theirs posts to the token endpoint of the request that it renews for.

    Its automatic refresh passes on how the API was to be asked. Ours never does.
    """
    accident = {"allow_redirects": "True"}
    assert any(request.form.items() >= accident.items() for request in seen) == is_there
    forms = ({k: v for k, v in one.form.items() if k not in accident} for one in seen)
    return [replace(one, form=form) for one, form in zip(seen, forms, strict=True)]


def test_each_way_of_refreshing_saves_the_new_token_once(play: Play) -> None:
    for way in ("first", "second", "third"):
        names, _ = play(f"refreshing, {way} way", "nb_oauth")
        (saved,) = names["database"]
        assert (saved["access_token"], saved["refresh_token"]) == ("access-1", "refresh-1")


def test_the_certificate_is_shown_with_the_client_id_and_no_secret(play: Play) -> None:
    _, seen = play("TLS client authentication", "nb_oauth")
    assert [request.certificate for request in seen] == [None, "your_client_id", None]
    assert seen[1].form == {"grant_type": "client_credentials", "client_id": "your_client_id"}


def test_a_broken_class_is_told_apart(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ModuleType("forgetful")
    broken.OAuth2Session = drop_in_plugin.SESSIONS["forgetful"]()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "forgetful", broken)
    names, seen = play("web application", "forgetful")
    assert names["r"].status_code == 401
    assert seen != play("web application", "nb_oauth")[1]
