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

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from nb_oauth.surfaces import View
    from tests.providers.oidc import OidcProvider

CELLS = pytest.StashKey[dict[tuple[str, str], str]]()


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if {"flow", "outcome"} <= parameters.keys():
        cells = item.config.stash.setdefault(CELLS, {})
        cell = parameters["flow"].name, parameters["outcome"]
        if not report.passed:
            cells[cell] = report.outcome.upper()
        elif report.when == "call":
            cells.setdefault(cell, "ok")
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    cells = config.stash.get(CELLS, {})
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
