"""Sessions in the workers of pools, in forked processes, and at the judge."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import pytest
from requests.adapters import BaseAdapter, HTTPAdapter

from nb_oauth import FileTokenStore, LoginRequired, OAuth2Session, session_forks
from tests import tools
from tests.unit.copies_in_workers import STARTS, TASKS, in_child, open_at
from tests.unit.session_stage import Stage, ending
from tests.unit.test_session_with_judge import let_end, signed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.providers.oidc import OidcProvider

ROOT = Path(__file__).parents[2]
POOLS = [how for how in STARTS if hasattr(os, "fork") or how == "spawn"] + ["loky"]
IN_PROCESS = ["threading", "threads"]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def results_of(how: str, where: str, folder: object = "", session: object = None) -> list[Any]:
    command = [sys.executable, "-W", "error", "-m", "tests.unit.copies_in_workers"]
    done = subprocess.run(  # noqa: S603 - our own
        [*command, how, where, str(folder)],
        cwd=ROOT,
        env=tools.unmeasured(),
        input=pickle.dumps(session),
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    results: list[Any] = json.loads(done.stdout)
    return results


def prepare(stage: Stage, folder: Path, seconds: float = -1) -> OAuth2Session:
    """Put a token into the store that others will open."""
    session = open_at(stage.issuer, str(folder))
    session._keep(ending(seconds))
    return session


ALL = [[f"/api/{number}", "access-1"] for number in range(TASKS)]


@pytest.mark.parametrize("how", POOLS + IN_PROCESS)
def test_workers_of_a_pool_renew_once_for_all_on_a_file_store(
    stage: Stage, folder: Path, how: str
) -> None:
    stage.delay = 0.1
    parent = prepare(stage, folder)
    assert results_of(how, stage.issuer, folder) == ALL
    assert len(stage.token_requests) == 1
    assert set(stage.sent_tokens) == {"Bearer access-1"}
    assert parent.get(stage.api).status_code == 200  # takes what the workers got


@pytest.mark.parametrize("how", POOLS)
def test_workers_without_a_store_say_that_somebody_must_sign_in(stage: Stage, how: str) -> None:
    assert results_of(how, stage.issuer) == [["LoginRequired", None]] * TASKS
    assert not stage.token_requests


@pytest.mark.parametrize("how", IN_PROCESS)
def test_threads_share_the_session_itself(stage: Stage, how: str) -> None:
    assert results_of(how, stage.issuer) == ALL
    assert len(stage.token_requests) == 1


def test_joblib_knows_a_session_again(stage: Stage, folder: Path) -> None:
    session = prepare(stage, folder, 60)
    assert joblib.hash(session) == joblib.hash(session)


# -- forks --------------------------------------------------------------------------------------


@needs_fork
def test_a_forked_process_waits_for_no_thread_and_renews_on_its_store(
    stage: Stage, folder: Path
) -> None:
    prepare(stage, folder)
    there = [[*one, True] for one in ALL]
    assert results_of("by_fork", stage.issuer, folder) == [*there, there[0]]
    assert len(stage.token_requests) == 1


@needs_fork
def test_a_refresh_token_that_memory_alone_keeps_is_left_to_the_parent(stage: Stage) -> None:
    *there, parent = results_of("by_fork", stage.issuer)
    assert there == [["LoginRequired", None, False]] * TASKS
    assert parent == ["/api/0", "access-1", True]
    assert len(stage.token_requests) == 1


@needs_fork
def test_an_app_that_acts_as_itself_goes_on_in_a_forked_process(stage: Stage) -> None:
    session = stage.open(grant="client_credentials", token=ending(-1))
    assert in_child(lambda: session.get(stage.api).status_code) == 200


@needs_fork
def test_a_session_made_by_its_constructor_goes_on_in_a_forked_process(stage: Stage) -> None:
    session = stage.classic(
        OAuth2Session,
        "app",
        token=ending(-1),
        auto_refresh_url=stage.token_endpoint,
        token_updater=lambda _: None,
    )
    assert in_child(lambda: session.get(stage.api).status_code) == 200


class KeepingAlive(BaseHTTPRequestHandler):
    """Says by which port it was asked, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = json.dumps({"port": self.client_address[1]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def keeping_alive() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), KeepingAlive)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@needs_fork
def test_a_forked_process_asks_by_connections_of_its_own(keeping_alive: str, folder: Path) -> None:
    open_at(keeping_alive, str(folder))._keep(ending(60))
    mine, there, again = results_of("by_shared_connection", keeping_alive, folder)
    assert mine == again != there


def test_what_a_forked_process_does_first(stage: Stage, folder: Path) -> None:
    """As in the tests above, here where it can be looked at: also on systems that do not fork."""
    alone = stage.open(token=ending(-1))
    on_store = stage.open(token=ending(-1), store=FileTokenStore(folder))
    classic = stage.classic(OAuth2Session, "app", token=ending(-1))
    pools = [one.adapters["https://"].poolmanager for one in (alone, on_store)]  # type: ignore[attr-defined]
    locks = [one.cookies._cookies_lock for one in (alone, on_store)]  # type: ignore[attr-defined]
    session_forks._begin_anew()
    for one, pool, lock in zip((alone, on_store), pools, locks, strict=True):
        assert one.adapters["https://"].poolmanager is not pool  # type: ignore[attr-defined]
        assert one.cookies._cookies_lock is not lock  # type: ignore[attr-defined]
    assert not alone.token.get("refresh_token")
    assert on_store.token["refresh_token"] == classic.token["refresh_token"] == "refresh-0"
    assert not alone.account.renews
    assert on_store.account.renews


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy])
def test_a_twin_asks_by_connections_of_its_own_in_a_forked_process(
    stage: Stage, twin: Callable[[Any], Any]
) -> None:
    other = twin(stage.open(token=ending(60)))
    pool, lock = other.adapters["https://"].poolmanager, other.cookies._cookies_lock
    session_forks._begin_anew()
    assert other.adapters["https://"].poolmanager is not pool
    assert other.cookies._cookies_lock is not lock
    assert not other.account.renews


def test_a_forked_process_waits_for_no_thread_that_asks_for_signing_keys(stage: Stage) -> None:
    session: Any = stage.open(token=ending(60))
    keys = session._keys_of(f"{stage.issuer}/keys")
    assert session._keys_of(f"{stage.issuer}/keys") is keys
    session_forks._begin_anew()
    assert session._keys_of(f"{stage.issuer}/keys") is not keys


class OwnAdapter(HTTPAdapter):
    def __setstate__(self, _: object) -> None:
        raise NotImplementedError


class OtherAdapter(BaseAdapter):
    pass


def test_an_adapter_that_cannot_be_made_anew_stops_nothing(stage: Stage) -> None:
    session = stage.open(token=ending(60))
    session.mount("own://", OwnAdapter())
    session.mount("other://", OtherAdapter())
    session.cookies = None  # type: ignore[assignment]
    session_forks._begin_anew()
    assert not session.account.renews


# -- at the judge -------------------------------------------------------------------------------


@pytest.mark.provider
@pytest.mark.parametrize("how", POOLS)
def test_the_judge_sees_one_renewal_for_all_workers_and_their_parent(
    oidc: OidcProvider, folder: Path, how: str
) -> None:
    session = signed_in(oidc, "public", "none")
    session.keep_in(FileTokenStore(folder))
    before = session.token["access_token"]
    session._keep({**session.token, "expires_at": time.time() - 1})
    results = results_of(how, oidc.api, "-", session)
    assert [status for status, _ in results] == [200] * TASKS
    assert session.get(oidc.api).status_code == 200
    assert {token for _, token in results} == {session.token["access_token"]} != {before}
    (renewal,) = oidc.token_requests("refresh_token")
    assert renewal["status"] == 200
    assert session.id_claims["sub"] == sent(session).id_claims["sub"]


@pytest.mark.provider
def test_no_secret_that_the_judge_gave_or_took_but_the_access_token_is_in_a_pickle(
    oidc: OidcProvider,
) -> None:
    session = signed_in(oidc, "confidential-basic", "client_secret_basic")
    pickled = pickle.dumps(session)
    found = {one.kind for one in oidc.secrets() if one.value.encode() in pickled}
    assert found == {"access_token", "id_token"} & {one.kind for one in oidc.secrets()}
    there = sent(session)
    assert there.get(oidc.api).status_code == 200
    let_end(there)
    with pytest.raises(LoginRequired):
        there.get(oidc.api)
    assert not oidc.token_requests("refresh_token")


def sent(session: OAuth2Session) -> OAuth2Session:
    there: OAuth2Session = pickle.loads(pickle.dumps(session))  # noqa: S301 - our own
    return there
