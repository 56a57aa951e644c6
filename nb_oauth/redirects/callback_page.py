"""The page of a Jupyter server that a provider sends the browser back to.

It is static, the same for everybody, and holds nothing: its script hands the address that it was
opened with to the notebook, inside the browser. So nobody need be signed in to the server to get
it; if one had to be, the answer would travel in the ``next=`` of a login page.

This module runs in the environment of the server and needs nothing but tornado.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tornado.web import RequestHandler

_STATIC = Path(__file__).parent / "static"
_PAGE, _LISTEN = "callback", "listen.js"
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@functools.cache
def _page() -> tuple[str, str]:
    """Return the page, with script and style in it, and the policy that allows nothing but these.

    One request instead of three, and no module, which would wait for the page to be whole: the
    person waits for this, and so does a cell.
    """
    page, script, style = (_read(f"callback.{kind}") for kind in ("html", "js", "css"))
    for tag, text in (("<script>", script), ("<style>", style)):
        page = page.replace(tag, tag + text, 1)
    return page, _POLICY.format(script=_source(script), style=_source(style))


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class CallbackPage(RequestHandler):
    """Serves the page, and the script by which a notebook listens to it."""

    def initialize(self, name: str) -> None:
        """Take the name of what is asked for, and forget what it was asked for with."""
        self._name = name
        self.request.uri = self.request.path  # else the server's log would hold the answer
        self.request.query = ""

    def set_default_headers(self) -> None:
        """Set what goes with every answer, errors too."""
        for name, value in {**_HEADERS, "Content-Security-Policy": _page()[1]}.items():
            self.set_header(name, value)

    def get(self) -> None:
        """Send the file."""
        is_page = self._name == _PAGE
        kind = "text/html" if is_page else "text/javascript"
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(_page()[0] if is_page else _read(self._name))


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
    for name in (_PAGE, _LISTEN):
        yield re.escape(prefix + name), handler, {"name": name}
