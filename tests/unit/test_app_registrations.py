"""Where the ID and the secret of an app come from, and whom they are for."""

from __future__ import annotations

import contextlib
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nb_oauth import Client, ConfigurationError, Provider
from nb_oauth.app_registrations import ClientsFile, client_for
from nb_oauth.providers import KnownProvider, known_provider
from nb_oauth.stores import private_files

TOKEN_ENDPOINT = "https://as.example/token"
EXAMPLE = KnownProvider(Provider("Example", token_endpoint=TOKEN_ENDPOINT))
IMPOSTOR = KnownProvider(Provider("GitHub", token_endpoint="https://evil.example/token"))
GITHUB = '[github]\nclient_id = "file-id"\nclient_secret = "file-secret"\n'


@pytest.fixture
def file() -> ClientsFile:
    """The person's own file, in a folder of the test's."""
    return ClientsFile()


@pytest.fixture
def github() -> KnownProvider:
    return known_provider("github")


def write(file: ClientsFile, text: str | bytes, mode: int = 0o600) -> None:
    file.path.parent.mkdir(mode=0o700, exist_ok=True)
    file.path.write_bytes(text.encode() if isinstance(text, str) else text)
    file.path.chmod(mode)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# -- the order ---------------------------------------------------------------------------------


def test_it_is_in_the_persons_own_configuration_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    import platformdirs

    folder = platformdirs.user_config_path("nb_oauth", appauthor=False)
    assert ClientsFile().path == folder / "clients.toml"


def test_nothing_says_so(github: KnownProvider) -> None:
    assert client_for(github) is None


def test_the_environment_comes_before_the_file(
    file: ClientsFile, github: KnownProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, GITHUB)
    assert client_for(github) == Client("file-id", client_secret="file-secret")
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_ID", "")  # as CI sets what it has not
    assert client_for(github) == Client("file-id", client_secret="file-secret")
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_ID", " env-id\n")
    assert client_for(github) == Client("env-id")  # never one's ID with the other's secret
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_SECRET", "env-secret")
    assert client_for(github) == Client("env-id", client_secret="env-secret")


def test_the_environment_may_say_where_an_app_is_sent_back_to(
    monkeypatch: pytest.MonkeyPatch, github: KnownProvider
) -> None:
    there = "https://hub.example/hub/user-redirect/nb-oauth/callback"
    monkeypatch.setenv("NB_OAUTH_GITHUB_REDIRECT_URI", there)
    with pytest.raises(ConfigurationError, match="GITHUB_REDIRECT_URI is set and NB_OAUTH_GITHUB"):
        client_for(github)
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_ID", "env-id")
    assert client_for(github) == Client("env-id", redirect_uri=there)
    monkeypatch.setenv("NB_OAUTH_GITHUB_REDIRECT_URI", "hub.example/callback")
    with pytest.raises(ConfigurationError, match="NB_OAUTH_GITHUB_REDIRECT_URI: redirect_uri="):
        client_for(github)


def test_a_secret_alone_is_a_mistake(
    github: KnownProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_SECRET", "env-secret")
    with pytest.raises(ConfigurationError, match="NB_OAUTH_GITHUB_CLIENT_ID is not: set both") as e:
        client_for(github)
    assert "env-secret" not in str(e.value)


def test_an_alias_is_the_same_name(file: ClientsFile) -> None:
    write(file, '[CDSE]\nclient_id = "mine"\n')
    assert file.find(known_provider("copernicus")) == Client("mine")
    write(file, '[copernicus]\nclient_id = "mine"\n')
    assert file.find(known_provider("cdse")) == Client("mine")


def test_every_member_of_the_file_is_used(file: ClientsFile) -> None:
    write(
        file,
        f'["what I call it"]\ntoken_endpoint = "{TOKEN_ENDPOINT}"\nclient_id = "a"\n'
        'client_secret = "s"\nredirect_uri = "https://me.example/cb"\n'
        'token_endpoint_auth_method = "client_secret_post"\n',
    )
    assert file.find(EXAMPLE) == Client(
        "a",
        client_secret="s",
        redirect_uri="https://me.example/cb",
        token_endpoint_auth_method="client_secret_post",
    )


# -- nobody borrows a name ---------------------------------------------------------------------


def test_a_known_name_serves_no_other_provider(
    file: ClientsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, GITHUB)
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_ID", "env-id")
    monkeypatch.setenv("NB_OAUTH_GITHUB_CLIENT_SECRET", "env-secret")
    with pytest.warns(UserWarning, match="NB_OAUTH_GITHUB_TOKEN_ENDPOINT is not set"):
        assert client_for(IMPOSTOR) is None


def test_what_is_kept_for_an_endpoint_goes_to_no_other(file: ClientsFile) -> None:
    write(file, f'[example]\ntoken_endpoint = "{TOKEN_ENDPOINT}"\nclient_id = "a"\n')
    assert file.find(EXAMPLE) == Client("a")
    other = Provider("Example", token_endpoint="https://as.example/other/token")
    assert file.find(KnownProvider(other)) is None


@pytest.mark.parametrize(
    "endpoint",
    ["revocation_endpoint", "introspection_endpoint", "device_authorization_endpoint"],
)
@pytest.mark.parametrize("source", ["file", "environment"])
def test_no_endpoint_beside_it_may_be_another_servers(
    file: ClientsFile, endpoint: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "file":
        write(file, f'[x]\ntoken_endpoint = "{TOKEN_ENDPOINT}"\nclient_id = "a"\n')
    else:
        monkeypatch.setenv("NB_OAUTH_EXAMPLE_CLIENT_ID", "a")
        monkeypatch.setenv("NB_OAUTH_EXAMPLE_TOKEN_ENDPOINT", TOKEN_ENDPOINT)

    def found(address: str) -> Client | None:
        more: dict[str, Any] = {endpoint: address}
        return client_for(KnownProvider(Provider("Example", token_endpoint=TOKEN_ENDPOINT, **more)))

    assert found("https://AS.example/elsewhere") == Client("a")
    said = pytest.warns(UserWarning, match="several servers")
    with said if source == "environment" else contextlib.nullcontext():
        assert found("https://evil.example/elsewhere") is None


def test_the_environment_names_whom_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NB_OAUTH_EXAMPLE_CLIENT_ID", "a")
    with pytest.warns(UserWarning, match=f"_CLIENT_ID is not used: .* set it to {TOKEN_ENDPOINT}"):
        assert client_for(EXAMPLE) is None
    monkeypatch.setenv("NB_OAUTH_EXAMPLE_TOKEN_ENDPOINT", f"{TOKEN_ENDPOINT}/")
    with pytest.warns(UserWarning, match=f"is {TOKEN_ENDPOINT}/, and the token endpoint of"):
        assert client_for(EXAMPLE) is None
    monkeypatch.setenv("NB_OAUTH_EXAMPLE_TOKEN_ENDPOINT", TOKEN_ENDPOINT)
    assert client_for(EXAMPLE) == Client("a")


def test_without_a_token_endpoint_nothing_is_kept(file: ClientsFile) -> None:
    write(file, '[x]\ntoken_endpoint = "https://as.example/token"\nclient_id = "a"\n')
    implicit = Provider("Example", authorization_endpoint="https://as.example/authorize")
    assert client_for(KnownProvider(implicit)) is None


def test_a_table_that_does_not_say_whom_it_is_for(file: ClientsFile) -> None:
    write(file, '[example]\nclient_id = "a"\n')
    with pytest.raises(ConfigurationError, match=r"\[example\] does not say .* token_endpoint = "):
        file.find(EXAMPLE)


# -- faults ------------------------------------------------------------------------------------

SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"[github\nclient_secret = '{SECRET}'", "line 1 is no TOML"),
        (f"[github]\nclient_secret = {SECRET}", "line 2 is no TOML"),
        (f"[github]\nclient_secret = '{SECRET}", "line 2 is no TOML"),
        (f"[github]\n'{SECRET}' = 1\n'{SECRET}' = 2", "a key or a table is there twice"),
        (b"\xff\xfe" + SECRET.encode(), "no TOML in UTF-8"),
        (f"client_secret = '{SECRET}'", "client_secret stands alone: put it under"),
        (f"[github]\nclient_secret = '{SECRET}'", r"\[github\] has no client_id"),
        ("[github]\nclient_id = 12345", "client_id of .* is no text: put it between quotes"),
        (f"[github]\nclient_id='a'\nclient_secert='{SECRET}'", "has client_secert, which is none"),
        (
            f"[github]\nclient_id='a'\nclient_secret='{SECRET}'\ntoken_endpoint_auth_method='x'",
            r"\[github\] of .*clients.toml: token_endpoint_auth_method='x' is not one of",
        ),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(
    file: ClientsFile, github: KnownProvider, text: str | bytes, words: str
) -> None:
    write(file, text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        client_for(github)
    assert str(file.path) in str(caught.value)
    assert SECRET not in str(caught.value)
    assert SECRET not in str(caught.value.__cause__)


def test_a_mistake_about_one_provider_is_none_about_another(
    file: ClientsFile, github: KnownProvider
) -> None:
    write(file, GITHUB + "[gitlab]\nclient_id = 3\n")
    assert file.find(github) is not None


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o604])
def test_others_may_not_read_it(file: ClientsFile, github: KnownProvider, mode: int) -> None:
    write(file, GITHUB, mode)
    with pytest.raises(ConfigurationError, match=r"its client secret is not used.*chmod 600"):
        client_for(github)


def test_others_may_not_change_its_folder(file: ClientsFile, github: KnownProvider) -> None:
    write(file, GITHUB)
    file.path.parent.chmod(0o777)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        client_for(github)


def test_a_file_of_somebody_elses_is_not_used(
    file: ClientsFile, github: KnownProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, GITHUB)
    monkeypatch.setattr(private_files.os, "geteuid", lambda: 12345)
    with pytest.raises(ConfigurationError, match="belongs to somebody else") as caught:
        client_for(github)
    assert "NB_OAUTH_<NAME>_CLIENT_ID" in str(caught.value)


def test_a_link_is_not_followed(file: ClientsFile, github: KnownProvider, tmp_path: Path) -> None:
    file.path.parent.mkdir()
    (tmp_path / "real.toml").write_text(GITHUB)
    file.path.symlink_to(tmp_path / "real.toml")
    with pytest.raises(ConfigurationError, match="symbolic link, not a file with a client secret"):
        client_for(github)


def test_what_cannot_be_read_is_told(
    file: ClientsFile, github: KnownProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, GITHUB)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(private_files, "read", fail)
    with pytest.raises(ConfigurationError, match=r"clients.toml cannot be used \(Input/output"):
        client_for(github)


# -- keeping -----------------------------------------------------------------------------------


def test_what_is_kept_is_found_and_nobody_elses_to_read(
    file: ClientsFile, github: KnownProvider
) -> None:
    kept = Client("id", client_secret="s3cret")
    file.keep(github, kept)
    assert client_for(github) == kept
    assert mode_of(file.path) == 0o600
    assert mode_of(file.path.parent) == 0o700
    left = {one.name for one in file.path.parent.iterdir()}
    assert left - {"clients.lock"} == {"clients.toml"}
    assert "s3cret" not in repr(file)


def test_all_else_in_the_file_stays(file: ClientsFile, github: KnownProvider) -> None:
    mine = '# mine\n[gitlab]\nclient_id = "l"   # of the lab\n\n'
    about = '[github] # home\n# the old one\nclient_id = "old"\nclient_secret = "old"\n'
    write(file, mine + about + 'redirect_uri = "https://me.example/cb"\n')
    file.keep(github, Client("new"))
    text = file.path.read_text()
    assert text.startswith(mine)
    assert "# home" in text
    assert "# the old one" in text
    assert file.find(github) == Client("new", redirect_uri="https://me.example/cb")


def test_a_redirect_uri_is_kept_unless_it_is_the_provider_s_own(
    file: ClientsFile, github: KnownProvider
) -> None:
    there = "https://hub.example/services/nb-oauth/callback"
    file.keep(github, Client("id", redirect_uri=github.entry.redirect_uri))
    assert file.find(github) == Client("id")
    file.keep(github, Client("id", redirect_uri=there))
    assert file.find(github) == Client("id", redirect_uri=there)


def test_a_provider_without_a_name_is_kept_with_its_endpoint(file: ClientsFile) -> None:
    file.keep(EXAMPLE, Client("id"))
    assert client_for(EXAMPLE) == Client("id")
    assert f'[example]\ntoken_endpoint = "{TOKEN_ENDPOINT}"' in file.path.read_text()


def test_an_impostor_takes_nobodys_place(file: ClientsFile, github: KnownProvider) -> None:
    write(file, GITHUB + '[github-2]\nclient_id = "x"\ntoken_endpoint = "https://x.example"\n')
    file.keep(IMPOSTOR, Client("typed-for-the-impostor"))
    assert file.find(github) == Client("file-id", client_secret="file-secret")
    assert file.find(IMPOSTOR) == Client("typed-for-the-impostor")
    assert "[github-3]" in file.path.read_text()


@pytest.mark.parametrize("hand_made_first", [True, False])
def test_a_known_name_is_left_to_whom_it_means(
    file: ClientsFile, github: KnownProvider, *, hand_made_first: bool
) -> None:
    kept = [(IMPOSTOR, Client("own-server")), (github, Client("github"))]
    for known, client in kept if hand_made_first else reversed(kept):
        file.keep(known, client)
    assert (file.find(IMPOSTOR), file.find(github)) == (Client("own-server"), Client("github"))
    assert "[github]\nclient_id" in file.path.read_text()


def test_where_somebody_took_the_name_its_owner_is_found_by_the_endpoint(
    file: ClientsFile, github: KnownProvider
) -> None:
    write(file, '[github]\nclient_id = "x"\ntoken_endpoint = "https://x.example/token"\n')
    file.keep(github, Client("first"))
    file.keep(github, Client("second"))
    assert file.find(github) == Client("second")
    assert "[github-3]" not in file.path.read_text()


def test_an_alias_somebody_wrote_stays_as_it_is(file: ClientsFile) -> None:
    write(file, '[CDSE]\nclient_id = "x"\n')
    file.keep(known_provider("copernicus"), Client("y"))
    assert file.path.read_text() == '[CDSE]\nclient_id = "y"\n'


_KEEP = """
import sys
from pathlib import Path
from nb_oauth import Client, Provider
from nb_oauth.app_registrations import ClientsFile
from nb_oauth.providers import KnownProvider

sys.stdin.readline()
for number in range(5):
    name = f"{sys.argv[2]}-{number}"
    known = KnownProvider(Provider(name, token_endpoint=f"https://{name}.example/token"))
    ClientsFile(Path(sys.argv[1])).keep(known, Client(name))
"""


def test_processes_that_keep_at_once_lose_nothing(file: ClientsFile) -> None:
    workers = [
        subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", _KEEP, str(file.path), f"w{number}"], stdin=subprocess.PIPE
        )
        for number in range(3)
    ]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"\n")
        worker.stdin.close()
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert file.path.read_text().count("client_id") == 15


def test_a_file_that_cannot_be_locked_is_kept_nevertheless(
    file: ClientsFile, github: KnownProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", fail)
    with pytest.warns(UserWarning, match="write down an app at the same moment may lose one"):
        file.keep(github, Client("id"))
    assert file.find(github) == Client("id")


def test_who_waits_too_long_for_the_file_is_told_whom_for(
    file: ClientsFile, github: KnownProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("filelock.FileLock.acquire", fail)
    with pytest.raises(TimeoutError, match="Another process has been writing down an app"):
        file.keep(github, Client("id"))


def test_whether_it_can_be_kept_is_known_before(file: ClientsFile) -> None:
    file.require_writable()
    assert list(file.path.parent.iterdir()) == []
    file.path.parent.rmdir()
    file.path.parent.write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot be used|is no folder"):
        file.require_writable()


def test_two_who_try_at_once_are_not_in_each_other_s_way(
    file: ClientsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = private_files.write

    def write_and_be_overtaken(path: Path, *more: Any) -> None:
        write(path, *more)
        path.unlink()  # the other one is done with it first

    monkeypatch.setattr(private_files, "write", write_and_be_overtaken)
    file.require_writable()


def test_a_byte_order_mark_does_not_matter(file: ClientsFile, github: KnownProvider) -> None:
    write(file, b"\xef\xbb\xbf" + GITHUB.encode())  # as Notepad writes
    assert file.find(github) == Client("file-id", client_secret="file-secret")
    file.keep(github, Client("another"))
    assert file.find(github) == Client("another")


def test_a_folder_that_cannot_be_written_to(
    file: ClientsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(private_files, "write", fail)
    with pytest.raises(ConfigurationError, match="Read-only file system"):
        file.require_writable()
