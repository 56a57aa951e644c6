"""A file with a token: whose it is, who may read it, and what becomes of a bad one."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import platformdirs
import pytest

from nb_oauth import ConfigurationError
from nb_oauth.stores import FileTokenStore, private_files
from nb_oauth.tokens import TokenKey
from tests.unit.session_stage import Stage, ending
from tests.unit.test_stores import KEY, OTHERS, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def store(tmp_path: Path) -> FileTokenStore:
    return FileTokenStore(tmp_path / "tokens")


def file_of(store: FileTokenStore) -> Path:
    [file] = store.folder.glob("*.json")
    return file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


# -- where it is, and what is in it -------------------------------------------------------------


def test_it_is_in_the_users_own_folder_unless_said_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    expected = platformdirs.user_state_path("nb_oauth", appauthor=False) / "tokens"
    assert FileTokenStore().folder == expected


def test_a_folder_is_meant_from_where_the_notebook_began(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert FileTokenStore("here").folder == tmp_path / "here"
    assert FileTokenStore("~/there").folder == tmp_path / "home" / "there"


def test_nobody_else_may_read_file_lock_and_folder(store: FileTokenStore) -> None:
    former = os.umask(0)
    try:
        store.save(KEY, TOKEN)
        with store.lock(KEY):
            modes = {path.suffix: mode_of(path) for path in store.folder.iterdir()}
    finally:
        os.umask(former)
    assert mode_of(store.folder) == 0o700
    assert modes == {".json": 0o600, ".lock": 0o600}


def test_it_holds_the_token_and_what_it_is_known_by(store: FileTokenStore) -> None:
    key = TokenKey("https://as.example", "app", "device_code", "work")
    store.save(key, TOKEN)
    assert json.loads(file_of(store).read_text()) == {
        "issuer": "https://as.example",
        "client_id": "app",
        "grant": "device_code",
        "account": "work",
        "token": TOKEN,
    }
    assert "work" not in file_of(store).name


def test_a_client_secret_is_in_no_file(store: FileTokenStore) -> None:
    from nb_oauth import Client

    with Stage() as stage:
        client = Client("app", client_secret="cl13nt-secret")
        session = stage.open(client, token=ending(-1), store=store)
        session.get(stage.api)
    assert "access-1" in file_of(store).read_text()
    assert "cl13nt-secret" not in file_of(store).read_text()


def test_a_token_that_json_cannot_hold_is_refused_and_the_one_before_stays(
    store: FileTokenStore,
) -> None:
    store.save(KEY, TOKEN)
    with pytest.raises(TypeError):
        store.save(KEY, {"access_token": b"bytes"})
    assert store.load(KEY) == TOKEN


# -- reading ------------------------------------------------------------------------------------


def test_an_unchanged_file_is_not_read_again(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(KEY, TOKEN)
    store.load(KEY)
    monkeypatch.setattr(private_files, "read", lambda _: pytest.fail("read again"))
    assert store.load(KEY) == TOKEN


_ASKING = ("lstat", "stat", "fstat", "open", "read", "fdopen", "listdir", "scandir")


def asked_of_the_system(function: Callable[[], object]) -> list[str]:
    """Which of ``_ASKING`` a call comes to, in order."""
    asked: list[str] = []

    def noting(name: str, call: Any) -> Any:
        return lambda *given, **named: (asked.append(name), call(*given, **named))[1]

    with pytest.MonkeyPatch.context() as patch:
        for name in _ASKING:
            patch.setattr(os, name, noting(name, getattr(os, name)))
        function()
    return asked


def test_looking_at_an_unchanged_file_asks_the_system_once(store: FileTokenStore) -> None:
    store.save(KEY, TOKEN)
    assert "open" in asked_of_the_system(lambda: store.load(KEY))
    assert asked_of_the_system(lambda: store.load(KEY)) == ["lstat"]


def test_what_another_process_saved_is_seen_at_once(store: FileTokenStore) -> None:
    other = FileTokenStore(store.folder)
    for number in range(200):  # same size, within one tick of the file system's clock
        other.save(KEY, {"access_token": f"{number:03}"})
        assert store.load(KEY) == {"access_token": f"{number:03}"}


def test_two_files_written_in_one_tick_of_the_file_systems_clock_differ(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = time.time_ns() // 10**6 * 10**6
    for moment in (written + 100, written + 300):
        monkeypatch.setattr(time, "time_ns", lambda moment=moment: moment)
        store.save(KEY, TOKEN)
        assert file_of(store).stat().st_mtime_ns == moment


def test_under_the_lock_the_file_is_read_whatever_its_status_says(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    real = private_files.read
    monkeypatch.setattr(private_files, "read", lambda path: reads.append(path) or real(path))
    store.save(KEY, TOKEN)
    store.load(KEY)
    with store.lock(KEY):
        store.load(KEY)
    assert len(reads) == 2


def test_a_mode_that_changes_is_noticed_though_nothing_else_does(store: FileTokenStore) -> None:
    store.save(KEY, TOKEN)
    store.load(KEY)
    file_of(store).chmod(0o640)
    with pytest.raises(ConfigurationError):
        store.load(KEY)


def test_a_file_that_goes_between_look_and_read_is_no_token(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(KEY, TOKEN)
    real = private_files.require_folder

    def meanwhile(folder: Path) -> None:
        file_of(store).unlink()
        real(folder)

    monkeypatch.setattr(private_files, "require_folder", meanwhile)
    assert store.load(KEY) is None


# -- whose it is --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666, 0o610])
def test_a_file_that_others_may_use_is_refused_with_what_to_run(
    store: FileTokenStore, mode: int
) -> None:
    store.save(KEY, TOKEN)
    file_of(store).chmod(mode)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {file_of(store)}"):
        store.load(KEY)
    file_of(store).chmod(0o600)
    assert store.load(KEY) == TOKEN


def test_a_file_of_somebody_else_is_refused_and_of_root_too(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(KEY, TOKEN)
    real, stranger = os.fstat, file_of(store).stat().st_uid + 1
    path = file_of(store)
    monkeypatch.setattr(os, "lstat", lambda name: owned_by(stranger, Path(name).stat()))
    with pytest.raises(ConfigurationError, match=rf"user {stranger}.*rm {path}"):
        store.load(KEY)
    monkeypatch.undo()
    # and if it becomes somebody else's after the first look
    monkeypatch.setattr(os, "fstat", lambda handle: owned_by(stranger, real(handle)))
    with pytest.raises(ConfigurationError, match=f"user {stranger}"):
        store.load(KEY)


def owned_by(user: int, status: os.stat_result) -> Any:
    members = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
    return SimpleNamespace(**{**members, "st_uid": user})


def test_a_folder_of_somebody_else_is_refused(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(KEY, TOKEN)
    monkeypatch.setattr(os, "geteuid", lambda: store.folder.stat().st_uid + 1)
    for use in (store.load, lambda key: store.save(key, TOKEN)):
        with pytest.raises(ConfigurationError, match="somebody else"):
            use(KEY)


@pytest.mark.parametrize("mode", [0o770, 0o702])
def test_a_folder_in_which_others_may_write_is_refused_with_what_to_run(
    store: FileTokenStore, mode: int
) -> None:
    store.save(KEY, TOKEN)
    store.folder.chmod(mode)
    for use in (store.load, lambda key: store.save(key, TOKEN)):
        with pytest.raises(ConfigurationError, match=f"chmod 700 {store.folder}"):
            use(KEY)


def test_a_path_with_spaces_can_be_pasted_into_a_terminal(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "my tokens")
    store.save(KEY, TOKEN)
    file_of(store).chmod(0o644)
    with pytest.raises(ConfigurationError, match=f"chmod 600 '{file_of(store)}'"):
        store.load(KEY)


def put_link(file: Path, elsewhere: Path) -> None:
    file.symlink_to(elsewhere)


def put_folder(file: Path, elsewhere: Path) -> None:
    file.mkdir()


def put_pipe(file: Path, elsewhere: Path) -> None:
    os.mkfifo(file, 0o600)


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (put_link, "a symbolic link.*: rm "),
        (put_folder, "a folder.*: rmdir "),
        (put_pipe, "something else.*: rm "),
    ],
)
def test_what_is_no_file_is_refused_with_what_to_run(
    store: FileTokenStore, tmp_path: Path, put: Callable[[Path, Path], None], said: str
) -> None:
    store.save(KEY, TOKEN)
    file, elsewhere = file_of(store), tmp_path / "elsewhere"
    shutil.move(file, elsewhere)
    put(file, elsewhere)
    with pytest.raises(ConfigurationError, match=said):
        store.load(KEY)
    assert KEY in store


def test_a_link_put_there_after_the_look_is_not_followed(
    store: FileTokenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(KEY, TOKEN)
    file, elsewhere = file_of(store), tmp_path / "elsewhere"
    before = os.lstat(file)
    shutil.move(file, elsewhere)
    file.symlink_to(elsewhere)
    monkeypatch.setattr(os, "lstat", lambda _: before)
    with pytest.warns(UserWarning, match="symbolic links"):
        assert store.load(KEY) is None


def test_saving_takes_the_place_of_a_link_and_leaves_alone_what_it_leads_to(
    store: FileTokenStore, tmp_path: Path
) -> None:
    store.save(KEY, TOKEN)
    file, elsewhere = file_of(store), tmp_path / "elsewhere"
    shutil.move(file, elsewhere)
    file.symlink_to(elsewhere)
    store.save(KEY, {"access_token": "new"})
    assert store.load(KEY) == {"access_token": "new"}
    assert "s3cret" in elsewhere.read_text()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("")
    store = FileTokenStore(tmp_path / "tokens")
    with pytest.raises(ConfigurationError, match=f"{tmp_path}/tokens cannot be used"):
        store.load(KEY)
    with pytest.raises(FileExistsError):
        store.save(KEY, TOKEN)
    assert repr(store).startswith("<FileTokenStore: holds 0 in")
    with pytest.raises(ConfigurationError, match="is no folder"):
        private_files.require_folder(tmp_path / "tokens")


# -- a damaged file -----------------------------------------------------------------------------


def edited(**members: Any) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), **members})


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda text: text[:-5],
        lambda text: text[5:],
        lambda _: "null",
        lambda _: "[" * 100_000,
        lambda text: text.replace("s3cret", "s3c\\nret"),
        lambda text: text.replace("s3cret", "é"),
        lambda text: text.replace("s3cret", ""),
        edited(issuer="https://other.example"),
        edited(account="other"),
        edited(token="s3cret"),
        edited(token={}),
        edited(token={"access_token": ["s3cret"]}),
        edited(token={"access_token": "s3cret", "refresh_token": 5}),
        edited(token={"access_token": "s3cret", "token_type": []}),
        edited(token={"access_token": "s3cret", "scope": 5}),
    ],
)
@pytest.mark.filterwarnings("default")
def test_a_damaged_file_asks_for_a_new_sign_in_and_stays_until_then(
    store: FileTokenStore, damage: Callable[[str], str]
) -> None:
    store.save(KEY, TOKEN)
    file = file_of(store)
    file.write_text(damage(file.read_text()), encoding="utf-8")
    damaged = file.read_bytes()
    with pytest.warns(UserWarning, match=f"{file} cannot be used") as warned:
        assert store.load(KEY) is None
    assert "s3c" not in str(warned[0].message)
    assert warned[0].filename == __file__
    assert file.read_bytes() == damaged
    store.save(KEY, TOKEN)
    assert store.load(KEY) == TOKEN


def test_bytes_that_are_no_text_are_no_token(store: FileTokenStore) -> None:
    store.save(KEY, TOKEN)
    file_of(store).write_bytes(b"\xff\xfe\x00{")
    with pytest.warns(UserWarning, match="it is not JSON"):
        assert store.load(KEY) is None


@pytest.mark.parametrize(
    "member",
    [{"expires_at": "soon"}, {"expires_in": None}, {"expires_at": float("nan")}, {"scope": None}],
)
def test_a_member_that_sessions_can_read_past_is_no_damage(
    store: FileTokenStore, member: dict[str, object]
) -> None:
    store.save(KEY, {"access_token": "access-0", **member})
    with Stage() as stage:
        session = stage.open(token=store.load(KEY))
        assert session.get(stage.api).status_code == 200


def test_the_file_of_another_account_in_its_place_is_noticed(store: FileTokenStore) -> None:
    store.save(KEY, TOKEN)
    mine = file_of(store)
    store.save(OTHERS[0], TOKEN)
    [other] = set(store.folder.glob("*.json")) - {mine}
    other.replace(mine)
    with pytest.warns(UserWarning, match="not about this account"):
        assert store.load(KEY) is None


def test_a_disk_that_fails_to_read_is_told(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(KEY, TOKEN)

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "open", fail)
    with pytest.warns(UserWarning, match=r"\.json cannot be used: Input/output error"):
        assert store.load(KEY) is None


# -- a file that cannot be written --------------------------------------------------------------


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def failing(name: str, number: int) -> Any:
    @contextmanager
    def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        def fail(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(
                *{"mkstemp": ("tempfile.mkstemp",), "replace": (Path, "replace")}.get(
                    name, (os, name)
                ),
                fail,
            )
            yield

    return broken


BROKEN = [
    full_disk,
    failing("fsync", errno.ENOSPC),
    failing("replace", errno.EDQUOT),
    failing("mkstemp", errno.EROFS),
    failing("replace", errno.EACCES),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_where_nothing_can_be_written_the_token_before_stays(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch, broken: Any
) -> None:
    store.save(KEY, TOKEN)
    with broken(monkeypatch), pytest.raises(OSError, match=r"\[Errno"):
        store.save(KEY, {"access_token": "new"})
    assert store.load(KEY) == TOKEN
    assert [path.suffix for path in store.folder.iterdir()] == [".json"]


@pytest.mark.parametrize("broken", BROKEN)
def test_where_nothing_can_be_written_the_new_token_lives_on_in_its_session(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch, broken: Any
) -> None:
    with Stage() as stage:
        session = stage.open(token=ending(-1), store=store)
        stage.lifetime = -1
        with broken(monkeypatch), pytest.warns(UserWarning, match="could not be stored"):
            session.get(stage.api)
        stage.lifetime = 3600
        assert session.get(stage.api).status_code == 200  # with refresh-1, not the stored one
        assert session.token["access_token"] == "access-2"
        assert (store.load(session._key) or {})["access_token"] == "access-2"


def test_a_home_that_is_read_only_costs_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    store = FileTokenStore(tmp_path / "home" / "tokens")

    def use() -> None:
        with Stage() as stage:
            assert stage.open(token=ending(-1), store=store).get(stage.api).status_code == 200

    with pytest.warns(UserWarning, match="Read-only file system") as warned:
        use()
    said = [str(one.message) for one in warned]
    assert any("could not be stored" in text for text in said)
    assert any("cannot be locked" in text for text in said)


def test_ctrl_c_while_writing_leaves_nothing_beside(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.save(KEY, TOKEN)
    assert not list(store.folder.iterdir())


def test_a_folder_that_cannot_be_synced_is_no_reason_to_fail(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def refuse_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(handle)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    store.save(KEY, TOKEN)
    assert store.load(KEY) == TOKEN


# -- what killed processes leave ----------------------------------------------------------------


def abandon(store: FileTokenStore, stem: str, *, age: float) -> Path:
    left = store.folder / f"{stem}.abc123.new"
    left.write_text("s3cret")
    os.utime(left, (time.time() - age,) * 2)
    return left


def test_what_killed_writers_left_goes_when_a_process_first_saves(store: FileTokenStore) -> None:
    store.save(KEY, TOKEN)
    old, young = abandon(store, "a", age=100), abandon(store, "b", age=1)
    FileTokenStore(store.folder).save(KEY, TOKEN)
    assert (old.exists(), young.exists()) == (False, True)


def test_signing_out_removes_what_killed_writers_left_of_that_token(store: FileTokenStore) -> None:
    store.save(KEY, TOKEN)
    mine = abandon(store, file_of(store).stem, age=1)
    other = abandon(store, "b", age=1)
    store.delete(KEY)
    assert (mine.exists(), other.exists()) == (False, True)


def test_what_cannot_be_removed_stays(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(KEY, TOKEN)
    (store.folder / "a.new").mkdir()
    store.delete(KEY)
    private_files.remove_abandoned(store.folder, "a")
    assert (store.folder / "a.new").is_dir()


# -- Windows ------------------------------------------------------------------------------------


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What Windows has of ``os``: another name, no owners, no such flags."""
    missing = {"geteuid", "getuid", "O_NOFOLLOW", "O_NONBLOCK"}
    names = {name: value for name, value in vars(os).items() if name not in missing}
    fake = SimpleNamespace(**{**names, "name": "nt"})
    monkeypatch.setattr(private_files, "os", fake)
    return fake


@pytest.mark.usefixtures("windows")
def test_on_windows_modes_mean_nothing(store: FileTokenStore) -> None:
    store.save(KEY, TOKEN)
    file_of(store).chmod(0o666)
    store.folder.chmod(0o777)
    assert store.load(KEY) == TOKEN


def busy(times: int, function: Callable[..., Any]) -> Callable[..., Any]:
    left = [times]

    def call(*arguments: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise PermissionError(errno.EACCES, "in use")
        return function(*arguments)

    return call


@pytest.mark.usefixtures("windows")
def test_on_windows_a_file_in_use_is_tried_again(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch, windows: SimpleNamespace
) -> None:
    monkeypatch.setattr(Path, "replace", busy(3, Path.replace))
    store.save(KEY, TOKEN)
    windows.open = busy(3, os.open)
    assert store.load(KEY) == TOKEN


@pytest.mark.usefixtures("windows")
def test_on_windows_a_file_that_stays_in_use_is_an_error_after_a_moment(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "_BUSY_AT_MOST", 0.05)
    monkeypatch.setattr(Path, "replace", busy(10**6, Path.replace))
    with pytest.raises(PermissionError):
        store.save(KEY, TOKEN)


# -- many tokens --------------------------------------------------------------------------------


def test_many_tokens_cost_no_more_to_use_than_one(store: FileTokenStore) -> None:
    store.save(KEY, TOKEN)
    file = file_of(store)

    def use() -> list[list[str]]:
        another = FileTokenStore(store.folder)
        return [asked_of_the_system(lambda: another.load(KEY)) for _ in range(2)]

    alone = use()
    for number in range(100):
        (store.folder / f"{number}.json").hardlink_to(file)
    assert use() == alone
    assert not {"listdir", "scandir"} & {*alone[0], *alone[1]}
