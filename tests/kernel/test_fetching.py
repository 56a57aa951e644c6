"""Many requests from a cell, whose loop runs: interrupted, gone on with, and awaited."""

from __future__ import annotations

import json
import secrets
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.kernel.harness import KernelProcess
from tests.unit.session_stage import Reply, Request, Stage, ending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.leaks.left_behind import LeftBehind

pytestmark = pytest.mark.kernel

COUNT, CONCURRENCY = 60, 4
SET_UP = """
import asyncio, json, threading, time
from nb_oauth import Client, OAuth2Session, Provider, data
provider = Provider("Stage", token_endpoint={token_endpoint!r})
session = OAuth2Session.open(provider, Client("app"), token=json.load(open({path!r})))
session.trust_env = False
urls = [f"{issuer}/{{number}}" for number in range({count})]
results, had = data.fetch(session, urls, concurrency={concurrency}), []
def left():
    return [one.name for one in threading.enumerate() if one.name.startswith("nb_oauth fetch")]
def show():
    return [int(one.json()["path"][1:]) for one in had]
"""
STREAM = "for answer in results: had.append(answer)"
GATHER = "had = results.all()"
AWAIT = "had = await results"
STREAM_IN_LOOP = "async for answer in results: had.append(answer)"
LEFT = "print(left(), len(asyncio.all_tasks()) < 5)"


class Api(Stage):
    """Answers the first requests, and the others when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()
        self.held: list[Request] = []
        # Whoever interrupts does not read the answer.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]

    def answer(self, request: Request) -> Reply:
        if int(request.path[1:]) >= COUNT // 2:
            self.held.append(request)
            self.may_answer.wait(30)
        return super().answer(request)


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        yield api
        api.may_answer.set()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelProcess]:
    with KernelProcess(sys.executable, tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def token(tmp_path: Path, left_behind: LeftBehind) -> Path:
    """A file with one, which is to be found in nothing that the kernel leaves."""
    tokens = {kind: secrets.token_urlsafe(24) for kind in ("access_token", "refresh_token")}
    for kind, value in tokens.items():
        left_behind.made(kind, value)
    path = tmp_path / "token.json"
    path.write_text(json.dumps(ending(3600, **tokens)), encoding="utf-8")
    return path


@pytest.mark.parametrize("cell", [STREAM, GATHER, AWAIT, STREAM_IN_LOOP])
def test_an_interrupted_cell_goes_on_where_it_was(
    kernel: KernelProcess, api: Api, token: Path, cell: str
) -> None:
    where = {"token_endpoint": api.token_endpoint, "issuer": api.issuer, "path": str(token)}
    kernel.run(SET_UP.format(count=COUNT, concurrency=CONCURRENCY, **where))
    running = kernel.execute(cell)
    # All that it sends at a time: so the answers to those before have come to it.
    kernel.wait_for(lambda: len(api.held) == CONCURRENCY, "half of them", seconds=30)
    kernel.interrupt()
    assert kernel.outcome(running, seconds=30) in {"KeyboardInterrupt", "CancelledError"}
    assert kernel.run(LEFT) == "[] True\n"
    api.may_answer.set()
    api.api_requests.clear()
    kernel.run(cell)
    assert kernel.run("print(show())") == f"{list(range(COUNT))}\n"
    again = [int(request.path[1:]) for request in api.api_requests]
    assert set(again) == set(range(COUNT // 2, COUNT))
    assert len(again) <= COUNT // 2 + CONCURRENCY  # those that were under way had arrived
    assert kernel.run(LEFT) == "[] True\n"
