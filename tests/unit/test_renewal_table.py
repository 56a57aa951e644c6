"""One renewal, however many ask, whatever they share, and whatever is wrong with the token.

The judge counts the token requests. Its refresh tokens rotate: using one twice ends the sign-in.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import Client, LoginRequired, MemoryTokenStore, OAuth2Session, Provider
from nb_oauth.stores import FileTokenStore
from tests.providers import visitor
from tests.unit.session_stage import Reply, Request, Stage, at_once, ending, reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.providers.oidc import OidcProvider

THREADS = [8, 64]
SHARING = ["one session", "one store in memory", "one folder"]
FOUND = ["it has ended", "the API refuses it"]
REFRESH_TOKENS = ["public", "static"]  # those of the former client rotate


@dataclass(frozen=True)
class Case:
    """A cell of the table.

    Attributes:
        threads: how many ask the API at the same moment.
        sharing: what their sessions have in common.
        found: what is wrong with the token.
        client_id: whose refresh tokens rotate, or stay.
    """

    threads: int
    sharing: str
    found: str = FOUND[0]
    client_id: str = REFRESH_TOKENS[0]

    def __str__(self) -> str:
        return ", ".join(map(str, vars(self).values()))

    def spoilt(self, token: dict[str, Any]) -> dict[str, Any]:
        if self.found == FOUND[0]:
            return {**token, "expires_at": time.time() - 1}
        return {**token, "access_token": "made-up"}

    def sessions(
        self, open_session: Callable[..., OAuth2Session], token: dict[str, Any], folder: Path
    ) -> list[OAuth2Session]:
        """One for each thread, all with ``token``."""
        memory = MemoryTokenStore()
        store = {SHARING[1]: lambda: memory, SHARING[2]: lambda: FileTokenStore(folder)}
        if self.sharing not in store:
            return [open_session(token=token)] * self.threads
        make = store[self.sharing]
        first = open_session(token=token, store=make())
        return [first, *(open_session(store=make()) for _ in range(self.threads - 1))]


def ask_at_once(sessions: list[OAuth2Session], url: str) -> list[Any]:
    """What each of them gets: a status, or the type of an error."""
    left = list(sessions)
    results = at_once(len(sessions), lambda: left.pop().get(url).status_code)
    return [type(one) if isinstance(one, Exception) else one for one in results]


def opener(oidc: OidcProvider, client_id: str) -> Callable[..., OAuth2Session]:
    provider = Provider("Judge", issuer=oidc.issuer, token_endpoint=oidc.token_endpoint)

    def open_session(**arguments: Any) -> OAuth2Session:
        session = OAuth2Session.open(provider, Client(client_id), **arguments)
        session.trust_env = False
        return session

    return open_session


@pytest.mark.provider
@pytest.mark.parametrize(
    "case", [Case(*cell) for cell in product(THREADS, SHARING, FOUND, REFRESH_TOKENS)], ids=str
)
def test_it_is_renewed_once_and_no_request_fails(
    oidc: OidcProvider, folder: Path, case: Case
) -> None:
    token = case.spoilt(visitor.new_token(oidc, case.client_id))
    sessions = case.sessions(opener(oidc, case.client_id), token, folder)
    oidc.reset()
    assert ask_at_once(sessions, oidc.api) == [200] * case.threads
    assert [one["status"] for one in oidc.token_requests()] == [200]
    # What nobody used twice is good for the next renewal, of whichever session.
    sessions[-1].renew()
    assert ask_at_once(sessions, oidc.api) == [200] * case.threads
    rotates = sessions[-1].token["refresh_token"] != token["refresh_token"]
    assert rotates == (case.client_id == "public")


@pytest.mark.sweep
@pytest.mark.provider
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "case", [Case(*cell) for cell in product(THREADS, SHARING, FOUND)], ids=str
)
def test_the_same_again_and_again(oidc: OidcProvider, folder: Path, case: Case) -> None:
    for number in range(25):
        test_it_is_renewed_once_and_no_request_fails(oidc, folder / str(number), case)


@pytest.mark.provider
@pytest.mark.parametrize(
    "case", [Case(*cell) for cell in product(THREADS, SHARING, FOUND)], ids=str
)
def test_a_rejected_refresh_token_is_sent_once_and_then_somebody_must_sign_in(
    oidc: OidcProvider, folder: Path, case: Case
) -> None:
    token = visitor.new_token(oidc)
    spend = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    requests.post(oidc.token_endpoint, {"client_id": "public", **spend}, timeout=10)
    sessions = case.sessions(opener(oidc, "public"), case.spoilt(token), folder)
    oidc.reset()
    for _ in range(3):
        assert ask_at_once(sessions, oidc.api) == [LoginRequired] * case.threads
    assert [one["error"] for one in oidc.token_requests()] == ["invalid_grant"]
    assert not any(session.is_alive for session in sessions)


class Hopeless(Stage):
    """Its API refuses every token."""

    def answer(self, request: Request) -> Reply:
        answered = super().answer(request)
        return answered if request.path == "/token" else reply(401, error="invalid_token")


@pytest.mark.parametrize("case", [Case(*cell) for cell in product(THREADS, SHARING)], ids=str)
def test_an_api_that_refuses_every_token_causes_one_renewal(folder: Path, case: Case) -> None:
    with Hopeless() as stage:
        sessions = case.sessions(stage.open, ending(3000), folder)
        for _ in range(3):
            assert ask_at_once(sessions, stage.api) == [401] * case.threads
        assert len(stage.token_requests) == 1
