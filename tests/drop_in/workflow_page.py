"""The snippets of requests-oauthlib's "OAuth 2 Workflow" page, read from its documentation.

The page shows them as typed at a prompt. Here they are without the prompts, and changed in one
thing alone: whose ``OAuth2Session`` is imported.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/oauth2_workflow.rst"
# Which snippets a reader goes through, one after another, counted from the top of the page.
WORKFLOWS = {
    "web application": (0, 1, 2, 3),
    "mobile application": (4, 5, 6),
    "legacy application": (7, 8),
    "backend application": (9, 10),
    "backend application, Basic": (9, 11),
    "refreshing, first way": (12, 13),
    "refreshing, second way": (12, 14),
    "refreshing, third way": (12, 15),
    "TLS client authentication": (9, 10, 16),
}
# What the page leaves to its reader: an import that its first workflow forgets, and what comes
# where the refreshing ones say "save token in database / session".
FORGOTTEN = "from requests_oauthlib import OAuth2Session\n"
BODY_OF_TOKEN_SAVER = "    database.append(token)\n"
SAVE_HERE = "    # save token in database / session\n"

_BLOCK = re.compile(r"^( *)\.\. code-block:: pycon\n\n((?:\1 +\S.*\n|\s*\n)+)", re.MULTILINE)
_PROMPT = re.compile(r"^(?:>>>|\.\.\.) ?", re.MULTILINE)
_IMPORT = re.compile(r"^from requests_oauthlib import ", re.MULTILINE)


def snippets(source: Path) -> list[str]:
    """Every snippet of the page, in its order, without prompts."""
    text = (source / PAGE).read_text(encoding="utf-8")
    blocks = [textwrap.dedent(found[2]).strip() + "\n" for found in _BLOCK.finditer(text)]
    return [_PROMPT.sub("", block) for block in blocks]


def workflow(name: str, source: Path, module: str) -> list[str]:
    """The snippets of a workflow, with ``OAuth2Session`` from that module."""
    page = snippets(source)
    return [_IMPORT.sub(f"from {module} import ", one) for one in _whole(page, WORKFLOWS[name])]


def _whole(page: list[str], numbers: tuple[int, ...]) -> list[str]:
    """These snippets, with what the page leaves to its reader."""
    chosen = [page[number] for number in numbers]
    if not any(_IMPORT.search(one) for one in chosen):
        chosen.insert(0, FORGOTTEN)
    return [one.replace(SAVE_HERE, SAVE_HERE + BODY_OF_TOKEN_SAVER) for one in chosen]
