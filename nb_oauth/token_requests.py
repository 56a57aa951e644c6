"""Asking the token endpoint: requests-oauthlib's ``fetch_token`` and ``refresh_token``, hardened.

They take what requests-oauthlib's take. What differs: loopback http is allowed and no environment
variable is ever needed, a good token survives a failed request, there is a timeout, and an answer
that is no token says what it was.
"""

import copy
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from oauthlib.common import urldecode
from oauthlib.oauth2 import LegacyApplicationClient

from nb_oauth import tokens
from nb_oauth.authenticated_requests import AuthenticatedRequests
from nb_oauth.exceptions import TokenError
from nb_oauth.fragment_tokens import read_fragment
from nb_oauth.token_responses import read_token_response, secrets_sent
from nb_oauth.tokens import REQUESTED_SCOPE, Token
from nb_oauth.transport import as_https, require_secure

_BEARER = "Bearer"
_OTHER_KINDS = {"dpop", "mac", "pop"}
DEFAULT_TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and seconds between two bytes, unless the caller says otherwise."""

HEADERS = {
    "Accept": "application/json",  # GitHub answers form-encoded unless asked
    "Content-Type": "application/x-www-form-urlencoded",
}
"""Of every request that a client sends to ask for something, unless the caller says otherwise."""


class TokenRequests(AuthenticatedRequests):
    """The part of a session that talks to the token endpoint."""

    _extra: Mapping[str, str] = MappingProxyType({})
    """Further parameters of each request that earns a token."""

    _cert_of_fetch: Any = None

    def fetch_token(
        self,
        token_url: str,
        code: str | None = None,
        authorization_response: str | None = None,
        body: str = "",
        auth: Any = None,
        username: str | None = None,
        password: str | None = None,
        method: str = "POST",
        force_querystring: bool = False,
        timeout: Any = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        proxies: Any = None,
        include_client_id: bool | None = None,
        client_secret: str | None = None,
        cert: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Exchange a grant for a token (RFC 6749 §4.1.3, §4.3.2, §4.4.2).

        Takes what requests-oauthlib's method takes. In a session that was opened the client
        authenticates as its ``Client`` says, unless ``auth``, ``client_secret`` or
        ``include_client_id`` say otherwise. The certificate that ``cert`` names (RFC 8705) is used
        for renewals too.

        Returns:
            The token, a mapping. The session keeps it.

        Raises:
            InsecureTransportError: the endpoint is neither https nor on a loopback address.
            StateMismatchError: ``authorization_response`` belongs to another request.
            TokenError: the endpoint refused, or did not answer with a token; a token that the
                session had before is still there. In a session that was opened also where it could
                not be reached.
            ValueError: an argument is missing.
        """
        require_secure(token_url)
        code = self._code_in(code, authorization_response)
        kwargs = {**self._extra, **kwargs}
        kwargs |= self._verifier() | self._owner(username, password)
        if auth is None and client_secret is None and include_client_id is None:
            auth, include_client_id, mine = self._own_authentication()
            kwargs |= mine
        auth, include_client_id = self._authentication(auth, include_client_id, client_secret)
        if include_client_id and client_secret is not None:
            kwargs["client_secret"] = client_secret
        body = self._client.prepare_request_body(
            code=code,
            body=body,
            redirect_uri=self.redirect_uri,
            include_client_id=include_client_id,
            **kwargs,
        )
        payload = {_place_of(method, force_querystring): dict(urldecode(body))}
        headers = dict(headers or HEADERS)
        for hook in self.compliance_hook["access_token_request"]:
            token_url, headers, payload = hook(token_url, headers, payload)
        options = {"timeout": timeout, "verify": verify, "proxies": proxies, "cert": cert}
        arguments = {**options, **payload, "headers": headers, "auth": auth}
        token = self._ask(method, token_url, "access_token_response", arguments)
        self._cert_of_fetch = cert
        self._forget_request()
        return token

    def token_from_fragment(self, authorization_response: str) -> Any:
        """Take the token out of the answer to an implicit request (RFC 6749 §4.2.2).

        Args:
            authorization_response: the whole address that the browser ended on.

        Returns:
            The token, a mapping. The session keeps it.

        Raises:
            InsecureTransportError: the address is neither https nor on a loopback address.
            StateMismatchError: the answer belongs to another request.
            AuthorizationError: it is the provider's error.
            TokenError: there is no token in the address.
        """
        self._require_request_under_way()
        read = read_fragment(self._client, self._readable(authorization_response), self._state)
        token = self._completed(read, time.time(), None)
        if self.provider is not None:
            token.pop("state", None)  # was for this one answer
        self._accept(token)
        self._forget_request()
        return self.token

    def _readable(self, authorization_response: str) -> str:
        """Return the address as oauthlib can read it, also one of the app's own (RFC 8252 §7.1)."""
        parts = urlsplit(authorization_response)
        if self.provider is None or parts.scheme in {"http", "https"}:
            return as_https(authorization_response)
        return f"https://localhost/#{parts.fragment}"

    def refresh_token(
        self,
        token_url: str,
        refresh_token: str | None = None,
        body: str = "",
        auth: Any = None,
        timeout: Any = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        proxies: Any = None,
        cert: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Renew the token with its refresh token (RFC 6749 §6).

        Takes what requests-oauthlib's method takes, and ``cert``: the certificate to show
        (RFC 8705), which is that of ``fetch_token`` unless given.

        Returns:
            The new token, with the refresh token used if the provider sent no new one.

        Raises:
            InsecureTransportError: the endpoint is neither https nor on a loopback address.
            TokenError: the endpoint refused, or did not answer with a token; the token that the
                session had before is still there.
            ValueError: there is no ``token_url``.
        """
        if not token_url:
            raise ValueError("No token endpoint to refresh at: give token_url=…")
        require_secure(token_url)
        refresh_token = refresh_token or self.token.get("refresh_token")
        kwargs |= self.auto_refresh_kwargs
        cert_of_every_refresh = kwargs.pop("cert", None)
        cert = cert or cert_of_every_refresh or self._cert_of_fetch
        if auth is None and self._registered is not None:
            auth, kwargs = self._client_authentication(kwargs)
        # Left out, the scope is what was granted before: never more, which would be refused.
        scope = self.scope if self.provider is None else None
        body = self._client.prepare_refresh_body(
            body=body, refresh_token=refresh_token, scope=scope, **kwargs
        )
        headers = dict(HEADERS if headers is None else headers)
        for hook in self.compliance_hook["refresh_token_request"]:
            token_url, headers, body = hook(token_url, headers, body)
        options = {"timeout": timeout, "verify": verify, "proxies": proxies, "cert": cert}
        arguments = {**options, "data": dict(urldecode(body)), "headers": headers, "auth": auth}
        return self._ask("POST", token_url, "refresh_token_response", arguments, refresh_token)

    def _ask(
        self,
        method: str,
        url: str,
        hooks: str,
        arguments: dict[str, Any],
        refresh_token: str | None = None,
    ) -> Any:
        """Send a token request, read its answer, keep the token."""
        from nb_oauth.client_authentication import advise

        if arguments["timeout"] is None:
            arguments["timeout"] = DEFAULT_TIMEOUT
        if self.provider is not None:  # a redirect would carry the secrets to another place
            arguments["allow_redirects"] = False
        asked_at = time.time()
        response = self._send(method, url, arguments)
        for hook in self.compliance_hook[hooks]:
            response = hook(response)
        sent = secrets_sent(arguments, arguments["auth"] or self.auth, self._registered)
        spaces = self.provider is None
        # In a session that was opened, learned only once it is checked: what a request sends, and
        # whether the session is authorized, is read from the client.
        reader = self._client if spaces else copy.copy(self._client)
        on_client = advise(arguments, self._registered)
        token = read_token_response(
            reader, response, self.scope, sent, spaces=spaces, on_client=on_client
        )
        self._accept(self._completed(token, asked_at, refresh_token))
        return self.token

    def _accept(self, token: Token) -> None:
        """Keep ``token`` if it passes every check."""
        self._check(token)
        self._keep(token)

    def _check(self, token: Token) -> None:
        """Refuse a token that is not what was asked for. OpenID Connect has more to check."""

    def _scope_to_carry(self, *, is_renewal: bool) -> dict[str, Any]:
        """Return what a token response may leave out, and what was asked for (RFC 6749 §5.1, §6).

        The latter stays with the token, since a provider may call what it grants by other names.
        """
        if is_renewal:
            names = ("scope", REQUESTED_SCOPE)
            return {name: self.token[name] for name in names if self.token.get(name)}
        asked = " ".join(self.requested_scope)
        return {"scope": asked, REQUESTED_SCOPE: asked} if asked else {}

    def _completed(
        self, token: Token, asked_at: float, refresh_token: str | None
    ) -> dict[str, Any]:
        """Return ``token`` with what the provider may leave out."""
        complete = dict(token)
        if refresh_token and not complete.get("refresh_token"):  # RFC 6749 §6: the old one stays
            complete["refresh_token"] = refresh_token
        if self.provider is not None:
            complete["token_type"] = kind_of(complete)
            complete = {**self._scope_to_carry(is_renewal=bool(refresh_token)), **complete}
            if "expires_in" in complete:  # else it is the provider's own
                complete.pop("expires_at", None)  # oauthlib's, rounded and counted from the answer
            complete = tokens.dated(complete, asked_at)
        return complete

    def _keep(self, token: Token) -> None:
        self.token = token

    # -- what a token request is made of ---------------------------------------------------

    def _owner(self, username: str | None, password: str | None) -> dict[str, str]:
        """Return the resource owner's credentials (RFC 6749 §4.3.2)."""
        if isinstance(self._client, LegacyApplicationClient) and (
            username is None or password is None
        ):
            raise ValueError("The password grant needs both username=… and password=….")
        given = {"username": username, "password": password}
        return {name: value for name, value in given.items() if value is not None}


def kind_of(token: Token) -> str:
    """Return the type of ``token``, which many make up: Slack has "bot", Apigee "BearerToken".

    Raises:
        TokenError: it is of a type that a bearer's request would not do for (RFC 9449, MAC).
    """
    given = str(token.get("token_type") or _BEARER)
    if given.lower() == _BEARER.lower():
        return given
    if given.lower() in _OTHER_KINDS:
        raise TokenError(
            f"The provider gave a token of the type {given}, which nb_oauth cannot use: ask it for "
            "bearer tokens, as the registration of the app may say."
        )
    return _BEARER


def _place_of(method: str, force_querystring: bool) -> str:
    if method.upper() not in {"POST", "GET"}:
        raise ValueError("fetch_token(method=…) is POST or GET.")
    return "data" if method.upper() == "POST" and not force_querystring else "params"
