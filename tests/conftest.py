"""What holds for every test: the judge is at hand, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from tests import flows_by_place, report
from tests.leaks import issued, sources
from tests.leaks.left_behind import LeftBehind
from tests.polling import wait_until
from tests.providers.oidc import OidcProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

# Cheap ones first: a mistake shows early. And Playwright's loop must not run in their thread.
ORDER = (
    "unit",
    "providers",
    "drop_in",
    "conformance",
    "leaks",
    "judge",
    "kernel",
    "hub",
    "browser",
    "benchmarks",
)


def pytest_configure(config: pytest.Config) -> None:
    """End as after Ctrl-C when told to end, so that every fixture ends what it started.

    A shell in which nobody types has Ctrl-C ignored by what it starts in the background.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    config.addinivalue_line("markers", "signs_in(flow, place, how): see tests/flows_by_place.py")
    config.pluginmanager.register(report.Notes())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    folders = item.path.parts
    return next((i for i, folder in enumerate(ORDER) if folder in folders), 0)


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.user_properties.append(("ways", flows_by_place.ways_of(item)))


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves an environment variable, a process or a sign-in behind."""
    environment, children = _environment(), _children()
    yield
    wait_until(lambda: not _threads(), f"every sign-in of the test ends: {_threads()}", seconds=20)
    assert _environment() == environment, "the test left the environment changed"
    wait_until(
        lambda: _children() <= children,
        f"child processes of the test end: {_children() - children}",
        seconds=20,
    )


def _threads() -> list[str]:
    """The threads of sign-ins and of what is done after them."""
    names = ("nb_oauth attempt", "nb_oauth loopback", "nb_oauth account", "nb_oauth cluster")
    return [one.name for one in threading.enumerate() if one.name in names]


def _environment() -> dict[str, str]:
    own = "PYTEST_CURRENT_TEST"
    return {name: value for name, value in os.environ.items() if name != own}


def _children() -> set[psutil.Process]:
    return {child for child in psutil.Process().children() if _alive(child)}


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="session", autouse=True)
def _demo_is_watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a demo provider issues in a program that a test starts is noted, to be searched for."""
    with issued.noted_in(tmp_path_factory.mktemp("issued") / "secrets"):
        yield


@pytest.fixture(scope="session")
def oidc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    with OidcProvider(tmp_path_factory.mktemp("oidc") / "provider.log") as provider:
        yield provider


@pytest.fixture
def oidc(oidc_server: OidcProvider) -> OidcProvider:
    """oidc-provider as new: no request seen, no fault set, access tokens live an hour."""
    oidc_server.reset()
    return oidc_server


# Last to end but one: kernels, terminals and servers have ended, or are to serve other tests.
@pytest.fixture(autouse=True)
def left_behind(request: pytest.FixtureRequest) -> Iterator[LeftBehind]:
    """Search what a test has left for every secret of its run.

    What runs in kernels, terminals and servers is searched without being asked for, see
    ``tests/leaks/sources.py``; whatever else there is a test leaves here.
    """
    judge: OidcProvider | None = None
    if "oidc_server" in request.fixturenames:
        judge = request.getfixturevalue("oidc")
    left = LeftBehind()
    sources.begin(left)
    yield left
    sources.end()
    if judge is not None or left.has_secrets:
        sources.leave_all(left)
    if left.has_anything:
        secrets = [] if judge is None else judge.secrets()
        request.node.user_properties.append(("searched", left.search(secrets)))
        request.node.user_properties.append(("moments", left.moments))
        assert not left.found, "\n".join(left.found)
