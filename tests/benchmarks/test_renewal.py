"""Processes that meet an ended token together, beside a bare ``flock`` with a second look."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import Client, OAuth2Session, Provider
from nb_oauth.stores import FileTokenStore
from tests.unit.session_stage import Stage, ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.figures import Figures

PROCESSES, ROUNDS = 8, 15
ENDPOINT_TAKES = 0.1  # seconds
LIMIT = 1.6
SOON = 0.05  # seconds, in which every process has read when to begin
BARE = "bare flock"
OURS = "nb_oauth"


# -- what a process does ------------------------------------------------------------------------


def open_ours(token_endpoint: str, folder: Path) -> Callable[[], object]:
    """Return what gets a token that lives, as a session does before a request."""
    provider = Provider("Stage", token_endpoint=token_endpoint)
    session = OAuth2Session.open(provider, Client("app"), store=FileTokenStore(folder))
    session.trust_env = False
    return session.fresh_access_token


def open_bare(token_endpoint: str, folder: Path) -> Callable[[], object]:
    """The same by hand, for whom nothing ever goes wrong."""
    import fcntl

    file, http = folder / "token.json", requests.Session()
    http.trust_env = False
    token = json.loads(file.read_text())

    def live_token() -> object:
        nonlocal token
        if token["expires_at"] > time.time():
            return token
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            token = json.loads(file.read_text())  # the second look
            if token["expires_at"] <= time.time():
                form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
                token = http.post(token_endpoint, form, timeout=60).json()
                token["expires_at"] = time.time() + token["expires_in"]
                aside = folder / "aside"
                aside.write_text(json.dumps(token))
                aside.replace(file)
        return token

    return live_token


def work(token_endpoint: str) -> None:
    """Get a token as each line says: how, from which folder, and when to begin."""
    open_as = {OURS: open_ours, BARE: open_bare}
    while line := sys.stdin.readline():
        kind, folder = json.loads(line)
        live_token = open_as[kind](token_endpoint, Path(folder))
        print(flush=True)
        begin = float(sys.stdin.readline())
        time.sleep(max(0.0, begin - time.monotonic()))
        live_token()
        print(time.monotonic() - begin, flush=True)


# -- all of them --------------------------------------------------------------------------------


@contextmanager
def processes(token_endpoint: str) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, __file__, token_endpoint]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, **pipes) for _ in range(PROCESSES)]  # noqa: S603 - this file
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def tell(process: subprocess.Popen[str], what: object) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "a process died"
    return line.strip()


def slowest(started: list[subprocess.Popen[str]], kind: str, folder: Path) -> float:
    """Seconds until the last of the processes has a token that lives."""
    for process in started:
        tell(process, json.dumps([kind, str(folder)]))
    for process in started:
        hear(process)
    begin = time.monotonic() + SOON
    for process in started:
        tell(process, begin)
    return max(float(hear(process)) for process in started)


def keep_ended_token(stage: Stage, kind: str, folder: Path) -> None:
    ended = ending(-1, refresh_token=f"refresh-{stage._generation}")
    if kind == BARE:
        folder.mkdir()
        (folder / "token.json").write_text(json.dumps(ended))
        return
    provider = Provider("Stage", token_endpoint=stage.token_endpoint)
    OAuth2Session.open(provider, Client("app"), token=ended, store=FileTokenStore(folder))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no flock")
@pytest.mark.timeout(300)
def test_processes_meet_an_expired_token(tmp_path: Path, figures: Figures) -> None:
    took: dict[str, list[float]] = {BARE: [], OURS: []}
    with Stage() as stage, processes(stage.token_endpoint) as started:
        stage.delay = ENDPOINT_TAKES
        for number in range(ROUNDS + 1):
            for kind in sorted(took, reverse=number % 2 == 0):
                folder = tmp_path / f"{kind} {number}"
                keep_ended_token(stage, kind, folder)
                stage.token_requests.clear()
                seconds = slowest(started, kind, folder)
                assert len(stage.token_requests) == 1
                if number:  # the first round imports
                    took[kind].append(seconds)
    ratio = median(mine / bare for mine, bare in zip(took[OURS], took[BARE], strict=True))
    section = (
        f"{PROCESSES} processes meet an expired token, the endpoint takes "
        f"{ENDPOINT_TAKES * 1000:.0f} ms (median of {ROUNDS} interleaved rounds)"
    )
    figures.add(section, f"{BARE}, the slowest", f"{median(took[BARE]) * 1000:.0f} ms")
    remark = f"x {ratio:.2f} of it, 1 refresh each"
    measured = f"{median(took[OURS]) * 1000:.0f} ms"
    figures.add(section, f"{OURS}, the slowest", measured, f"x {LIMIT}", remark)


if __name__ == "__main__":
    work(sys.argv[1])
