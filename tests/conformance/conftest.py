"""What every module starts from, and the table at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nb_oauth import place
from nb_oauth.place import Place
from nb_oauth.providers import discovery_cache
from tests.conformance.fake_provider import FakeProvider
from tests.conformance.plans import as_table
from tests.conformance.relying_party import RelyingParty
from tests.tables import noted_by_tests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADING = "replicated from the OpenID Foundation's RP tests (not a certification)"


@pytest.fixture(autouse=True)
def _in_a_new_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook, of which this process only lacks the front end; nothing is known from before."""
    monkeypatch.setattr(place, "here", lambda: Place.NOTEBOOK)
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(discovery_cache, "_here", {})


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def party(provider: FakeProvider) -> Iterator[RelyingParty]:
    party = RelyingParty(provider)
    yield party
    party.close()


@pytest.fixture(autouse=True)
def _named(request: pytest.FixtureRequest) -> None:
    """Note which module the test is of, for the table."""
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    if "module" in parameters:
        named = parameters["plan"], parameters["module"]
        request.node.user_properties.append(("module", named))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    outcomes: dict[tuple[str, str], str] = {}
    for noted, outcome in noted_by_tests(terminalreporter):
        if "module" in noted:
            outcomes[noted["module"]] = outcome
    if outcomes:
        terminalreporter.section(HEADING)
        for line in as_table(outcomes):
            terminalreporter.write_line(line)
