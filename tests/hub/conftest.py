"""A real JupyterHub for each version, with somebody who has signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import (  # noqa: F401 - fixtures and a hook, for what a browser shows
    artifact,
    chromium_browser,
    context,
    judged,
    open_notebook,
    pytest_runtest_makereport,
)
from tests.browser.harness.callback_page import CLIENT, keep_from_kernel
from tests.browser.harness.judged import LOGIN, QUERY
from tests.hub import environments
from tests.hub.harness import Hub, Kernel
from tests.hub.lab import IMPLICIT_KINDS, KINDS, HubLab, sign_in_to
from tests.providers.oidc import OidcProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.judged import JudgedNotebook
    from tests.hub.lab import SigningIn

VERSIONS = [
    environments.NEWEST,
    *(pytest.param(one, marks=pytest.mark.sweep) for one in environments.OLDER),
]


@pytest.fixture(scope="session")
def oidc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    """A judge that ends its tokens when it says: the Hub renews none that it still takes."""
    log = tmp_path_factory.mktemp("oidc") / "provider.log"
    with OidcProvider(log, clock_tolerance=0) as provider:
        yield provider


@dataclass
class Kept:
    """A Hub, and who has a server there; who has nb_oauth in it, and is seen in a browser."""

    hub: Hub
    people: set[str] = field(default_factory=set)
    labs: list[HubLab] = field(default_factory=list)


@pytest.fixture(scope="session", params=VERSIONS)
def _kept_hub(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    oidc_server: OidcProvider,
) -> Iterator[Kept]:
    with Hub(request.param, tmp_path_factory.mktemp("hub"), oidc_server) as hub:
        yield Kept(hub)


@pytest.fixture
def kernel_of(_kept_hub: Kept, oidc: OidcProvider) -> Iterator[Callable[[str], Kernel]]:
    """Starts a kernel in the server of somebody, who signs in to the Hub if need be."""
    started: list[Kernel] = []

    def start(name: str) -> Kernel:
        if name not in _kept_hub.people:
            _kept_hub.hub.sign_in(name)
            _kept_hub.hub.start_server(name)
            _kept_hub.people.add(name)
        started.append(_kept_hub.hub.kernel(name))
        return started[-1]

    yield start
    for kernel in started:
        kernel.close()


@pytest.fixture
def lab(_kept_hub: Kept) -> HubLab:
    """JupyterLab of somebody's server on that Hub."""
    if not _kept_hub.labs:
        _kept_hub.labs.append(HubLab(_kept_hub.hub, "lab-ada"))
        _kept_hub.labs[0].start()
    return _kept_hub.labs[0]


@pytest.fixture
def at_the_hub(context: BrowserContext, lab: HubLab) -> BrowserContext:  # noqa: F811 - a fixture
    """A browser on another machine, as it were, in which they have signed in to the Hub."""
    keep_from_kernel(context)
    sign_in_to(lab, context)
    return context


@pytest.fixture
def signing_in(  # a notebook in a browser
    judged: JudgedOpener,  # noqa: F811 - a fixture
    at_the_hub: BrowserContext,
) -> SigningIn:
    """A notebook that signs in, in cell 1, and says who that is, in cell 2."""

    def opener(client: str = CLIENT, login: str = LOGIN) -> JudgedNotebook:
        notebook = judged(login, QUERY, client=client)
        notebook.kinds = KINDS if login == LOGIN else IMPLICIT_KINDS
        notebook.notebook.run_all()
        return notebook

    return opener
