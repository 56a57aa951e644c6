"""Kernels that share a sign-in: one of them renews, and a sign-in that ended is asked for anew."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from nb_oauth import Client, OAuth2Session, Provider
from nb_oauth.stores import FileTokenStore
from tests.benchmarks.showing import execute, model_id, say_hello, view
from tests.browser.harness.judged import describe
from tests.kernel.harness import KernelProcess
from tests.providers import visitor
from tests.providers.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.oidc import OidcProvider

pytestmark = [pytest.mark.kernel, pytest.mark.provider]

KERNELS = 3
OPEN = """
from nb_oauth import FileTokenStore, OAuth2Session
session = OAuth2Session.open(provider, Client("public"), store=FileTokenStore({folder!r}))
session.trust_env = False
kept = "not lost"
"""
LOG_IN = """
import nb_oauth
session = nb_oauth.login(
    provider, client=client, scope="openid api:read", extra={{"prompt": "consent"}}{store}
)
session.trust_env = False
print("SIGNED IN")
"""
# In the kernel: what it prints is searched for the refresh token.
REUSE = """
import requests
spend = {{"grant_type": "refresh_token", "client_id": "public"}}
spend["refresh_token"] = session.token["refresh_token"]
for _ in range(2):  # a reuse, which ends the sign-in
    requests.post({token_endpoint!r}, spend, timeout=10)
del spend
"""
STORED = ', store=FileTokenStore("nb_oauth/tokens")'
ASK = "print(session.get(api).status_code)"
CLIENT = 'Client("public", redirect_uri="http://127.0.0.1/callback")'


@pytest.fixture
def kernels(tmp_path: Path) -> Iterator[list[KernelProcess]]:
    with ExitStack() as stack:
        folders = [tmp_path / str(number) for number in range(KERNELS)]
        started: list[KernelProcess] = []
        for folder in folders:
            folder.mkdir()
            started.append(
                stack.enter_context(KernelProcess(sys.executable, folder, logs_all=True))
            )
        yield started


def keep_ended_token(oidc: OidcProvider, folder: Path) -> None:
    provider = Provider("Judge", issuer=oidc.issuer, token_endpoint=oidc.token_endpoint)
    ended = visitor.new_token(oidc) | {"expires_at": time.time() - 1}
    OAuth2Session.open(provider, Client("public"), token=ended, store=FileTokenStore(folder))


def test_kernels_that_meet_an_ended_token_renew_it_once_and_all_go_on(
    kernels: list[KernelProcess], oidc: OidcProvider, tmp_path: Path
) -> None:
    folder = tmp_path / "tokens"
    keep_ended_token(oidc, folder)
    for kernel in kernels:
        kernel.run(describe(oidc, CLIENT) + OPEN.format(folder=str(folder)))
    oidc.reset()
    oidc.set_token_fault(delay_ms=300)  # all are there before the first has its answer
    for _ in range(2):
        cells = [(kernel, kernel.execute(ASK)) for kernel in kernels]
        assert [kernel.outcome(cell) for kernel, cell in cells] == ["ok"] * KERNELS
        assert [kernel.printed(cell) for kernel, cell in cells] == ["200\n"] * KERNELS
    assert [one["status"] for one in oidc.token_requests()] == [200]


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[KernelProcess]:
    with KernelProcess(sys.executable, tmp_path, logs_all=True) as kernel:
        yield kernel


def sign_in(kernel: KernelProcess, cell: str) -> None:
    """Do what the widget asks for, and see the cell end."""
    widget = model_id(kernel, cell)
    say_hello(kernel, widget)
    link = view(kernel, widget, "waiting")["link"]
    with Visitor() as person:
        assert "You can close this tab" in person.come_back(person.answer(link))
    assert kernel.outcome(cell, seconds=30) == "ok"
    assert "SIGNED IN" in kernel.printed(cell)


@pytest.mark.parametrize("found", ["it has ended", "the API refuses it"])
@pytest.mark.parametrize("store", ["", STORED], ids=["memory", "file"])
def test_when_the_provider_renews_no_longer_the_next_login_asks_again_and_nothing_is_lost(
    kernel: KernelProcess, oidc: OidcProvider, store: str, found: str
) -> None:
    login = LOG_IN.format(store=store)
    kernel.run(describe(oidc, CLIENT) + "\nfrom nb_oauth import FileTokenStore\nkept = 'not lost'")
    sign_in(kernel, execute(kernel, login))
    assert kernel.run(ASK) == "200\n"

    kernel.run(REUSE.format(token_endpoint=oidc.token_endpoint))
    change = "expires_at=0" if found == "it has ended" else "access_token='made-up'"
    kernel.run(f"session._keep(dict(session.token, {change}))")
    oidc.reset()
    for _ in range(3):
        cell = kernel.execute(ASK)
        assert kernel.outcome(cell) == "LoginRequired"
        kernel.run("pass")  # what comes right behind an error is aborted
    assert [one["error"] for one in oidc.token_requests()] == ["invalid_grant"]

    sign_in(kernel, execute(kernel, login))
    assert kernel.run(ASK + "; print(kept)") == "200\nnot lost\n"
    again = execute(kernel, login)  # and asks nothing
    assert kernel.outcome(again) == "ok"
