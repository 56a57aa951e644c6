"""``nb-oauth status`` says which sign-ins are stored on this machine, where, and until when."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from nb_oauth.commands.stored import all_in_files
from nb_oauth.session_account import as_line
from nb_oauth.stores import FileTokenStore

if TYPE_CHECKING:
    import argparse

    from nb_oauth.commands.stored import Stored

_PREFIX = "NB_OAUTH_"


def run(_options: argparse.Namespace) -> int:
    """Say it, a line each; and which variables of the environment are set, never to what."""
    lines = [_line(one) for one in all_in_files()] or ["No sign-ins are stored."]
    named = sorted(name for name in os.environ if name.startswith(_PREFIX))
    lines += [f"In the environment: {', '.join(named)}"] if named else []
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _line(stored: Stored) -> str:
    folder = stored.store.folder if isinstance(stored.store, FileTokenStore) else "the keyring"
    return f"{as_line(stored.account)} · app {stored.key.client_id} · in {folder}"
