"""What the userinfo endpoint says of the person (OpenID Connect Core 1.0 §5.3)."""

import json
from collections.abc import Iterable
from typing import Any

import requests

from nb_oauth.exceptions import TokenError
from nb_oauth.masking import excerpt
from nb_oauth.openid.answers import body_of
from nb_oauth.openid.claims import Claims, audiences
from nb_oauth.openid.refusals import Refusal
from nb_oauth.openid.signatures import Signed, read

_OK = 200
_SIGNED = "application/jwt"


def read_userinfo(
    response: requests.Response, secrets: Iterable[str | None]
) -> dict[str, Any] | Signed:
    """Read a userinfo response (§5.3.2): JSON, or a signed text that is yet to be verified.

    Args:
        response: the answer, asked for with ``stream=True``.
        secrets: what must not be quoted of it.

    Raises:
        Refusal: it is neither.
        TokenError: the endpoint refused (§5.3.3).
    """
    body = body_of(response)
    if response.status_code != _OK:
        begins = excerpt(body.decode(errors="replace"), secrets=secrets)
        raise TokenError(
            f"The userinfo endpoint answered HTTP {response.status_code}: {begins!r}. Check the "
            "userinfo_endpoint, and that openid is among the scope.",
            status=response.status_code,
        )
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return read(body.decode(errors="replace").strip()) if kind == _SIGNED else _parse(body)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(body)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise Refusal("it is no JSON object. Check the userinfo_endpoint.")
    return claims


def check_signed_userinfo(claims: Claims, issuer: str | None, client_id: str) -> None:
    """Check who made a signed answer, and for whom, where it says so (§5.3.2).

    Raises:
        Refusal: another provider made it, or it is for another app.
    """
    if issuer is not None and claims.get("iss", issuer) != issuer:
        raise Refusal("its issuer (iss) is not the provider's.")
    if "aud" in claims and client_id not in audiences(claims):
        raise Refusal("it was made for another app: aud does not hold the client_id.")


def check_same_person(claims: Claims, id_claims: Claims) -> None:
    """Check that userinfo and ID token are about the same person (§5.3.2).

    Args:
        claims: what the userinfo endpoint says.
        id_claims: what the ID token says; nothing, if there is none to compare with.

    Raises:
        Refusal: they are not, and what it says must not be used.
    """
    if id_claims and claims.get("sub") != id_claims["sub"]:
        raise Refusal("it is about somebody else: its sub is not that of the ID token.")
