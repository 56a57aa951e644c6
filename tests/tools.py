"""Tools that some tests need and a machine may lack."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def unmeasured() -> dict[str, str]:
    """The environment for a process whose lines others reach as well: coverage doubles its time."""
    return {name: one for name, one in os.environ.items() if not name.startswith("COVERAGE_")}


def missing(what: str, remedy: str) -> NoReturn:
    """Skip the test on a person's machine; fail it where everything has to be there."""
    reason = f"{what} is missing: {remedy}"
    if in_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def find(*names: str, remedy: str) -> str:
    """The path of the first of these programs that there is."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    missing(names[0], remedy)
