# ruff: noqa: ARG002 - the signatures are oauthlib's
"""What oauthlib asks about clients, answered from what is registered.

Nothing here remembers anything: :mod:`nb_oauth.demo.token_validation` does.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from oauthlib.oauth2 import RequestValidator

from nb_oauth.demo import through_jupyter
from nb_oauth.demo.registry import CLIENTS, DEFAULT_SCOPES, SCOPES, is_loopback_uri

if TYPE_CHECKING:
    from oauthlib.common import Request

__all__ = ["ClientValidator"]


class ClientValidator(RequestValidator):
    """Answers oauthlib's questions about clients, their redirect URIs and scopes."""

    # Clients (RFC 6749 §2.3)

    def client_authentication_required(
        self, request: Request, *args: object, **kwargs: object
    ) -> bool:
        """Confidential clients authenticate; so does whoever sends an Authorization header."""
        client = CLIENTS.get(request.client_id or "")
        return "Authorization" in request.headers or not (client and client.is_public)

    def authenticate_client(self, request: Request, *args: object, **kwargs: object) -> bool:
        """``client_secret_basic`` or ``client_secret_post`` (RFC 6749 §2.3.1)."""
        client_id, secret = _basic_credentials(request) or (
            request.client_id or "",
            request.client_secret or "",
        )
        client = CLIENTS.get(client_id)
        if client is None or not client.has_secret(secret):
            return False
        request.client, request.client_id = client, client_id
        return True

    def authenticate_client_id(
        self, client_id: str, request: Request, *args: object, **kwargs: object
    ) -> bool:
        """A public client only says who it is."""
        request.client = CLIENTS[client_id]
        return True

    def validate_client_id(
        self, client_id: str, request: Request, *args: object, **kwargs: object
    ) -> bool:
        """Whether the client that sent somebody to the authorization endpoint is known."""
        request.client = CLIENTS.get(client_id)
        return request.client is not None

    def validate_grant_type(
        self,
        client_id: str,
        grant_type: str,
        *args: object,
        **kwargs: object,
    ) -> bool:
        """Whether the client may use that grant."""
        return grant_type in CLIENTS[client_id].grant_types

    def validate_response_type(
        self, client_id: str, response_type: str, *args: object, **kwargs: object
    ) -> bool:
        """Whether the client may ask the authorization endpoint for that."""
        # The order of the words means nothing (RFC 6749 §3.1.1).
        return " ".join(sorted(response_type.split())) in CLIENTS[client_id].response_types

    # Redirect URIs and scopes (RFC 6749 §3.1.2 and §3.3)

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: object, **kwargs: object
    ) -> bool:
        """Any loopback address, any port and path (RFC 8252 §7.3); else back the way one came."""
        headers = request.headers
        return is_loopback_uri(redirect_uri) or through_jupyter.leads_back(redirect_uri, headers)

    def get_default_redirect_uri(self, *args: object, **kwargs: object) -> str:
        """None is registered, so every request names its own."""
        return ""

    def get_default_scopes(self, *args: object, **kwargs: object) -> list[str]:
        """What a request asks for that names no scope."""
        return list(DEFAULT_SCOPES)

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: object, request: Request, *args: object
    ) -> bool:
        """Whether all of them exist, and somebody is there for whom ``openid`` can vouch."""
        nobody_is_there = request.grant_type == "client_credentials"
        return set(scopes) <= set(SCOPES) and not ("openid" in scopes and nobody_is_there)

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Public clients must; the others may (RFC 9700 §2.1.1)."""
        return CLIENTS[client_id].is_public


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    """Client ID and secret from an ``Authorization: Basic`` header (RFC 6749 §2.3.1)."""
    scheme, _, value = str(request.headers.get("Authorization", "")).partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
