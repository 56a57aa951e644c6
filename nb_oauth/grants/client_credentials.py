"""The client credentials grant, requests-oauthlib's Backend Application Flow (RFC 6749 §4.4)."""

from typing import ClassVar

from nb_oauth.grants.contract import Flow, GrantSession
from nb_oauth.providers import Provider


class ClientCredentialsGrant:
    """Earns a token for the app itself, by its secret. Nobody is asked anything.

    Args:
        provider: where to ask for the token.

    Raises:
        ConfigurationError: the provider has no token endpoint.
    """

    name: ClassVar[str] = "client_credentials"
    asks_a_person: ClassVar[bool] = False
    sends_back: ClassVar[bool] = False
    advice: ClassVar[str] = ""

    def __init__(self, provider: Provider) -> None:
        self._token_endpoint = provider.require("token_endpoint")

    def flow(self, session: GrantSession) -> Flow:
        """Ask for the token (RFC 6749 §4.4.2).

        Raises:
            TokenError: the token endpoint refuses.
        """
        yield from ()
        return session.fetch_token(self._token_endpoint)
