"""How a program of the tests writes all that anybody logs into a file, to be searched."""

from __future__ import annotations

LOG_FILE = "debug.log"  # where the program runs
LOGGING = f"""\
import logging

# Also to where warnings go without any of this.
logging.basicConfig(level=1, handlers=[logging.FileHandler("{LOG_FILE}"), logging.lastResort])
"""
