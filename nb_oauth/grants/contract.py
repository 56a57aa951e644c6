"""What every grant is, and what it needs of a session."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from nb_oauth.prompts import Answer, Prompt
from nb_oauth.providers import Provider
from nb_oauth.tokens import Token

Flow = Generator[Prompt, Answer[Any], Token]
"""Yields prompts, is sent answers, returns the token."""


@dataclass(frozen=True)
class DeviceAuthorization:
    """What a provider gives a device to sign in with (RFC 8628 §3.2).

    Args:
        device_code: what the token is asked for with.
        user_code: what the person enters.
        verification_uri: the page to enter it on.
        verification_uri_complete: the page with the code in its address; None without one.
        deadline: when the codes are good no more, on the clock of ``time.monotonic()``.
        interval: seconds to leave between two token requests.
    """

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    verification_uri: str
    verification_uri_complete: str | None = field(repr=False)
    deadline: float
    interval: float


class GrantSession(Protocol):
    """The part of ``OAuth2Session`` that a grant uses."""

    redirect_uri: str | None

    def authorization_url(
        self, url: str, state: str | None = None, **kwargs: object
    ) -> tuple[str, str]:
        """Return the authorization request as a URL, and its state (RFC 6749 §4.1.1)."""
        ...

    def device_authorization(self, url: str, extra: Mapping[str, str]) -> DeviceAuthorization:
        """Ask for a device code (RFC 8628 §3.1)."""
        ...

    def fetch_token(
        self,
        token_url: str,
        code: str | None = None,
        *,
        username: str | None = None,
        password: str | None = None,
        device_code: str | None = None,
    ) -> Token:
        """Exchange what was earned for a token (RFC 6749 §4.1.3, §4.3.2, RFC 8628 §3.4)."""
        ...

    def token_from_fragment(self, authorization_response: str) -> Token:
        """Take the token out of the address that the browser ended on (RFC 6749 §4.2.2)."""
        ...


class Grant(Protocol):
    """One way to earn a token (RFC 6749 §1.3)."""

    name: ClassVar[str]
    """The grant type, as in RFC 6749 §4 or RFC 8628."""

    asks_a_person: ClassVar[bool]
    """Whether somebody must be there to earn a token this way."""

    sends_back: ClassVar[bool]
    """Whether the provider sends the browser back with the answer."""

    token_extra: Mapping[str, str]
    """Further parameters of the token request."""

    advice: ClassVar[str]
    """What to use instead, where RFC 9700 advises against this grant; else nothing."""

    def __init__(self, provider: Provider, extra: Mapping[str, str] | None = None) -> None:
        """Take the provider, and further parameters of what this grant sends first."""
        ...

    def flow(self, session: GrantSession) -> Flow:
        """Earn a token: yield a prompt for each thing the person must do, return the token.

        Raises:
            TokenError: the token endpoint said no for good.
        """
        ...
