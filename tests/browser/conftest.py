"""Real JupyterLab, a real browser, a real provider."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from playwright.sync_api import expect

from tests.browser.harness.chromium import chromium
from tests.browser.harness.front_end_page import FrontEndPage
from tests.browser.harness.judged import ALL_KINDS, PUBLIC, JudgedNotebook, describe, leave_behind
from tests.browser.harness.lab import Lab
from tests.browser.harness.notebook import READY_MS, NotebookPage
from tests.browser.harness.storage import kept_by
from tests.browser.harness.tutorial import is_listening
from tests.leaks.places import BROWSER_STORAGE
from tests.polling import wait_until

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser, BrowserContext

    from tests.browser.harness.front_ends import FrontEnd
    from tests.leaks.left_behind import LeftBehind
    from tests.providers.oidc import OidcProvider

NotebookOpener: TypeAlias = Callable[[Sequence[str]], NotebookPage]
JudgedOpener: TypeAlias = Callable[..., JudgedNotebook]
Visit: TypeAlias = Callable[..., FrontEndPage]

PASSED = pytest.StashKey[bool]()

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
WINDOW = {"width": 1100, "height": 900}

# Five seconds are not always enough on two cores.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[PASSED] = report.passed
    return report


def knows_secrets(request: pytest.FixtureRequest, left: LeftBehind) -> bool:
    """Whether the test has any that could be found."""
    return "oidc" in request.fixturenames or left.has_secrets


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
    context.set_default_navigation_timeout(READY_MS)
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
    left_behind: LeftBehind,
) -> Iterator[NotebookOpener]:
    """Lay out a notebook with these cells and open it; its kernel is idle when this returns.

    At the end the last state is kept as a picture, and nothing may stand in the browser's console.
    If the test is one of secrets, the notebook is saved with and without widget state, and all
    that was written is searched for them. Every kernel is ended.
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
        notebook.page.bring_to_front()
        notebook.page.screenshot(path=artifact(f"end-{number}"))
        if knows_secrets(request, left_behind) and request.node.stash.get(PASSED, False):
            leave_behind(notebook, left_behind)
    errors = [error for notebook in opened for error in notebook.console_errors]
    context.close()
    lab.end_kernels()
    assert errors == [], "the browser's console has errors"


@pytest.fixture
def judged(
    open_notebook: NotebookOpener,
    oidc: OidcProvider,
    request: pytest.FixtureRequest,
) -> Iterator[JudgedOpener]:
    """Open a notebook whose cell 0 describes the judge and whose other cells are these."""
    opened: list[JudgedNotebook] = []

    def opener(*cells: str, client: str = PUBLIC) -> JudgedNotebook:
        notebook = open_notebook([describe(oidc, client), *cells])
        opened.append(JudgedNotebook(notebook, oidc))
        return opened[-1]

    yield opener
    if request.node.stash.get(PASSED, False):
        for notebook in opened:
            notebook.expect_secrets()


@pytest.fixture
def keeping(lab: Lab) -> Iterator[None]:
    """The provider of the tutorial on keeping tokens ends when its folder goes."""
    yield
    for address in lab.notebooks.with_name("tmp").glob("nb-oauth-tutorial-*/provider.txt"):
        issuer = address.read_text(encoding="utf-8")
        shutil.rmtree(address.parent)
        wait_until(lambda: not is_listening(issuer), "the provider ends")  # noqa: B023 - called here


@pytest.fixture
def visit(  # noqa: PLR0913, PLR0917 - fixtures
    tmp_path: Path,
    context: BrowserContext,
    oidc: OidcProvider,
    artifact: Callable[[str], Path],
    left_behind: LeftBehind,
    request: pytest.FixtureRequest,
) -> Iterator[Visit]:
    """Serve a notebook whose cell 0 describes the judge, and visit it.

    At the end the page is kept as a picture, nothing may stand in the browser's console, and all
    that was written is searched for every secret of the run.
    """
    visited: list[FrontEndPage] = []
    with contextlib.ExitStack() as servers:

        def opener(
            kind: Callable[..., FrontEnd], *cells: str, client: str = PUBLIC
        ) -> FrontEndPage:
            front_end = kind(tmp_path / "front-end", [describe(oidc, client), *cells])
            servers.enter_context(front_end)
            visited.append(FrontEndPage(context.new_page(), front_end))
            visited[0].open()
            return visited[0]

        yield opener
        processes = [page.front_end.processes() for page in visited]
        for page, seen in zip(visited, processes, strict=True):
            page.page.screenshot(path=artifact("end"))
            seen.look()
            left_behind.leave(BROWSER_STORAGE, kept_by(context))
        context.close()
    if request.node.stash.get(PASSED, False):
        assert {secret.kind for secret in oidc.secrets()} >= ALL_KINDS
        for page, seen in zip(visited, processes, strict=True):
            assert page.console_errors == [], "the browser's console has errors"
            seen.leave(left_behind)
