"""``nb-oauth doctor`` says what this set-up can do, and what to change."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nb_oauth.commands import whom
from nb_oauth.diagnosis import doctor

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Print the checks; the status says whether something is wrong."""
    report = doctor(None if options.name is None else whom.checked_name(options.name))
    sys.stdout.write(f"{report}\n")
    return 0 if report.is_fine else 1
