"""What each command takes."""

from __future__ import annotations

import argparse
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MEMBERS = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
)
"""What says where a provider is that is not known by name."""

_NAME = "a short name such as github, or the address of a provider that describes itself"
_LAST_PORT = 65535
_Commands = Any  # argparse's is private


def add_to(commands: _Commands) -> None:
    """Add every command."""
    _add_login(commands)
    _add_logout(commands)
    listing = commands.add_parser("status", help="which sign-ins are stored, and until when")
    listing.set_defaults(run=_command("status"))
    known = commands.add_parser("providers", help="the providers that are known by name")
    known.add_argument("name", nargs="?", help="tell more of this one")
    known.set_defaults(run=_command("providers"))
    checks = commands.add_parser("doctor", help="what this set-up can do, and what to change")
    checks.add_argument("name", nargs="?", help=f"ask this provider as well: {_NAME}")
    checks.set_defaults(run=_command("doctor"))
    serving = commands.add_parser("demo", help="serve the demo provider on this machine")
    serving.add_argument("--port", type=_port, default=0, help="0, the default, takes a free one")
    serving.set_defaults(run=_command("demo"))


def _port(typed: str) -> int:
    if typed.isascii() and typed.isdigit() and int(typed) <= _LAST_PORT:
        return int(typed)
    raise argparse.ArgumentTypeError(f"{typed} is no port: give a number from 0 to {_LAST_PORT}")


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """Return what runs a command; its module is loaded by then, with all that it needs."""

    def run(options: argparse.Namespace) -> int:
        return int(importlib.import_module(f"nb_oauth.commands.{name}").run(options))

    return run


def _add_login(commands: _Commands) -> None:
    parser = commands.add_parser(
        "login",
        help="sign in, and keep the token for later",
        description=(
            'Sign in, and keep the token on this machine, where login(…, store="file") and runs '
            "with nobody there find it; or, with --for-ci, make the variables that sign in where "
            "nobody can be asked."
        ),
    )
    parser.set_defaults(run=_command("login"))
    _add_whom(parser)
    parser.add_argument("--scope", help='what to ask for, such as "read:user repo"')
    parser.add_argument("--device", action="store_true", help="by a code to enter on any device")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--for-ci", metavar="FILE", help="write NAME=value lines into this new file (mode 0600)"
    )
    where.add_argument(
        "--for-ci-command",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="give these lines to a program's standard input, such as: gh secret set -f -",
    )


def _add_logout(commands: _Commands) -> None:
    parser = commands.add_parser("logout", help="revoke what is stored of a sign-in, and delete it")
    parser.set_defaults(run=_command("logout"))
    _add_whom(parser)


def _add_whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help=_NAME)
    parser.add_argument("--account", help="a label for one of several accounts")
    parser.add_argument(
        "--store", choices=("file", "keyring"), default="file", help="where the token is kept"
    )
    parser.add_argument("--client-id", help="your app's; else it is found as in a notebook")
    for member in MEMBERS:
        parser.add_argument(
            f"--{member.replace('_', '-')}",
            metavar="URL",
            help="of a provider that is not known by name",
        )
