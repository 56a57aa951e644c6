"""What demo providers have issued, wherever they ran: see ``witness/``.

The judge says itself what it has issued. A demo provider is in a kernel or in a program that one
started, and must not say it: so a witness in each program that the tests start notes it.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.leaks.witness.demo_witness import NOTED_IN
from tests.providers.oidc import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

WITNESS = Path(__file__).with_name("witness")


@contextmanager
def noted_in(file: Path) -> Iterator[None]:
    """Have every Python program that is started meanwhile note there what it issues."""
    file.touch(0o600)
    path = os.pathsep.join(filter(None, [str(WITNESS), os.environ.get("PYTHONPATH")]))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", path)
        environment.setenv(NOTED_IN, str(file))
        yield


def mark() -> int:
    """Return where what is issued from now on begins."""
    return _file().stat().st_size


def secrets(since: int) -> list[Secret]:
    """Return what has been issued, and shown to a demo provider, since that mark."""
    with _file().open("rb") as file:
        file.seek(since)
        lines = file.read().decode().splitlines()
    return [
        Secret(kind, value) for kind, value in dict.fromkeys(map(tuple, map(json.loads, lines)))
    ]


def _file() -> Path:
    return Path(os.environ[NOTED_IN])
