"""What every measurement shares: kernels made for one, and the table at the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.figures import Figures
from tests.kernel.harness import KernelProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIGURES = pytest.StashKey[Figures]()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    return request.config.stash.setdefault(FIGURES, Figures())


@pytest.fixture
def new_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], KernelProcess]]:
    """Starts a fresh kernel, and ends the one before."""
    running: list[KernelProcess] = []

    def start() -> KernelProcess:
        while running:
            running.pop().__exit__(None, None, None)
        running.append(KernelProcess(sys.executable, tmp_path_factory.mktemp("kernel")).__enter__())
        return running[0]

    yield start
    while running:
        running.pop().__exit__(None, None, None)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if FIGURES in config.stash:
        terminalreporter.section("figures")
        for line in config.stash[FIGURES].lines():
            terminalreporter.write_line(line)
