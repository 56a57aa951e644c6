"""What fresh interpreters spend, counted by valgrind where there is one: the same in every run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.contenders import AUTHLIB, HTTPX, ONE_LINE, OURS, PLAIN, THEIRS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.figures import Figures

FIRST = {
    PLAIN: "import requests; requests.Session()",
    THEIRS: "import requests_oauthlib; requests_oauthlib.OAuth2Session('app')",
    AUTHLIB: "from authlib.integrations.requests_client import OAuth2Session; OAuth2Session('app')",
    HTTPX: "import httpx; httpx.Client()",
    OURS: "import nb_oauth; nb_oauth.OAuth2Session('app')",
}
TIMED = "import time; began = time.process_time(); {code}; print(time.process_time() - began)"
STARTS = 9
REQUESTS = """
from tests.benchmarks.contenders import CONTENDERS, in_memory
token = {{"access_token": "a" * 40, "token_type": "Bearer", "expires_at": 9e9}}
session = in_memory(CONTENDERS[{name!r}]("https://api.example/token", token))
for _ in range({count}):
    session.get("https://api.example/user")
"""
COUNTS = (50, 150)
LIMIT = 30_000
needs_valgrind = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind counts here")


def test_the_first_session(figures: Figures) -> None:
    spent: dict[str, list[float]] = {name: [] for name in FIRST}
    for number in range(STARTS + 1):
        for name in sorted(FIRST, reverse=number % 2 == 0):
            took = float(_python("-c", TIMED.format(code=FIRST[name])).stdout)
            if number:  # the first round compiles
                spent[name].append(took * 1000)
    section = f"CPU of the first session in a new interpreter (median of {STARTS})"
    for name, its in spent.items():
        ratio = median(one / base for one, base in zip(its, spent[PLAIN], strict=True))
        limit = "x 1.15" if name == OURS else ""
        figures.add(section, name, f"x {ratio:.2f}", limit, remark=f"{median(its):.0f} ms")


@needs_valgrind
@pytest.mark.timeout(300)
def test_instructions_of_the_first_session(figures: Figures, tmp_path: Path) -> None:
    for code in FIRST.values():
        _python("-c", code)  # compiles
    counted = {name: _count("-c", code, folder=tmp_path) for name, code in FIRST.items()}
    section = "instructions for the first session in a new interpreter"
    for name, count in counted.items():
        limit = "x 1.15" if name == OURS else ""
        remark = f"{count / 1e6:.0f} million"
        figures.add(section, name, f"x {count / counted[PLAIN]:.2f}", limit, remark)


@needs_valgrind
@pytest.mark.timeout(300)
def test_instructions_of_an_authorized_request(figures: Figures, tmp_path: Path) -> None:
    names = (ONE_LINE, OURS, THEIRS)
    counted = {name: _instructions_of_a_request(name, tmp_path) for name in names}
    section = f"instructions for an authorized GET in memory, over {ONE_LINE}"
    for name in names[1:]:
        over = counted[name] - counted[ONE_LINE]
        limit = f"{LIMIT:+,}" if name == OURS else ""
        figures.add(section, name, f"{over:+,.0f}", limit, f"of {counted[ONE_LINE]:,.0f}")


def _instructions_of_a_request(name: str, folder: Path) -> float:
    few, many = (
        _count("-c", REQUESTS.format(name=name, count=count), folder=folder) for count in COUNTS
    )
    return (many - few) / (COUNTS[1] - COUNTS[0])


def _count(*arguments: str, folder: Path) -> int:
    counter = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'out'}")
    said = _python(*arguments, counter=counter).stderr
    found = re.search(r"refs:\s+([\d,]+)", said)
    assert found is not None, said
    return int(found[1].replace(",", ""))


def _python(*arguments: str, counter: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*counter, sys.executable, *arguments]
    # Installed packages are compiled already, whatever this environment says of bytecode.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True)  # noqa: S603 - ours
