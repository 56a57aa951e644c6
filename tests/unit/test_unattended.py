"""login() where nobody can be asked: what was stored, else a refresh token in the environment."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import nb_oauth
from nb_oauth import (
    Client,
    ConfigurationError,
    FileTokenStore,
    LoginRequired,
    MemoryTokenStore,
    OAuth2Session,
    Provider,
    TokenError,
    demo,
    place,
    sign_in,
    unattended,
)
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.place import Place
from nb_oauth.providers import known_provider
from nb_oauth.stores import locks, private_files
from nb_oauth.tokens import TokenKey
from nb_oauth.variables import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Variables
from tests.providers.visitor import new_token
from tests.unit.metadata_server import MetadataServer
from tests.unit.session_stage import Reply, Request, Stage, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.providers.oidc import OidcProvider

APP = Client("app")
VARIABLE = "NB_OAUTH_EXAMPLE_REFRESH_TOKEN"
ENDPOINT = "NB_OAUTH_EXAMPLE_TOKEN_ENDPOINT"
ORIGINAL = "refresh-0"
MAKES_THEM = "nb-oauth login Example --client-id app --authorization-endpoint {0}/authorize "
MAKES_THEM += "--token-endpoint {0}/token --scope read --for-ci FILE"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of the test's own, and nobody there."""
    for name in [name for name in os.environ if name.startswith("NB_OAUTH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(place, "here", lambda: Place.UNATTENDED)
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())
    return tmp_path / "nb_oauth" / "tokens"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    """The environment has a refresh token, and says whom it is for."""
    monkeypatch.setenv(VARIABLE, f" {ORIGINAL}\n")
    monkeypatch.setenv(ENDPOINT, provider(stage).token_endpoint or "")


def provider(stage: Stage, **members: Any) -> Provider:
    endpoints = {
        "authorization_endpoint": f"{stage.issuer}/authorize",
        "token_endpoint": f"{stage.issuer}/token",
    }
    return Provider("Example", **{**endpoints, **members})


def tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another kernel, which remembers nothing."""
    monkeypatch.setattr(sign_in, "_memory", KernelMemory())


def login(stage: Stage, **more: Any) -> OAuth2Session:
    return nb_oauth.login(provider(stage), client=APP, scope="read", **more)


def sent(stage: Stage) -> list[str]:
    return [request.form["refresh_token"] for request in stage.token_requests]


# -- the variable --------------------------------------------------------------------------------


@pytest.mark.usefixtures("given")
def test_a_refresh_token_signs_in_and_nobody_is_asked(stage: Stage) -> None:
    session = login(stage)

    assert session.get(f"{stage.issuer}/data").status_code == 200
    assert sent(stage) == [ORIGINAL]
    assert login(stage) is session


@pytest.mark.usefixtures("given")
def test_tomorrow_begins_with_the_successor(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    login(stage).renew()
    tomorrow(monkeypatch)

    session = login(stage)
    session.renew()

    assert sent(stage) == [ORIGINAL, "refresh-1", "refresh-2"]


@pytest.mark.usefixtures("given")
def test_a_successor_whose_access_token_ended_is_renewed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.lifetime = 0
    login(stage)
    tomorrow(monkeypatch)
    stage.lifetime = 3600

    assert not login(stage).is_due
    assert sent(stage) == [ORIGINAL, "refresh-1"]


@pytest.mark.usefixtures("given")
def test_a_variable_that_was_set_anew_begins_anew(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(stage)
    tomorrow(monkeypatch)
    monkeypatch.setenv(VARIABLE, "refresh-of-another-day")
    stage.at_token = lambda _: reply(access_token="another", refresh_token="next", expires_in=60)

    assert login(stage).token["access_token"] == "another"
    assert sent(stage) == [ORIGINAL, "refresh-of-another-day"]


@pytest.mark.usefixtures("given")
def test_the_successor_is_kept_under_the_digest_of_the_original(stage: Stage, home: Path) -> None:
    login(stage)

    digest = hashlib.sha256(ORIGINAL.encode()).hexdigest()[:32]
    [folder] = home.iterdir()
    assert folder.name == f"environment-{digest}"
    [kept] = folder.glob("*.json")
    assert kept.stat().st_mode & 0o077 == 0
    assert "refresh-1" in kept.read_text(encoding="utf-8")


@pytest.mark.usefixtures("given")
def test_a_folder_that_was_named_has_the_successor(
    stage: Stage, tmp_path: Path, home: Path
) -> None:
    store = FileTokenStore(tmp_path / "named")
    session = login(stage, store=store)
    assert login(stage, store=store) is session

    [link] = home.iterdir()  # by which those find it who name none
    assert [link.resolve()] == [*(tmp_path / "named").glob("environment-*")]
    assert [*(tmp_path / "named").glob("*.json")] == []  # else the next variable would not count
    assert len([*(tmp_path / "named").glob("environment-*/*.json")]) == 1


@pytest.mark.parametrize("first", [0, 1, 2, 3, 4])
def test_jobs_that_ask_otherwise_use_it_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: None, first: int
) -> None:
    monkeypatch.setenv("NB_OAUTH_EXAMPLE__WORK_REFRESH_TOKEN", ORIGINAL)
    jobs: list[dict[str, Any]] = [
        {},
        {"grant": "device_code"},
        {"account": "work"},
        {"store": FileTokenStore(tmp_path / "named")},
        {"store": FileTokenStore(tmp_path / "named otherwise"), "grant": "implicit"},
    ]
    stage.lifetime = 0
    for job in (*jobs[first:], *jobs[:first]):
        tomorrow(monkeypatch)
        login(stage, **job)

    assert sent(stage) == [ORIGINAL, "refresh-1", "refresh-2", "refresh-3", "refresh-4"]


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("names_it_again", [False, True])
def test_a_folder_that_was_named_and_is_away_is_waited_for(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    home: Path,
    *,
    names_it_again: bool,
) -> None:
    named = FileTokenStore(tmp_path / "named")
    stage.lifetime = 0
    login(stage, store=named)
    [link] = home.iterdir()
    folder = link.readlink()
    named.folder.rename(tmp_path / "away")

    tomorrow(monkeypatch)
    with pytest.raises(LoginRequired, match="Bring that folder back") as failure:
        login(stage, **({"store": named} if names_it_again else {}))
    assert sent(stage) == [ORIGINAL]  # once more, and the provider would end all that came of it
    assert f"is kept in {folder}, which is not there" in str(failure.value)
    assert f"remove {link}; " in str(failure.value)
    assert "Make a new one with `nb-oauth login Example" in str(failure.value)
    assert not named.folder.exists()

    (tmp_path / "away").rename(named.folder)
    login(stage)
    assert sent(stage) == [ORIGINAL, "refresh-1"]


@pytest.mark.usefixtures("given")
def test_a_folder_that_was_named_and_cannot_be_looked_at_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = FileTokenStore(tmp_path / "named")
    login(stage, store=named)
    is_dir = Path.is_dir

    def be_stale(path: Path) -> bool:
        if path.name.startswith("environment-"):
            raise OSError(errno.ESTALE, "Stale file handle")
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", be_stale)
    tomorrow(monkeypatch)
    with pytest.raises(LoginRequired, match="Bring that folder back"):
        login(stage)
    assert sent(stage) == [ORIGINAL]


@pytest.mark.usefixtures("given")
def test_a_folder_that_is_gone_for_good_is_made_good_by_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    login(stage, store=FileTokenStore(tmp_path / "named"))
    shutil.rmtree(tmp_path / "named")
    [link] = home.iterdir()
    link.unlink()
    tomorrow(monkeypatch)
    stage.at_token = lambda _: reply(access_token="a", refresh_token="next", expires_in=60)

    assert login(stage).token["refresh_token"] == "next"
    assert len([*home.glob("environment-*/*.json")]) == 1


@pytest.mark.usefixtures("given")
def test_a_folder_that_was_named_serves_where_no_other_can_be_made(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    home.parent.write_text("no folder can be made here", encoding="utf-8")
    for _ in range(2):
        tomorrow(monkeypatch)
        login(stage, store=FileTokenStore(tmp_path / "named")).renew()

    assert sent(stage) == [ORIGINAL, "refresh-1", "refresh-2"]


@pytest.mark.usefixtures("given")
def test_a_successor_in_a_folder_that_was_named_is_found_beside_an_empty_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    store = FileTokenStore(tmp_path / "named")
    login(stage, store=store)
    [link] = home.iterdir()
    link.unlink()  # the folder is another container's
    link.mkdir()
    tomorrow(monkeypatch)

    login(stage, store=store).renew()

    assert sent(stage) == [ORIGINAL, "refresh-1"]


@pytest.mark.usefixtures("given")
def test_two_at_once_use_it_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.delay = 0.2
    request = sign_in._request(provider(stage), APP, "read", None, None)
    sessions: list[OAuth2Session | None] = []
    threads = [
        threading.Thread(target=lambda: sessions.append(unattended.session_for(request)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sent(stage) == [ORIGINAL]
    assert len({session.token["access_token"] for session in sessions if session}) == 1


JOB = """
import sys, nb_oauth
issuer = sys.argv[1]
provider = nb_oauth.Provider(
    "Example", authorization_endpoint=issuer + "/authorize", token_endpoint=issuer + "/token"
)
session = nb_oauth.login(provider, client=nb_oauth.Client("app"), scope="read")
print(session.get(issuer + "/data").status_code)
"""


@pytest.mark.usefixtures("given")
def test_jobs_of_several_processes_use_it_once(stage: Stage) -> None:
    stage.delay = 0.2
    command = [sys.executable, "-c", JOB, stage.issuer]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True}
    jobs = [subprocess.Popen(command, **pipes) for _ in range(3)]  # noqa: S603 - our own
    assert [job.communicate(timeout=60)[0] for job in jobs] == ["200\n"] * 3
    assert sent(stage) == [ORIGINAL]


@pytest.mark.usefixtures("given")
def test_who_waits_for_another_process_too_long_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> bool:
        raise TimeoutError("Another process has been renewing this token for 180 s.")

    monkeypatch.setattr(locks, "_take", never)
    with pytest.raises(TokenError, match="Another process") as failure:
        login(stage)
    assert failure.value.error == "temporarily_unavailable"


def test_an_account_has_a_variable_of_its_own(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, given: None
) -> None:
    with pytest.raises(LoginRequired, match="NB_OAUTH_EXAMPLE__WORK_REFRESH_TOKEN: `nb-oauth"):
        login(stage, account="work")
    monkeypatch.setenv("NB_OAUTH_EXAMPLE__WORK_REFRESH_TOKEN", ORIGINAL)
    assert login(stage, account="work").account.label == "work"


@pytest.mark.usefixtures("given")
def test_it_comes_before_an_app_that_acts_as_itself(stage: Stage) -> None:
    both = provider(stage, grant_types_supported=("client_credentials", "authorization_code"))
    service = Client("app", client_secret="s3cret")

    nb_oauth.login(both, client=service, scope="read")

    assert [one.form["grant_type"] for one in stage.token_requests] == ["refresh_token"]


@pytest.mark.usefixtures("given")
def test_who_names_client_credentials_gets_them(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token="the-app", expires_in=60)
    service = Client("app", client_secret="s3cret")

    session = nb_oauth.login(provider(stage), client=service, grant="client_credentials")

    assert session.token["access_token"] == "the-app"
    assert [one.form["grant_type"] for one in stage.token_requests] == ["client_credentials"]


@pytest.mark.usefixtures("given")
def test_the_implicit_grant_has_nothing_to_renew_with_so_it_counts_as_another(stage: Stage) -> None:
    assert login(stage, grant="implicit").account.renews


@pytest.mark.usefixtures("given")
def test_somebody_who_is_there_is_asked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "here", lambda: Place.NOTEBOOK)
    request = sign_in._request(provider(stage), APP, "read", None, None)
    assert unattended.session_for(request) is None
    assert stage.token_requests == []


# -- whom it is for ------------------------------------------------------------------------------


def test_no_account_s_label_makes_it_the_variable_of_another_provider() -> None:
    accounts = Variables("example").called(REFRESH_TOKEN, "work")
    assert accounts == "NB_OAUTH_EXAMPLE__WORK_REFRESH_TOKEN"
    for name in ("Example Work", "example__work", "example - work", "(example) work."):
        assert Variables(name).called(REFRESH_TOKEN) == "NB_OAUTH_EXAMPLE_WORK_REFRESH_TOKEN"


def test_each_label_has_a_variable_of_its_own() -> None:
    labels = ["work", "Work", "WORK", "a.b", "a-b", "a b", "a_b", "a__b", "_a_b", "büro", "bäro"]
    labels += ["работа", "дом", "家", "ß", "ss", "-"]
    names = [Variables("github").called(REFRESH_TOKEN, label) for label in labels]
    assert len({*names}) == len(labels)
    assert all(re.fullmatch("NB_OAUTH_GITHUB__[A-Z0-9_]+_REFRESH_TOKEN", name) for name in names)
    assert names[0] == "NB_OAUTH_GITHUB__WORK_REFRESH_TOKEN"
    assert re.fullmatch("NB_OAUTH_GITHUB__WORK_[A-F0-9]{8}_REFRESH_TOKEN", names[1])


def test_whose_variable_is_another_s_is_told_what_to_set(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, given: None
) -> None:
    monkeypatch.setenv("NB_OAUTH_EXAMPLE__WORK_REFRESH_TOKEN", ORIGINAL)
    with pytest.raises(LoginRequired, match=r"Set \w+__WORK_[A-F0-9]{8}_REFRESH_TOKEN"):
        login(stage, account="Work")
    assert stage.token_requests == []


@pytest.mark.parametrize(
    ("endpoint", "found"),
    [("https://github.com/login/oauth/access_token", "ours"), ("https://ghe.example/token", None)],
)
def test_what_is_said_to_be_for_another_server_never_goes_to_a_known_one(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, found: str | None
) -> None:
    known = known_provider("github")
    monkeypatch.setenv("NB_OAUTH_GITHUB_TOKEN_ENDPOINT", endpoint)
    for member in (CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN):
        monkeypatch.setenv(f"NB_OAUTH_GITHUB_{member}", "ours")
    variables = Variables.of(known)

    assert variables.value(REFRESH_TOKEN) == found
    assert variables.value(CLIENT_SECRET) == found


def test_nor_does_its_session_come_with_an_account_s_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_OAUTH_EXAMPLE_CLOUD_REFRESH_TOKEN", ORIGINAL)  # of "Example Cloud"
    monkeypatch.setenv(ENDPOINT, provider(stage).token_endpoint or "")
    with pytest.raises(LoginRequired):
        login(stage, account="cloud")
    assert stage.token_requests == []


def test_allowed_hosts_are_heeded_in_a_session_of_the_environment(
    stage: Stage, given: None
) -> None:
    session = login(stage)
    again = login(stage, allowed_hosts=["api.example"], store=MemoryTokenStore())
    assert again is session
    with pytest.raises(ConfigurationError, match="evil"):
        session.get("https://evil.example/data")
    assert session._store is not None
    assert isinstance(session._store, FileTokenStore)


def test_a_name_alone_opens_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NB_OAUTH_GITHUB_REFRESH_TOKEN", ORIGINAL)
    pretender = Provider(
        "GitHub",
        **{  # noqa: PIE804 - as the file's other endpoints
            "authorization_endpoint": f"{stage.issuer}/authorize",
            "token_endpoint": f"{stage.issuer}/token",
        },
    )

    with pytest.raises(LoginRequired, match="NB_OAUTH_GITHUB_TOKEN_ENDPOINT"):
        nb_oauth.login(pretender, client=APP)

    assert stage.token_requests == []


def test_nor_with_the_token_endpoint_of_somebody_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, ORIGINAL)
    monkeypatch.setenv(ENDPOINT, "https://as.example/token")
    with pytest.raises(LoginRequired, match=ENDPOINT):
        login(stage)
    assert stage.token_requests == []


# -- what is wrong with it -----------------------------------------------------------------------


@pytest.mark.usefixtures("given")
def test_one_that_is_refused_is_named_with_what_makes_another(stage: Stage) -> None:
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    with pytest.raises(LoginRequired) as failure:
        login(stage)
    words = str(failure.value)
    assert VARIABLE in words
    assert MAKES_THEM.format(stage.issuer) in words
    assert ORIGINAL not in words


@pytest.mark.usefixtures("given")
def test_so_is_a_successor_that_is_refused_and_it_is_tried_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.lifetime = 0
    login(stage)
    tomorrow(monkeypatch)
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    for _ in range(2):
        with pytest.raises(LoginRequired, match=VARIABLE):
            login(stage)
    assert sent(stage) == [ORIGINAL, "refresh-1"]


@pytest.mark.usefixtures("given")
def test_another_error_of_the_token_endpoint_is_told_as_it_is(stage: Stage) -> None:
    stage.at_token = lambda _: reply(401, error="invalid_client")
    with pytest.raises(TokenError, match="invalid_client"):
        login(stage)


@pytest.mark.usefixtures("given")
def test_one_that_is_good_for_less_is_named(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token="a", expires_in=60, scope="read")
    with pytest.raises(LoginRequired, match="good for read, and not for read write"):
        nb_oauth.login(provider(stage), client=APP, scope="read write")


# -- where nothing can be kept -------------------------------------------------------------------


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Nothing can be written any more."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    return lambda: monkeypatch.setattr(private_files, "write", refuse)


@pytest.mark.usefixtures("given")
def test_a_provider_that_rotates_is_refused_with_the_reason(
    stage: Stage, read_only: Callable[[], None]
) -> None:
    read_only()
    with pytest.raises(LoginRequired, match=f"so {VARIABLE} is used up") as failure:
        login(stage)
    assert "cannot be written" in str(failure.value)
    assert "XDG_STATE_HOME" in str(failure.value)


@pytest.mark.usefixtures("given")
def test_one_that_is_known_to_rotate_is_refused_before_any_harm(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, read_only: Callable[[], None]
) -> None:
    stage.lifetime = 0
    login(stage)
    tomorrow(monkeypatch)
    read_only()
    with pytest.raises(LoginRequired, match="would be used up"):
        login(stage)
    assert sent(stage) == [ORIGINAL]


@pytest.mark.usefixtures("given")
def test_a_kept_token_that_lives_serves_where_nothing_can_be_written(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, read_only: Callable[[], None]
) -> None:
    login(stage)
    tomorrow(monkeypatch)
    read_only()
    assert login(stage).token["access_token"]
    assert sent(stage) == [ORIGINAL]


@pytest.mark.usefixtures("given")
def test_a_provider_that_does_not_rotate_works_all_the_same(
    stage: Stage, read_only: Callable[[], None]
) -> None:
    stage.at_token = lambda _: reply(access_token="a", expires_in=60)
    read_only()
    assert login(stage).token["refresh_token"] == ORIGINAL


@pytest.mark.usefixtures("given")
def test_one_that_does_not_rotate_may_be_given_another_folder_each_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    stage.at_token = lambda _: reply(access_token="a", expires_in=60)
    for night in ("first", "second"):
        tomorrow(monkeypatch)
        login(stage, store=FileTokenStore(tmp_path / night))
        assert list(home.iterdir()) == []
        shutil.rmtree(tmp_path / night)
    assert sent(stage) == [ORIGINAL, ORIGINAL]


@pytest.mark.usefixtures("given")
@pytest.mark.filterwarnings("ignore:The token could not be stored")
def test_a_disk_that_is_full_by_then_is_told(stage: Stage, read_only: Callable[[], None]) -> None:
    rotate = stage.rotate

    def fill_the_disk(request: Request) -> Reply:
        read_only()
        return rotate(request)

    stage.at_token = fill_the_disk
    with pytest.raises(LoginRequired, match="is used up"):
        login(stage)


# -- a token that was stored ---------------------------------------------------------------------


def stored(stage: Stage, **token: Any) -> FileTokenStore:
    """A colleague of this test has signed in, with ``nb-oauth login``."""
    store = FileTokenStore()
    whole = {"access_token": "stored", "refresh_token": ORIGINAL, "scope": "read", **token}
    OAuth2Session.open(provider(stage), APP, scope="read", token=whole, store=store)
    return store


def test_a_token_that_was_stored_is_found_though_no_store_is_named(stage: Stage) -> None:
    stored(stage)
    assert login(stage).token["access_token"] == "stored"
    assert stage.token_requests == []


def test_who_names_a_store_is_served_from_no_other(stage: Stage, tmp_path: Path) -> None:
    stored(stage)
    with pytest.raises(LoginRequired, match=VARIABLE):
        login(stage, store=FileTokenStore(tmp_path / "named"))


def test_one_that_has_ended_is_renewed_where_it_is_kept(stage: Stage) -> None:
    store = stored(stage, expires_at=1)
    session = login(stage)
    assert session.token["refresh_token"] == "refresh-1"
    assert session._key is not None
    at_home = {"token_endpoint": stage.token_endpoint}
    assert store.load(session._key) == session.token | at_home


@pytest.mark.usefixtures("given")
def test_one_that_is_renewed_no_longer_gives_way_to_the_variable(stage: Stage) -> None:
    def refuse_the_stored(request: Request) -> Reply:
        if request.form["refresh_token"] == "stored-one":
            return reply(400, error="invalid_grant")
        return reply(access_token="a", expires_in=60)

    stage.at_token = refuse_the_stored
    stored(stage, expires_at=1, refresh_token="stored-one")
    assert login(stage).token["refresh_token"] == ORIGINAL
    assert sent(stage) == ["stored-one", ORIGINAL]


@pytest.mark.usefixtures("given")
def test_so_does_one_that_is_about_to_end_and_has_nothing_to_be_renewed_with(stage: Stage) -> None:
    stored(stage, expires_at=time.time() + 5, expires_in=3600, refresh_token=None)
    assert login(stage).token["refresh_token"] == "refresh-1"


def test_one_whose_provider_is_out_of_order_is_told(stage: Stage) -> None:
    stage.at_token = lambda _: reply(401, error="invalid_client")
    stored(stage, expires_at=1)
    with pytest.raises(TokenError, match="invalid_client"):
        login(stage)


@pytest.mark.usefixtures("given")
def test_a_file_that_others_may_read_is_named_and_passed_over(stage: Stage, home: Path) -> None:
    stored(stage)
    for file in home.glob("*.json"):
        file.chmod(0o644)
    with pytest.warns(UserWarning, match="Others may read"):
        session = login(stage)
    assert session.token["refresh_token"] == "refresh-1"


@pytest.mark.usefixtures("given")
def test_one_that_was_refused_before_its_end_gives_way_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    store = stored(stage, refresh_token="stored-one", expires_at=time.time() + 3600)
    key = TokenKey.of(provider(stage), APP, "authorization_code")
    with pytest.raises(TokenError):  # another job, whose first request was refused
        OAuth2Session.open(provider(stage), APP, store=store).renew()
    assert store.load(key)
    stage.at_token = lambda _: reply(access_token="a", expires_in=60)

    assert login(stage).token["refresh_token"] == ORIGINAL
    assert login(stage, store="file").token["refresh_token"] == ORIGINAL


@pytest.mark.usefixtures("given")
def test_a_successor_that_was_refused_before_its_end_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = login(stage)
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    with pytest.raises(TokenError):
        session.renew()
    for _ in range(2):
        tomorrow(monkeypatch)
        with pytest.raises(LoginRequired, match=f"{VARIABLE} no longer"):
            login(stage)
    assert sent(stage) == [ORIGINAL, "refresh-1"]


# -- nothing at all ------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [Place.UNATTENDED, Place.ELSEWHERE])
def test_what_to_set_is_named_exactly(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, where: Place
) -> None:
    monkeypatch.setattr(place, "here", lambda: where)
    with pytest.raises(LoginRequired) as failure:
        login(stage)
    assert f"Set {VARIABLE} and {ENDPOINT}: `{MAKES_THEM.format(stage.issuer)}`" in str(
        failure.value
    )
    assert "\n" not in str(failure.value)


def test_what_is_set_already_is_not_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, ORIGINAL)
    with pytest.raises(LoginRequired, match=f"Set {ENDPOINT}: `nb-oauth"):
        login(stage)


def test_an_empty_variable_is_none(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(LoginRequired, match=VARIABLE):
        login(stage)


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("github", ["CLIENT_ID", "ACCESS_TOKEN"]),  # whose tokens do not end
        ("gitlab", ["CLIENT_ID", "REFRESH_TOKEN"]),
        ("google", ["CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"]),
    ],
)
def test_a_known_provider_needs_an_app_as_well(name: str, members: list[str]) -> None:
    *others, last = [f"NB_OAUTH_{name.upper()}_{member}" for member in members]
    with pytest.raises(LoginRequired) as failure:
        nb_oauth.login(name, scope="read")
    command = f"`nb-oauth login {name} --scope read --for-ci FILE`"
    assert f"Set {', '.join(others)} and {last}: {command}" in str(failure.value)


def test_what_makes_them_is_told_for_each_kind_of_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(
        LoginRequired, match="`nb-oauth login github --client-id app --for-ci FILE`"
    ):
        nb_oauth.login("github", client=APP)
    with MetadataServer() as server:
        server.publish()
        with pytest.raises(LoginRequired) as failure:
            nb_oauth.login(server.issuer, client=APP)
    assert f"`nb-oauth login {server.issuer} --client-id app --for-ci" in str(failure.value)


@pytest.mark.parametrize("client", [APP, None])
@pytest.mark.parametrize(
    ("grant", "command", "then"),
    [
        ("device_code", "github{} --device --for-ci FILE", "without --for-ci: then this"),
        ("authorization_code", "github{} --for-ci FILE", "without --for-ci: then this"),
        ("implicit", "github{} --for-ci FILE", "and leave grant='implicit' out here: then this"),
        (None, "github{} --for-ci FILE", "without --for-ci: then this"),
    ],
)
def test_what_is_advised_makes_what_a_named_grant_finds(
    client: Client | None, grant: str | None, command: str, then: str
) -> None:
    with pytest.raises(LoginRequired) as failure:
        nb_oauth.login("github", client=client, grant=grant)
    app = " --client-id app" if client else ""
    assert f"`nb-oauth login {command.format(app)}`" in str(failure.value)
    assert f"{then} finds the token." in str(failure.value)


@pytest.mark.usefixtures("given")
def test_a_token_endpoint_that_is_written_otherwise_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, f"{stage.token_endpoint}/")
    with pytest.raises(LoginRequired) as failure:
        login(stage)
    words = str(failure.value)
    assert f"Set {ENDPOINT}: `nb-oauth" in words
    assert f"{ENDPOINT} is {stage.token_endpoint}/, and the token endpoint of Example is " in words
    assert words.endswith(f"is {stage.token_endpoint}: what is set beside it is not used.")


@pytest.mark.parametrize("pasted", [ORIGINAL, "https://x.example/t?client_secret=s3cret"])
def test_a_secret_in_its_place_is_not_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, given: None, pasted: str
) -> None:
    monkeypatch.setenv(ENDPOINT, pasted)
    with pytest.raises(LoginRequired, match=f"{ENDPOINT} is ") as failure:
        login(stage)
    assert ORIGINAL not in str(failure.value)
    assert "s3cret" not in str(failure.value)


def test_what_is_set_for_another_server_is_told_of_a_known_provider_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NB_OAUTH_GITHUB_TOKEN_ENDPOINT", "https://ghe.example/token")
    monkeypatch.setenv("NB_OAUTH_GITHUB_REFRESH_TOKEN", ORIGINAL)
    with pytest.raises(
        LoginRequired, match=r"GITHUB_TOKEN_ENDPOINT is https://ghe\.example/token,"
    ):
        nb_oauth.login("github", client=APP)


def test_an_app_whose_secret_no_command_takes_is_told_what_to_set(stage: Stage) -> None:
    with pytest.raises(LoginRequired) as failure:
        nb_oauth.login(provider(stage), client=Client("app", client_secret="s3cret"))
    assert (
        "That command needs NB_OAUTH_EXAMPLE_CLIENT_ID, NB_OAUTH_EXAMPLE_CLIENT_SECRET and "
        f"{ENDPOINT} set, or the app in clients.toml" in str(failure.value)
    )
    assert "s3cret" not in str(failure.value)
    with pytest.raises(LoginRequired) as failure:
        nb_oauth.login("github", client=Client("app", client_secret="s3cret"))
    assert "needs NB_OAUTH_GITHUB_CLIENT_ID and NB_OAUTH_GITHUB_CLIENT_SECRET set" in str(
        failure.value
    )


@pytest.fixture
def demo_here() -> Iterator[None]:
    yield
    demo.stop()


@pytest.mark.usefixtures("demo_here")
def test_a_demo_of_this_process_is_told_how_to_be_everybody_s() -> None:
    with pytest.raises(LoginRequired) as failure:
        nb_oauth.login("demo", scope="profile:read")
    words = str(failure.value)
    assert "--for-ci" not in words
    assert "REFRESH_TOKEN" not in words
    first = words.index("`nb-oauth demo --port 8765`")
    then = words.index("NB_OAUTH_DEMO_ISSUER=http://127.0.0.1:8765")
    assert first < then < words.index("`nb-oauth login demo --scope profile:read`")


@pytest.mark.usefixtures("demo_here")
def test_nor_is_a_refresh_token_of_another_demo_made_anew_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NB_OAUTH_DEMO_REFRESH_TOKEN", ORIGINAL)
    with pytest.raises(LoginRequired, match=r"no longer: .*`nb-oauth demo --port 8765`.* --for-ci"):
        nb_oauth.login("demo", scope="profile:read")


def test_no_variable_is_named_where_none_would_do(stage: Stage) -> None:
    elsewhere = provider(stage, revocation_endpoint="https://as.example/revoke")
    with pytest.raises(LoginRequired) as failure:
        nb_oauth.login(elsewhere, client=APP)
    assert "No variable can stand for that" in str(failure.value)
    assert "NB_OAUTH_" not in str(failure.value)
    assert "--for-ci" not in str(failure.value)


def test_an_alias_has_the_variables_of_its_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LoginRequired, match="NB_OAUTH_MICROSOFT_REFRESH_TOKEN"):
        nb_oauth.login("entra", client=APP)


# -- an access token in the environment ----------------------------------------------------------

ACCESS = "NB_OAUTH_EXAMPLE_ACCESS_TOKEN"
LASTING = "without-end"


class Once:
    """A body that can be sent but once."""

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[bytes]:
        yield b"a=1"


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> Stage:
    """The environment has an access token which the API takes, and says whom it is for."""
    answer = stage.answer

    def answer_as_an_api(request: Request) -> Reply:
        given = answer(request)
        is_good = request.path == "/token" or stage.sent_tokens[-1] == f"Bearer {LASTING}"
        return given if is_good else reply(401, error="invalid_token")

    monkeypatch.setattr(stage, "answer", answer_as_an_api)
    monkeypatch.setenv(ACCESS, f"{LASTING}\n")
    monkeypatch.setenv(ENDPOINT, provider(stage).token_endpoint or "")
    return stage


def test_an_access_token_is_used_as_it_is(lasting: Stage, home: Path) -> None:
    session = login(lasting)

    assert session.get(lasting.api).status_code == 200
    assert lasting.sent_tokens == [f"Bearer {LASTING}"]
    assert (lasting.token_requests, home.exists()) == ([], False)
    assert (session.account.ends_at, session.account.renews) == (None, False)
    assert login(lasting) is session


@pytest.mark.parametrize("body", [b"a=1", Once()], ids=["repeatable", "not"])
def test_one_that_an_api_refuses_is_named(
    lasting: Stage, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    monkeypatch.setenv(ACCESS, "revoked-long-ago")
    session = login(lasting)
    with pytest.raises(LoginRequired) as failure:
        session.post(lasting.api, data=body)
    assert f"does not accept the access token of {ACCESS}" in str(failure.value)
    assert MAKES_THEM.format(lasting.issuer) in str(failure.value)
    assert "revoked-long" not in str(failure.value)
    assert not session.is_alive
    assert login(lasting) is not session


def test_an_api_that_wants_more_scope_has_its_answer_heard(
    lasting: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    wants_more = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
    monkeypatch.setattr(lasting, "answer", lambda _: Reply("{}", 401, wants_more))
    assert login(lasting).get(lasting.api).status_code == 401


@pytest.mark.usefixtures("given")
def test_a_refresh_token_comes_first(lasting: Stage) -> None:
    login(lasting)
    assert sent(lasting) == [ORIGINAL]


def test_an_access_token_is_of_one_account(lasting: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LoginRequired):
        login(lasting, account="work")
    monkeypatch.setenv("NB_OAUTH_EXAMPLE__WORK_ACCESS_TOKEN", "of-work")
    assert login(lasting, account="work").token["access_token"] == "of-work"


def test_an_access_token_is_of_no_other_provider_of_that_name(
    lasting: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "https://as.example/token")
    with pytest.raises(LoginRequired, match="NB_OAUTH_EXAMPLE_REFRESH_TOKEN"):
        login(lasting)


def test_the_variable_of_an_account_whose_tokens_last_is_named_by_its_label() -> None:
    with pytest.raises(LoginRequired, match="Set NB_OAUTH_GITHUB__WORK_ACCESS_TOKEN: `nb-oauth"):
        nb_oauth.login("github", client=APP, account="work")


# -- secrets -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "server"])
def test_no_secret_is_in_an_error_its_frames_or_a_log(
    stage: Stage, error: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "a-very-secret-refresh-token")
    caplog.set_level(logging.DEBUG)
    stage.at_token = lambda _: reply(
        400, error=error, error_description="a-very-secret-refresh-token"
    )

    with pytest.raises(nb_oauth.OAuthError) as failure:
        login(stage)

    shown = "".join(
        traceback.TracebackException.from_exception(failure.value, capture_locals=True).format()
    )
    assert "a-very-secret" not in shown + caplog.text


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_no_secret_is_in_the_frames_of_an_interruption(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    monkeypatch.setenv(VARIABLE, "a-very-secret-refresh-token")
    service = Client("app", client_secret="a-very-secret-secret")

    def interrupt(*_: object, **__: object) -> None:
        raise interruption

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", interrupt)
    with pytest.raises(interruption) as ended:
        nb_oauth.login(provider(stage), client=service, scope="read")

    one = traceback.TracebackException.from_exception(ended.value, capture_locals=True)
    assert "a-very-secret" not in "".join(one.format())


# -- the judge -----------------------------------------------------------------------------------


@pytest.mark.provider
@pytest.mark.parametrize("client_id", ["public", "static"])
def test_with_the_judge_run_after_run(
    oidc: OidcProvider, monkeypatch: pytest.MonkeyPatch, client_id: str
) -> None:
    original = new_token(oidc, client_id)["refresh_token"]
    monkeypatch.setenv("NB_OAUTH_JUDGE_REFRESH_TOKEN", original)
    monkeypatch.setenv("NB_OAUTH_JUDGE_TOKEN_ENDPOINT", oidc.token_endpoint)
    oidc.set_access_token_ttl(1)

    for _ in range(3):
        tomorrow(monkeypatch)
        session = nb_oauth.login(
            oidc.provider("jwks_uri"), client=Client(client_id), scope="openid api:read"
        )
        session.renew()
        assert session.get(oidc.api).json()["sub"] == "alice"

    asked = oidc.token_requests("refresh_token")
    assert {one["status"] for one in asked} == {200}
    is_rotated = session.token["refresh_token"] != original
    assert is_rotated == (client_id == "public")
    assert original not in repr(session)


@pytest.mark.provider
def test_with_the_judge_an_original_that_was_used_elsewhere_is_told(
    oidc: OidcProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NB_OAUTH_JUDGE_REFRESH_TOKEN", new_token(oidc)["refresh_token"])
    monkeypatch.setenv("NB_OAUTH_JUDGE_TOKEN_ENDPOINT", oidc.token_endpoint)

    def login_to_the_judge() -> OAuth2Session:
        return nb_oauth.login(oidc.provider("jwks_uri"), client=Client("public"), scope="api:read")

    login_to_the_judge()
    tomorrow(monkeypatch)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another machine"))
    with pytest.raises(LoginRequired, match="used elsewhere and its successor was kept there"):
        login_to_the_judge()
