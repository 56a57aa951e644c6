"""The command line, as ``python -m nb_oauth``: see :mod:`nb_oauth.commands`."""

import sys

from nb_oauth.commands import main

__all__ = ["main"]

if __name__ == "__main__":  # pragma: no branch - nobody imports it
    sys.exit(main())
