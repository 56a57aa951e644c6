"""requests-oauthlib's source distribution and what its tests need, fetched once by pip.

Nothing of it is in the repository: each archive is pinned by its hash, and asked for by the running
interpreter's pip at whatever index that is set up for. What was fetched stays in ``.cache``, beside
the environments of the kernels.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from tests import tools

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = Path(__file__).parents[2] / ".cache" / "drop_in"
REMEDY = "it is fetched once by `pip`, which needs its package index for that"


@dataclass(frozen=True)
class Pinned:
    """One release, as the one archive of it that will do."""

    name: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}-{self.sha256[:8]}"


THEIRS = Pinned(
    "requests-oauthlib",
    "2.0.0",
    "b3dffaebd884d8cd778494369603a9e7b58d29111bf6b41bdc2dcd87203af4e9",
)
WANTED = ("requests_oauthlib", "tests", "docs")

# The oldest oauthlib that we take, and the newest.
OAUTHLIBS = (
    Pinned("oauthlib", "3.3.1", "88119c938d2b8fb88561af5f6ee0eec8cc8d552b7bb1f712743136eb7523b7a1"),
    Pinned("oauthlib", "4.0.1", "498a298876e996301950a5b053d12c31628bb7b895db03666430c69ce182eb61"),
)
# What its tests import besides: theirs to need, so not among our own tools.
HELPERS = (
    Pinned(
        "requests-mock",
        "1.12.1",
        "b1e37054004cdd5e56c84454cc7df12b25f90f382159087f4b6915aaeef39563",
    ),
    Pinned("pyjwt", "2.15.1", "42d59d631f7768a1028a64c7ff581a9bf7519804daf91fc5b6c56e30eec5e193"),
)


def source() -> Path:
    """The folder with the package, its tests and its documentation, as they were published."""
    return _kept(THEIRS.folder, _extract)


def installed(pinned: Pinned) -> Path:
    """A folder for the path of an interpreter, with this wheel and no other in it."""

    def install(folder: Path) -> None:
        _pip(pinned, "install", "--only-binary", ":all:", "--target", str(folder))

    return _kept(pinned.folder, install)


def _extract(folder: Path) -> None:
    """Write the files that are wanted; links, and what else an archive may hold, are left out."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as downloaded:
        # Not ":all:", which would build setuptools from its source as well, to ask for the name.
        _pip(THEIRS, "download", "--no-binary", THEIRS.name, "--dest", downloaded)
        (archive,) = Path(downloaded).iterdir()
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert found == THEIRS.sha256, "pip let another archive pass"
        with tarfile.open(archive) as members:
            for member in members:
                inside = PurePosixPath(member.name).parts[1:]
                if member.isfile() and inside[0] in WANTED and ".." not in inside:
                    path = folder.joinpath(*inside)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    content = members.extractfile(member)
                    assert content
                    path.write_bytes(content.read())


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, made if need be: it is there whole, or not at all."""
    folder = KEPT / name
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as workshop:
            made = Path(workshop) / name
            make(made)
            try:
                made.rename(folder)
            except OSError:  # another run of the tests was quicker
                assert folder.exists()
    return folder


def _pip(pinned: Pinned, *command: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(pinned.requirement, encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--retries=2", *command]
        asked = [*pip, "--no-deps", "--require-hashes", "--requirement", str(requirements)]
        run = subprocess.run(  # noqa: S603 - our own command
            asked, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    if "DO NOT MATCH THE HASHES" in run.stderr:
        pytest.fail(run.stderr, pytrace=False)
    if run.returncode:
        said = run.stderr.strip().splitlines() or [f"pip ended with {run.returncode}"]
        tools.missing(f"{pinned.name} {pinned.version}", f"{REMEDY} ({said[-1]})")
