"""JupyterHub that ends with its standard input: it never outlives a test run that was killed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from jupyterhub.app import main


def _end_with_the_tests() -> None:
    parent = os.getppid()
    while os.read(sys.stdin.fileno(), 1):  # unlike sys.stdin's own, nothing that an exit waits for
        pass
    while os.getppid() == parent:  # it has been told, and to be told twice confuses it
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_end_with_the_tests, daemon=True).start()
main()
