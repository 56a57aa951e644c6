"""JupyterLab that ends with its standard input: it never outlives a test run that was killed."""

from __future__ import annotations

import os
import signal
import sys
import threading

from jupyterlab.labapp import main


def _end_with_standard_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_end_with_standard_input, daemon=True).start()
sys.exit(main())
