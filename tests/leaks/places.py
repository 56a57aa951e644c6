"""The places where others can read what a sign-in leaves there, and what each shows on purpose.

A new place goes into ``PLACES``, and into ``test_places.py``, which plants secrets there once and
sees them found.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "client_secret",
    "password",
    "code",
    "code_verifier",
    "device_code",
    "access_token",
    "refresh_token",
    "id_token",
    "state",
)
"""What the judge calls the secrets of a run."""


@dataclass(frozen=True)
class Place:
    """A place that others can read.

    Args:
        name: what the table calls it.
        shows: the kinds of secret that have to be there.
        why: why they have to.
    """

    name: str
    shows: frozenset[str] = frozenset()
    why: str = ""


_STATE = frozenset({"state"})

PLACES = (
    SCROLLBACK,
    STANDARD_OUTPUT,
    COMMAND_LINES,
    ENVIRONMENTS,
    LOG,
    MESSAGES,
    SAVED_NOTEBOOK,
    FILES,
) = (
    Place("terminal scrollback", _STATE, "the link to open is shown, and the state is in it"),
    Place("standard output"),
    Place("process list: commands", _STATE, "the browser is started with the link"),
    Place("process list: variables"),
    Place("logs at DEBUG"),
    Place("messages of a kernel", _STATE, "they show the link, until somebody has signed in"),
    Place("saved notebook"),
    Place("other files"),
)
