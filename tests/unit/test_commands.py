"""nb-oauth on the command line: what it does, what it says, and its exit status."""

from __future__ import annotations

import errno
import os
import re
import runpy
import stat
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

import nb_oauth
from nb_oauth import (
    Client,
    FileTokenStore,
    OAuth2Session,
    Provider,
    TokenError,
    commands,
    demo,
    place,
)
from nb_oauth.commands import for_ci
from nb_oauth.commands import login as login_command
from nb_oauth.commands import providers as providers_command
from nb_oauth.commands.printing import Printed
from nb_oauth.demo import elsewhere
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.logins import Login
from nb_oauth.place import Place
from nb_oauth.providers import KnownProvider, directory, known_provider
from nb_oauth.providers.entry import read_entry
from nb_oauth.stores import KeyringTokenStore
from nb_oauth.tokens import TokenKey
from tests.terminal import PseudoTerminal
from tests.unit.demo_visitor import Visitor
from tests.unit.session_stage import ENDED, Stage, reply

if TYPE_CHECKING:
    from pathlib import Path

SCOPE = "observations:read profile:read"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [name for name in os.environ if name.startswith("NB_OAUTH_")]:
        monkeypatch.delenv(name)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(place, "here", lambda: Place.ELSEWHERE)
    monkeypatch.setattr("nb_oauth.sign_in._memory", KernelMemory())
    monkeypatch.setattr("nb_oauth.stores._named", {})  # whose folder is that of another home
    return tmp_path


@pytest.fixture
def attended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at a terminal."""
    monkeypatch.setattr(place, "here", lambda: Place.TERMINAL)


@pytest.fixture
def there(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """A demo provider that a terminal serves, and a person at it."""
    monkeypatch.setenv(elsewhere.ISSUER, visitor.issuer)
    return visitor


@pytest.fixture
def signed_in(there: Visitor, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whoever is asked signs in at once; what they get, and what they were asked for."""
    token = there.signed_in()
    asked: dict[str, Any] = {}

    def sign_in(provider: Provider | str, **given: Any) -> OAuth2Session:
        asked.update(given, provider=provider)
        known = known_provider(provider) if isinstance(provider, str) else KnownProvider(provider)
        client = given["client"] or known.client
        keeps = {name: given[name] for name in ("store", "account")}
        return OAuth2Session.open(known.provider, client, scope=SCOPE, token=token, **keeps)

    monkeypatch.setattr(login_command, "login", sign_in)
    return {"token": token, "asked": asked}


def run(capsys: pytest.CaptureFixture[str], *typed: str) -> tuple[int, str, str]:
    status = commands.main(typed)
    said = capsys.readouterr()
    return status, said.out, said.err


def secrets_of(token: dict[str, Any]) -> list[str]:
    return [token["access_token"], token["refresh_token"]]


def assert_no_secret(text: str, token: dict[str, Any]) -> None:
    assert [one for one in secrets_of(token) if one in text] == []


# -- login ---------------------------------------------------------------------------------------


def test_login_keeps_the_token_where_notebooks_find_it(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any]
) -> None:
    status, out, _ = run(capsys, "login", "demo", "--scope", SCOPE)

    assert status == 0
    assert out.startswith("Signed in to Lovelace Observatory (demo) · scope observations:read")
    assert out.endswith('login(…, store="file") and runs with nobody there find it.\n')
    assert_no_secret(out, signed_in["token"])
    session = nb_oauth.login("demo", scope=SCOPE)  # as a notebook does, with nobody there
    assert session.token["access_token"] == signed_in["token"]["access_token"]


def test_login_says_who_finds_what_a_keyring_keeps_and_nothing_of_what_goes_elsewhere(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], attended: None, home: Path
) -> None:
    _, out, _ = run(capsys, "login", "demo", "--for-ci", str(home / "job.env"))
    assert "find" not in out
    signed_in["asked"].clear()
    assert login_command.finders("keyring") == 'login(…, store="keyring") finds it.'
    with pytest.raises(SystemExit):
        commands.main(["login", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert 'where login(…, store="file") and runs with nobody there find it' in said


def test_login_passes_on_what_was_typed(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any]
) -> None:
    run(capsys, "login", "demo", "--device", "--account", "work", "--store", "file")
    asked = signed_in["asked"]
    assert (asked["provider"], asked["grant"]) == ("demo", "device_code")
    assert (asked["account"], asked["store"], asked["client"]) == ("work", "file", None)


def test_login_with_nobody_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "login", "github")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "NB_OAUTH_GITHUB_ACCESS_TOKEN" in err


@pytest.mark.parametrize("left", [-1, 5])
def test_login_renews_what_is_stored_and_due(
    capsys: pytest.CaptureFixture[str], attended: None, left: float
) -> None:
    with Stage() as stage:
        store = stored_at(stage, left)
        status, out, _ = run(capsys, "login", "Stage", *endpoints(stage))

        assert status == 0
        assert "ends in 60 min" in out
        [key] = store.keys()
        assert (store.load(key) or {})["refresh_token"] == "refresh-1"


@pytest.mark.parametrize("left", [-1, 5, 3600])
def test_login_asks_where_the_provider_has_ended_what_is_stored(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, attended: None, left: float
) -> None:
    asked: list[str] = []

    def ask(login: Login, _: float | None = None) -> OAuth2Session:
        asked.append(type(login).__name__)
        token = {"access_token": "new", "refresh_token": "good", "expires_in": 3600}
        return stage.open(Client("app"), store=FileTokenStore(), token=token)

    monkeypatch.setattr(Login, "wait", ask)
    with Stage() as stage:
        stage.at_token = lambda _: reply(400, error="invalid_grant")
        store = stored_at(stage, left)
        if left > 60:  # a job was told so
            with pytest.raises(TokenError):
                stage.open(Client("app"), store=store).renew()
        status, out, _ = run(capsys, "login", "Stage", *endpoints(stage))

        assert (status, asked) == (0, ["AuthorizationCodeLogin"])
        assert "ends in 60 min" in out
        [key] = store.keys()
        assert (store.load(key) or {})["refresh_token"] == "good"
        assert len(stage.token_requests) == 1


def test_login_says_so_where_what_is_due_cannot_be_renewed_now(
    capsys: pytest.CaptureFixture[str], attended: None
) -> None:
    with Stage() as stage:
        stage.at_token = lambda _: reply(401, error="invalid_client")
        store = stored_at(stage, -1)
        status, out, err = run(capsys, "login", "Stage", *endpoints(stage))

        assert (status, out) == (1, "")
        assert "invalid_client" in err
        assert len(store.keys()) == 1


def stored_at(stage: Stage, left: float) -> FileTokenStore:
    """A token that ends in so many seconds is stored."""
    token = {**ENDED, "expires_at": time.time() + left, "expires_in": 3600}
    store = FileTokenStore()
    stage.open(Client("app"), store=store, token=token)
    return store


def endpoints(stage: Stage) -> list[str]:
    given = {"--client-id": "app", "--token-endpoint": stage.token_endpoint}
    given["--authorization-endpoint"] = f"{stage.issuer}/authorize"
    return [word for option in given.items() for word in option]


def test_what_a_provider_says_is_printed_as_text_alone(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    signed_in: dict[str, Any],
    home: Path,
) -> None:
    monkeypatch.setitem(signed_in["token"], "scope", "a\x1b[2Jb")
    status, out, _ = run(capsys, "login", "demo")
    assert (status, "scope a[2Jb" in out) == (0, True)
    assert "scope a[2Jb" in run(capsys, "status")[1]

    def refuse(*_: object, **__: object) -> None:
        raise nb_oauth.TokenError("no\x1b]0;pwned\x07\u202e\nfine", error="invalid_client")

    monkeypatch.setattr(login_command, "login", refuse)
    status, out, err = run(capsys, "login", "demo")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("nb-oauth: no]0;pwned fine")


def test_what_is_printed_keeps_its_lines_and_columns(capsys: pytest.CaptureFixture[str]) -> None:
    printed = Printed(sys.stdout)
    assert printed.write("one   two\n  three\x9b\r\n") == len("one   two\n  three\x9b\r\n")
    printed.writelines(["four\n", "five\x00\n"])
    printed.flush()
    assert capsys.readouterr().out == "one   two\n  three\nfour\nfive\n"


@pytest.mark.usefixtures("attended")
def test_login_takes_a_provider_by_its_endpoints(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], home: Path, there: Visitor
) -> None:
    endpoint = f"{there.issuer}/token"
    typed = ["login", "Example", "--client-id", "demo-notebook", "--token-endpoint", endpoint]
    status, _, err = run(
        capsys, *typed, "--authorization-endpoint", f"{there.issuer}/authorize", "--for-ci",
        str(home / "variables"),
    )  # fmt: skip
    assert (status, signed_in["asked"]["store"]) == (0, None)
    assert (home / "variables").read_text(encoding="utf-8").splitlines() == [
        f"NB_OAUTH_EXAMPLE_TOKEN_ENDPOINT={endpoint}",
        "NB_OAUTH_EXAMPLE_CLIENT_ID=demo-notebook",
        f"NB_OAUTH_EXAMPLE_REFRESH_TOKEN={signed_in['token']['refresh_token']}",
    ]
    assert_no_secret(err, signed_in["token"])


@pytest.mark.parametrize("client_id", ["the-one", "another"])
def test_an_app_s_secret_is_found_and_never_typed(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    client_id: str,
) -> None:
    monkeypatch.setenv("NB_OAUTH_DEMO_CLIENT_ID", "the-one")
    monkeypatch.setenv("NB_OAUTH_DEMO_CLIENT_SECRET", "s3cret")
    status, _, err = run(capsys, "login", "demo", "--client-id", client_id)
    if client_id == "the-one":
        assert signed_in["asked"]["client"] == Client("the-one", client_secret="s3cret")
    else:
        assert (status, "is not the app that the environment" in err) == (1, True)


@pytest.mark.usefixtures("attended")
def test_what_ends_with_the_command_is_kept_nowhere(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
) -> None:
    monkeypatch.delenv(elsewhere.ISSUER)
    status, out, err = run(capsys, "login", "Demo ", "--store", "file")
    assert (status, signed_in["asked"]["store"]) == (0, None)
    assert out.startswith("Signed in to Lovelace Observatory")
    assert "So the token is kept nowhere. `nb-oauth demo`" in err
    signed_in["asked"].clear()
    status, _, err = run(capsys, "login", "demo", "--for-ci", str(home / "variables"))
    assert (status, signed_in["asked"]) == (1, {})
    assert "says what to set NB_OAUTH_DEMO_ISSUER to" in err
    demo.stop()


# -- login --for-ci ------------------------------------------------------------------------------


@pytest.mark.usefixtures("attended")
def test_the_variables_go_into_a_new_file_that_nobody_else_may_read(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], home: Path
) -> None:
    file, token = home / "variables", signed_in["token"]
    status, out, err = run(capsys, "login", "demo", "--account", "work", "--for-ci", str(file))

    assert status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_text(encoding="utf-8")
    assert written == f"NB_OAUTH_DEMO__WORK_REFRESH_TOKEN={token['refresh_token']}\n"
    assert f"NB_OAUTH_DEMO__WORK_REFRESH_TOKEN: written to {file}" in err
    assert_no_secret(out + err, token)


@pytest.mark.usefixtures("attended")
def test_what_they_hold_signs_in_with_nobody_there(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(capsys, "login", "demo", "--for-ci", str(home / "variables"))
    name, _, value = (home / "variables").read_text(encoding="utf-8").strip().partition("=")
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(place, "here", lambda: Place.ELSEWHERE)

    session = nb_oauth.login("demo", scope=SCOPE)

    assert session.get(f"{demo.api_url()}/me").json()["name"] == "Ada Lovelace"


@pytest.mark.parametrize("named", ["-", "there", "no-folder/file", "/dev/stdout"])
def test_a_file_that_will_not_do_is_refused_before_anybody_signs_in(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], home: Path, named: str
) -> None:
    (home / "there").write_text("somebody's", encoding="utf-8")
    path = named if named in {"-", "/dev/stdout"} else str(home / named)
    status, _, err = run(capsys, "login", "demo", "--for-ci", path)
    assert (status, err.count("\n"), signed_in["asked"]) == (1, 1, {})
    assert (home / "there").read_text(encoding="utf-8") == "somebody's"


@pytest.mark.usefixtures("attended")
def test_a_file_that_came_meanwhile_is_left_as_it_is(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
) -> None:
    file = home / "variables"
    sign_in = login_command.login

    def meanwhile(*args: Any, **options: Any) -> Any:
        file.write_text("somebody's", encoding="utf-8")
        return sign_in(*args, **options)

    monkeypatch.setattr(login_command, "login", meanwhile)
    status, _, err = run(capsys, "login", "demo", "--for-ci", str(file))
    assert (status, err.count("\n"), "came to be there while you signed in" in err) == (1, 1, True)
    assert_no_secret(err, signed_in["token"])
    assert file.read_text(encoding="utf-8") == "somebody's"
    assert [one.name for one in home.iterdir() if "variables" in one.name] == ["variables"]


@pytest.mark.usefixtures("attended", "there")
@pytest.mark.parametrize("ends_by", [nb_oauth.LoginCancelled("No."), KeyboardInterrupt()])
def test_the_file_is_there_once_it_holds_something(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    ends_by: BaseException,
) -> None:
    before = sorted(home.iterdir())

    def sign_in(*_: object, **__: object) -> None:
        assert sorted(home.iterdir()) == before  # a kill leaves nothing either
        raise ends_by

    monkeypatch.setattr(login_command, "login", sign_in)
    assert run(capsys, "login", "demo", "--for-ci", str(home / "variables"))[0] in {1, 130}
    assert sorted(home.iterdir()) == before


@pytest.mark.usefixtures("attended", "there")
def test_nobody_signs_in_for_a_file_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: True)  # as on a file system that is read-only
    status, _, err = run(capsys, "login", "demo", "--for-ci", str(home / "away" / "variables"))
    assert (status, err.count("\n"), signed_in["asked"]) == (1, 1, {})


@pytest.mark.usefixtures("attended")
@pytest.mark.parametrize("comes_meanwhile", [True, False])
def test_the_file_where_none_can_have_two_names(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    *,
    comes_meanwhile: bool,
) -> None:
    file = home / "variables"

    def refuse(*_: object) -> None:
        if comes_meanwhile:
            file.write_text("somebody's", encoding="utf-8")
        raise PermissionError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(type(file), "hardlink_to", refuse)
    status, _, err = run(capsys, "login", "demo", "--for-ci", str(file))
    written = file.read_text(encoding="utf-8")
    if comes_meanwhile:
        assert (status, written) == (1, "somebody's")
        assert "came to be there while you signed in" in err
    else:
        assert (status, stat.S_IMODE(file.stat().st_mode)) == (0, 0o600)
        assert signed_in["token"]["refresh_token"] in written
    assert [one.name for one in home.iterdir() if "variables" in one.name] == ["variables"]


@pytest.mark.usefixtures("attended")
def test_the_variables_go_to_a_program_s_standard_input_and_it_cannot_show_them(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], home: Path
) -> None:
    kept = home / "kept"
    code = "import pathlib, sys; t = sys.stdin.read(); print('Got', t); "
    code += f"pathlib.Path({str(kept)!r}).write_text(t)"
    status, out, err = run(capsys, "login", "demo", "--for-ci-command", sys.executable, "-c", code)

    assert status == 0
    token = signed_in["token"]
    assert token["refresh_token"] in kept.read_text(encoding="utf-8")
    assert "Got NB_OAUTH_DEMO_REFRESH_TOKEN=•••" in err
    assert_no_secret(out + err, token)


@pytest.mark.usefixtures("attended")
def test_a_program_that_fails_is_told(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any]
) -> None:
    typed = ["login", "demo", "--for-ci-command", sys.executable, "-c", "raise SystemExit(3)"]
    status, _, err = run(capsys, *typed)
    assert (status, "ended with the exit status 3" in err) == (1, True)


@pytest.mark.parametrize("command", [[], ["no-such-program-anywhere"]])
def test_a_program_that_is_not_there_is_told_first(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], command: list[str]
) -> None:
    status, _, err = run(capsys, "login", "demo", "--for-ci-command", *command)
    assert (status, signed_in["asked"]) == (1, {})
    assert "--for-ci-command gh secret set" in err


@pytest.mark.usefixtures("attended")
def test_a_provider_without_refresh_tokens_is_told(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], home: Path
) -> None:
    del signed_in["token"]["refresh_token"]
    status, _, err = run(capsys, "login", "demo", "--for-ci", str(home / "variables"))
    assert (status, "gave no refresh token" in err) == (1, True)
    assert not (home / "variables").exists()


@pytest.mark.usefixtures("attended")
def test_where_tokens_do_not_end_the_variable_is_the_access_token(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = signed_in["token"]
    access_token = token["access_token"]
    kept = {"access_token": access_token}
    token.clear()
    token.update(kept)
    status, out, err = run(capsys, "login", "demo", "--for-ci", str(home / "variables"))
    written = (home / "variables").read_text(encoding="utf-8")
    assert (status, written) == (0, f"NB_OAUTH_DEMO_ACCESS_TOKEN={access_token}\n")
    assert access_token not in out + err

    monkeypatch.setenv("NB_OAUTH_DEMO_ACCESS_TOKEN", access_token)
    monkeypatch.setattr(place, "here", lambda: Place.ELSEWHERE)
    session = nb_oauth.login("demo", scope=SCOPE)
    assert session.get(f"{demo.api_url()}/me").json()["name"] == "Ada Lovelace"


@pytest.mark.usefixtures("attended")
@pytest.mark.parametrize("inside", ["\n", "\r", "\x00", "\x7f", "ü", "\u2028"])
@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_a_token_that_would_be_another_line_goes_nowhere(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    home: Path,
    inside: str,
    which: str,
) -> None:
    signed_in["token"].clear()
    signed_in["token"]["access_token"] = "good"
    signed_in["token"][which] = f"token{inside}LD_PRELOAD=/tmp/evil.so"
    status, _, err = run(capsys, "login", "demo", "--for-ci", str(home / "variables"))
    assert (status, err.count("\n")) == (1, 1)
    assert re.search("a character that is in none|cannot be sent", err)
    assert "LD_PRELOAD" not in err
    assert not (home / "variables").exists()
    echo = [sys.executable, "-c", "import sys; print(sys.stdin.read())"]
    status, _, err = run(capsys, "login", "demo", "--for-ci-command", *echo)
    assert (status, "LD_PRELOAD" in err) == (1, False)


def test_with_nobody_there_no_refresh_token_of_this_machine_goes_to_another(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], home: Path
) -> None:
    run(capsys, "login", "demo")
    signed_in["asked"].clear()
    status, _, err = run(capsys, "login", "demo", "--for-ci", str(home / "variables"))
    assert (status, err.count("\n"), signed_in["asked"]) == (1, 1, {})
    assert "Somebody must sign in" in err
    assert not (home / "variables").exists()


@pytest.mark.usefixtures("attended")
def test_nobody_signs_in_for_variables_that_would_be_refused(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], home: Path
) -> None:
    typed = ["login", "Example", "--client-id", "app", "--token-endpoint", "https://as.example/t"]
    typed += ["--device-authorization-endpoint", "https://other.example/device"]
    status, _, err = run(capsys, *typed, "--for-ci", str(home / "variables"))
    assert (status, err.count("\n"), signed_in["asked"]) == (1, 1, {})
    assert "without --for-ci" in err


def test_a_value_that_a_shell_would_read_otherwise_is_quoted() -> None:
    assert for_ci._lines({"A": "plain/+=", "B": "a $b"}) == "A=plain/+=\nB='a $b'\n"


# -- status --------------------------------------------------------------------------------------


def test_status_says_what_is_stored_and_no_secret(
    capsys: pytest.CaptureFixture[str],
    signed_in: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(elsewhere.ISSUER)
    assert run(capsys, "status")[1] == "No sign-ins are stored.\n"
    github = known_provider("github").provider
    token = {**signed_in["token"], "expires_at": 4e9}
    OAuth2Session.open(github, Client("app"), token=token, store="file", account="work")
    monkeypatch.setenv("NB_OAUTH_GITHUB_REFRESH_TOKEN", "a-secret-in-the-environment")

    status, out, err = run(capsys, "status")

    first, second = out.splitlines()
    assert first.startswith("Signed in to github (work) · scope")
    assert "renewal by itself · app app · in " in first
    assert second == "In the environment: NB_OAUTH_GITHUB_REFRESH_TOKEN"
    assert (status, err) == (0, "")
    assert_no_secret(out, token)
    assert "a-secret" not in out


def test_status_tells_of_successors_of_a_variable_and_passes_over_what_is_none(
    capsys: pytest.CaptureFixture[str], there: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_OAUTH_DEMO_REFRESH_TOKEN", there.signed_in()["refresh_token"])
    nb_oauth.login("demo", scope=SCOPE)
    folder = FileTokenStore().folder
    for name, text in {"a": "{}", "b": "no JSON", "c": '{"issuer": 1}'}.items():
        file = folder / f"{name}.json"
        file.touch(0o600)
        file.write_text(text, encoding="utf-8")

    _, out, _ = run(capsys, "status")

    assert "/environment-" in out
    assert "Signed in to demo · " in out
    monkeypatch.setenv(elsewhere.ISSUER, "no address")
    assert there.issuer in run(capsys, "status")[1]


def test_status_names_a_file_that_others_may_read(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any]
) -> None:
    run(capsys, "login", "demo")
    for file in FileTokenStore().folder.glob("*.json"):
        file.chmod(0o644)
    status, out, err = run(capsys, "status")
    assert status == 0
    assert "No sign-ins" in out
    assert err.startswith("nb-oauth: Others may read")


def test_status_passes_over_such_a_file_and_tells_of_the_others(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any]
) -> None:
    run(capsys, "login", "demo", "--account", "one")
    [first] = FileTokenStore().folder.glob("*.json")
    run(capsys, "login", "demo", "--account", "two")
    first.chmod(0o644)
    _, out, err = run(capsys, "status")
    assert ("(two)" in out, "(one)" in out) == (True, False)
    assert (err.count("Others may read"), err.count("\n")) == (1, 1)
    first.parent.chmod(0o722)
    _, out, err = run(capsys, "status")
    assert "No sign-ins" in out
    assert err.startswith("nb-oauth: Others may change what is in")
    first.parent.chmod(0o700)


# -- logout --------------------------------------------------------------------------------------


def test_logout_revokes_and_deletes(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], there: Visitor
) -> None:
    run(capsys, "login", "demo")
    status, out, _ = run(capsys, "logout", "demo")

    assert status == 0
    assert "has revoked the refresh token and access token" in out
    assert there.renew(signed_in["token"]).status_code == 400
    assert FileTokenStore().keys() == []
    status, _, err = run(capsys, "logout", "demo")
    assert (status, "No sign-in to Lovelace Observatory" in err) == (1, True)


def test_logout_is_of_one_account(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any]
) -> None:
    run(capsys, "login", "demo", "--account", "work")
    assert "as 'home'" in run(capsys, "logout", "demo", "--account", "home")[2]
    assert run(capsys, "logout", "demo", "--account", "work")[0] == 0


def test_logout_takes_the_address_that_status_prints_and_deletes_what_nobody_can_revoke(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any]
) -> None:
    for issuer in (None, "http://127.0.0.1:9"):  # where nobody listens
        provider = Provider("Mine", issuer=issuer, token_endpoint="http://127.0.0.1:9/token")
        OAuth2Session.open(provider, Client("app"), token=signed_in["token"], store="file")
    for address in ("http://127.0.0.1:9/token", "http://127.0.0.1:9/"):
        assert f"{address.rstrip('/')} · " in run(capsys, "status")[1]
        status, out, err = run(capsys, "logout", address)
        assert (status, "othing was revoked" in out) == (1, True)
        assert_no_secret(out + err, signed_in["token"])
    assert FileTokenStore().keys() == []


def test_logout_takes_the_endpoints_that_login_was_given(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], there: Visitor
) -> None:
    typed = ["Example", "--token-endpoint", f"{there.issuer}/token"]
    run(capsys, "login", *typed, "--client-id", "demo-notebook")
    typed += ["--revocation-endpoint", f"{there.issuer}/revoke"]
    status, out, _ = run(capsys, "logout", *typed, "--client-id", "another")
    assert (status, len(FileTokenStore().keys())) == (1, 1)
    status, out, _ = run(capsys, "logout", *typed)
    assert (status, "has revoked the refresh token" in out) == (0, True)
    assert there.renew(signed_in["token"]).status_code == 400


def test_logout_deletes_what_another_token_endpoint_gave_and_sends_it_nowhere(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], there: Visitor
) -> None:
    issuer = "https://as.example"
    theirs = Provider("Mine", issuer=issuer, token_endpoint="https://as.example/token")
    OAuth2Session.open(theirs, Client("app"), token=signed_in["token"], store="file")
    typed = ["--issuer", issuer, "--token-endpoint", f"{there.issuer}/token"]
    status, out, _ = run(capsys, "logout", "Mine", *typed)
    assert (status, "othing was revoked" in out) == (1, True)
    assert there.renew(signed_in["token"]).status_code == 200


@pytest.mark.parametrize("command", ["login", "logout", "doctor", "providers"])
def test_a_name_that_nobody_knows_is_answered_in_words_of_the_command_line(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    status, _, err = run(capsys, command, "gitlub")
    assert (status, err.count("\n")) == (1, 1)
    assert "No provider is known as 'gitlub' (did you mean 'gitlab' or 'github'?)." in err
    assert "`nb-oauth providers`" in err
    assert "Provider(" not in err


@pytest.mark.parametrize("store", ["file", "keyring"])
def test_logout_of_nobody_known_says_so_and_asks_no_keyring(
    capsys: pytest.CaptureFixture[str], store: str
) -> None:
    status, _, err = run(capsys, "logout", "nobody-we-know", "--store", store)
    assert (status, "No provider is known as" in err) == (1, True)


def test_logout_at_an_address_that_is_another_issuer_s_now(
    capsys: pytest.CaptureFixture[str], signed_in: dict[str, Any], there: Visitor
) -> None:
    """It was stored by the token endpoint's address alone, and so it is called."""
    endpoint = f"{there.issuer}/token"
    mine = Provider("Mine", token_endpoint=endpoint)
    OAuth2Session.open(mine, Client("app"), token=signed_in["token"], store="file")
    typed = ["--issuer", there.issuer, "--token-endpoint", endpoint]
    status, out, _ = run(capsys, "logout", endpoint, *typed)
    assert (status, "othing was revoked" in out) == (1, True)
    assert FileTokenStore().keys() == []


def test_logout_of_another_app_than_the_one_that_is_known(
    capsys: pytest.CaptureFixture[str], there: Visitor
) -> None:
    provider = known_provider("demo").provider
    OAuth2Session.open(provider, Client("gone"), token=there.signed_in(), store="file")
    status, out, _ = run(capsys, "logout", "demo")
    assert (status, FileTokenStore().keys()) == (1, [])
    assert "could not be revoked" in out


def test_logout_where_nothing_can_be_revoked_is_done_as_well(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = known_provider("github").provider
    OAuth2Session.open(provider, Client("app"), token={"access_token": "a"}, store="file")
    status, out, _ = run(capsys, "logout", "github")
    assert (status, "has no revocation endpoint" in out) == (0, True)


def test_logout_of_a_keyring(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {("https://github.com/login/oauth/access_token", "app", "device_code"): {"a": "b"}}
    monkeypatch.setattr(
        KeyringTokenStore, "load", lambda _, key: held.get((key.issuer, key.client_id, key.grant))
    )
    monkeypatch.setattr(KeyringTokenStore, "__contains__", lambda *_: True)
    monkeypatch.setattr(
        KeyringTokenStore,
        "delete",
        lambda _, key: held.pop((key.issuer, key.client_id, key.grant)),
    )
    monkeypatch.setattr(
        KeyringTokenStore, "lock", lambda *_: FileTokenStore().lock(TokenKey("", "", ""))
    )
    held = {key: {"access_token": "a"} for key in held}
    assert "does not tell what is in it" in run(capsys, "logout", "github", "--store", "keyring")[2]
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_ID", "app")
    assert run(capsys, "logout", "github", "--store", "keyring")[0] == 0
    assert held == {}


# -- providers, demo, and the rest -----------------------------------------------------------------


def test_providers_are_listed_with_their_documentation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = run(capsys, "providers")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == directory.names()
    [github] = [line for line in out.splitlines() if line.startswith("github ")]
    assert "https://docs.github.com/" in github


@pytest.mark.parametrize("name", directory.names())
def test_more_is_told_of_one(capsys: pytest.CaptureFixture[str], name: str) -> None:
    entry = directory.ours()[name]
    out = run(capsys, "providers", name)[1]
    assert out.startswith(entry.name)
    assert all(page in out for page in entry.documentation)
    assert all(note in out for note in entry.notes)


def test_what_an_entry_does_not_say_is_left_out() -> None:
    entry = read_entry({"name": "Example", "addresses": ["https://as.example"]})
    lines = list(providers_command._lines(entry))
    assert lines == ["Example", "  by address:     https://as.example", "  grants:         "]


@pytest.mark.parametrize(
    "alias", [one for entry in directory.ours().values() for one in entry.aliases]
)
def test_one_is_told_of_by_its_other_name_too(
    capsys: pytest.CaptureFixture[str], alias: str
) -> None:
    status, out, _ = run(capsys, "providers", alias.upper())
    assert (status, out) == (0, run(capsys, "providers", directory.short_name(alias))[1])


def test_one_that_nobody_knows_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "providers", "nobody")
    assert (status, "`nb-oauth providers` lists those" in err) == (1, True)


def test_the_demo_says_where_it_is_until_it_is_interrupted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    event = SimpleNamespace(wait=interrupt)
    monkeypatch.setattr("nb_oauth.commands.demo.threading", SimpleNamespace(Event=lambda: event))
    status, out, _ = run(capsys, "demo", "--port", "0")
    assert status == 0
    assert "NB_OAUTH_DEMO_ISSUER=http://127.0.0.1:" in out


def test_ctrl_c_and_a_file_that_fails_have_a_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def fill(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/the/file")

    monkeypatch.setattr(login_command, "login", interrupt)
    assert run(capsys, "login", "demo") == (130, "", "nb-oauth: Interrupted.\n")
    monkeypatch.setattr(login_command, "login", fill)
    assert run(capsys, "login", "demo")[::2] == (
        1,
        "nb-oauth: /the/file: No space left on device\n",
    )


@pytest.mark.parametrize("port", ["70000", "-1", "65536", "x"])
def test_a_port_that_is_none_is_mistyped(capsys: pytest.CaptureFixture[str], port: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        commands.main(["demo", f"--port={port}"])
    assert (exit_.value.code, "0 to 65535" in capsys.readouterr().err) == (2, True)


def test_a_screen_without_letters_beyond_ascii_is_written_to_as_well(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    github = known_provider("github").provider
    OAuth2Session.open(github, Client("app"), token={"access_token": "a"}, store="file")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    run = subprocess.run(
        [sys.executable, "-m", "nb_oauth", "status"], check=False, capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "Signed in to github ? " in run.stdout


def test_what_is_mistyped_has_a_status_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        commands.main(["log-in"])
    assert exit_.value.code == 2


def test_looking_loads_no_widget() -> None:
    code = "from nb_oauth import commands; import sys; commands.main(['status']); "
    code += "print(sorted({'anywidget', 'ipywidgets', 'keyring'} & set(sys.modules)))"
    run = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert run.stdout.splitlines()[-1] == "[]"


def test_the_module_runs_as_well(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["nb-oauth", "status"])
    with pytest.raises(SystemExit) as exit_:
        runpy.run_module("nb_oauth", run_name="__main__")
    assert exit_.value.code == 0
    assert capsys.readouterr().out == "No sign-ins are stored.\n"


# -- a person at a terminal ------------------------------------------------------------------------


@pytest.mark.usefixtures("there")
def test_who_is_killed_while_somebody_signs_in_leaves_no_file(home: Path) -> None:
    typed = ["login", "demo", "--device", "--for-ci", str(home / "variables")]
    with PseudoTerminal([sys.executable, "-m", "nb_oauth", *typed], home) as terminal:
        before = sorted(home.iterdir())
        terminal.wait_for(r"/device\?user_code=[\w-]+")
        terminal.process.kill()
        terminal.process.wait()
    assert sorted(home.iterdir()) == before


def test_somebody_signs_in_at_a_terminal_and_what_is_made_stays_off_the_screen(
    there: Visitor, home: Path
) -> None:
    file = home / "variables"
    typed = ["login", "demo", "--device", "--scope", SCOPE, "--for-ci", str(file)]
    command = [sys.executable, "-m", "nb_oauth", *typed]
    with PseudoTerminal(command, home, all_of_it=True) as terminal:
        link = terminal.wait_for(r"http://127\.0\.0\.1:\d+/device\?user_code=[\w-]+")[0]
        page = there.sign_in(there.get(link.removeprefix(there.issuer)))
        there.decide(page)
        terminal.end()
        shown = terminal.shown

    written = file.read_text(encoding="utf-8")
    refresh_token = written.strip().partition("=")[2]
    assert "Signed in to Lovelace Observatory" in shown
    assert "REFRESH_TOKEN: written to" in shown
    assert refresh_token
    assert refresh_token not in shown
    assert requests.post(
        f"{there.issuer}/token",
        {
            "grant_type": "refresh_token",
            "client_id": "demo-notebook",
            "refresh_token": refresh_token,
        },
        timeout=10,
    ).ok
