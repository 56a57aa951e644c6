"""How a program of the tests writes all that anybody logs into a file, to be searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOG_FILE = "debug.log"  # where the program runs
LOGGING = f"""\
import logging

# Also to where warnings go without any of this.
logging.basicConfig(level=1, handlers=[logging.FileHandler("{LOG_FILE}"), logging.lastResort])
"""

RECORDS = "records"  # how the names of a kernel's two files begin
OWN_LOG = "kernel"
# Run in every kernel: what our session and those beneath it log goes to a file, and all that
# anybody logs, ipykernel at its DEBUG as well, to another; and to the cell what would without.
_STARTUP = """\
def _log_to_files():
    import logging, os
    from traitlets.config import Application

    def file(name):
        return logging.FileHandler(os.path.join({folder!r}, f"{{name}}-{{os.getpid()}}.log"))

    own = file({own!r})
    kernels = Application.instance().log  # which tells its parents nothing
    kernels.setLevel(logging.DEBUG)
    kernels.addHandler(own)
    logging.root.setLevel(1)
    logging.root.addHandler(own)
    logging.root.addHandler(logging.lastResort)
    records = file({records!r})
    for name in ("nb_oauth", "oauthlib", "requests", "requests_oauthlib", "urllib3"):
        logging.getLogger(name).addHandler(records)

_log_to_files()
del _log_to_files
"""


def log_in_kernels(ipython: Path, folder: Path) -> None:
    """Have every kernel log into files.

    Args:
        ipython: the kernels' ``IPYTHONDIR``.
        folder: where the files go.
    """
    startup = ipython / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    program = _STARTUP.format(folder=str(folder), own=OWN_LOG, records=RECORDS)
    (startup / "00-log.py").write_text(program, encoding="utf-8")
