"""The implicit grant, requests-oauthlib's Mobile Application Flow (RFC 6749 §4.2)."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from nb_oauth.exceptions import TokenError
from nb_oauth.grants.authorization_messages import (
    AuthorizationRequest,
    AuthorizationResponse,
    History,
)
from nb_oauth.grants.authorization_response import read_response
from nb_oauth.grants.contract import Flow, GrantSession
from nb_oauth.grants.extra import NOTHING, checked_extra
from nb_oauth.grants.refusals import is_beyond_repair, rejection_of
from nb_oauth.prompts import OpenPage, Rejection
from nb_oauth.providers import Provider
from nb_oauth.tokens import Token


class ImplicitGrant:
    """Earns a token that the browser itself brings back, in the fragment of an address.

    Args:
        provider: where to sign in.
        extra: further authorization parameters.

    Raises:
        ConfigurationError: ``extra`` names a parameter that the session sends itself, or the
            provider has no authorization endpoint.
    """

    name: ClassVar[str] = "implicit"
    asks_a_person: ClassVar[bool] = True
    sends_back: ClassVar[bool] = True
    token_extra: Mapping[str, str] = NOTHING
    advice: ClassVar[str] = (
        "RFC 9700 advises against the implicit grant, whose token passes through the browser: use "
        "AuthorizationCodeLogin where the provider has it."
    )

    def __init__(self, provider: Provider, extra: Mapping[str, str] | None = None) -> None:
        self.provider = provider
        self.extra = checked_extra(extra)
        self._authorization_endpoint = provider.require("authorization_endpoint")
        self._history = History()

    def flow(self, session: GrantSession) -> Flow:
        """Send the person to the provider until the browser comes back with a token.

        Raises:
            AuthorizationError: the provider refuses what no new link would ask for otherwise.
            TokenError: the token is not what was asked for.
        """
        rejection = None
        while True:
            request = self._request(session)
            accept = partial(read_response, request=request, history=self._history)
            answer = yield OpenPage(request.url, accept, rejection)
            outcome = self._take(session, answer.value)
            if not isinstance(outcome, Rejection):
                return outcome
            rejection = outcome

    def _request(self, session: GrantSession) -> AuthorizationRequest:
        """Make the authorization request (RFC 6749 §4.2.1)."""
        url, state = session.authorization_url(self._authorization_endpoint, **self.extra)
        self._history.remember(state)
        return AuthorizationRequest(
            self.provider, url, state, session.redirect_uri, brings="access_token"
        )

    def _take(self, session: GrantSession, response: AuthorizationResponse) -> Token | Rejection:
        """Take the token out of the answer (RFC 6749 §4.2.2), or say why there is none."""
        if response.error is not None:
            return rejection_of(response, self.provider.name)
        self._history.spend(response.code)
        try:
            return session.token_from_fragment(response.address)
        except TokenError as error:
            if is_beyond_repair(error):
                raise
            return Rejection(f"{error} Open the sign-in page again for another token.")
