"""Many requests at once, beside what else people do, and beside what sockets alone could."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest
import requests

from nb_oauth.data import fetch
from tests.benchmarks.contenders import ours
from tests.benchmarks.far_away import AWAY, far_away

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.figures import Figures

REQUESTS, SINGLY, ROUNDS = 1_000, 100, 5
FEWER = {"httpx by hand": 250}  # it takes ten times as long as the others
TOKEN = {"access_token": "a" * 40, "token_type": "Bearer", "expires_at": time.time() + 36_000}
HEADERS = {"Authorization": f"Bearer {TOKEN['access_token']}"}
LIMITS = {16: 12, 100: 25}
OURS, SOCKETS = "nb_oauth.data.fetch", "sockets alone"


def by_fetch(urls: list[str], concurrency: int) -> int:
    session = ours("https://api.example/token", TOKEN)
    answers = fetch(session, urls, concurrency=concurrency, progress=False)
    return sum(answer.status_code == 200 for answer in answers)


def by_threads(urls: list[str], concurrency: int) -> int:
    own = threading.local()
    opened: list[requests.Session] = []

    def get(url: str) -> bool:
        if not hasattr(own, "session"):
            own.session = requests.Session()
            own.session.trust_env = False
            opened.append(own.session)
        return bool(own.session.get(url, headers=HEADERS).status_code == 200)

    with ThreadPoolExecutor(concurrency) as pool:
        came = sum(pool.map(get, urls))
    for session in opened:
        session.close()
    return came


def by_httpx(urls: list[str], concurrency: int) -> int:
    async def run() -> int:
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        async with httpx.AsyncClient(headers=HEADERS, limits=limits, trust_env=False) as client:

            async def get(url: str) -> bool:
                return (await client.get(url)).status_code == 200

            return await _all(urls, concurrency, get)

    return asyncio.run(run())


def by_aiohttp(urls: list[str], concurrency: int) -> int:
    async def run() -> int:
        connector = aiohttp.TCPConnector(limit=concurrency)
        async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as client:

            async def get(url: str) -> bool:
                async with client.get(url) as answer:
                    await answer.read()
                    return answer.status == 200

            return await _all(urls, concurrency, get)

    return asyncio.run(run())


def by_sockets(urls: list[str], concurrency: int) -> int:
    async def run() -> int:
        left, came = iter(urls), 0

        async def work() -> None:
            nonlocal came
            address = urlsplit(urls[0])
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            for url in left:
                path = urlsplit(url).path.encode()
                writer.write(b"GET %s HTTP/1.1\r\nHost: api\r\n\r\n" % path)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.rpartition(b": ")[2]))
                came += 1
            writer.close()
            await writer.wait_closed()

        await asyncio.gather(*(work() for _ in range(concurrency)))
        return came

    return asyncio.run(run())


async def _all(urls: list[str], concurrency: int, get: Callable[[str], Any]) -> int:
    left, came = iter(urls), 0

    async def work() -> None:
        nonlocal came
        for url in left:
            is_well = await get(url)
            came += is_well

    await asyncio.gather(*(work() for _ in range(concurrency)))
    return came


CONTENDERS: dict[str, Callable[[list[str], int], int]] = {
    "threads of requests": by_threads,
    "httpx by hand": by_httpx,
    "aiohttp by hand": by_aiohttp,
    OURS: by_fetch,
    SOCKETS: by_sockets,
}


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with far_away() as address:
        yield address


@pytest.mark.timeout(300)
@pytest.mark.parametrize("concurrency", LIMITS)
def test_many_requests(api: str, figures: Figures, concurrency: int) -> None:
    urls = [f"{api}/stars/{number}" for number in range(REQUESTS)]
    times_quicker: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    took: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for number in range(ROUNDS + 1):
        singly = _one_by_one(urls)
        for name in sorted(CONTENDERS, reverse=number % 2 == 0):
            count = FEWER.get(name, REQUESTS)
            began = time.perf_counter()
            assert CONTENDERS[name](urls[:count], concurrency) == count
            seconds = (time.perf_counter() - began) * REQUESTS / count
            if number:  # the first round imports
                took[name].append(seconds)
                times_quicker[name].append(singly / seconds)
    section = (
        f"{REQUESTS:,} requests, each {AWAY * 1000:.0f} ms away, {concurrency} at a time, beside "
        f"one by one (median of {ROUNDS} interleaved rounds)"
    )
    for name, ratios in times_quicker.items():
        limit = f"x {LIMITS[concurrency]}" if name == OURS else ""
        remark = f"{median(took[name]):.2f} s"
        figures.add(section, name, f"x {median(ratios):.1f}", limit, remark)


def _one_by_one(urls: list[str]) -> float:
    """Seconds for all of them, one after the other; measured with some."""
    with ours("https://api.example/token", TOKEN) as session:
        began = time.perf_counter()
        for url in urls[:SINGLY]:
            assert session.get(url).status_code == 200
        return (time.perf_counter() - began) / SINGLY * len(urls)
