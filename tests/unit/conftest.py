"""What several unit tests start from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import requests

from nb_oauth.attempt import Attempt
from nb_oauth.demo.server import DemoServer
from nb_oauth.surfaces import Cancelled
from tests.providers.tls import issue
from tests.unit.data_stage import Api
from tests.unit.demo_visitor import Visitor
from tests.unit.session_stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nobody_is_left_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cancel every sign-in that a test leaves under way, and see its thread end."""
    begun: list[Attempt] = []
    start = Attempt.start

    def begin(attempt: Attempt) -> None:
        begun.append(attempt)
        start(attempt)

    monkeypatch.setattr(Attempt, "start", begin)
    yield
    for attempt in begun:
        attempt.put(Cancelled())


@pytest.fixture(autouse=True)
def _no_app_is_registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the person who runs the tests has registered is none of theirs."""
    for name in os.environ:
        if name.startswith("NB_OAUTH_"):
            monkeypatch.delenv(name)
    file = tmp_path / "own-configuration" / "clients.toml"
    monkeypatch.setattr("nb_oauth.app_registrations.clients_file.own_path", lambda: file)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """An authorization server and an API that do as they are told."""
    with Stage() as stage:
        yield stage


@pytest.fixture
def api() -> Iterator[Api]:
    """An API that gives its data in pages, as it is told to."""
    with Api() as api:
        yield api


@pytest.fixture
def plain_session() -> Iterator[requests.Session]:
    """A session of requests' that knows no proxy."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a ``FileTokenStore`` of the test's own keeps its tokens; it is not there yet."""
    return tmp_path / "tokens"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """A certificate of CN=analyst, good for a year, and its key: as ``cert=`` takes them."""
    return issue("analyst").save(tmp_path, "client")


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    """A person with a browser, at a demo provider of the test's own."""
    server = DemoServer()
    server.serve()
    visitor = Visitor(server)
    visitor.stop_the_clock()
    yield visitor
    visitor.http.close()
    server.close()
