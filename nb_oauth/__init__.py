"""Sign in to any OAuth 2 API from a notebook cell, and get a session that keeps itself signed in.

The public names are loaded when they are first used (PEP 562), so that importing the package
costs nothing.
"""

__version__ = "0.1.0"
