"""What this provider can do, as it says itself (RFC 8414 §2, OpenID Connect Discovery §3)."""

from __future__ import annotations

from nb_oauth.demo.openid import SIGNING_ALGORITHM
from nb_oauth.demo.registry import DEVICE_CODE, SCOPES

__all__ = ["METADATA_PATHS", "metadata"]

METADATA_PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
"""Where the document is: RFC 8414 §3 and OpenID Connect Discovery §4; it is the same at both."""

_METHODS = ["none", "client_secret_basic", "client_secret_post"]


def metadata(issuer: str) -> dict[str, object]:
    """The document.

    Args:
        issuer: the provider's address.
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "revocation_endpoint": f"{issuer}/revoke",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code", "token", "id_token token"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": [
            "authorization_code",
            "implicit",
            "password",
            "client_credentials",
            "refresh_token",
            DEVICE_CODE,
        ],
        "token_endpoint_auth_methods_supported": _METHODS,
        "revocation_endpoint_auth_methods_supported": _METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [SIGNING_ALGORITHM],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash"),
            *("name", "given_name", "family_name", "preferred_username"),
            *("email", "email_verified"),
        ],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "service_documentation": f"{issuer}/",
    }
