"""An environment with a given JupyterHub and JupyterLab, built when it is first needed, and kept.

Of its own, since a Hub brings much along that no kernel needs, and older ones pin what it shares.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
KEPT = REPOSITORY / ".cache" / "hubs"
NEWEST = "6.1.1"
OLDER = ("5.5.4", "4.1.6")  # others are still in use


def python(version: str) -> Path:
    """The interpreter of an environment with this JupyterHub, which is built if need be."""
    folder = KEPT / f"{version}-lab"
    interpreter = folder / "bin" / "python"
    pinned = ["oauthenticator==17.4.0", "jupyter_server==2.21.1", "jupyterlab==4.6.6"]
    wanted = [f"jupyterhub=={version}", *pinned]
    built = folder / "built-for.txt"
    if not built.exists() or built.read_text() != "\n".join(wanted):
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(interpreter), "-m", "pip", "install", "--quiet", *wanted)
        built.write_text("\n".join(wanted))
    return interpreter


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - our own commands
