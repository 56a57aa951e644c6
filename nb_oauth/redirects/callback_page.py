"""The page of a Jupyter server that a provider sends the browser back to.

It is static, the same for everybody, and holds nothing: its script hands the address that it was
opened with to the notebook, inside the browser. So nobody need be signed in to the server to get
it; if one had to be, the answer would travel in the ``next=`` of a login page.

This module runs in the environment of the server and needs nothing but tornado.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tornado.web import RequestHandler

_STATIC = Path(__file__).parent / "static"
_FILES = {  # by the last part of the address
    "callback": ("callback.html", "text/html"),
    "callback.js": ("callback.js", "text/javascript"),
    "callback.css": ("callback.css", "text/css"),
    "listen.js": ("listen.js", "text/javascript"),
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class CallbackPage(RequestHandler):
    """Serves the page, its script and its style, and the script by which a notebook listens."""

    def initialize(self, name: str) -> None:
        """Take the name of what is asked for, and forget what it was asked for with."""
        self._name = name
        self.request.uri = self.request.path  # else the server's log would hold the answer
        self.request.query = ""

    def set_default_headers(self) -> None:
        """Set what goes with every answer, errors too."""
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def get(self) -> None:
        """Send the file."""
        file, kind = _FILES[self._name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish((_STATIC / file).read_bytes())


Rule = tuple[str, type[RequestHandler], dict[str, Any]]


def rules(
    prefix: str, allow: Callable[[Callable[..., None]], Callable[..., None]] = lambda get: get
) -> Iterator[Rule]:
    """Yield what a tornado application serves, as it takes it.

    Args:
        prefix: the path below which all of it is, with a slash at the end.
        allow: marks a method as one that anybody may call, as the server has it.
    """
    handler = type("CallbackPage", (CallbackPage,), {"get": allow(CallbackPage.get)})
    for name in _FILES:
        yield re.escape(prefix + name), handler, {"name": name}
