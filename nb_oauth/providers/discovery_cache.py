"""Metadata documents that were had before: in this process, and in the user's cache folder.

One file an issuer, in a folder of ours. A file is believed only if it is ours and nobody else may
change it: whoever writes there says where secrets go. A cache that cannot be read or written is
no reason not to go on without.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from nb_oauth.providers.metadata_request import Document

_WRITABLE_BY_OTHERS = 0o022


@dataclass(frozen=True)
class Kept:
    """A document, and when it came (seconds since the epoch)."""

    document: Document
    since: float

    def age(self, now: float) -> float:
        """Return how old it is, in seconds; one from the future is as old as can be."""
        return now - self.since if self.since <= now else float("inf")


_here: dict[str, Kept] = {}


def keep(asked: str, kept: Kept) -> None:
    """Keep a document for later."""
    _here[asked] = kept
    with contextlib.suppress(OSError, RecursionError):  # the latter for one nested too deep
        members = {"asked": asked, "document": kept.document, "since": kept.since}
        _write(_file_of(asked), json.dumps(members))


def find(asked: str) -> Kept | None:
    """Return what was kept under ``asked``, however old; None if nothing can be believed."""
    return _here.get(asked) or _read(asked)


def _read(asked: str) -> Kept | None:
    try:
        file = _file_of(asked)
        _require_ours(file.parent.stat())
        with file.open("rb") as opened:
            _require_ours(os.fstat(opened.fileno()))
            members = json.load(opened)
        if members["asked"] != asked:
            return None
        return Kept(dict(members["document"]), float(members["since"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _write(file: Path, text: str) -> None:
    """Write to the side and rename: whoever reads meanwhile finds the old file or the new one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_ours(file.parent.stat())
    handle, beside = tempfile.mkstemp(dir=file.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
        Path(beside).replace(file)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


def _file_of(asked: str) -> Path:
    digest = hashlib.sha256(asked.encode()).hexdigest()
    return (
        platformdirs.user_cache_path("nb_oauth", appauthor=False) / "providers" / f"{digest}.json"
    )


def _require_ours(status: os.stat_result) -> None:
    """Refuse what somebody else owns or may change. On Windows the profile folder sees to it."""
    if os.name == "nt":  # pragma: no cover - there are no such modes there
        return
    if status.st_uid != os.geteuid() or status.st_mode & _WRITABLE_BY_OTHERS:
        raise PermissionError("not ours alone")
