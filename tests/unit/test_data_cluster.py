"""A session's requests on a Dask cluster of separate processes: the token is renewed here alone."""

from __future__ import annotations

import contextlib
import copy
import itertools
import os
import pickle
import secrets
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import dask
import dask.bag
import pytest
import requests
from distributed import Client as DaskClient
from distributed import Variable

from nb_oauth import (
    ConfigurationError,
    FileTokenStore,
    LoginRequired,
    OAuth2Session,
    TokenError,
    data,
    setbacks,
)
from nb_oauth.data import cluster_courier, published_tokens, publishing, worker_answers
from nb_oauth.data.cluster import on_cluster
from nb_oauth.data.exchange import Call, Terms
from nb_oauth.data.published_tokens import Notebook, Published
from tests.leaks import process_memory
from tests.polling import wait_until
from tests.unit import dask_notebook, dask_work
from tests.unit.dask_cluster import Cluster
from tests.unit.short_lived_tokens import ShortLived, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIFE = 2.0  # seconds
WORKERS, THREADS = 2, 4


@pytest.fixture(scope="module")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(
        tmp_path_factory.mktemp("dask") / "cluster.log", workers=WORKERS, threads=THREADS // WORKERS
    ) as one:
        yield one


@pytest.fixture(scope="module")
def client(dask_cluster: Cluster) -> Iterator[DaskClient]:
    with DaskClient(dask_cluster.address) as one:
        one.wait_for_workers(WORKERS)
        yield one


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShortLived]:
    with ShortLived(tmp_path_factory.mktemp("server") / "server.log") as one:
        yield one


def found_on(dask_cluster: Cluster, texts: list[str]) -> set[str]:
    """Which of these are in the memory of scheduler or workers, or went over the wire."""
    found = {text for text in texts if dask_cluster.wire.holds(text)}
    for process in dask_cluster.processes():
        found |= process_memory.found_in(process.pid, texts)
    return found


def future_pid(client: DaskClient, future: Any) -> int:
    """The process of the worker that has what came of a task."""
    [address] = client.who_has([future])[future.key]
    pid: int = client.run(dask_work.process, workers=[address])[address]
    return pid


# -- many requests ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "life"),
    [
        (1800, LIFE),
        pytest.param(10_000, 2.0, marks=[pytest.mark.sweep, pytest.mark.timeout(600)]),
    ],
)
def test_every_result_comes_once_though_a_worker_is_lost(
    server: ShortLived, dask_cluster: Cluster, client: DaskClient, count: int, life: float
) -> None:
    session = server.open(life)
    client.wait_for_workers(WORKERS)
    processes = sorted(client.run(dask_work.process).values())
    numbers, began = [], time.monotonic()
    for answer in data.fetch(session, server.urls(count), client=client, ordered=False):
        numbers.append(answer.json()["number"])
        if len(numbers) == count // 2:
            os.kill(processes[0], signal.SIGKILL)
    took = time.monotonic() - began
    assert sorted(numbers) == list(range(count))
    assert took < life or server.count("refreshes") >= 1
    assert server.count("refreshes") <= took / life + 1, f"in {took} s"
    assert server.count("spent") == 0
    assert sorted(client.run(dask_work.process).values()) != processes
    access_token = session.token["access_token"]
    assert found_on(dask_cluster, [*server.secrets(), access_token]) == {access_token}


def test_what_is_on_a_cluster_is_found(
    server: ShortLived, dask_cluster: Cluster, client: DaskClient
) -> None:
    """A session of requests has no other way than to send the secret along."""
    server.open()
    planted = server.secrets()
    careless = requests.Session()
    careless.headers["Authorization"] = " ".join(planted)
    future = client.submit(dask_work.held, careless)
    assert future.result() == len(" ".join(planted))
    assert all(dask_cluster.wire.holds(text) for text in planted)
    for pid in (dask_cluster.pid, future_pid(client, future)):
        assert process_memory.found_in(pid, planted) == set(planted)


def test_few_addresses_are_taken_before_they_are_needed(
    server: ShortLived, client: DaskClient
) -> None:
    taken = itertools.count()
    addresses = (f"{server.issuer}/records/{number}" for number in taken)
    results = data.fetch(server.open(), addresses, client=client)
    with contextlib.closing(iter(results)) as answers:
        for number in range(40):
            assert next(answers).json() == {"number": number}
    assert next(taken) <= 40 + (3 * THREADS + 1) * 25
    wait_until(lambda: not any(client.processing().values()), "nobody works for nothing")


def test_a_request_that_fails_is_an_error_here(server: ShortLived, client: DaskClient) -> None:
    urls = [*server.urls(3), f"{server.issuer}/records/none"]
    with pytest.raises(requests.HTTPError, match="404 Client Error: Not Found"):
        data.fetch(server.open(), urls, client=client).all()
    nowhere = ["http://127.0.0.1:1/"]
    [error] = data.fetch(server.open(), nowhere, client=client, on_error="return", retry=None).all()
    assert isinstance(error, requests.ConnectionError)


def test_who_is_signed_out_is_told_here(server: ShortLived, client: DaskClient) -> None:
    session = server.open()
    session.forget_token()
    with pytest.raises(LoginRequired):
        data.fetch(session, server.urls(3), client=client).all()


def test_a_session_without_a_sign_in_is_sent_as_it_is(
    server: ShortLived, client: DaskClient
) -> None:
    token = server.open().token["access_token"]
    plain = requests.Session()
    plain.trust_env, plain.headers["Authorization"] = False, f"Bearer {token}"
    answers = data.fetch(plain, server.urls(3), client=client)
    assert [answer.json()["number"] for answer in answers] == [0, 1, 2]


def test_all_workers_keep_a_rate_together(server: ShortLived, client: DaskClient) -> None:
    session = server.open()
    client.wait_for_workers(WORKERS)  # one was killed by a test before
    data.fetch(session, server.urls(200), client=client, rate="80/s").all()
    # Each by itself would come to 160. Some are longer on their way than others.
    assert server.count("busiest") <= 120


def test_workers_come_and_go_meanwhile(
    server: ShortLived, client: DaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_courier, "_LOOKS_EVERY", 0.0)
    answers = data.fetch(server.open(), server.urls(60), client=client)
    assert [answer.json()["number"] for answer in answers] == list(range(60))


def test_connections_outlive_a_task_and_not_the_run(server: ShortLived, client: DaskClient) -> None:
    session = server.open()
    data.fetch(session, server.urls(500), client=client, concurrency=2).all()
    assert server.count("connections") <= 2 * WORKERS + 1
    wait_until(
        lambda: not any(client.run(dask_work.threads_that_fetch).values()), "they are closed"
    )


def test_a_task_that_costs_workers_is_an_error_here(
    server: ShortLived, client: DaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_answers, "answers", dask_work.fails)
    with pytest.raises(ZeroDivisionError):
        data.fetch(server.open(), server.urls(3), client=client).all()


# -- what else people do with Dask ----------------------------------------------------------------


def test_a_bag_and_delayed_tasks_outlive_the_token(server: ShortLived, client: DaskClient) -> None:
    session, urls = server.open(LIFE), server.urls(8)
    with on_cluster(session, client) as there:
        tasks = [dask.delayed(dask_work.number)(there, url) for url in urls]
        began, first = time.time(), session.token["access_token"]
        assert dask.compute(*tasks) == tuple(range(8))
        wait_until(lambda: time.time() > began + LIFE, "the first token ends")
        assert dask.compute(*tasks) == tuple(range(8))  # with the copies of before
        bag = dask.bag.from_sequence(urls, npartitions=2)
        assert bag.map(lambda url: there.get(url).json()["number"]).compute() == list(range(8))
        assert client.submit(dask_work.number_by_thread, there, urls[3]).result() == 3
        assert session.token["access_token"] != first
    assert server.count("spent") == 0


def test_a_copy_has_neither_store_nor_secret(
    server: ShortLived, client: DaskClient, tmp_path: Path, dask_cluster: Cluster
) -> None:
    session = server.open(store=FileTokenStore(tmp_path / "tokens"))
    session.pickles_secret = True
    who = f"person-{secrets.token_hex(16)}"
    session._keep({**session.token, "id_token": who})
    with on_cluster(session, client) as there:
        had = client.submit(dask_work.what_it_has, there).result()
        expected = ["access_token", "expires_at", "expires_in", "token_type"]
        assert had == {"token": expected, "store": None, "secret": None, "renews": True}
        assert there.account == session.account
    assert found_on(dask_cluster, [*server.secrets(), who]) == set()


def test_who_sends_a_session_plainly_is_told_how(server: ShortLived, client: DaskClient) -> None:
    session = server.open(0.5)
    waited = client.submit(dask_work.seconds_until, LoginRequired, session, server.urls(1)[0])
    seconds, said = waited.result()
    assert "nb_oauth.data.on_cluster(session, client)" in said
    assert seconds < 10


# -- when there is no next token -------------------------------------------------------------------


def test_workers_are_told_when_somebody_signs_out(server: ShortLived, client: DaskClient) -> None:
    session = server.open(1.0)
    with on_cluster(session, client) as there:
        told = client.submit(dask_work.seconds_until, LoginRequired, there, server.urls(1)[0])
        session.forget_token()
        seconds, said = told.result()
    assert "nobody is signed in any more" in said
    assert seconds < 10


def test_workers_are_told_when_it_is_closed(server: ShortLived, client: DaskClient) -> None:
    there = on_cluster(server.open(1.0), client)
    told = client.submit(dask_work.seconds_until, LoginRequired, there.session, server.urls(1)[0])
    there.close()
    seconds, said = told.result()
    assert "on_cluster() was closed" in said
    assert seconds < 10
    assert "Observatory" in repr(there)


def test_workers_are_told_when_the_provider_renews_no_longer(
    server: ShortLived, client: DaskClient
) -> None:
    session = server.open(1.0)
    with on_cluster(session, client) as there:
        session._client.token = {**session.token, "refresh_token": "another"}
        told = client.submit(dask_work.seconds_until, LoginRequired, there, server.urls(1)[0])
        _, said = told.result()
        assert "cannot be renewed" in said
        sign_in(session, server.issuer, 3600)
        wait_until(
            lambda: (
                client.submit(dask_work.status, there, server.urls(1)[0], pure=False).result()
                == 200
            ),
            "the workers go on",
        )
    assert server.count("spent") == 0


def test_a_worker_waits_no_longer_than_it_is_told(server: ShortLived, client: DaskClient) -> None:
    """As where the kernel of the notebook was killed, and nothing was said any more."""
    session = server.open()
    left = Notebook("nb_oauth-left-behind", patience=3.0)
    ended = {**session.token, "expires_at": time.time() - 1}
    Variable(left.variable, client=client).set(Published(1, ended)._asdict())
    for patience, at_most in ((3.0, 20.0), (0.0, 3.0)):  # and not again within a minute
        began = time.monotonic()
        with pytest.raises(LoginRequired, match="its kernel may have ended"):
            left.lend(ended)
        assert patience <= time.monotonic() - began < at_most


@pytest.mark.sweep
def test_workers_are_told_when_the_notebook_is_killed(
    server: ShortLived, client: DaskClient, dask_cluster: Cluster
) -> None:
    given = [dask_cluster.address, server.issuer, str(LIFE)]
    notebook = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "tests.unit.dask_notebook", *given], stdout=subprocess.PIPE
    )
    assert notebook.stdout is not None
    with notebook, notebook.stdout as said:
        variable = Variable(said.readline().decode().strip(), client=client)
        notebook.kill()
    seconds, told = variable.get(timeout=30)
    assert "its kernel may have ended" in told
    assert seconds < LIFE + dask_notebook.PATIENCE + 10


# -- tokens that an API refuses -------------------------------------------------------------------


def test_a_token_that_is_refused_before_its_end_is_renewed_in_the_notebook(
    server: ShortLived, client: DaskClient
) -> None:
    session = server.open()
    with on_cluster(session, client) as there:
        server.tell("revoke")
        tasks = [client.submit(dask_work.number, there, url) for url in server.urls(8)]
        assert client.gather(tasks) == list(range(8))
        assert server.count("refreshes") == 1


def test_an_api_that_refuses_every_token_costs_one_renewal(
    server: ShortLived, client: DaskClient
) -> None:
    session = server.open()
    server.tell("answer", api=401)
    with on_cluster(session, client) as there:
        began = time.monotonic()
        tasks = [client.submit(dask_work.status, there, url) for url in server.urls(8)]
        assert client.gather(tasks) == [401] * 8
        assert time.monotonic() - began < 10
        assert server.count("refreshes") == 1


def test_a_token_that_is_refused_and_cannot_be_renewed_stays(
    server: ShortLived, client: DaskClient
) -> None:
    session = server.open()
    server.tell("answer", api=401, token=503)
    session._pause = lambda _: None
    with on_cluster(session, client) as there:
        assert client.submit(dask_work.status, there, server.urls(1)[0]).result() == 401


# -- this process is one of the cluster as well ---------------------------------------------------


@pytest.fixture
def lent(server: ShortLived, client: DaskClient) -> Iterator[OAuth2Session]:
    """A copy of a session as a worker has it, in this process, which has a client."""
    with on_cluster(server.open(), client) as there:
        yield pickle.loads(pickle.dumps(there))  # noqa: S301 - our own


def test_a_token_that_lives_is_used_while_another_is_looked_for(
    server: ShortLived, client: DaskClient
) -> None:
    with on_cluster(server.open(LIFE), client) as there:
        lender, former = there.lender_of_copies, there.token
        assert lender is not None
        assert lender.lend(former) is former or time.time() > former["expires_at"] - LIFE / 10
        wait_until(lambda: time.time() > former["expires_at"], "it ends")
        newer = lender.lend(former)
    assert newer["expires_at"] > former["expires_at"]
    assert former["access_token"] not in repr(lender) + repr(newer)


def test_a_copy_in_a_process_of_no_cluster_says_so(lent: OAuth2Session) -> None:
    code = "import pickle, sys; pickle.load(sys.stdin.buffer).renew()"
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], input=pickle.dumps(lent), capture_output=True, check=False
    )
    assert b"A session from a Dask cluster gets its next token in a process of that" in done.stderr


def test_an_old_copy_is_lent_the_token_of_now(lent: OAuth2Session, client: DaskClient) -> None:
    lender, former = lent.lender, lent.token
    assert isinstance(lender, Notebook)
    renewed = lender.lend(former, is_refused=True)  # the notebook is told, and renews
    assert renewed["access_token"] != former["access_token"]
    with pytest.raises(TokenError, match="no other token than the one that the API refuses"):
        lender.lend(renewed, is_refused=True)
    Variable(lender.variable, client=client).set(Published(1, dict(former))._asdict())
    assert lender.lend({**former, "expires_at": time.time()}) == renewed
    assert published_tokens._bulletin(lender.variable).look().token == renewed


def test_what_the_notebook_does_not_hear_is_asked_again(
    server: ShortLived, client: DaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where an API refuses the token before the scheduler knows that the notebook listens."""
    came: list[int] = []
    note = publishing.Publisher.note_missed

    def note_the_second(publisher: publishing.Publisher, number: int) -> None:
        came.append(number)
        if len(came) > 1:
            note(publisher, number)

    monkeypatch.setattr(publishing.Publisher, "note_missed", note_the_second)
    with on_cluster(server.open(), client) as there:
        lender, former = there.lender_of_copies, there.token
        assert lender is not None
        assert lender.lend(former, is_refused=True)["access_token"] != former["access_token"]
    assert len(came) == 2
    assert server.count("refreshes") == 1


ALWAYS: dict[str, Any] = {"access_token": "of-old"}  # nobody knows its end


@pytest.mark.parametrize(
    ("published", "former", "is_newer"),
    [
        ({"access_token": "another"}, ALWAYS, True),
        ({"access_token": "of-old"}, ALWAYS, False),
        ({"access_token": "another", "expires_at": 10}, {**ALWAYS, "expires_at": 10}, True),
        ({"access_token": "another", "expires_at": 9}, {**ALWAYS, "expires_at": 10}, False),
        ({"access_token": "of-old", "expires_at": 11}, {**ALWAYS, "expires_at": 10}, True),
        (None, ALWAYS, False),
    ],
)
def test_which_token_is_newer(
    published: dict[str, Any] | None,
    former: dict[str, Any],
    is_newer: bool,  # noqa: FBT001 - of the table
) -> None:
    assert Published(1, published).is_newer(former) is is_newer


def test_an_end_that_nobody_knows_is_no_end(
    server: ShortLived, client: DaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_tokens, "_REFUSED_FOR", 0.1)
    lender = Notebook("nb_oauth-nobody-is-there")
    variable = Variable(lender.variable, client=client)
    variable.set(Published(1, ALWAYS)._asdict())
    assert lender.lend(ALWAYS) == ALWAYS
    with pytest.raises(TokenError, match="no other token"):
        lender.lend(ALWAYS, is_refused=True)
    variable.set(Published(2, None, why="all is over")._asdict())
    with pytest.raises(TokenError, match="no other token"):
        lender.lend(ALWAYS, is_refused=True)
    with pytest.raises(LoginRequired, match="all is over"):
        lender.lend({**ALWAYS, "expires_at": 1})


def test_a_token_that_is_due_is_not_looked_up_for_each_request(
    client: DaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_tokens, "_LONGEST_REST", 60.0)
    monkeypatch.setattr(published_tokens, "_SHARE_TO_REST", 2.0)
    variable = Variable("nb_oauth-due", client=client)
    due = {**ALWAYS, "expires_in": 3600, "expires_at": time.time() + 25}
    variable.set(Published(1, due)._asdict())
    lender = Notebook(variable.name)
    assert lender.lend(due) is due
    variable.set(Published(2, {"access_token": "new"})._asdict())
    assert lender.lend(due) is due
    monkeypatch.setattr(published_tokens, "_LONGEST_REST", 0.0)
    assert lender.lend(due) == {"access_token": "new"}


def test_the_next_token_is_taken_when_it_comes(client: DaskClient) -> None:
    variable = Variable("nb_oauth-late", client=client)
    variable.set(Published(1, {**ALWAYS, "expires_at": 1})._asdict())
    late = threading.Timer(0.2, variable.set, [Published(2, {"access_token": "new"})._asdict()])
    late.start()
    assert Notebook(variable.name).lend({**ALWAYS, "expires_at": 1}) == {"access_token": "new"}
    late.join()


def test_a_scheduler_that_knows_nothing_is_not_waited_for(
    client: DaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that was started anew, and has lost what was published."""
    monkeypatch.setattr(published_tokens, "_ANSWERS_WITHIN", 0.1)
    with pytest.raises(LoginRequired, match="its kernel may have ended"):
        Notebook("nb_oauth-unknown", patience=0.2).lend({**ALWAYS, "expires_at": 1})


def test_what_a_worker_asks_by(monkeypatch: pytest.MonkeyPatch, client: DaskClient) -> None:
    """A thread that a task has begun is not known to Dask, but its process has a worker."""

    def unknown() -> None:
        raise ValueError

    monkeypatch.setattr("distributed.get_client", unknown)
    with pytest.raises(TokenError, match="this is none"):
        Notebook("nb_oauth-unknown").lend({**ALWAYS, "expires_at": 1})
    worker = SimpleNamespace(_get_client=lambda: client)
    monkeypatch.setattr("distributed.Worker._instances", [worker])
    assert published_tokens._client() is client


def test_a_session_in_the_loop_of_a_worker_says_where_else_to_use_it(
    server: ShortLived, client: DaskClient
) -> None:
    session = server.open(LIFE)

    async def asked() -> None:
        with pytest.raises(TokenError, match="in a plain function"):
            published_tokens._client()

    client.sync(asked)
    with on_cluster(session, client) as there:
        ended = pickle.loads(pickle.dumps(there))  # noqa: S301 - our own
        ended.token = {**ended.token, "expires_at": 1}
        task = client.submit(dask_work.number_in_the_loop, ended, server.urls(1)[0])
        with pytest.raises(TokenError, match="in a plain function"):
            task.result()


# -- what is published, and for how long ----------------------------------------------------------


def test_which_sessions_and_clients_will_do(server: ShortLived, dask_cluster: Cluster) -> None:
    with DaskClient(dask_cluster.address, set_as_default=False) as other:
        with pytest.raises(ConfigurationError, match="a session that was opened"):
            on_cluster(OAuth2Session("app"), other)
        session = server.open()
        session.forget_token()
        with pytest.raises(LoginRequired):
            on_cluster(session, other)
    with pytest.raises(ConfigurationError, match="not asynchronous: make it by"):
        on_cluster(server.open(), other)


def test_it_ends_with_the_client(server: ShortLived, dask_cluster: Cluster) -> None:
    with DaskClient(dask_cluster.address, set_as_default=False) as other:
        there = on_cluster(server.open(), other)
        publisher = there._publisher
        assert publisher.is_alive()
    publisher.join(10)
    assert not publisher.is_alive()
    there.close()


def test_a_renewal_in_a_cell_is_published(server: ShortLived, client: DaskClient) -> None:
    session = server.open()
    with on_cluster(session, client) as there:
        url = server.urls(1)[0]
        session.renew()
        server.tell("keep", only=session.token["access_token"])
        assert client.submit(dask_work.number, there, url).result() == 0
    assert server.count("refreshes") == 1


def test_a_token_endpoint_that_is_out_of_order_is_asked_again(
    server: ShortLived, client: DaskClient
) -> None:
    session = server.open(1.0)
    session._pause = lambda _: None
    with on_cluster(session, client) as there:
        server.tell("answer", token=503)
        first = session.token["access_token"]
        wait_until(lambda: server.count("turned_away"), "the token endpoint is asked")
        server.tell("answer")
        assert client.submit(dask_work.number, there, server.urls(1)[0]).result() == 0
        assert session.token["access_token"] != first


def test_a_token_endpoint_that_stays_out_of_order_has_a_rest(
    server: ShortLived, client: DaskClient
) -> None:
    session = server.open()
    session._pause = lambda _: None
    session._keep({**session.token, "expires_at": time.time() - 1})
    server.tell("answer", token=503)
    publisher = publishing.Publisher(session, client)
    assert publisher._rest() == 0
    assert publisher._renew_in_time() == ""
    asked = server.count("turned_away")
    publisher._asks_at += 60  # however long it takes to look
    assert publisher._renew_in_time() == ""
    assert server.count("turned_away") == asked > 0
    publisher._pause, publisher._asks_at = 10, 0
    wait_until(lambda: publisher._renew_in_time() == "" and publisher._pause > 10, "it asks again")
    assert publisher._rest() == publishing._BEAT
    server.tell("answer")
    publisher._asks_at = 0
    assert publisher._renew_in_time() == ""  # and so it is renewed
    assert publisher._pause == publishing._FIRST_PAUSE
    assert publisher._renew_in_time() == ""
    assert publisher._asks_at == 0


def test_what_was_renewed_already_is_not_renewed_for_a_question_that_came_late(
    server: ShortLived, client: DaskClient
) -> None:
    session = server.open()
    publisher = publishing.Publisher(session, client)
    publisher._publish(session.token)
    session.renew()  # in a cell, and not published yet
    publisher.note_missed(1)
    publisher.note_missed(0)  # of a worker that never learned of any
    publisher._go_on()
    assert server.count("refreshes") == 1
    assert (publisher._published.number, publisher._published.is_last) == (2, False)
    publisher.note_missed(2)
    publisher.note_missed(1)
    publisher._go_on()
    assert server.count("refreshes") == 2
    assert (publisher._published.number, publisher._published.is_last) == (3, True)


def test_a_scheduler_that_takes_no_question_is_waited_for(
    lent: OAuth2Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(*_: Any, **how: Any) -> None:
        assert how["callback_timeout"] == published_tokens._ANSWERS_WITHIN
        raise TimeoutError

    assert isinstance(lent.lender, Notebook)
    away = SimpleNamespace(scheduler=SimpleNamespace(log_event=None), sync=no_answer)
    monkeypatch.setattr(published_tokens, "_client", lambda: away)
    published_tokens._bulletin(lent.lender.variable)._ask(1)


def test_what_is_published_is_said_again_now_and_then(
    server: ShortLived, client: DaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduler that was started anew has lost it."""
    monkeypatch.setattr(publishing, "_REPEATED_AFTER", 0.2)
    with on_cluster(server.open(), client) as there:
        lender = there.lender_of_copies
        assert isinstance(lender, Notebook)
        variable = Variable(lender.variable, client=client)
        variable.delete()
        assert variable.get(timeout=10)["token"]["access_token"] == there.token["access_token"]


def test_a_message_to_who_is_gone_is_nobodys() -> None:
    gone: Any = threading.Thread()
    handle = publishing._handler(gone)
    del gone
    assert handle((0.0, {"number": 1})) is None


def test_an_error_is_kept_without_the_frames_that_led_to_it() -> None:
    """Who loads Dask has every error copied with its traceback: tblib sees to that."""

    def fail() -> None:
        raise TokenError("no") from ValueError("why")

    with pytest.raises(TokenError) as told:
        fail()
    assert copy.copy(told.value).__traceback__ is not None
    kept = setbacks.alone(told.value)
    assert kept is not None
    assert (str(kept), kept.__traceback__, kept.__cause__, kept.__context__) == ("no", *[None] * 3)


# -- what a worker does of a fetch, seen from within ----------------------------------------------

TERMS = Terms(None, None, 4)


def test_the_tasks_of_a_run_share_its_connections(server: ShortLived) -> None:
    session = server.open()
    calls = [Call("GET", url, {}) for url in server.urls(30)]
    for run in ("run-1", "run-2"):
        for first in (0, 10, 20):
            found = worker_answers.answers(run, session, calls[first : first + 10], TERMS)
            assert [one.json()["number"] for one in found] == list(range(first, first + 10))  # type: ignore[union-attr]
        worker_answers.end(run)
        with pytest.raises(CancelledError):
            worker_answers.answers(run, session, calls, TERMS)
    assert server.count("connections") <= 2 * 4 + 1
    wait_until(lambda: not dask_work.threads_that_fetch(), "they are closed")


def test_a_task_ends_with_its_run(server: ShortLived) -> None:
    session, url = server.open(), f"{server.issuer}/slow"
    with ThreadPoolExecutor(1) as threads:
        told = threads.submit(
            worker_answers.answers, "run-3", session, [Call("GET", url, {})], TERMS
        )
        wait_until(lambda: server.count("requests"), "it waits for its answer")
        worker_answers.end("run-3")
        assert isinstance(told.exception(timeout=10), CancelledError)


def test_what_ends_a_courier_ends_its_tasks(server: ShortLived) -> None:
    session, call = server.open(), Call("GET", f"{server.issuer}/slow", {})
    office = worker_answers._office("run-4", session, TERMS)
    office._courier._failure = MemoryError()
    with pytest.raises(MemoryError):
        worker_answers.answers("run-4", session, [call], TERMS)
    worker_answers.end("run-4")
    wait_until(lambda: not dask_work.threads_that_fetch(), "they are closed")
    worker_answers._begin_anew()


def test_an_error_that_no_pickle_takes_is_told_in_words() -> None:
    class Own(requests.RequestException):
        pass

    told = worker_answers._sendable(Own("of a class that is nowhere"))
    assert isinstance(told, requests.ConnectionError)
    assert str(told) == "Own: of a class that is nowhere"
    assert worker_answers._sendable(requests.Timeout("late")).args == ("late",)  # type: ignore[union-attr]
