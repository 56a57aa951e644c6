"""OpenID Connect: the key, the ID tokens that it signs, and what is told of a person.

The key is made when it is first needed, lives in memory and ends with the provider; joserfc is
imported no sooner, so that a notebook which asks for no ``openid`` pays nothing for it.
"""

from __future__ import annotations

import threading
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from nb_oauth.demo.bearer import Refusal
from nb_oauth.demo.messages import json_reply
from nb_oauth.demo.registry import ACCOUNTS, CLIENTS

if TYPE_CHECKING:
    from joserfc.jwk import KeyParameters, RSAKey

    from nb_oauth.demo.bearer import Bearers
    from nb_oauth.demo.events import Recorder
    from nb_oauth.demo.ledger import Approval, Ledger
    from nb_oauth.demo.messages import Call, Reply

__all__ = ["SIGNING_ALGORITHM", "OpenID", "UserInfo"]

SIGNING_ALGORITHM = "RS256"
"""How ID tokens are signed: the one algorithm that every provider has (Discovery §3)."""

_ID_TOKEN_LIFETIME = 3600
_KEY_BITS = 2048


class OpenID:
    """Signs ID tokens (OpenID Connect Core §2).

    Args:
        issuer: the provider's address, their ``iss``.
        ledger: lends its clock.
        recorder: writes down what was signed.
    """

    def __init__(self, issuer: str, ledger: Ledger, recorder: Recorder) -> None:
        self._issuer = issuer
        self._ledger = ledger
        self._recorder = recorder
        self._making_the_key = threading.Lock()
        self._key: RSAKey | None = None

    def id_token(
        self, approval: Approval, scopes: list[str], access_token: str, nonce: str | None
    ) -> str:
        """Sign who it was that approved.

        Args:
            approval: made by a person who signed in on our pages.
            scopes: decide what is told of them.
            access_token: issued with it; ``at_hash`` ties the two together (Core §3.1.3.6).
            nonce: from the authorization request; None where it had none, and at a renewal
                (Core §12.2).
        """
        from joserfc import jwt

        now = int(self._ledger.clock())
        claims = {
            "iss": self._issuer,
            "aud": approval.client_id,
            "iat": now,
            "exp": now + _ID_TOKEN_LIFETIME,
            "auth_time": int(approval.auth_time or now),
            "at_hash": _left_half(access_token),
            **_claims(approval, scopes),
            **({"nonce": nonce} if nonce else {}),
        }
        self._recorder.note(f"ID token signed ({SIGNING_ALGORITHM})")
        key = self._signing_key()
        return jwt.encode({"alg": SIGNING_ALGORITHM, "kid": key.kid}, claims, key)

    def keys(self, _call: Call) -> Reply:
        """``GET /jwks``: the key to check signatures with, without its private half (RFC 7517)."""
        self._recorder.note("Signing keys read")
        return json_reply(200, {"keys": [self._signing_key().as_dict(private=False)]})

    def _signing_key(self) -> RSAKey:
        from joserfc.jwk import RSAKey

        with self._making_the_key:
            if self._key is None:
                use: KeyParameters = {"use": "sig", "alg": SIGNING_ALGORITHM}
                self._key = RSAKey.generate_key(_KEY_BITS, use, auto_kid=True)
            return self._key


class UserInfo:
    """Answers the user info endpoint (OpenID Connect Core §5.3).

    Args:
        bearers: looks at the requests' tokens.
        recorder: writes down who was told.
    """

    def __init__(self, bearers: Bearers, recorder: Recorder) -> None:
        self._bearers = bearers
        self._recorder = recorder

    def answer(self, call: Call) -> Reply:
        """``GET`` or ``POST /userinfo``."""
        try:
            token = self._bearers.authorize(call, "openid")
        except Refusal as refusal:
            return refusal.reply
        client = CLIENTS[token.approval.client_id]
        self._recorder.note(f"User info told to {client.name}")
        return json_reply(200, _claims(token.approval, token.scopes))


def _claims(approval: Approval, scopes: list[str]) -> dict[str, object]:
    """What a person lets be told of them (Core §5.4)."""
    account = ACCOUNTS[approval.username or ""]
    claims: dict[str, object] = {"sub": account.subject}
    if "profile" in scopes:
        given_name, _, family_name = account.name.partition(" ")
        claims |= {"name": account.name, "given_name": given_name, "family_name": family_name}
        claims["preferred_username"] = account.username
    if "email" in scopes:
        claims |= {"email": account.email, "email_verified": True}
    return claims


def _left_half(access_token: str) -> str:
    digest = sha256(access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
