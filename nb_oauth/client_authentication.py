"""How an app says in a token request that it is itself (RFC 6749 §2.3, RFC 7523 §2.2)."""

import json
import secrets
import time
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from requests.auth import AuthBase, HTTPBasicAuth

from nb_oauth.clients import Client
from nb_oauth.providers import Provider

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME = 60  # seconds; longer than a request takes, too short to be worth stealing


@dataclass(frozen=True)
class ClientAuthentication:
    """What a token request carries to say which client sends it (RFC 6749 §2.3)."""

    auth: AuthBase | None
    parameters: dict[str, str] = field(repr=False)


def authenticate(client: Client, provider: Provider) -> ClientAuthentication:
    """Say how ``client`` authenticates in one request to ``provider``.

    With a certificate, the request says no more than which client it is (RFC 8705 §2), as a
    public client's does.

    Args:
        client: who asks.
        provider: who is asked, and so what it takes.

    Raises:
        ConfigurationError: the private key can be read no more.
    """
    method = _method(client, provider)
    if method == "client_secret_basic":
        encoded = quote_plus if client.basic_urlencoded else str
        user, password = encoded(client.client_id), encoded(client.client_secret or "")
        return ClientAuthentication(HTTPBasicAuth(user, password), {})
    parameters = {"client_id": client.client_id}
    if method == "client_secret_post":
        parameters["client_secret"] = client.client_secret or ""
    elif method in {"client_secret_jwt", "private_key_jwt"}:
        parameters["client_assertion_type"] = _ASSERTION_TYPE
        parameters["client_assertion"] = _assertion(client, provider, method)
    return ClientAuthentication(None, parameters)


def secrets_in(auth: object, client: Client | None) -> list[str | None]:
    """Return what must not be shown of how a token request was authenticated.

    Args:
        auth: as requests takes it: a pair of user and password, or an ``AuthBase``.
        client: the app that asked, if it is known; its secret may be in ``auth``, form-urlencoded.
    """
    basic = HTTPBasicAuth(*auth) if isinstance(auth, tuple) else auth
    password = getattr(basic, "password", None)
    known = [client.client_secret] if client else []
    if not isinstance(password, str):
        return known
    pair = f"{getattr(basic, 'username', '')}:{password}".encode()
    return [*known, password, unquote_plus(password), b64encode(pair).decode()]


def advise(arguments: Mapping[str, Any], client: Client | None) -> str:
    """Say what to check where a provider does not take a client for what it says it is.

    Args:
        arguments: what requests was given for the request that was refused.
        client: the app that asked, if it is known.
    """
    sent = arguments.get("data") or arguments.get("params")
    parameters = sent if isinstance(sent, Mapping) else {}
    if "client_assertion" in parameters:
        return _advise_on(parameters["client_assertion"])
    has_secret = bool(arguments.get("auth")) or "client_secret" in parameters
    if client is not None and client.cert is not None and not has_secret:
        path = client.cert if isinstance(client.cert, str) else client.cert[0]
        return (
            f"Check client_id and token_endpoint_auth_method, and that the certificate in {path} "
            "is the one that the app is registered with."
        )
    return "Check client_id, client_secret and token_endpoint_auth_method."


def _advise_on(assertion: object) -> str:
    try:
        header, claims = (
            json.loads(urlsafe_b64decode(f"{part}==")) for part in str(assertion).split(".")[:2]
        )
        algorithm, audience = header["alg"], claims["aud"]
    except (ValueError, TypeError, KeyError):
        return "Check client_id, and the client_assertion that was passed."
    by_secret = str(algorithm).startswith("HS")
    key = "client_secret" if by_secret else "private_key, key_id (as it is registered)"
    return (
        f"Check client_id, {key}, token_endpoint_auth_signing_alg (signed by {algorithm}) and "
        f"assertion_audience (sent: {audience!r}): some providers insist on the address of their "
        "token endpoint there, others on their issuer."
    )


def _method(client: Client, provider: Provider) -> str:
    if client.token_endpoint_auth_method is not None:
        return client.token_endpoint_auth_method
    if client.private_key is not None:
        return "private_key_jwt"
    if client.client_secret is None:
        return "none"
    # RFC 8414 §2: basic is the default where the provider names none.
    offered = provider.token_endpoint_auth_methods_supported or ("client_secret_basic",)
    return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"


def _assertion(client: Client, provider: Provider, method: str) -> str:
    """Return a JWT that only this client can have signed, good for one request (RFC 7523 §3)."""
    from nb_oauth import client_keys

    if method == "client_secret_jwt":
        key = client_keys.secret(client.client_secret or "")
    else:
        key = client_keys.load(client_keys.as_kept(client.private_key))
    by = client_keys.algorithm(
        key,
        client.token_endpoint_auth_signing_alg,
        provider.token_endpoint_auth_signing_alg_values_supported,
    )
    return client_keys.sign(_claims(client, provider), key, by, client.key_id)


def _claims(client: Client, provider: Provider) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": _audience(client, provider),
        "jti": secrets.token_urlsafe(24),
        "iat": now,
        "exp": now + _LIFETIME,
    }


def _audience(client: Client, provider: Provider) -> str:
    """Return who shall believe it: one value, and the same at every endpoint.

    The issuer, where it is known: a token endpoint may be named by anybody in metadata of his own,
    who could then use the assertion at the true one (draft-ietf-oauth-rfc7523bis §4). Else the
    token endpoint, as OpenID Connect Core §9 has it.
    """
    return client.assertion_audience or provider.issuer or provider.require("token_endpoint")
