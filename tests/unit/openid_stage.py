"""An OpenID provider that does as it is told: what the tests of OpenID Connect share."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from nb_oauth import Client, OAuth2Session, Provider
from tests.unit.session_stage import Reply, Request, Stage, reply

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT = Client("app", redirect_uri="http://127.0.0.1/callback")
SECRET = "a-client-secret-of-more-than-32-bytes"
ABSENT = object()
"""In place of a claim that is to be left out."""


@dataclass(frozen=True)
class In:
    """In place of a time that is that many seconds ahead."""

    seconds: float


@cache
def rsa(kid: str | None, size: int = 2048) -> RSAKey:
    return RSAKey.generate_key(size, {"kid": kid} if kid else None)


@cache
def other_keys() -> dict[str, ECKey | OKPKey]:
    """Keys for the other algorithms."""
    return {
        "ES256": ECKey.generate_key("P-256"),
        "ES384": ECKey.generate_key("P-384"),
        "ES512": ECKey.generate_key("P-521"),
        "Ed25519": OKPKey.generate_key("Ed25519"),
    }


def public(key: Any, **members: Any) -> dict[str, Any]:
    """A key as the provider publishes it."""
    return {**key.as_dict(private=False), **members}


def sign(claims: Any, key: Any, alg: str = "RS256", **header: Any) -> str:
    """A JSON Web Token."""
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jwt.encode({"alg": alg, **header}, claims, key, registry=registry)


def unsigned(claims: dict[str, Any]) -> str:
    """A JSON Web Token that nobody signed."""
    return f"{b64({'alg': 'none'})}.{b64(claims)}."


def b64(members: Any) -> str:
    return half(json.dumps(members).encode())


def half(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def at_hash(access_token: str) -> str:
    return half(sha256(access_token.encode()).digest()[:16])


class OpenIDStage(Stage):
    """Has ``/jwks`` and ``/userinfo`` too, and sends an ID token with each token.

    ``claims`` replaces claims of the ID token, ``sign`` how it is signed; ``published`` is what
    stands at ``/jwks``, ``at_jwks`` and ``at_userinfo`` answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at_token = self.identify
        self.claims: dict[str, Any] = {}
        self.nonce: str | None = None
        self.published = [public(rsa("1"))]
        self.sign: Callable[[dict[str, Any]], Any] = lambda claims: sign(claims, rsa("1"), kid="1")
        self.at_jwks: Callable[[], Reply] = lambda: reply(keys=self.published)
        self.at_userinfo: Callable[[], Reply] = lambda: reply(sub="ada", name="Ada")
        self.jwks_requests: list[Request] = []
        self.userinfo_requests: list[Request] = []

    @property
    def provider(self) -> Provider:
        return replace(
            super().provider,
            issuer=self.issuer,
            jwks_uri=f"{self.issuer}/jwks",
            userinfo_endpoint=f"{self.issuer}/userinfo",
        )

    def open_with(self, client: Client = CLIENT, **arguments: Any) -> OAuth2Session:
        """A session that asks who signs in; provider=… changes members of the provider."""
        changed = replace(self.provider, **arguments.pop("provider", {}))
        arguments.setdefault("scope", "openid")
        session = OAuth2Session.open(changed, client, **arguments)
        session.trust_env = False
        return session

    def answer(self, request: Request) -> Reply:
        if request.path == "/jwks":
            self.jwks_requests.append(request)
            return self.at_jwks()
        if request.path == "/userinfo":
            self.userinfo_requests.append(request)
            return self.at_userinfo()
        return super().answer(request)

    def identify(self, request: Request) -> Reply:
        answer = self.rotate(request)
        if answer.status != 200:
            return answer
        token = json.loads(answer.body)
        nonce = self.nonce if request.form["grant_type"] == "authorization_code" else None
        return reply(**token, id_token=self.id_token(token["access_token"], nonce))

    def id_token(self, access_token: str, nonce: str | None) -> Any:
        return self.sign(self.claims_for(access_token, nonce))

    def claims_for(self, access_token: str, nonce: str | None) -> dict[str, Any]:
        now = int(time.time())
        standard = {"iss": self.issuer, "sub": "ada", "aud": "app", "iat": now, "exp": now + 600}
        claims = {
            **standard,
            "nonce": nonce or ABSENT,
            "at_hash": at_hash(access_token),
            **self.claims,
        }
        return {
            name: now + value.seconds if isinstance(value, In) else value
            for name, value in claims.items()
            if value is not ABSENT
        }

    def ask(self, session: OAuth2Session, **parameters: Any) -> str:
        """Make the authorization request, as a person's browser would; returns the state."""
        url, state = session.authorization_url(f"{self.issuer}/authorize", **parameters)
        self.nonce = query_of(url).get("nonce")
        return state

    def sign_in(self, session: OAuth2Session, **parameters: Any) -> Any:
        """Sign in by the authorization code."""
        state = self.ask(session, **parameters)
        response = f"http://127.0.0.1/callback?code=c&state={state}"
        return session.fetch_token(self.token_endpoint, authorization_response=response)

    def by_browser(self, session: OAuth2Session, **members: Any) -> Any:
        """Sign in by the implicit flow; members replace those of the answer."""
        state = self.ask(session)
        answer = {
            "access_token": "access-1",
            "token_type": "Bearer",
            "state": state,
            "id_token": self.id_token("access-1", self.nonce),
            **members,
        }
        sent = {name: value for name, value in answer.items() if value is not ABSENT}
        return session.token_from_fragment(f"http://127.0.0.1/callback#{urlencode(sent)}")


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def symmetric(secret: str | bytes) -> OctKey:
    """A key that joserfc signs HMAC with, whatever it thinks of it."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return OctKey(raw, raw)
