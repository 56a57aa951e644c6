"""A Python with a given ipykernel: the one that runs the tests, or one built and kept for later.

``NB_OAUTH_KERNELS`` says which ipykernels the kernel tests run on, separated by spaces: version
numbers, or ``newest``, which is the one in the environment of the tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
KEPT = REPOSITORY / ".cache" / "kernels"
NEWEST = "newest"
PYODIDE = "pyodide@314.0.7"
XEUS_PYTHON = "xeus-python==0.19.0"
_OLDEST_OAUTHLIB = "oauthlib==3.3.1"  # an older kernel goes with the oldest that will do
_MORE = ["nest-asyncio==1.6.0", "uvloop; sys_platform != 'win32'"]  # what a person may use


def versions() -> list[str]:
    return os.environ.get("NB_OAUTH_KERNELS", f"6.31.0 {NEWEST}").split()


def number(version: str) -> tuple[int, ...]:
    full = metadata.version("ipykernel") if version == NEWEST else version
    return tuple(int(part) for part in re.findall(r"\d+", full)[:3])


def has_subshells(version: str) -> bool:
    return number(version) >= (7,)


def python(version: str) -> str:
    """The interpreter of an environment with this ipykernel, which is built if need be."""
    if version == NEWEST:
        return sys.executable
    return _built(KEPT / version, _requirements(f"ipykernel=={version}"))


def xeus_python() -> str:
    """The interpreter of an environment with a kernel that is not ipykernel."""
    return _built(KEPT / XEUS_PYTHON, _requirements(XEUS_PYTHON))


def pyodide() -> Path:
    """The folder of Pyodide's npm package: Python for browsers, which runs in Node as well."""
    folder = KEPT / PYODIDE
    package = folder / "node_modules" / "pyodide"
    if not (package / "package.json").exists():
        _run("npm", "install", "--no-save", "--ignore-scripts", "--prefix", str(folder), PYODIDE)
    return package


def _built(folder: Path, requirements: list[str]) -> str:
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = "\n".join(requirements)
    built = folder / "built-for.txt"
    if not built.exists() or built.read_text() != wanted:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(interpreter), "-m", "pip", "install", "--quiet", *wanted.splitlines())
        built.write_text(wanted)
    return str(interpreter)


def _requirements(kernel: str) -> list[str]:
    own = metadata.requires("nb_oauth") or []
    coverage = f"coverage=={metadata.version('coverage')}"  # writes what the tests' one reads
    return [
        kernel,
        coverage,
        _OLDEST_OAUTHLIB,
        *_MORE,
        *(needed for needed in own if "extra ==" not in needed),
    ]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - our own commands
