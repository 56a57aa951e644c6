"""One renewal for all sessions, threads and processes that share a store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from filelock import FileLock, Timeout

import nb_oauth
from nb_oauth import (
    Client,
    LoginRequired,
    MemoryTokenStore,
    OAuth2Session,
    Provider,
    TokenError,
    sign_in,
)
from nb_oauth.stores import FileTokenStore, LockingTokenStore, TokenStore, locks
from nb_oauth.tokens import Token, TokenKey
from tests import tools
from tests.polling import wait_until
from tests.unit.session_stage import Reply, Request, Stage, at_once, ending, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class OwnStore:
    """A store as people write them: three methods, and no word of locks."""

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}
        self.calls: list[str] = []

    def load(self, key: TokenKey) -> Token | None:
        self.calls.append("load")
        return self.tokens.get(key)

    def save(self, key: TokenKey, token: Token) -> None:
        self.calls.append("save")
        self.tokens[key] = token

    def delete(self, key: TokenKey) -> None:
        self.calls.append("delete")
        self.tokens.pop(key, None)


@pytest.fixture(params=["memory", "file", "own"])
def store(request: pytest.FixtureRequest, folder: Path) -> TokenStore:
    kinds: dict[str, Callable[[], TokenStore]] = {
        "memory": MemoryTokenStore,
        "file": lambda: FileTokenStore(folder),
        "own": OwnStore,
    }
    return kinds[request.param]()


def stored(store: TokenStore, session: OAuth2Session) -> Any:
    assert session._key is not None
    return (store.load(session._key) or {}).get("access_token")


# -- many processes -----------------------------------------------------------------------------


class Worker:
    """A process that runs a function of this file and talks in lines."""

    def __init__(self, what: str, *arguments: object) -> None:
        command = [sys.executable, __file__, what, *map(str, arguments)]
        self.process = subprocess.Popen(  # noqa: S603 - this very file
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=tools.unmeasured(),
        )

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()


@contextmanager
def workers(count: int, what: str, *arguments: object) -> Iterator[list[Worker]]:
    all_of_them = [Worker(what, *arguments) for _ in range(count)]
    try:
        yield all_of_them
    finally:
        for worker in all_of_them:
            worker.process.kill()
            worker.process.communicate()


def open_at(issuer: str, folder: str) -> OAuth2Session:
    provider = Provider("Stage", token_endpoint=f"{issuer}/token")
    client = Client("app", redirect_uri="http://127.0.0.1/callback")
    session = OAuth2Session.open(provider, client, store=FileTokenStore(folder))
    session.trust_env = False
    return session


def ask_the_api(issuer: str, folder: str) -> None:
    session = open_at(issuer, folder)
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        status = session.get(f"{issuer}/api").status_code
    except LoginRequired as error:
        print(type(error).__name__, flush=True)
    else:
        print(status, session.token["access_token"], flush=True)


def hold_the_lock(issuer: str, folder: str) -> None:
    session = open_at(issuer, folder)
    with session._only_one():
        print("inside", flush=True)
        sys.stdin.readline()


def wait_for_the_lock(issuer: str, folder: str) -> None:
    session = open_at(issuer, folder)
    print("waiting", flush=True)
    try:
        with session._only_one():
            print("inside", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)


def fork_while_a_thread_renews(issuer: str, folder: str) -> None:
    session, inside, done = open_at(issuer, folder), threading.Event(), threading.Event()

    def renew() -> None:
        with session._renewal.paused(), OAuth2Session.opened._lock, sign_in._memory._lock:
            inside.set()
            done.wait()

    thread = threading.Thread(target=renew)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # ends it, should it wait for a thread that is not there
        store = FileTokenStore(folder)
        nb_oauth.login(
            session.provider, client=session._registered, grant="authorization_code", store=store
        )
        os._exit(session.get(f"{issuer}/api").status_code - 200)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    done.set()
    thread.join()


def prepare(stage: Stage, folder: Path, left: float = -1) -> OAuth2Session:
    """Put a token into the store that others will open; it has ended unless ``left`` says more."""
    session = open_at(stage.issuer, str(folder))
    session._keep(ending(left))
    return session


class StrictStage(Stage):
    """Its API takes no token that was there before the first renewal."""

    def answer(self, request: Request) -> Reply:
        answered = super().answer(request)
        is_old = request.headers.get("Authorization") == "Bearer access-0"
        return reply(401, error="invalid_token") if is_old else answered


@pytest.mark.parametrize("left", [-1, 3000], ids=["it has ended", "the API refuses it"])
def test_eight_processes_that_meet_a_token_of_no_use_renew_it_once_and_all_succeed(
    folder: Path, left: float
) -> None:
    with StrictStage() as stage:
        stage.delay = 0.1
        prepare(stage, folder, left)
        with workers(8, "ask_the_api", stage.issuer, folder) as all_of_them:
            assert [worker.hear() for worker in all_of_them] == ["ready"] * 8
            for worker in all_of_them:
                worker.tell()
            assert [worker.hear() for worker in all_of_them] == ["200 access-1"] * 8
        assert len(stage.token_requests) == 1
        assert stage.sent_tokens.count("Bearer access-1") == 8


def test_eight_processes_with_a_token_that_is_renewed_no_longer_ask_once(
    stage: Stage, folder: Path
) -> None:
    stage.delay = 0.1
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    prepare(stage, folder)
    with workers(8, "ask_the_api", stage.issuer, folder) as all_of_them:
        assert [worker.hear() for worker in all_of_them] == ["ready"] * 8
        for worker in all_of_them:
            worker.tell()
        assert [worker.hear() for worker in all_of_them] == ["LoginRequired"] * 8
    assert len(stage.token_requests) == 1
    session = open_at(stage.issuer, str(folder))
    assert not session.is_alive
    session._keep(ending(3600, access_token="new", refresh_token="new"))  # somebody signs in anew
    assert open_at(stage.issuer, str(folder)).is_alive


def test_a_lock_is_free_within_a_second_of_its_holders_death(stage: Stage, folder: Path) -> None:
    session = prepare(stage, folder)
    with workers(1, "hold_the_lock", stage.issuer, folder) as [holder]:
        assert holder.hear() == "inside"
        [file] = folder.glob("*.lock")
        lock = FileLock(file, timeout=1)
        with pytest.raises(Timeout):
            lock.acquire(blocking=False)
        holder.process.kill()
        holder.process.wait()
        with lock:  # within its timeout
            pass
        assert session.get(stage.api).status_code == 200


def test_whoever_waits_for_another_process_can_be_interrupted(stage: Stage, folder: Path) -> None:
    session = prepare(stage, folder)
    with workers(1, "wait_for_the_lock", stage.issuer, folder) as [waiting]:
        with session._only_one():
            assert waiting.hear() == "waiting"
            wait_until(lambda: is_asleep(waiting), "it waits for the lock")
            waiting.process.send_signal(signal.SIGINT)
            assert waiting.hear() == "interrupted"
        assert session.get(stage.api).status_code == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_does_not_wait_for_threads_that_it_has_not(
    stage: Stage, folder: Path
) -> None:
    prepare(stage, folder)
    with workers(1, "fork_while_a_thread_renews", stage.issuer, folder) as [parent]:
        assert parent.hear() == "0"
    assert stage.sent_tokens == ["Bearer access-1"]


def is_asleep(worker: Worker) -> bool:
    """Tell whether it waits, having done all that it can."""
    return psutil.Process(worker.process.pid).status() == psutil.STATUS_SLEEPING


# -- many sessions ------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [8, 64])
def test_many_sessions_on_one_store_renew_once_and_all_succeed(
    stage: Stage, store: TokenStore, threads: int
) -> None:
    stage.delay = 0.1
    stage.open(token=ending(-1), store=store)
    sessions = [stage.open(store=store) for _ in range(threads)]
    results = at_once(threads, lambda: sessions.pop().get(stage.api))
    assert [getattr(one, "status_code", one) for one in results] == [200] * threads
    assert len(stage.token_requests) == 1


def test_opening_a_session_on_a_stored_token_writes_nothing(stage: Stage) -> None:
    store = OwnStore()
    stage.open(token=ending(100), store=store)
    store.calls.clear()
    stage.open(store=store)
    assert "save" not in store.calls


def test_a_session_whose_token_is_not_due_never_looks_at_the_store(stage: Stage) -> None:
    store = OwnStore()
    session = stage.open(token=ending(100), store=store)
    store.calls.clear()
    session.get(stage.api)
    assert store.calls == []


def test_a_token_that_another_session_got_is_taken(stage: Stage, store: TokenStore) -> None:
    first = stage.open(token=ending(-1), store=store)
    second = stage.open(store=store)
    assert [session.get(stage.api).status_code for session in (first, second)] == [200, 200]
    assert first.token == second.token
    assert len(stage.token_requests) == 1


def test_a_token_that_another_session_got_long_ago_is_the_one_to_renew(
    stage: Stage, store: TokenStore
) -> None:
    first = stage.open(token=ending(-1), store=store)
    second = stage.open(store=store)
    stage.lifetime = -1
    first.get(stage.api)
    stage.lifetime = 3600
    assert second.get(stage.api).status_code == 200
    sent = [request.form["refresh_token"] for request in stage.token_requests]
    assert sent == ["refresh-0", "refresh-1"]


def test_a_session_whose_refresh_token_was_refused_recovers_by_the_store(
    stage: Stage, store: TokenStore
) -> None:
    session = stage.open(token=ending(-1, refresh_token="used"), store=store)
    with pytest.raises(LoginRequired):
        session.get(stage.api)
    stage.open(token=ending(-1), store=store)  # somebody signs in elsewhere
    assert session.get(stage.api).status_code == 200


def test_on_demand_a_token_that_another_session_got_will_do(
    stage: Stage, store: TokenStore
) -> None:
    first = stage.open(token=ending(100), store=store)
    second = stage.open(store=store)
    first.renew()
    second.renew()
    assert first.token == second.token
    assert len(stage.token_requests) == 1
    second.renew()
    assert second.token["access_token"] == "access-2"


def test_on_demand_a_token_that_another_session_got_without_more_is_not_enough(
    stage: Stage, store: TokenStore
) -> None:
    first = stage.open(token=ending(100), store=store)
    second = stage.open(store=store)
    first._keep({"access_token": "other", "expires_at": time.time() - 1})
    with pytest.raises(LoginRequired):
        second.renew()


def test_early_renewal_uses_a_token_without_more_until_its_end(
    stage: Stage, store: TokenStore
) -> None:
    first = stage.open(token=ending(20), store=store)
    second = stage.open(store=store)
    first._keep({"access_token": "other", "expires_at": time.time() + 10})
    assert second.get(stage.api).status_code == 200
    assert stage.sent_tokens == ["Bearer other"]


# -- tokens that are not taken ------------------------------------------------------------------


def test_a_stored_token_that_may_do_less_is_not_taken(stage: Stage, store: TokenStore) -> None:
    session = stage.open(token=ending(-1, scope="a b"), store=store, scope="a b")
    other = stage.open(token=ending(100, access_token="less", scope="a"), store=store, scope="a")
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-1"]
    other.renew()
    assert other.token["access_token"] == "access-1"  # which may do more


def id_token(subject: str) -> str:
    from joserfc import jws
    from joserfc.jwk import OctKey

    claims = f'{{"iss": "i", "aud": "app", "sub": "{subject}"}}'
    return jws.serialize_compact({"alg": "HS256"}, claims, OctKey.import_key("k" * 32))


@pytest.mark.parametrize(
    ("theirs", "taken"),
    [(id_token("me"), True), (id_token("you"), False), ("no ID token", False), (None, True)],
)
def test_a_stored_token_of_somebody_else_is_not_taken(
    stage: Stage, theirs: str | None, *, taken: bool
) -> None:
    store = OwnStore()
    session = stage.open(token=ending(-1, id_token=id_token("me")), store=store)
    stage.open(token=ending(100, access_token="other", id_token=theirs), store=store)
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer other" if taken else "Bearer access-1"]


def test_an_older_token_that_stayed_because_nothing_could_be_saved_is_not_taken(
    stage: Stage,
) -> None:
    class Full(MemoryTokenStore):
        full = False

        def save(self, key: TokenKey, token: Token) -> None:
            if self.full:
                raise OSError(28, "No space left on device")
            super().save(key, token)

    store = Full()
    stage.open(token=ending(100, access_token="old", refresh_token="old"), store=store)
    store.full = True
    with pytest.warns(UserWarning, match=r"OSError\): No space left on device"):
        session = stage.open(token=ending(-1), store=store)
    with pytest.warns(UserWarning, match="No space left on device"):
        session.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-1"]


# -- signing out --------------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["memory", "file"], indirect=True)
def test_signing_out_of_one_session_ends_the_others_when_their_token_is_due(
    stage: Stage, store: LockingTokenStore
) -> None:
    first = stage.open(token=ending(-1), store=store)
    second = stage.open(store=store)
    first.forget_token()
    with pytest.raises(LoginRequired, match="Somebody signed out"):
        second.get(stage.api)
    assert not second.authorized
    assert not stage.token_requests
    assert stored(store, second) is None


def test_a_store_of_ones_own_that_drops_a_token_signs_nobody_out(stage: Stage) -> None:
    store = OwnStore()
    session = stage.open(token=ending(-1), store=store)
    store.tokens.clear()  # as a cache does when the token ends
    assert session.get(stage.api).status_code == 200
    assert stored(store, session) == "access-1"


def test_a_damaged_file_signs_nobody_out(stage: Stage, folder: Path) -> None:
    store = FileTokenStore(folder)
    session = stage.open(token=ending(-1), store=store)
    [file] = folder.glob("*.json")
    file.write_text("{")
    with pytest.warns(UserWarning, match="cannot be used"):
        assert session.get(stage.api).status_code == 200
    assert stored(store, session) == "access-1"


def test_signing_out_waits_for_the_end_of_a_renewal_that_would_save(
    stage: Stage, folder: Path
) -> None:
    stage.delay = 0.3
    first = stage.open(token=ending(-1), store=FileTokenStore(folder))
    second = stage.open(store=FileTokenStore(folder))

    renewal = threading.Thread(target=lambda: first.get(stage.api))
    renewal.start()
    wait_until(lambda: stage.token_requests, "the renewal has begun")
    second.forget_token()
    renewal.join()
    assert list(folder.glob("*.json")) == []


def test_a_store_that_cannot_delete_keeps_nobody_signed_in(stage: Stage) -> None:
    class Stubborn(OwnStore):
        def delete(self, key: TokenKey) -> None:
            raise PermissionError(13, "Permission denied", "/s3cret/path")

    session = stage.open(token=ending(100), store=Stubborn())
    with pytest.warns(UserWarning, match=r"deleted.*PermissionError\): Permission denied\.$"):
        session.forget_token()
    assert not session.authorized


def test_a_holder_that_never_ends_keeps_nobody_signed_in(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = stage.open(token=ending(100), store=FileTokenStore(folder))
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    with workers(1, "hold_the_lock", stage.issuer, folder) as [holder]:
        assert holder.hear() == "inside"
        with pytest.warns(UserWarning, match=r"could not be deleted from the store"):
            session.forget_token()
    assert not session.authorized


# -- what ails a store --------------------------------------------------------------------------


def test_a_store_that_cannot_be_read_loses_no_session(stage: Stage) -> None:
    class Down(OwnStore):
        down = False

        def load(self, key: TokenKey) -> Token | None:
            if self.down:
                raise RuntimeError("redis://user:s3cret@host is down")
            return super().load(key)

    store = Down()
    session = stage.open(token=ending(-1), store=store)
    store.down = True
    with pytest.warns(UserWarning, match="could not be looked at") as warned:
        assert session.get(stage.api).status_code == 200
    assert not any("s3cret" in str(one.message) for one in warned)
    assert stored_without_loading(store) == ["access-1"]


def stored_without_loading(store: OwnStore) -> list[object]:
    return [token["access_token"] for token in store.tokens.values()]


def test_a_file_that_others_may_read_is_named_and_replaced_by_a_renewal(
    stage: Stage, folder: Path
) -> None:
    session = stage.open(token=ending(-1), store=FileTokenStore(folder))
    [file] = folder.glob("*.json")
    file.chmod(0o644)
    with pytest.warns(UserWarning, match=f"chmod 600 {file}"):
        assert session.get(stage.api).status_code == 200
    assert "access-1" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("left", "outcome"), [(20, 200), (-1, TokenError)])
def test_a_holder_that_never_ends_stops_nobody_whose_token_lives(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch, left: float, outcome: object
) -> None:
    session = stage.open(token=ending(left), store=FileTokenStore(folder))
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    with workers(1, "hold_the_lock", stage.issuer, folder) as [holder]:
        assert holder.hear() == "inside"
        [result] = at_once(1, lambda: session.get(stage.api))
    assert outcome in {getattr(result, "status_code", 0), type(result)}
    assert outcome == 200 or str(result).startswith("Another process")
    assert not stage.token_requests


def test_a_session_that_keeps_its_token_to_itself_shares_nothing(stage: Stage) -> None:
    first, second = stage.open(token=ending(-1)), stage.open(token=ending(-1))
    first.get(stage.api)
    stage.at_token = lambda _: reply(access_token="mine", expires_in=60)
    second.get(stage.api)
    assert stage.sent_tokens == ["Bearer access-1", "Bearer mine"]


def test_a_store_that_compares_itself_and_has_no_hash_will_do(stage: Stage) -> None:
    class Comparing(OwnStore):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Comparing)

    session = stage.open(token=ending(-1), store=Comparing())
    assert session.get(stage.api).status_code == 200


def test_without_a_store_there_is_nobody_to_ask(stage: Stage) -> None:
    session = stage.open(token=ending(-1))
    session._store = None
    assert session.get(stage.api).status_code == 200
    session.forget_token()
    assert not session.authorized


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
