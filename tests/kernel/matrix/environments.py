"""Every ipykernel on every Python of this machine.

An ipykernel is a folder of its own, put before the packages of a Python's one environment, which
has what the newest of them needs: that is what pip gives an older one, too.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from shutil import rmtree, which
from typing import TYPE_CHECKING

from tests.kernel.environments import KEPT, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
IPYKERNELS = ("6.29", "6.30", "6.31", "7.0", "7.1", "7.2", "7.3")
NEWEST, PRE_RELEASE = "newest", "pre-release"
MORE_PYTHONS = "NB_OAUTH_PYTHONS"  # interpreters, separated as PATH is
_NEEDED = [  # beside our own: nest-asyncio for ipykernel before 7.2, which asks for it
    "ipykernel",
    "nest-asyncio==1.6.0",
]
_SAY_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
_CHECK = """
from importlib import metadata
from packaging.requirements import Requirement
for needed in map(Requirement, metadata.requires("ipykernel")):
    if needed.marker is None or needed.marker.evaluate({"extra": ""}):
        found = metadata.version(needed.name)
        assert needed.specifier.contains(found, prereleases=True), f"{needed}: found {found}"
print(metadata.version("ipykernel"))
"""


@dataclass(frozen=True)
class Environment:
    """A Python with an ipykernel.

    Attributes:
        ipykernel: its number in full.
        python: the first two numbers of the Python.
        interpreter: what runs the kernel.
        packages: the folder with this ipykernel.
    """

    ipykernel: str
    python: str
    interpreter: str
    packages: Path

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", self.ipykernel)[:3])

    @property
    def has_subshells(self) -> bool:
        return self.number >= (7,)

    @property
    def may_be_deaf(self) -> bool:
        """Whether it may miss that a message is here, until something else comes."""
        return (7,) <= self.number < (7, 4)

    @property
    def path(self) -> str:
        return os.pathsep.join(map(str, [self.packages, REPOSITORY]))

    @property
    def name(self) -> str:
        return f"{self.ipykernel} on {self.python}"


def pythons() -> dict[str, str]:
    """The interpreters of this machine, by version: told, on PATH, or of pyenv."""
    found: dict[str, str] = {}
    for candidate in _candidates():
        said = subprocess.run([candidate, "-c", _SAY_VERSION], capture_output=True, text=True)  # noqa: PLW1510, S603 - a shim of pyenv's may stand for none
        version = said.stdout.strip()
        if said.returncode == 0 and version in PYTHONS:
            found.setdefault(version, candidate)
    return dict(sorted(found.items(), key=lambda item: PYTHONS.index(item[0])))


def _candidates() -> Iterator[str]:
    yield from filter(None, os.environ.get(MORE_PYTHONS, "").split(os.pathsep))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in PYTHONS:
        yield from filter(None, [which(f"python{version}")])
        yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))


def built(python: str, interpreter: str) -> str:
    """The interpreter of this Python's environment, which is built if need be."""
    own = metadata.requires("nb_oauth") or []
    wanted = [*_NEEDED, *(needed for needed in own if "extra ==" not in needed)]
    folder = KEPT / f"python-{python}"
    kept = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    note = folder / "built-for.txt"
    content = "\n".join([interpreter, *wanted])
    if not note.exists() or note.read_text(encoding="utf-8") != content:
        _run(interpreter, "-m", "venv", "--clear", str(folder))
        _run(kept, "-m", "pip", "install", "--quiet", *wanted)
        note.write_text(content, encoding="utf-8")
    return kept


@functools.cache
def resolved(interpreter: str, wanted: str) -> str:
    """Which ipykernel pip takes for one of the names in the table's head."""
    asked = "ipykernel" if wanted in {NEWEST, PRE_RELEASE} else f"ipykernel=={wanted}.*"
    more = ["--pre"] if wanted == PRE_RELEASE else []
    said = _run(
        *(interpreter, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
        *("--no-deps", "--report", "-", *more, asked),
    )
    version: str = json.loads(said)["install"][0]["metadata"]["version"]
    return version


def environment(ipykernel: str, python: str, interpreter: str) -> Environment:
    """Put an ipykernel into a folder of its own if need be, and see that the Python suits it."""
    folder = KEPT / f"ipykernel-{ipykernel}"
    if not (folder / "complete").exists():
        rmtree(folder, ignore_errors=True)
        _run(
            *(interpreter, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--target", str(folder), f"ipykernel=={ipykernel}"),
        )
        (folder / "complete").touch()
    found = _run(interpreter, "-c", _CHECK, path=folder).strip()
    assert found == ipykernel, f"{found} came in place of {ipykernel}"
    return Environment(ipykernel, python, interpreter, folder)


def _run(*command: str, path: Path | None = None) -> str:
    more = {} if path is None else {"PYTHONPATH": str(path)}
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **more},
    )
    return done.stdout


def chosen(words: Sequence[str], among: Sequence[str]) -> list[str]:
    """Those of ``among`` that ``words`` name; all of them where it names none."""
    return [one for one in among if one in words] or list(among)
