"""Ports to be used later, or by nobody at all."""

from __future__ import annotations

import atexit
import secrets
import socket
from collections import deque

# Below those that the system hands out by itself: no program is given one meanwhile.
_ASKED_FOR_BY_NUMBER = range(20_000, 32_768)
_KEPT = 100  # by then the first of them are in use, or will not be used any more

_claims: deque[socket.socket] = deque()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at, and that no other test is given now."""
    while True:
        port = secrets.choice(_ASKED_FOR_BY_NUMBER)
        if _is_claimed(port):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return port


def free_ports(count: int) -> list[int]:
    """So many of them, each another."""
    return [free_port() for _ in range(count)]


def _is_claimed(port: int) -> bool:
    """Take its twin of UDP, which nobody else can take then: so other processes know."""
    claim = socket.socket(type=socket.SOCK_DGRAM)
    try:
        claim.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    if len(_claims) > _KEPT:
        _claims.popleft().close()
    return True


@atexit.register
def _release() -> None:
    while _claims:
        _claims.pop().close()
