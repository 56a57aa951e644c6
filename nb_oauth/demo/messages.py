"""What comes in over HTTP and what goes out: two frozen values, and the usual ways to make one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NO_STORE", "Call", "Reply", "json_reply", "see_other"]

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""What goes with an answer that holds a secret (RFC 6749 §5.1)."""


@dataclass(frozen=True)
class Call:
    """One HTTP request.

    Attributes:
        method: ``"GET"`` or ``"POST"``.
        path: the path alone, such as ``"/authorize"``.
        query: the query as it came, without the question mark.
        headers: the header fields; names in lower case.
        body: the body of a form post as it came, else the empty string.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = field(default="", repr=False)

    @property
    def target(self) -> str:
        """The path and the query, as oauthlib reads them."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def query_value(self, name: str) -> str:
        """The first value of a parameter of the query; empty where there is none."""
        return parse_qs(self.query).get(name, [""])[0]

    def form_value(self, name: str) -> str:
        """The first value of a form field of the body; empty where there is none."""
        return parse_qs(self.body, keep_blank_values=True).get(name, [""])[0]


@dataclass(frozen=True)
class Reply:
    """One HTTP response."""

    status: int
    body: bytes = field(default=b"", repr=False)
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON response."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Reply(status, body, "application/json", headers or {})


def see_other(location: str) -> Reply:
    """A redirect after a form post: 303, so that no browser posts again (RFC 9700 §4.12)."""
    return Reply(303, headers={"Location": location})
