"""The authorization code grant, requests-oauthlib's Web Application Flow (RFC 6749 §4.1)."""

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


class AuthorizationCodeGrant:
    """Earns a token with a code that the browser brings back.

    Args:
        provider: where to sign in and where to exchange the code.
        extra: further authorization parameters, such as ``{"access_type": "offline"}``.

    Raises:
        ConfigurationError: ``extra`` names a parameter that the session sends itself, or the
            provider lacks an endpoint that this grant needs.
    """

    name: ClassVar[str] = "authorization_code"
    asks_a_person: ClassVar[bool] = True
    sends_back: ClassVar[bool] = True
    token_extra: Mapping[str, str] = NOTHING
    advice: ClassVar[str] = ""

    def __init__(self, provider: Provider, extra: Mapping[str, str] | None = None) -> None:
        self.provider = provider
        self.extra = checked_extra(extra)
        self._authorization_endpoint = provider.require("authorization_endpoint")
        self._token_endpoint = provider.require("token_endpoint")
        self._history = History()

    def flow(self, session: GrantSession) -> Flow:
        """Send the person to the provider until an answer is worth a token (RFC 6749 §4.1).

        An answer that comes to nothing (consent denied, a code that the provider does not take)
        is explained with the next link, which has a state and a verifier of its own. Only a bare
        code that fails leaves the link as it is: it may have been copied badly.

        Raises:
            AuthorizationError: the provider refuses what no new link would ask for otherwise.
            TokenError: the token endpoint refuses for a reason that no new code mends.
        """
        request, rejection = self._request(session), None
        while True:
            answer = yield OpenPage(request.url, self._accept(request), rejection)
            response: AuthorizationResponse = answer.value
            outcome = self._exchange(session, response)
            if not isinstance(outcome, Rejection):
                return outcome
            rejection = outcome
            if not response.bare:
                request = self._request(session)

    def _request(self, session: GrantSession) -> AuthorizationRequest:
        """Make the authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
        url, state = session.authorization_url(self._authorization_endpoint, **self.extra)
        self._history.remember(state)
        return AuthorizationRequest(self.provider, url, state, session.redirect_uri)

    def _accept(self, request: AuthorizationRequest) -> partial:  # type: ignore[type-arg]
        return partial(read_response, request=request, history=self._history)

    def _exchange(
        self, session: GrantSession, response: AuthorizationResponse
    ) -> Token | Rejection:
        """Exchange the code for a token (RFC 6749 §4.1.3), or say why that came to nothing."""
        if response.error is not None:
            return rejection_of(response, self.provider.name)
        self._history.spend(response.code)
        try:
            return session.fetch_token(self._token_endpoint, code=response.code)
        except TokenError as error:
            if is_beyond_repair(error):
                raise
            return Rejection(
                f"{error} A code works once and for a short time: open the sign-in page again "
                "for another."
            )
