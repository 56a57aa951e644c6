"""What a Dask cluster makes of many requests: how many of them a task should send."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import pytest
from distributed import Client as DaskClient

from nb_oauth import OAuth2Session, data
from tests.unit import dask_work
from tests.unit.dask_cluster import Cluster
from tests.unit.short_lived_tokens import ShortLived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.benchmarks.figures import Figures

ROUNDS, REQUESTS, WORKERS, THREADS, BATCH = 3, 1_500, 2, 4, 25
LIFE = 2.0  # seconds
ONE, MANY = "one request a task", f"{BATCH} requests a task, one by one"
FETCH = "data.fetch(…, client=client)"
WITHOUT = f"without a cluster: {THREADS} threads"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShortLived]:
    with ShortLived(tmp_path / "server.log") as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[DaskClient]:
    with (
        Cluster(tmp_path / "cluster.log", workers=WORKERS, threads=THREADS // WORKERS) as cluster,
        DaskClient(cluster.address) as client,
    ):
        client.wait_for_workers(WORKERS)
        yield client


def one_a_task(client: DaskClient, session: OAuth2Session, urls: list[str]) -> list[int]:
    with data.on_cluster(session, client) as there:
        numbers: list[int] = client.gather(
            client.map(partial(dask_work.number, there), urls, pure=False)
        )
    return numbers


def many_a_task(client: DaskClient, session: OAuth2Session, urls: list[str]) -> list[int]:
    batches = [urls[first : first + BATCH] for first in range(0, len(urls), BATCH)]
    with data.on_cluster(session, client) as there:
        found = client.gather(client.map(partial(dask_work.numbers, there), batches, pure=False))
    return [number for numbers in found for number in numbers]


def by_fetch(client: DaskClient, session: OAuth2Session, urls: list[str]) -> list[int]:
    return [answer.json()["number"] for answer in data.fetch(session, urls, client=client)]


def by_threads(_: DaskClient, session: OAuth2Session, urls: list[str]) -> list[int]:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(partial(dask_work.number, session), urls))


CONTENDERS: dict[str, Callable[[DaskClient, OAuth2Session, list[str]], list[int]]] = {
    ONE: one_a_task,
    MANY: many_a_task,
    FETCH: by_fetch,
    WITHOUT: by_threads,
}


@pytest.mark.timeout(600)
def test_many_requests_on_a_cluster(
    server: ShortLived, client: DaskClient, figures: Figures
) -> None:
    urls = server.urls(REQUESTS)
    spent: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    refreshes, most = 0, 0.0
    for number in range(ROUNDS + 1):
        for name, ask in CONTENDERS.items():
            session = server.open(LIFE)
            before = time.monotonic()
            assert ask(client, session, urls) == list(range(REQUESTS))
            took = time.monotonic() - before
            if number:  # the first round opens connections
                spent[name].append(took)
            if name == FETCH:
                refreshes, most = refreshes + server.count("refreshes"), most + took / LIFE + 1
    section = f"{REQUESTS:,} requests, {WORKERS} workers of {THREADS // WORKERS} threads (dask)"
    for name, its in spent.items():
        ratio = median(base / one for one, base in zip(its, spent[ONE], strict=True))
        limit = "x 2.00" if name == FETCH else ""
        remark = f"{REQUESTS / median(its):,.0f} requests a second"
        figures.add(section, name, f"x {ratio:.2f}", limit, remark)
    figures.add(section, f"its renewals, of tokens of {LIFE:g} s", f"{refreshes}", f"{most:.0f}")
