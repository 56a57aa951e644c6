"""The judge in front of the real widgets, and the table of what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nb_oauth import place
from nb_oauth.place import Place
from nb_oauth.surfaces.widget import LoginWidget
from tests.judge.flows import FLOWS, OUTCOMES
from tests.judge.scene import Scene, threads
from tests.polling import wait_until
from tests.providers.visitor import Visitor
from tests.tables import noted_by_tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nb_oauth.surfaces import View
    from tests.providers.oidc import OidcProvider


@pytest.fixture
def scene(oidc: OidcProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A notebook, as far as a login can tell, and somebody in front of it.

    However the test ends, nothing of ours goes on afterwards.
    """
    monkeypatch.setattr(place, "here", lambda: Place.NOTEBOOK)
    monkeypatch.setattr("IPython.display.publish_display_data", lambda *_, **__: None)
    with Visitor() as visitor:
        scene = Scene(oidc, visitor)
        show = LoginWidget.show

        def keep(widget: LoginWidget, view: View) -> None:
            scene.views.append(view)
            show(widget, view)

        monkeypatch.setattr(LoginWidget, "show", keep)
        scene.log.attach(monkeypatch)
        yield scene
        for login in scene.logins:
            login.close()
        for session in scene.sessions:
            session.close()
        wait_until(lambda: not threads(), f"every thread of ours ends: {threads()}")


@pytest.fixture(autouse=True)
def _cell(request: pytest.FixtureRequest) -> None:
    """Note which cell of the table the test is."""
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    if {"flow", "outcome"} <= parameters.keys():
        cell = parameters["flow"].name, parameters["outcome"]
        request.node.user_properties.append(("cell", cell))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    cells: dict[tuple[str, str], str] = {}
    for noted, outcome in noted_by_tests(terminalreporter):
        if "cell" in noted:
            cells[noted["cell"]] = "ok" if outcome == "passed" else outcome.upper()
    if not cells:
        return
    terminalreporter.section("every flow at oidc-provider")
    terminalreporter.write_line(_line("", OUTCOMES))
    for flow in FLOWS:
        said = ("–" if one in flow.without else cells.get((flow.name, one), "") for one in OUTCOMES)
        terminalreporter.write_line(_line(flow.name, said))
    terminalreporter.write_line(
        "wrong password: where there is none, a wrong code, answer or secret"
    )
    for flow in FLOWS:
        for outcome, reason in flow.without.items():
            terminalreporter.write_line(f"– {flow.name}, {outcome}: {reason}")


def _line(name: str, cells: object) -> str:
    return f"{name:26}" + "".join(f"{cell:16}" for cell in cells).rstrip()  # type: ignore[attr-defined]
