"""``logout()`` and ``sessions``: what lives in this kernel, and ending it."""

import html
from collections.abc import Iterator
from dataclasses import dataclass

from requests import RequestException

from nb_oauth import session_account
from nb_oauth.exceptions import ConfigurationError, TokenError
from nb_oauth.session import OAuth2Session
from nb_oauth.tokens import Token

# The refresh token first: whoever holds it could still get another access token.
_KINDS = ("refresh_token", "access_token")


@dataclass(frozen=True)
class SignedOut:
    """What signing out has done.

    Attributes:
        provider: whom the session was signed in to.
        revoked: the kinds of tokens that the provider has taken back.
        failures: why it has not taken back the others, in words.
    """

    provider: str
    revoked: tuple[str, ...]
    failures: tuple[str, ...]

    def __repr__(self) -> str:
        """Say it in words."""
        done = " and ".join(kind.replace("_", " ") for kind in self.revoked)
        said = [f"Signed out of {self.provider}: the tokens are forgotten here."]
        if done:
            said.append(f"{self.provider} has revoked the {done}.")
        return " ".join([*said, *self.failures])

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>"


def logout(session: OAuth2Session) -> SignedOut:
    """Sign out: revoke the session's tokens at the provider, and forget them here.

    They are forgotten even where the provider cannot revoke them, or refuses. What JupyterHub has
    lent is not revoked: the Hub has it for others as well.

    Args:
        session: one that ``login()``, a …Login widget or ``OAuth2Session.open()`` gave.

    Returns:
        What was done; show it in a cell.

    Raises:
        ConfigurationError: the session was not opened for a provider.
    """
    if session.provider is None:
        raise ConfigurationError(
            "logout(…) needs a session that knows its provider: one of login(…) or "
            "OAuth2Session.open(…)."
        )
    with session.signing_out() as token:
        revoked, failures = _revoke(session, token)
    return SignedOut(session.provider.name, tuple(revoked), tuple(failures))


def _revoke(session: OAuth2Session, token: Token) -> tuple[list[str], list[str]]:
    revoked: list[str] = []
    failures: list[str] = []
    if session.lender is not None:
        name = session.lender.name
        return revoked, [f"{name} has its own still, and login() uses that again: sign out there."]
    if session.provider is not None and session.provider.revocation_endpoint is None:
        name = session.provider.name
        return revoked, [f"{name} has no revocation endpoint: there they live until their end."]
    for kind in _KINDS:
        if not token.get(kind):
            continue
        try:
            session.revoke_token(kind, token)
        except (TokenError, RequestException) as error:  # the latter of a hook of the caller's
            failures.append(f"The {kind.replace('_', ' ')} could not be revoked: {error}")
        else:
            revoked.append(kind)
    return revoked, failures


class Sessions:
    """The sessions that live in this kernel. Show it in a cell, or go through it.

    In a marimo app they are those of the visitor.
    """

    def __iter__(self) -> Iterator[OAuth2Session]:
        """Go through the live sessions, by provider."""
        alive = [session for session in OAuth2Session.opened.of_audience() if session.is_alive]
        return iter(sorted(alive, key=lambda session: session.account.provider or ""))

    def __len__(self) -> int:
        """Count them."""
        return len(list(iter(self)))

    def __repr__(self) -> str:
        """Say each in a line."""
        return "\n".join(map(repr, self)) or "No live sessions."

    def _repr_html_(self) -> str:
        return session_account.as_table([session.account for session in self])


sessions = Sessions()
