"""Asking for a device code (RFC 8628 §3.1, §3.2)."""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import requests
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from nb_oauth import tokens
from nb_oauth.exceptions import ConfigurationError, TokenError
from nb_oauth.masking import excerpt
from nb_oauth.token_requests import DEFAULT_TIMEOUT, HEADERS, TokenRequests
from nb_oauth.token_responses import refused, secrets_sent, with_plain_error
from nb_oauth.transport import is_secure, require_secure

if TYPE_CHECKING:
    from nb_oauth.grants import DeviceAuthorization

_INTERVAL = 5.0  # RFC 8628 §3.2: seconds, where the provider names none
_SHORTEST_INTERVAL = 0.1
_LIFETIME = 600.0  # seconds, where the provider leaves out what it must name
_PKCE = "S256"
_ENDPOINT = "device authorization endpoint"
_NO_PAGE = (
    "whoever is in the network could show people another page to sign in on. Tell the provider, "
    "whose device authorization endpoint names it (verification_uri)."
)


class DeviceRequests(TokenRequests):
    """The part of a session that asks for device codes."""

    def device_authorization(self, url: str, extra: Mapping[str, str]) -> "DeviceAuthorization":
        """Ask for a device code, in a session that was opened.

        A PKCE challenge goes along where the provider says that it takes one (RFC 7636).

        Args:
            url: the device authorization endpoint.
            extra: further parameters of the request.

        Raises:
            ConfigurationError: the session was not opened for a provider.
            InsecureTransportError: the endpoint, or the page that it names, is neither https nor
                on a loopback address.
            TokenError: the endpoint refused, did not answer with a code, or could not be reached.
        """
        from nb_oauth.client_authentication import advise

        require_secure(url)
        auth, data = self._client_authentication({**extra, **self._challenge()})
        if self.requested_scope:
            data["scope"] = " ".join(self.requested_scope)
        data.setdefault("client_id", str(self.client_id))
        arguments = {"data": data, "auth": auth, "timeout": DEFAULT_TIMEOUT, "headers": HEADERS}
        asked_at = time.monotonic()
        unredirected = {**arguments, "allow_redirects": False}
        response = self._send("POST", url, unredirected, _ENDPOINT)
        sent = secrets_sent(arguments, auth, self._registered)
        return _read(response, sent, asked_at, advise(arguments, self._registered))

    def _challenge(self) -> dict[str, str]:
        """Return a PKCE challenge, whose verifier goes with the token requests."""
        if self.provider is None:
            raise ConfigurationError("device_authorization() needs a session that was opened.")
        if _PKCE not in (self.provider.code_challenge_methods_supported or ()):
            return {}
        client: Any = self._client
        self._code_verifier = client.create_code_verifier(43)
        challenge = client.create_code_challenge(self._code_verifier, _PKCE)
        return {"code_challenge": challenge, "code_challenge_method": _PKCE}


def _read(
    response: requests.Response, sent: list[str | None], asked_at: float, on_client: str
) -> "DeviceAuthorization":
    members = _members(response)
    if members.get("error"):
        error = CustomOAuth2Error(str(members["error"]), members.get("error_description"))
        status = response.status_code
        raise refused(_ENDPOINT, error, status, sent, on_client)
    page = members.get("verification_uri") or members.get("verification_url")  # Google's
    if not (members.get("device_code") and members.get("user_code") and page):
        raise _no_code(response, sent)
    require_secure(str(page), _NO_PAGE)
    from nb_oauth.grants import DeviceAuthorization

    return DeviceAuthorization(
        device_code=str(members["device_code"]),
        user_code=str(members["user_code"]),
        verification_uri=str(page),
        verification_uri_complete=_shortcut(members.get("verification_uri_complete")),
        deadline=asked_at + (tokens.seconds(members.get("expires_in")) or _LIFETIME),
        interval=_interval(members.get("interval")),
    )


def _interval(given: object) -> float:
    interval = tokens.seconds(given) or 0.0
    return max(interval, _SHORTEST_INTERVAL) if interval > 0 else _INTERVAL


def _members(response: requests.Response) -> dict[str, Any]:
    try:
        members = json.loads(response.text)
    except (ValueError, RecursionError):  # form-encoded, as GitHub's, whatever was asked
        members = dict(parse_qsl(response.text))
    return with_plain_error(members) if isinstance(members, dict) else {}


def _shortcut(address: object) -> str | None:
    """Return the page that has the code already, which a provider need not have."""
    return address if isinstance(address, str) and is_secure(address) else None


def _no_code(response: requests.Response, sent: list[str | None]) -> TokenError:
    begins = excerpt(response.text, secrets=sent)
    return TokenError(
        f"The device authorization endpoint did not answer with a code (HTTP "
        f"{response.status_code}). Its answer begins: {begins!r}. Check the "
        "device_authorization_endpoint, or try again later.",
        status=response.status_code,
    )
