"""Each test runs with both, and the table at the end says what came of it: theirs / ours."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
import requests_oauthlib

from tests.comparison.rows import SAME, as_table, judge_theirs
from tests.comparison.sides import THEIRS, Side
from tests.tables import noted_by_tests
from tests.unit.session_stage import Stage, let_theirs_use_http

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(number, theirs): of that row of the comparison")


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture(autouse=True)
def _row_and_side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Note what the test is of, and let theirs ask a server of the test's own by http."""
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT", raising=False)
    found = _found(request.node)
    if found:
        number, _, side = found
        request.node.user_properties.append(("of", (number, side)))
        let_theirs_use_http(monkeypatch, side.kind)


def _found(item: pytest.Item) -> tuple[int, str, Side] | None:
    """The row of a test, the words in which it fails with theirs, and the side it runs with."""
    mark = item.get_closest_marker("row")
    return mark and (*mark.args, item.callspec.params["side"])  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Expect a test to fail with theirs, in the words that it says."""
    found = _found(pyfuncitem)
    note = pyfuncitem.user_properties.append
    if not found or found[2] is not THEIRS or not found[1]:
        note(("said", SAME if found and not found[1] else "ok"))
        return (yield)
    error: BaseException | None = None
    try:
        yield
    except (Exception, pytest.fail.Exception) as raised:  # noqa: BLE001 - the row says which
        error = raised
    note(("said", judge_theirs(error, found[1])))
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    said: dict[tuple[int, Side], list[str]] = defaultdict(list)
    for noted, outcome in noted_by_tests(terminalreporter):
        if "of" in noted:
            words = noted["said"] if outcome == "passed" else outcome.upper()
            said[noted["of"]].append(words)
    if said:
        version = requests_oauthlib.__version__
        terminalreporter.section(f"theirs (requests-oauthlib {version}) / ours")
        for line in as_table(said):
            terminalreporter.write_line(line)
