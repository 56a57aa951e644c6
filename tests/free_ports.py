"""Ports to be used later, or by nobody at all."""

from __future__ import annotations

import secrets
import socket

# Below those that the system hands out by itself: no other process is given one meanwhile.
_ASKED_FOR_BY_NUMBER = range(20_000, 32_768)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    while True:
        port = secrets.choice(_ASKED_FOR_BY_NUMBER)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def free_ports(count: int) -> list[int]:
    """So many of them, each another."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)
