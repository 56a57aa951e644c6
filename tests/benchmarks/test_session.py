"""What the session costs beside the ones it could be replaced by."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
import requests
import requests_oauthlib

from nb_oauth import Client, OAuth2Session, Provider
from tests.providers import visitor

if TYPE_CHECKING:
    from tests.benchmarks.figures import Figures
    from tests.providers.oidc import OidcProvider

ROUNDS, REQUESTS = 15, 60


def ours(oidc: OidcProvider, token: dict[str, Any]) -> requests.Session:
    provider = Provider("Judge", issuer=oidc.issuer, token_endpoint=oidc.token_endpoint)
    return OAuth2Session.open(provider, Client("public"), token=token)


def theirs(oidc: OidcProvider, token: dict[str, Any]) -> requests.Session:
    session = requests_oauthlib.OAuth2Session(
        "public",
        token=token,
        auto_refresh_url=oidc.token_endpoint,
        auto_refresh_kwargs={"client_id": "public"},
        token_updater=lambda new: setattr(session, "token", new),
    )
    return session


def plain(_: OidcProvider, token: dict[str, Any]) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    return session


@pytest.fixture
def _insecure_transport_for_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests-oauthlib sends no token to http, not even on loopback, without this."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_insecure_transport_for_theirs")
def test_an_authorized_request(oidc: OidcProvider, figures: Figures) -> None:
    token = visitor.new_token(oidc)
    sessions = {make.__name__: make(oidc, token) for make in (plain, theirs, ours)}
    spent: dict[str, list[float]] = {name: [] for name in sessions}
    for number in range(ROUNDS + 1):
        for name in sorted(sessions, reverse=number % 2 == 0):
            cpu = _cpu(sessions[name], oidc.api)
            if number:  # the first round opens connections
                spent[name].append(cpu)
    section = f"CPU of an authorized GET (median of {ROUNDS} interleaved rounds of {REQUESTS})"
    names = {"plain": "requests.Session", "theirs": "requests_oauthlib", "ours": "nb_oauth"}
    for name, label in names.items():
        ratio = median(one / base for one, base in zip(spent[name], spent["plain"], strict=True))
        figures.add(section, label, f"{median(spent[name]):.0f} us", remark=f"x {ratio:.2f}")


def _cpu(session: requests.Session, url: str) -> float:
    """Microseconds of CPU time of this process for one request; the server is another one."""
    began = time.process_time()
    for _ in range(REQUESTS):
        assert session.get(url).status_code == 200
    return (time.process_time() - began) / REQUESTS * 1e6


@pytest.mark.usefixtures("_insecure_transport_for_theirs")
@pytest.mark.parametrize("threads", [8, 64])
def test_threads_meet_an_expired_token(oidc: OidcProvider, figures: Figures, threads: int) -> None:
    section = "threads that meet an expired token at once (what the provider saw)"
    for make, label in ((ours, "nb_oauth"), (theirs, "requests_oauthlib")):
        expired = visitor.new_token(oidc) | {"expires_in": -1, "expires_at": time.time() - 1}
        session = make(oidc, expired)
        oidc.reset()
        outcomes = _query_at_once(session, oidc.api, threads)
        asked = len(oidc.token_requests("refresh_token"))
        limit = "1 refresh" if make is ours else ""
        remark = ", ".join(f"{count} x {outcome}" for outcome, count in outcomes.most_common())
        refreshes = f"{asked} refresh{'es' if asked > 1 else ''}"
        figures.add(section, f"{threads} threads, {label}", refreshes, limit, remark)


def _query_at_once(session: requests.Session, url: str, threads: int) -> Counter[str]:
    together = Barrier(threads)

    def query(_: int) -> str:
        together.wait(timeout=30)
        try:
            return str(session.get(url, timeout=30).status_code)
        except Exception as error:  # noqa: BLE001 - that it fails, and how, is the measurement
            return type(error).__name__

    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(query, range(threads)))
