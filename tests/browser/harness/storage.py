"""What a browser keeps: cookies, local and session storage, and databases, whoever put it there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

_SESSION = "() => JSON.stringify(Object.entries(window.sessionStorage))"


def kept_by(context: BrowserContext) -> str:
    """All of it, for every page that was visited; a session's is that of the open ones."""
    pages = [page for page in context.pages if page.url.startswith("http")]
    sessions = [(page.url.partition("?")[0], page.evaluate(_SESSION)) for page in pages]
    return json.dumps([context.storage_state(indexed_db=True), sessions])
