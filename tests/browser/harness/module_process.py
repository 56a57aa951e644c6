"""``python -m …`` that ends with its standard input: it never outlives a killed test run."""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _end_with_standard_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":  # marimo starts its kernels as copies of this process
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    del sys.argv[0], sys.path[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
