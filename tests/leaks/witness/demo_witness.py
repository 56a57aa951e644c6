"""Notes every secret that a demo provider is sent, and that it answers with.

In a file of the test run, which is none of the places that are searched. What everybody knows is
no secret: the passwords of the demo, which its pages fill in by themselves.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl, unquote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from nb_oauth.demo.messages import Call, Reply

    Pairs: TypeAlias = Iterator[tuple[str, str]]

NOTED_IN = "DEMO_SECRETS_ARE_NOTED_IN"
KINDS = {
    "access_token",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token",
    "refresh_token",
    "state",
    "user_code",
}
LONG_ENOUGH = 8  # characters: rubbish that a test has sent is no secret


def watched(answer: Callable[..., Reply]) -> Callable[..., Reply]:
    """Return ``answer``, the last of whose arguments is the call, and which notes all secrets."""

    def answer_and_note(*args: Any) -> Reply:
        reply = answer(*args)
        note([*of_call(args[-1]), *of_reply(reply)])
        return reply

    return answer_and_note


def note(pairs: Iterable[tuple[str, str]]) -> None:
    """Note those that are secrets."""
    wanted = {(name, value) for name, value in pairs if name in KINDS and len(value) >= LONG_ENOUGH}
    if not wanted:
        return
    lines = "".join(json.dumps(pair) + "\n" for pair in sorted(wanted))
    # At once and at the end, for several programs have the same file.
    file = os.open(os.environ[NOTED_IN], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, lines.encode())
    finally:
        os.close(file)


def of_call(call: Call) -> Pairs:
    """Name and value of each parameter, and an app's secret."""
    yield from parse_qsl(call.query)
    yield from parse_qsl(call.body)
    scheme, _, credentials = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):  # rubbish, which the provider answers as ever
            _, _, secret = base64.b64decode(credentials).decode().partition(":")
            yield "client_secret", unquote_plus(secret)


def of_reply(reply: Reply) -> Pairs:
    """Name and value of all that an app or a browser gets."""
    location = urlsplit(reply.headers.get("Location", ""))
    yield from parse_qsl(location.query)
    yield from parse_qsl(location.fragment)
    if reply.body and reply.content_type.startswith("application/json"):
        answered = json.loads(reply.body)
        if isinstance(answered, dict):
            yield from ((name, value) for name, value in answered.items() if isinstance(value, str))
