"""What an answer holds, by its content type."""

import json
from email.message import Message
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

__all__ = ["charset", "document_in", "is_lines", "media_type"]

_LINES = frozenset(
    {
        *(
            "application/jsonl",
            "application/jsonlines",
            "application/x-jsonlines",
            "application/ndjson",
        ),
        *("application/x-ndjson", "application/x-json-stream", "application/stream+json"),
        *("application/json-seq", "application/geo+json-seq", "application/json-lines"),
    }
)
# What servers call JSON that have not been told what it is.
_VAGUE = frozenset(("", "application/javascript", "application/octet-stream", "text/plain"))
_RECORD_SEPARATOR = "\x1e"  # RFC 7464 and RFC 8142 begin each text of a sequence with it


def media_type(response: "requests.Response") -> str:
    """Return the media type in lower case, without its parameters (RFC 9110 §8.3)."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def is_lines(response: "requests.Response") -> bool:
    """Tell whether it is JSON in lines, each a record."""
    kind = media_type(response)
    return kind in _LINES or kind.endswith("+json-seq")


def document_in(response: "requests.Response") -> Any:  # noqa: ANN401 - whatever JSON is
    """Return the JSON in an answer: a document, or the list of its lines; None if it has none.

    Raises:
        requests.JSONDecodeError: it is said to be JSON, and is none.
    """
    if not response.content.strip():
        return None
    if is_lines(response):
        lines = response.content.decode("utf-8-sig").split("\n")
        return [
            json.loads(line) for each in lines if (line := each.strip(" \t\r" + _RECORD_SEPARATOR))
        ]
    kind = media_type(response)
    if kind == "application/json" or kind.endswith(("+json", "/json")):
        return response.json()
    return _tried(response) if kind in _VAGUE else None


def _tried(response: "requests.Response") -> Any:  # noqa: ANN401 - whatever JSON is
    try:
        return response.json()
    except ValueError:
        return None


def charset(response: "requests.Response") -> str:
    """Return the encoding of a text, which is UTF-8 unless said otherwise (RFC 7111 §5.1)."""
    message = Message()
    message["Content-Type"] = response.headers.get("Content-Type", "")
    return message.get_content_charset("utf-8")
