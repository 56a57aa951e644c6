"""The places where others can read what a sign-in leaves there, and what each shows on purpose.

A new place goes into ``PLACES``, and into ``test_places.py``, which plants secrets there once and
sees them found. So does a moment at which all that is searched.
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
    "certificate_key",
    "state",
    "user_code",
)
"""What the judge calls the secrets of a run."""

MOMENTS = (
    "half typed",
    "submitted",
    "denied",
    "failed",
    "interrupted",
    "kernel killed",
    "page closed",
    "signed in",
)
"""How far a sign-in has come when all is searched."""


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


_FOR_PEOPLE = frozenset({"state", "user_code"})

PLACES = (
    SCROLLBACK,
    STANDARD_OUTPUT,
    COMMAND_LINES,
    ENVIRONMENTS,
    LOG,
    SERVER_LOG,
    KERNEL_LOG,
    MESSAGES,
    SAVED_NOTEBOOK,
    WIDGET_STATE,
    PLAIN_HTML,
    CHECKPOINTS,
    CONVERTED,
    WORKSPACES,
    BROWSER_STORAGE,
    NAMESPACE,
    HISTORY,
    REPRESENTATIONS,
    TRACEBACKS,
    PICKLES,
    WARNINGS,
    TEMPORARY,
    FILES,
) = (
    Place("terminal scrollback", _FOR_PEOPLE, "it shows the link to open, and the code to enter"),
    Place("standard output"),
    Place("process list: commands", _FOR_PEOPLE, "the browser is started with the link"),
    Place("process list: variables"),
    Place("log records at DEBUG"),
    Place("server's log at DEBUG"),
    Place("kernel's log at DEBUG"),
    Place("messages of a kernel", _FOR_PEOPLE, "they show link and code until one has signed in"),
    Place("saved notebook"),
    Place("saved widget state"),
    Place("plain HTML, midway", _FOR_PEOPLE, "where no widget appears, link and code stand there"),
    Place("checkpoints"),
    Place("nbconvert's HTML"),
    Place("JupyterLab's workspace"),
    Place("browser's storage"),
    Place("In, Out, _, variables"),
    Place("IPython's history"),
    Place("repr and str"),
    Place("errors with locals"),
    Place(
        "pickles",
        frozenset({"access_token", "id_token"}),
        "a worker asks the API with the one, and knows by the other for whom",
    ),
    Place("warnings"),
    Place("temporary folder"),
    Place("other files"),
)
