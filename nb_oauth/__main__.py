"""The command line: ``nb-oauth demo`` serves the demo provider until it is interrupted."""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: what was typed after the program's name; None reads ``sys.argv``.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="nb-oauth", description=__doc__)
    version = importlib.metadata.version("nb_oauth")
    parser.add_argument("--version", action="version", version=f"nb_oauth {version}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="serve the demo provider on this machine")
    demo.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    _serve_demo(parser.parse_args(arguments).port)
    return 0


def _serve_demo(port: int) -> None:
    from nb_oauth import demo

    issuer = demo.start(port=port)
    sys.stdout.write(
        f"The demo provider, for tutorials only:  {issuer}\n"
        f"Its metadata (RFC 8414):  {issuer}/.well-known/oauth-authorization-server\n"
        f"Its API:  {demo.api_url()}\n"
        "Press Ctrl+C to stop it.\n"
    )
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        demo.stop()


if __name__ == "__main__":
    sys.exit(main())
