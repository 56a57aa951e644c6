"""What can be typed after ``nb-oauth``: one function a command.

Tokens are where notebooks have them (``store="file"``) and apps where notebooks find them (the
environment, ``clients.toml``), so that who signs in here need not in a notebook, and the other way
around. An error is one line on the standard error, and the exit status says what came of it: 0 it
is done, 1 it is not, 2 it was mistyped, 130 it was interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import os
import sys
import warnings
from typing import TYPE_CHECKING

from nb_oauth.characters import clean
from nb_oauth.commands import arguments
from nb_oauth.commands.printing import Printed
from nb_oauth.exceptions import OAuthError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_NOT_DONE, _INTERRUPTED = 1, 130


def main(typed: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        typed: what was typed after the program's name; None reads ``sys.argv``.

    Returns:
        The exit status.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # pragma: no branch - else it takes any letter
        # It may be of an encoding without our letters.
        sys.stdout.reconfigure(errors="replace")
    options = _parser().parse_args(typed)
    with warnings.catch_warnings(), contextlib.redirect_stdout(Printed(sys.stdout)):
        warnings.filterwarnings("always", category=UserWarning)
        warnings.showwarning = _warn  # type: ignore[assignment]  # it needs no more of it
        try:
            return int(options.run(options))
        except (OAuthError, OSError) as error:
            _say(_words_of(error))
            return _NOT_DONE
        except KeyboardInterrupt:
            _say("Interrupted.")
            return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nb-oauth", description="Sign in to OAuth 2 providers, for notebooks and without them."
    )
    version = importlib.metadata.version("nb_oauth")
    parser.add_argument("--version", action="version", version=f"nb_oauth {version}")
    commands = parser.add_subparsers(dest="command", required=True)
    arguments.add_to(commands)
    # Whoever types none, or the wrong one, is told which there are.
    commands.metavar = "{" + ",".join(commands.choices) + "}"
    return parser


def _words_of(error: OAuthError | OSError) -> str:
    if isinstance(error, OAuthError) or error.filename is None:
        return str(error)
    return f"{os.fsdecode(error.filename)}: {error.strerror}"


def _warn(message: Warning | str, *_: object) -> None:
    _say(str(message))


def _say(words: str) -> None:
    sys.stderr.write(f"nb-oauth: {clean(words)}\n")
