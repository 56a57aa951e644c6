"""``nb-oauth demo`` serves the demo provider until it is interrupted."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Serve it."""
    from nb_oauth import demo
    from nb_oauth.demo.elsewhere import ISSUER

    issuer = demo.start(port=options.port)
    sys.stdout.write(
        f"The demo provider, for tutorials only:  {issuer}\n"
        f"Its metadata (RFC 8414):  {issuer}/.well-known/oauth-authorization-server\n"
        f"Its API:  {issuer}/api\n"
        f"For notebooks that are to share it:  {ISSUER}={issuer}\n"
        "Press Ctrl+C to stop it.\n"
    )
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        demo.stop()
    return 0
