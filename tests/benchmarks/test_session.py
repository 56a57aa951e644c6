"""What the session costs beside the ones it could be replaced by."""

from __future__ import annotations

import gc
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmarks.contenders import (
    AUTHLIB,
    CONTENDERS,
    OURS,
    PLAIN,
    THEIRS,
    Session,
    in_memory,
)
from tests.providers import visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.figures import Figures
    from tests.providers.oidc import OidcProvider

ROUNDS, REQUESTS = 15, 60
ALIVE = {"access_token": "a" * 40, "token_type": "Bearer", "expires_at": time.time() + 36_000}
FAR = "https://api.example"


@pytest.fixture
def _insecure_transport_for_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests-oauthlib sends no token to http, not even on loopback, without this."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture(autouse=True)
def _no_collections() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("variables", [0, 1_000])
def test_an_authorized_request_in_memory(
    figures: Figures, monkeypatch: pytest.MonkeyPatch, variables: int
) -> None:
    for number in range(variables):
        monkeypatch.setenv(f"SERVICE_{number}_PORT", f"tcp://10.0.0.1:{number}")
    sessions = {name: in_memory(make(f"{FAR}/token", ALIVE)) for name, make in CONTENDERS.items()}
    further = f", with {variables:,} more variables" if variables else ""
    where = f"in memory{further}"
    _compare(sessions, f"{FAR}/user", where, figures, limit="x 0.60")


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_insecure_transport_for_theirs")
def test_an_authorized_request_over_loopback(oidc: OidcProvider, figures: Figures) -> None:
    token = visitor.new_token(oidc)
    sessions = {name: make(oidc.token_endpoint, token) for name, make in CONTENDERS.items()}
    _compare(sessions, oidc.api, "over loopback", figures, limit="x 0.75")


def _compare(
    sessions: dict[str, Session], url: str, where: str, figures: Figures, limit: str
) -> None:
    spent: dict[str, list[float]] = {name: [] for name in sessions}
    for number in range(ROUNDS + 1):
        for name in sorted(sessions, reverse=number % 2 == 0):
            cpu = _cpu(sessions[name], url)
            if number:  # the first round opens connections
                spent[name].append(cpu)
    section = f"CPU of an authorized GET {where} (median of {ROUNDS} rounds of {REQUESTS})"
    for name, its in spent.items():
        ratio = median(one / base for one, base in zip(its, spent[PLAIN], strict=True))
        shown = limit if name == OURS else ""
        figures.add(section, name, f"x {ratio:.2f}", shown, remark=f"{median(its):.0f} us")
    for session in sessions.values():
        session.close()


def _cpu(session: Session, url: str) -> float:
    """Microseconds of CPU time of this process for one request; the server is another one."""
    began = time.process_time()
    for _ in range(REQUESTS):
        assert session.get(url).status_code == 200
    return (time.process_time() - began) / REQUESTS * 1e6


@pytest.mark.usefixtures("_insecure_transport_for_theirs")
@pytest.mark.parametrize("threads", [8, 64])
def test_threads_meet_an_expired_token(oidc: OidcProvider, figures: Figures, threads: int) -> None:
    section = "threads that meet an expired token at once (what the provider saw)"
    for name in (OURS, THEIRS, AUTHLIB):
        expired = visitor.new_token(oidc) | {"expires_in": -1, "expires_at": time.time() - 1}
        session = CONTENDERS[name](oidc.token_endpoint, expired)
        oidc.reset()
        outcomes = _query_at_once(session, oidc.api, threads)
        asked = len(oidc.token_requests("refresh_token"))
        limit = "1 refresh" if name == OURS else ""
        remark = ", ".join(f"{count} x {outcome}" for outcome, count in outcomes.most_common())
        refreshes = f"{asked} refresh{'es' if asked > 1 else ''}"
        figures.add(section, f"{threads} threads, {name}", refreshes, limit, remark)


def _query_at_once(session: Any, url: str, threads: int) -> Counter[str]:
    together = Barrier(threads)

    def query(_: int) -> str:
        together.wait(timeout=30)
        try:
            return str(session.get(url, timeout=30).status_code)
        except Exception as error:  # noqa: BLE001 - that it fails, and how, is the measurement
            return type(error).__name__

    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(query, range(threads)))
