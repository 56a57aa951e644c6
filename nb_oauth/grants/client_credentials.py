"""The client credentials grant, requests-oauthlib's Backend Application Flow (RFC 6749 §4.4)."""

from collections.abc import Mapping
from typing import ClassVar

from nb_oauth.grants.contract import Flow, GrantSession
from nb_oauth.grants.extra import checked_token_extra
from nb_oauth.providers import Provider


class ClientCredentialsGrant:
    """Earns a token for the app itself, by its secret. Nobody is asked anything.

    Args:
        provider: where to ask for the token.
        extra: further parameters of the token request, such as ``{"audience": "…"}``.

    Raises:
        ConfigurationError: ``extra`` names a parameter that the session sends itself, or the
            provider has no token endpoint.
    """

    name: ClassVar[str] = "client_credentials"
    asks_a_person: ClassVar[bool] = False
    sends_back: ClassVar[bool] = False
    advice: ClassVar[str] = ""

    def __init__(self, provider: Provider, extra: Mapping[str, str] | None = None) -> None:
        self.token_extra: Mapping[str, str] = checked_token_extra(extra)
        self._token_endpoint = provider.require("token_endpoint")

    def flow(self, session: GrantSession) -> Flow:
        """Ask for the token (RFC 6749 §4.4.2).

        Raises:
            TokenError: the token endpoint refuses.
        """
        yield from ()
        return session.fetch_token(self._token_endpoint)
