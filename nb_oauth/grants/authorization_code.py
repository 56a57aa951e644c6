"""The authorization code grant, requests-oauthlib's Web Application Flow (RFC 6749 §4.1)."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from requests import RequestException

from nb_oauth.exceptions import ConfigurationError, TokenError
from nb_oauth.grants.authorization_response import (
    AuthorizationRequest,
    AuthorizationResponse,
    History,
    read_response,
)
from nb_oauth.grants.contract import Flow, GrantSession
from nb_oauth.prompts import OpenPage, Rejection
from nb_oauth.providers import Provider
from nb_oauth.tokens import Token

# What the session itself puts into the request: overriding one would undo its protection.
_OURS = {
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "request",  # RFC 9101: would replace all of the above
    "request_uri",
    "response_mode",  # the answer must come in the query
    "response_type",
    "scope",
    "state",
    "url",
}
_OUT_OF_ORDER = 500  # HTTP statuses from here on
# What the token endpoint says when another code would fare no better: RFC 6749 §5.2, and GitHub.
_BEYOND_REPAIR = {
    "incorrect_client_credentials",
    "invalid_client",
    "invalid_request",
    "invalid_scope",
    "redirect_uri_mismatch",
    "unauthorized_client",
    "unsupported_grant_type",
}


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
    advice: ClassVar[str] = ""

    def __init__(self, provider: Provider, extra: Mapping[str, str] | None = None) -> None:
        self.provider = provider
        self.extra = dict(extra or {})
        if clash := sorted(_OURS & self.extra.keys()):
            raise ConfigurationError(
                f"extra={{…}} must not hold {', '.join(clash)}: that is sent already, from the "
                "arguments of the same name or made anew for each sign-in."
            )
        self._authorization_endpoint = provider.require("authorization_endpoint")
        self._token_endpoint = provider.require("token_endpoint")
        self._history = History()

    def flow(self, session: GrantSession) -> Flow:
        """Send the person to the provider until an answer is worth a token (RFC 6749 §4.1).

        An answer that comes to nothing (consent denied, a code that the provider does not take)
        is explained with the next link, which has a state and a verifier of its own. Only a bare
        code that fails leaves the link as it is: it may have been copied badly.

        Raises:
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
            return Rejection(response.refusal(self.provider.name))
        self._history.spend(response.code)
        try:
            return session.fetch_token(self._token_endpoint, code=response.code)
        except TokenError as error:
            if _is_beyond_repair(error):
                raise
            return Rejection(
                f"{error} A code works once and for a short time: open the sign-in page again "
                "for another."
            )


def _is_beyond_repair(error: TokenError) -> bool:
    """Tell whether another try would fare no better.

    Without an error code it would if the endpoint was out of reach or out of order, and would
    not if it answered with something that is no token.
    """
    if error.error is not None:
        return error.error in _BEYOND_REPAIR
    out_of_reach = isinstance(error, RequestException)
    return not (out_of_reach or (error.status or 0) >= _OUT_OF_ORDER)
