"""Runs requests-oauthlib's own tests with one session class or another, in its own interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nb_oauth
from tests import tools
from tests.drop_in import fetching

if TYPE_CHECKING:
    from collections.abc import Sequence

# They ask a server on the internet, with OAuth 1.
ON_THE_INTERNET = (
    "tests/test_core.py::OAuth1Test::testCanPostBinaryData",
    "tests/test_core.py::OAuth1Test::test_content_type_override",
    "tests/test_core.py::OAuth1Test::test_url_is_native_str",
)
PATIENCE = 60  # seconds
# What a person has set for pytest and for sign-ins is not meant for these tests.
NOT_PASSED_ON = {"PYTEST_ADDOPTS", "PYTEST_PLUGINS", "OAUTHLIB_INSECURE_TRANSPORT"}


@dataclass(frozen=True)
class Run:
    """What came of each test, by its name, and what it was run with."""

    outcomes: dict[str, str]
    session: str
    extended: str
    oauthlib: str
    package: str

    def having(self, outcome: str) -> set[str]:
        return {name for name, found in self.outcomes.items() if found == outcome}


@dataclass(frozen=True)
class Suite:
    """Their tests on one oauthlib."""

    source: Path
    path: tuple[Path, ...]
    workshop: Path

    @classmethod
    def on(cls, oauthlib: fetching.Pinned, workshop: Path) -> Suite:
        """Fetch what is missing; ``workshop`` is an empty folder for what the runs leave."""
        # An empty one of its own: our settings are above the tests, where pytest would find them.
        (workshop / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        source = fetching.source()
        needed = (fetching.installed(one) for one in (oauthlib, *fetching.HELPERS))
        ours = Path(nb_oauth.__file__).parents[1]  # after theirs, whose tests are a package
        return cls(source, (*needed, source, Path(__file__).parent, ours), workshop)

    def run(self, session: str, *, fraction: float = 0.5, only: Sequence[str] = ("tests",)) -> Run:
        """Run them, with the clock of two of them at that fraction of a second."""
        name = f"{session}-{fraction}"
        outcomes = self.workshop / f"{name}.json"
        options = {
            "-c": self.workshop / "pytest.ini",
            "--rootdir": self.source,
            "--basetemp": self.workshop / name,
            "--ignore": self.source / "tests" / "examples",  # wants selenium and an account
            "--session": session,
            "--fraction": fraction,
            "--outcomes": outcomes,
        }
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "drop_in_plugin"]
        command = [*pytest, "-p", "no:cacheprovider", *(f"--deselect={i}" for i in ON_THE_INTERNET)]
        for option, value in options.items():
            command += [option, str(value)]
        ended = subprocess.run(  # noqa: S603 - our own command
            [*command, *(str(self.source / one) for one in only)],
            cwd=self.workshop,
            env=self._environment(),
            timeout=PATIENCE,
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        # 1: some tests failed, which is for the caller to judge.
        assert ended.returncode in {0, 1}, ended.stdout + ended.stderr
        return Run(**json.loads(outcomes.read_text(encoding="utf-8")))

    def _environment(self) -> dict[str, str]:
        given = tools.unmeasured().items()
        kept = {name: value for name, value in given if name not in NOT_PASSED_ON}
        further = [kept["PYTHONPATH"]] if kept.get("PYTHONPATH") else []
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join([*map(str, self.path), *further]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
