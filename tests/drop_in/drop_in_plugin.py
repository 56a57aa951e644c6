"""A pytest plugin: requests-oauthlib's own tests get another ``OAuth2Session``, and nothing else.

Loaded with ``-p`` by an interpreter of its own (``suite.py`` starts it). Only the public name
``requests_oauthlib.OAuth2Session`` is set: the class that ours extends keeps its own name, where
its ``super()`` looks for it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import oauthlib
import pytest
import requests_oauthlib

if TYPE_CHECKING:
    from collections.abc import Callable

# They compare oauthlib's whole seconds with a clock that has fractions.
ON_THE_CLOCK = (
    "tests/test_compliance_fixes.py::MailChimpComplianceFixTest::test_fetch_access_token",
    "tests/test_compliance_fixes.py::PlentymarketsComplianceFixTest::test_fetch_access_token",
)


def _theirs() -> type:
    return requests_oauthlib.OAuth2Session


def _ours() -> type:
    from nb_oauth import OAuth2Session

    return OAuth2Session


def _forgetful() -> type:
    """Ours, broken: it never attaches its token, nor renews it."""
    from nb_oauth import OAuth2Session

    class ForgetfulSession(OAuth2Session):
        def request(self, *arguments: Any, **keywords: Any) -> Any:  # type: ignore[override]
            return super().request(*arguments, **{**keywords, "withhold_token": True})

    return ForgetfulSession


SESSIONS: dict[str, Callable[[], type]] = {
    "theirs": _theirs,
    "ours": _ours,
    "forgetful": _forgetful,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("drop-in")
    group.addoption("--session", choices=SESSIONS, help="whose OAuth2Session the tests get")
    group.addoption("--fraction", type=float, help="where in a second the clock stands still")
    group.addoption("--outcomes", type=Path, help="the file for what came of every test")


def pytest_configure(config: pytest.Config) -> None:
    requests_oauthlib.OAuth2Session = SESSIONS[config.getoption("--session")]()
    config.pluginmanager.register(Outcomes(config.getoption("--outcomes")))


@pytest.fixture(autouse=True)
def _clock_stands_still(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For two tests, which else depend on the moment."""
    if request.node.nodeid in ON_THE_CLOCK:
        moment = int(time.time()) + request.config.getoption("--fraction")
        monkeypatch.setattr(time, "time", lambda: moment)


class Outcomes:
    """Writes what came of every test, and with what it was run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._of: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self._of.get(report.nodeid)
        if before != "failed" and (report.when == "call" or not report.passed):
            self._of[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        tests = sys.modules.get("tests.test_oauth2_session", requests_oauthlib)
        of_tests, extended = tests.OAuth2Session, requests_oauthlib.oauth2_session.OAuth2Session
        said = {
            "outcomes": self._of,
            "session": f"{of_tests.__module__}.{of_tests.__name__}",
            "extended": f"{extended.__module__}.{extended.__name__}",
            "oauthlib": oauthlib.__version__,
            "package": requests_oauthlib.__file__,
        }
        self._path.write_text(json.dumps(said), encoding="utf-8")
