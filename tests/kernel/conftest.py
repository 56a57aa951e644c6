"""Real kernels for the tests of waiting, one for each version and channel."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.kernel import environments
from tests.kernel.harness import LAUNCH, KernelProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LATENCIES = pytest.StashKey[dict[str, list[float]]]()


@dataclass
class Place:
    """A kernel, and the channel on which the front end sends comm messages to it."""

    version: str
    channel: str  # "main" or "subshell"
    kernel: KernelProcess
    subshell: str | None = None
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    @property
    def handlers_print_elsewhere(self) -> bool:
        """ipykernel 7.0 to 7.3 runs these handlers in a thread that prints nowhere."""
        return self.channel == "subshell" and environments.number(self.version) < (7, 4)


def _channels() -> list[tuple[str, str]]:
    return [
        (version, channel)
        for version in environments.versions()
        for channel in ("main", "subshell")
        if channel == "main" or environments.has_subshells(version)
    ]


@pytest.fixture(scope="session", params=_channels(), ids="-".join)
def _kept_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Place]]:
    """The place that the tests share; in a list, so that a kernel that broke can be replaced."""
    version, channel = request.param
    kept = [_start(version, channel, tmp_path_factory)]
    yield kept
    kept[0].kernel.__exit__(None, None, None)


def _start(version: str, channel: str, folders: pytest.TempPathFactory) -> Place:
    python, folder = environments.python(version), folders.mktemp("kernel")
    kernel = KernelProcess(python, folder, logs_all=True).__enter__()
    subshell = kernel.create_subshell() if channel == "subshell" else None
    return Place(version, channel, kernel, subshell)


@pytest.fixture
def place(_kept_place: list[Place], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = _kept_place[0]
    yield place
    try:
        place.kernel.run("pass")
    except AssertionError:
        place.kernel.kill()
        _kept_place[0] = _start(place.version, place.channel, tmp_path_factory)
        raise


@pytest.fixture(params=environments.versions())
def version(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def start_kernel(
    version: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., KernelProcess]]:
    """Starts a kernel for one test alone."""
    started: list[KernelProcess] = []

    def start(launch: Sequence[str] = LAUNCH) -> KernelProcess:
        folder = tmp_path_factory.mktemp("kernel")
        python = environments.python(version)
        kernel = KernelProcess(python, folder, launch, logs_all=True).__enter__()
        started.append(kernel)
        return kernel

    yield start
    for kernel in started:
        kernel.__exit__(None, None, None)


@pytest.fixture
def latencies(request: pytest.FixtureRequest) -> dict[str, list[float]]:
    """Milliseconds from a message to the resumed cell, by place; printed when all is over."""
    return request.config.stash.setdefault(LATENCIES, {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    measured = config.stash.get(LATENCIES, {})
    if measured:
        terminalreporter.section("from a comm message to the resumed cell, in ms")
    for name, values in measured.items():
        terminalreporter.write_line(
            f"{name:28} median {statistics.median(values):6.2f}   longest {max(values):6.2f}"
        )
