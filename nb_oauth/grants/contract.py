"""What every grant is, and what it needs of a session."""

from collections.abc import Generator
from typing import Any, ClassVar, Protocol

from nb_oauth.prompts import Answer, OpenPage
from nb_oauth.tokens import Token

Flow = Generator[OpenPage[Any], Answer[Any], Token]
"""Yields prompts, is sent answers, returns the token."""


class GrantSession(Protocol):
    """The part of ``OAuth2Session`` that a grant uses."""

    redirect_uri: str | None

    def authorization_url(
        self, url: str, state: str | None = None, **kwargs: object
    ) -> tuple[str, str]:
        """Return the authorization request as a URL, and its state (RFC 6749 §4.1.1)."""
        ...

    def fetch_token(self, token_url: str, code: str | None = None) -> Token:
        """Exchange what was earned for a token (RFC 6749 §4.1.3)."""
        ...


class Grant(Protocol):
    """One way to earn a token (RFC 6749 §1.3)."""

    name: ClassVar[str]
    """The grant type, as in RFC 6749 §4."""

    asks_a_person: ClassVar[bool]
    """Whether somebody must be there to earn a token this way."""

    def flow(self, session: GrantSession) -> Flow:
        """Earn a token: yield a prompt for each thing the person must do, return the token.

        Raises:
            TokenError: the token endpoint said no for good.
        """
        ...
