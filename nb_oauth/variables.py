"""The variables of the environment that stand for a sign-in: their names, and whom they are for.

A name such as ``NB_OAUTH_GITHUB_REFRESH_TOKEN`` says whose secret it holds. Whoever writes a
notebook can call a provider of theirs by any name, though, so a name alone opens nothing: what is
kept under it goes to the token endpoint that ``NB_OAUTH_<NAME>_TOKEN_ENDPOINT`` names beside it;
without that, to the provider that nb_oauth itself knows by that name, and to no other.
"""

import hashlib
import os
import re
from dataclasses import dataclass

from nb_oauth.providers import KnownProvider
from nb_oauth.providers.secret_endpoints import are_one_servers

ACCESS_TOKEN = "ACCESS_TOKEN"  # noqa: S105 - a part of a name
CLIENT_ID = "CLIENT_ID"
CLIENT_SECRET = "CLIENT_SECRET"  # noqa: S105 - a part of a name
REDIRECT_URI = "REDIRECT_URI"
REFRESH_TOKEN = "REFRESH_TOKEN"  # noqa: S105 - a part of a name
TOKEN_ENDPOINT = "TOKEN_ENDPOINT"  # noqa: S105 - a part of a name
ISSUER = "ISSUER"

_NOT_IN_A_NAME = re.compile(r"[^A-Z0-9]+")
_TELLING = 8  # digits of a digest


def variable(name: str, member: str, account: str | None = None) -> str:
    """Return the variable that holds ``member`` of the provider called ``name``.

    Args:
        name: such as ``"github"`` or ``"accounts.example"``.
        member: such as ``"CLIENT_ID"``.
        account: the label of one of several accounts, which two underscores set off: none of the
            rest has two in a row, so no label makes it the variable of another provider. A label
            that no variable can have whole, such as ``"Work"``, is told from those that would
            look alike by its digest.

    Returns:
        Such as ``"NB_OAUTH_ACCOUNTS_EXAMPLE_CLIENT_ID"``.
    """
    whose = _words(name) if account is None else f"{_words(name)}__{_label(account)}"
    return f"NB_OAUTH_{whose}_{member}"


def _label(account: str) -> str:
    words = _words(account)
    if words.lower() == account:
        return words
    digest = hashlib.sha256(account.encode()).hexdigest()[:_TELLING].upper()
    return "_".join(filter(None, (words, digest)))


def _words(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", name.upper()).strip("_")


@dataclass(frozen=True)
class Variables:
    """The variables of one provider.

    Args:
        name: what they are named after: its short name, else what it is called.
        token_endpoint: the token endpoint that they are for.
        has_endpoint: whether there is a token endpoint at all; and, unless the name says which
            provider it is, none on another server that a secret would go to.
        sign_in: the member that stands for a person's sign-in there: a refresh token, or where the
            provider gives none an access token, which does not end then.
        is_known: whether the name says which provider it is: then no token endpoint has to stand
            beside them. One that does counts all the same.
    """

    name: str
    token_endpoint: str | None = None
    has_endpoint: bool = True
    sign_in: str = REFRESH_TOKEN
    is_known: bool = False

    @classmethod
    def of(cls, known: KnownProvider) -> "Variables":
        """Return those of a provider."""
        endpoint = known.provider.token_endpoint
        sign_in = ACCESS_TOKEN if known.entry.lasting_tokens else REFRESH_TOKEN
        if known.short_name is not None:
            return cls(known.short_name, endpoint, bool(endpoint), sign_in, is_known=True)
        return cls(known.provider.name, endpoint, are_one_servers(known.provider), sign_in)

    def called(self, member: str, account: str | None = None) -> str:
        """Return the name of the variable for ``member``, for the account of that label."""
        return variable(self.name, member, account or None)

    def value(self, member: str, account: str | None = None) -> str | None:
        """Return what the environment has for ``member``; None without, and where it is empty.

        None is returned as well where it is kept for another token endpoint than this provider's.
        """
        return _value(self.called(member, account)) if self.are_for_it() else None

    def is_set(self, member: str, account: str | None = None) -> bool:
        """Tell whether there is anything for ``member``, whomever it is for."""
        return _value(self.called(member, account)) is not None

    def are_for_it(self) -> bool:
        """Tell whether what these variables hold is for this provider, and no other of its name."""
        return self.why_unused() is None

    def why_unused(self) -> str | None:
        """Return why what they hold is not for this provider; None where it is."""
        if not self.has_endpoint:
            return f"{self.name} has no token endpoint, or has endpoints on several servers"
        beside = self.called(TOKEN_ENDPOINT)
        stated = _value(beside)
        if stated == self.token_endpoint or (stated is None and self.is_known):
            return None
        if stated is None:
            return f"{beside} is not set; if it is meant for this server, set it to " + str(
                self.token_endpoint
            )
        return (
            f"{beside} is {_shown(stated)}, and the token endpoint of {self.name} is "
            f"{self.token_endpoint}"
        )


def _shown(stated: str) -> str:
    """Return the address that a variable holds, unless it may be a secret that is out of place."""
    address, mark, _ = stated.partition("?")
    is_address = address.startswith(("https://", "http://")) and "@" not in address
    return f"{address}{'?…' if mark else ''}" if is_address else "no address"


def _value(name: str) -> str | None:
    """Return a variable without what a file or a paste leaves around it; CI sets empty ones."""
    return os.environ.get(name, "").strip() or None
