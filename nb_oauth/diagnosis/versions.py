"""Which versions are installed of what a sign-in needs."""

import re
import sys
from importlib.metadata import PackageNotFoundError, version

from nb_oauth.diagnosis.report import Check, Verdict

NEEDED = {
    "ipywidgets": "8.1",
    "anywidget": "0.9.18",
    "oauthlib": "3.3.1",
    "requests-oauthlib": "2.0.0",
    "ipykernel": "6.29",
    "jupyterlab": "4.2",
}
"""Each, and the first version that will do: as ``pyproject.toml`` has it."""

_ONLY_WITH_JUPYTER = {"ipykernel", "jupyterlab"}


def our_own() -> Check:
    """Say which version of nb_oauth this is, and in which Python."""
    python = ".".join(map(str, sys.version_info[:3]))
    return Check("nb_oauth", Verdict.FINE, f"{version('nb_oauth')}, Python {python}")


def the_version_of(package: str) -> Check:
    """Look whether ``package`` is installed, and new enough."""
    needed = NEEDED[package]
    install = f"{sys.executable} -m pip install '{package}>={needed}'"
    try:
        installed = version(package)
    except PackageNotFoundError:
        if package in _ONLY_WITH_JUPYTER:
            return Check(package, Verdict.FINE, "not in this environment, and needed for notebooks")
        return Check(package, Verdict.WRONG, "not installed", install)
    if _numbers(installed) < _numbers(needed):
        return Check(package, Verdict.WRONG, f"{installed}, older than {needed}", install)
    return Check(package, Verdict.FINE, installed)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", version)[:3])
