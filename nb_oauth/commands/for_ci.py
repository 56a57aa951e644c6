"""``nb-oauth login --for-ci``: the variables that sign in where nobody can be asked.

They are written into a new file that nobody else may read, or into another program's standard
input; never on the screen, and never into what a list of processes shows.
"""

from __future__ import annotations

import abc
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nb_oauth import place, tokens
from nb_oauth.exceptions import ConfigurationError, LoginRequired
from nb_oauth.masking import mask
from nb_oauth.variables import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    TOKEN_ENDPOINT,
    Variables,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from typing_extensions import Self

    from nb_oauth.clients import Client
    from nb_oauth.providers import KnownProvider
    from nb_oauth.session import OAuth2Session

_VSCHAR = re.compile("[ -~]*")  # RFC 6749 §A.17
_SECRET = (ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN)


class Destination(contextlib.AbstractContextManager["Destination"], abc.ABC):
    """Where the variables go. Enter it before somebody signs in for them."""

    def __exit__(self, *_: object) -> None:
        """Leave no half of it behind."""

    @abc.abstractmethod
    def take(self, session: OAuth2Session, known: KnownProvider, account: str | None) -> None:
        """Write the variables of ``session``."""


def destination(options: argparse.Namespace) -> Destination | None:
    """Return where the variables are to go; None where they are not asked for.

    Raises:
        ConfigurationError: they cannot go there.
    """
    if options.for_ci is not None:
        return _NewFile(_checked(options.for_ci))
    if options.for_ci_command is not None:
        return _Program(tuple(_found(options.for_ci_command)))
    return None


def require_use(known: KnownProvider) -> None:
    """Raise what would come of it, before anybody signs in for nothing.

    Raises:
        LoginRequired: nobody is there. What is stored here is this machine's: a refresh token is
            good at one place, since a provider may take it back when two use it.
        ConfigurationError: no variable can stand for a sign-in to this provider.
    """
    name = known.provider.name
    if not place.here().is_attended:
        raise LoginRequired(
            f"Somebody must sign in to {name} for what --for-ci makes: it is for one place alone, "
            "and nobody can be asked here. Run this at a terminal."
        )
    if not Variables.of(known).has_endpoint:
        raise ConfigurationError(
            f"No variable can stand for a sign-in to {name}: it has no token endpoint, or has "
            "endpoints on several servers. Sign in without --for-ci on the machine that is to use "
            "it."
        )


def variables_of(
    session: OAuth2Session, known: KnownProvider, account: str | None
) -> dict[str, str]:
    """Return the variables that sign in as ``session`` is signed in, in the order to write them.

    Raises:
        ConfigurationError: the provider gave a token that ends, and none to renew it with.
    """
    token, client = session.token, session._registered  # noqa: SLF001 - no session shows its client's secret
    refresh_token, lasts = token.get("refresh_token"), tokens.expires_at(token) is None
    if client is None or not (refresh_token or lasts):
        raise ConfigurationError(
            f"{known.provider.name} gave no refresh token, so nothing can sign in later. Ask for "
            "one (many have the scope offline_access for that), or let the app sign in as itself "
            "(client credentials)."
        )
    _require_one_line(str(refresh_token or ""), known)  # no session takes such an access token
    variables = Variables.of(known)
    found = {
        TOKEN_ENDPOINT: None if variables.is_known else variables.token_endpoint,
        CLIENT_ID: None if _is_everybodys(known, client) else client.client_id,
        CLIENT_SECRET: client.client_secret,
        REFRESH_TOKEN: refresh_token,
        ACCESS_TOKEN: None if refresh_token else token["access_token"],
    }
    labels = {REFRESH_TOKEN: account, ACCESS_TOKEN: account}
    return {
        variables.called(member, labels.get(member)): str(value)
        for member, value in found.items()
        if value is not None
    }


def _require_one_line(refresh_token: str, known: KnownProvider) -> None:
    """Refuse what would be more than the value of a variable to some reader of the file."""
    if not _VSCHAR.fullmatch(refresh_token):
        raise ConfigurationError(
            f"The refresh token that {known.provider.name} gave has a character that is in none "
            "(RFC 6749, Appendix A.17), so no variable can hold it. Tell the provider."
        )


def _is_everybodys(known: KnownProvider, client: Client) -> bool:
    return known.client is not None and known.client.client_id == client.client_id


class _NewFile(Destination):
    """A file that is there with all that belongs in it, or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        with tempfile.TemporaryFile(dir=self._path.parent):  # nobody signs in for nothing
            return self

    def take(self, session: OAuth2Session, known: KnownProvider, account: str | None) -> None:
        found = variables_of(session, known, account)
        handle, beside = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with open(handle, "w", encoding="utf-8") as opened:  # noqa: PTH123 - a descriptor, not a path
                opened.write(_lines(found))
                opened.flush()
                os.fsync(handle)
            _give_name(Path(beside), self._path)
        finally:
            Path(beside).unlink(missing_ok=True)
        _say(found, f"written to {self._path}, which only you may read")


@dataclass(frozen=True)
class _Program(Destination):
    command: tuple[str, ...]

    def take(self, session: OAuth2Session, known: KnownProvider, account: str | None) -> None:
        found = variables_of(session, known, account)
        done = subprocess.run(  # noqa: S603 - what the person typed, without a shell
            self.command,
            input=_lines(found),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        secrets = [value for name, value in found.items() if name.endswith(_SECRET)]
        sys.stderr.write(mask(done.stdout, secrets))  # some say what they were given
        if done.returncode:
            raise ConfigurationError(
                f"{self.command[0]} ended with the exit status {done.returncode}, so the variables "
                "may not be where they should be. Sign in again once that is mended."
            )
        _say(found, f"given to {self.command[0]}")


def _give_name(beside: Path, path: Path) -> None:
    """Let the file ``beside`` be found as ``path``, and take nothing's place there.

    Raises:
        ConfigurationError: something came there meanwhile.
    """
    try:
        _link_or_move(beside, path)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} came to be there while you signed in, and was left as it is. Sign in again, "
            "and name a file that is not there yet."
        ) from None


def _link_or_move(beside: Path, path: Path) -> None:
    try:
        path.hardlink_to(beside)
    except FileExistsError:  # not for want of links
        raise
    except OSError:  # no file has two names there, as on a memory stick
        with path.open("x"):  # nobody else's from here on
            beside.replace(path)


def _checked(typed: str) -> Path:
    path = Path(typed)
    if typed == "-" or os.path.lexists(path):
        what = "the screen is no place for secrets" if typed == "-" else "it is there already"
        raise ConfigurationError(f"--for-ci {typed}: {what}. Name a file that is not there yet.")
    if not os.access(path.parent, os.W_OK):
        raise ConfigurationError(f"--for-ci {typed}: nothing can be written to {path.parent}.")
    return path


def _found(command: list[str]) -> list[str]:
    program = shutil.which(command[0]) if command else None
    if program is None:
        named = command[0] if command else "nothing"
        raise ConfigurationError(
            f"--for-ci-command runs a program, and {named} is none that is found. Put it last: "
            "--for-ci-command gh secret set -f -"
        )
    return [program, *command[1:]]


def _lines(variables: Mapping[str, str]) -> str:
    """Return a line each, which a shell and readers of ``.env`` files take alike."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())


def _say(variables: Mapping[str, str], where: str) -> None:
    sys.stderr.write(f"{', '.join(variables)}: {where}.\n")
