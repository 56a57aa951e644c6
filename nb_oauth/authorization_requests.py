"""Sending a person to the provider, and reading the answer the browser brings back.

requests-oauthlib's ``authorization_url``, and what of ``fetch_token`` belongs to one authorization
request: its state, its PKCE verifier, its code. What differs: loopback http is allowed, and in a
session that was opened an answer is only ever read for the request that it answers.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests_oauthlib
from oauthlib.oauth2 import Client as OAuthlibClient
from oauthlib.oauth2 import MismatchingStateError, WebApplicationClient

from nb_oauth import tokens
from nb_oauth.connections import ConnectedSession
from nb_oauth.environment import EnvironmentSession
from nb_oauth.exceptions import AuthorizationError, StateMismatchError
from nb_oauth.prepared_requests import PreparingSession
from nb_oauth.quirks import AUTHORIZATION_REQUEST
from nb_oauth.transport import DirectLoopback, as_https, with_scheme_of

if TYPE_CHECKING:
    from nb_oauth.clients import Client
    from nb_oauth.providers import Provider


class AuthorizationRequests(
    DirectLoopback,
    EnvironmentSession,
    ConnectedSession,
    PreparingSession,
    requests_oauthlib.OAuth2Session,
):
    """The part of a session that makes authorization requests (RFC 6749 §4.1.1)."""

    provider: "Provider | None" = None
    """Whose session this is; None in one made by the constructor alone."""
    _registered: "Client | None" = None
    _client: OAuthlibClient
    _scope: Any
    _state: str | None = None
    compliance_hook: dict[str, set[Callable[..., Any]]]  # type: ignore[assignment]  # all five
    _code_verifier: str | None = None

    @property
    def requested_scope(self) -> list[str]:
        """What this session asks for."""
        return tokens.scope_list(self._scope)

    def new_state(self) -> str:
        """Return a new state, as requests-oauthlib does, which writes it into its log."""
        self._state = str(self.state() if callable(self.state) else self.state)
        return self._state

    def authorization_url(
        self, url: str, state: str | None = None, **kwargs: Any
    ) -> tuple[str, str]:
        """Return the authorization request as a URL, and its state (RFC 6749 §4.1.1).

        No client secret is in it, whatever oauthlib's client for the grant would have there.

        Raises:
            InsecureTransportError: the endpoint is neither https nor on a loopback address.
        """
        made, state = super().authorization_url(as_https(url), state, **kwargs)
        made = _without_client_secret(made)
        for hook in self.compliance_hook.get(AUTHORIZATION_REQUEST, ()):
            made = hook(made)
        if self.provider is not None:  # also one of the caller's own, which theirs would not check
            self._state = state
        return with_scheme_of(url, made), state

    def _code_in(self, code: str | None, authorization_response: str | None) -> str | None:
        """Return the authorization code, from wherever it was given (RFC 6749 §4.1.2)."""
        if code:
            return code
        if authorization_response:
            self._require_request_under_way()
            self._require_own_issuer(authorization_response)
            try:
                self._client.parse_request_uri_response(
                    as_https(authorization_response), state=self._state
                )
            except MismatchingStateError:
                raise StateMismatchError(
                    "This answer belongs to another authorization request: its state is not the "
                    "one of this session. Open the newest authorization URL."
                ) from None
        code = getattr(self._client, "code", None)
        if not code and isinstance(self._client, WebApplicationClient):
            raise ValueError("Give fetch_token(…) either code=… or authorization_response=….")
        return code

    def _require_own_issuer(self, authorization_response: str) -> None:
        """In a session that was opened, refuse an answer of another issuer (RFC 9207 §2.4)."""
        known = self.provider
        if known is None or known.issuer is None:
            return
        query = urlsplit(authorization_response).query
        named = parse_qs(query, keep_blank_values=True).get("iss")
        if named != [known.issuer] and (
            named or known.authorization_response_iss_parameter_supported
        ):
            raise AuthorizationError(
                f"This answer does not come from {known.name}: its iss is not the provider's "
                "issuer. Open the newest authorization URL.",
                error="mismatching_issuer",
            )

    def _require_request_under_way(self) -> None:
        """In a session that was opened, refuse an answer to nothing: oauthlib would take any."""
        if self.provider is not None and not self._state:
            raise StateMismatchError(
                "This session waits for no answer: it made no authorization URL yet, or the "
                "answer to it was exchanged. Make a new one with authorization_url(…)."
            )

    def _forget_request(self) -> None:
        """Forget what was made for one authorization request, and is good for no other."""
        if self.provider is not None:
            self._code_verifier = self._state = None
            client: Any = self._client
            client.code = client.code_verifier = client.code_challenge = None

    def _verifier(self) -> dict[str, str]:
        """Return the PKCE verifier, if this session made the URL (RFC 7636 §4.5)."""
        return {"code_verifier": self._code_verifier} if self._code_verifier else {}


def _without_client_secret(url: str) -> str:
    """Return ``url`` as it may be seen: RFC 6749 §2.3.1 wants no secret there.

    oauthlib's ``DeviceClient`` puts it there.
    """
    place, mark, query = url.partition("?")
    kept = (member for member in query.split("&") if not member.startswith("client_secret="))
    return place + mark + "&".join(kept)
