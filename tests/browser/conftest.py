"""Real JupyterLab, a real browser, a real provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.browser.harness.chromium import chromium
from tests.browser.harness.lab import Lab
from tests.browser.harness.notebook import NotebookPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext

NotebookOpener: TypeAlias = Callable[[Sequence[str]], NotebookPage]

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
WINDOW = {"width": 1100, "height": 900}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as server:
        yield server


# A module's, because another module may drive Playwright in its own way.
@pytest.fixture(scope="module")
def chromium_browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(chromium_browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: no cookie of another test."""
    context = chromium_browser.new_context(viewport=WINDOW)
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def artifact(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Where this test keeps a picture of that name: tests/artifacts/<test>-<name>.png."""
    ARTIFACTS.mkdir(exist_ok=True)
    test = re.sub(r"\W+", "-", request.node.name).strip("-")
    return lambda name: ARTIFACTS / f"{test}-{name}.png"


@pytest.fixture
def open_notebook(
    lab: Lab,
    context: BrowserContext,
    request: pytest.FixtureRequest,
    artifact: Callable[[str], Path],
) -> Iterator[NotebookOpener]:
    """Lay out a notebook with these cells and open it; its kernel is idle when this returns.

    At the end the last state is kept as a picture, nothing may stand in the browser's console,
    and every kernel is ended.
    """
    opened: list[NotebookPage] = []
    stem = re.sub(r"\W+", "-", request.node.name).strip("-")

    def opener(cells: Sequence[str]) -> NotebookPage:
        name = f"{stem}-{len(opened)}.ipynb"
        lab.write_notebook(name, cells)
        notebook = NotebookPage(context.new_page(), lab, name)
        opened.append(notebook)
        notebook.open()
        return notebook

    yield opener
    for number, notebook in enumerate(opened):
        notebook.page.screenshot(path=artifact(f"end-{number}"))
    errors = [error for notebook in opened for error in notebook.console_errors]
    context.close()
    lab.end_kernels()
    assert errors == [], "the browser's console has errors"
