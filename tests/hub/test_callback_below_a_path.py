"""A Hub below a path, with the page that serves everybody and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.judged import query_of
from tests.hub import environments
from tests.hub.harness import Hub
from tests.hub.lab import OWN, REDIRECT, SERVICE, HubLab, finish, registered, send_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hub.lab import SigningIn
    from tests.providers.oidc import OidcProvider

pytestmark = [
    pytest.mark.provider,
    pytest.mark.browser,
    pytest.mark.sweep,
    pytest.mark.timeout(600),
]

WITH, WITHOUT = "with the service", "without"


@pytest.fixture(scope="module", params=[WITH, WITHOUT])
def lab(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    oidc_server: OidcProvider,
) -> Iterator[HubLab]:
    folder = tmp_path_factory.mktemp("hub")
    has_service = request.param == WITH
    with Hub(
        environments.NEWEST, folder, oidc_server, base_url="/jhub/", has_service=has_service
    ) as hub:
        lab = HubLab(hub, "lab-ada")
        lab.start()
        yield lab


def test_comes_back_by_itself(signing_in: SigningIn, lab: HubLab) -> None:
    notebook = signing_in()
    widget = notebook.widget(1)
    link = query_of(widget.wait_for_link())
    path, who = (SERVICE, "JupyterHub") if lab.hub.has_service else (OWN, "Jupyter server")
    assert link["redirect_uri"] == lab.hub.address + path
    assert "/jhub/" in link["redirect_uri"]
    expect(widget.remarks).to_contain_text(f"by itself through this {who}")
    finish(notebook, send_back(notebook))


def test_comes_back_through_the_hub_where_the_app_says_so(
    signing_in: SigningIn, lab: HubLab
) -> None:
    notebook = signing_in(registered(lab.hub.address + REDIRECT))
    page = send_back(notebook)
    finish(notebook, page)
    assert page.tab.url == lab.hub.address + OWN
