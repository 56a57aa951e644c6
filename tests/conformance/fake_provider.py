"""A provider that does each thing right unless it is told to do it wrong, and notes what follows.

It shares nothing with ``nb_oauth.demo``: what an ID token is made of is ``OpenIDStage``'s.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from tests.unit.openid_stage import ABSENT, OpenIDStage, other_keys, public, rsa
from tests.unit.session_stage import Reply, Request, reply

Alter = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes what is right, returns what is sent instead."""

CLIENT_ID = "app"
CLIENT_SECRET = "a:client+secret/with%reserved characters"  # Basic must encode each of them
DISCOVERY = "/.well-known/openid-configuration"
PERSON = {
    "profile": {"name": "Ada Lovelace", "family_name": "Lovelace"},
    "email": {"email": "ada@example.test", "email_verified": True},
    "phone": {"phone_number": "+44 20 7946 0000"},
    "address": {"address": {"locality": "London"}},
}
"""What each scope lets an app know (OpenID Connect Core §5.4)."""


def unchanged(members: dict[str, Any]) -> dict[str, Any]:
    return members


def changed(**members: Any) -> Alter:
    """Replace members; a function is given what is right there, ``ABSENT`` leaves it out."""

    def alter(right: dict[str, Any]) -> dict[str, Any]:
        values = {name: new(right[name]) if callable(new) else new for name, new in members.items()}
        return {name: value for name, value in (right | values).items() if value is not ABSENT}

    return alter


def with_one_more(text: str) -> str:
    """What the suite makes of a value that is to be wrong."""
    return f"{text}1"


class FakeProvider(OpenIDStage):
    """Serves metadata, sign-in, tokens, keys, userinfo and an API, and checks as a good one does.

    Whoever comes to the authorization endpoint has signed in and consented at once. Where the
    endpoints are only the metadata says: elsewhere in each provider.

    Attributes:
        alter_metadata: changes what it says of itself.
        alter_answer: changes the parameters that the browser brings back.
        alter_claims: changes the claims of ID tokens; ``sign`` changes how they are signed.
        alter_token: changes answers of the token endpoint.
        alter_userinfo: changes what it says of the person.
        before_signing: is called whenever an ID token is about to be signed.
        requests: every request that came.
        issued: every access token that went out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at_token = self._exchange
        self.alter_metadata: Alter = unchanged
        self.alter_answer: Alter = unchanged
        self.alter_claims: Alter = unchanged
        self.alter_token: Alter = unchanged
        self.alter_userinfo: Alter = unchanged
        self.before_signing: Callable[[], None] = lambda: None
        self.client_secret = CLIENT_SECRET
        self.published = [
            public(rsa("encryption"), use="enc"),
            public(other_keys()["ES256"], kid="1", use="sig"),
            public(rsa("1"), use="sig"),
        ]
        self.requests: list[Request] = []
        self.issued: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._granted: dict[str, str] = {}
        self._scope = ""
        self._place = f"/{secrets.token_hex(4)}"

    # -- what it noted ---------------------------------------------------------------------

    @property
    def uses(self) -> list[str]:
        """Where somebody went with an access token of ours, in any part of a request."""
        return [one.path for one in self.requests if self._is_use(one)]

    def _is_use(self, request: Request) -> bool:
        is_guarded = request.path in (self._at("/userinfo"), "/api")
        values = [*request.headers.values(), *request.query.values(), *request.form.values()]
        return is_guarded or any(token in value for token in self.issued for value in values)

    def asked(self, endpoint: str) -> list[Request]:
        """The requests to an endpoint, such as ``"/token"``."""
        return [one for one in self.requests if one.path == self._at(endpoint)]

    def forget_requests(self) -> None:
        self.requests.clear()

    # -- what it answers -------------------------------------------------------------------

    @property
    def metadata(self) -> dict[str, Any]:
        right = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}{self._at('/authorize')}",
            "token_endpoint": f"{self.issuer}{self._at('/token')}",
            "userinfo_endpoint": f"{self.issuer}{self._at('/userinfo')}",
            "jwks_uri": f"{self.issuer}{self._at('/jwks')}",
            "scopes_supported": ["openid", "offline_access", *PERSON],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
        }
        return self.alter_metadata(right)

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        answers: dict[str, Callable[[], Reply]] = {
            DISCOVERY: lambda: reply(**self.metadata),
            self._at("/authorize"): lambda: self._authorize(request),
            self._at("/token"): lambda: self.at_token(request),
            self._at("/jwks"): self.at_jwks,
            self._at("/userinfo"): lambda: self._tell(request),
            "/api": lambda: reply(answer=42),
        }
        return answers.get(request.path, lambda: reply(404))()

    def _at(self, endpoint: str) -> str:
        return f"{self._place}{endpoint}"

    def _authorize(self, request: Request) -> Reply:
        asked = request.query
        if not _is_authentication_request(asked):
            return reply(400, error="invalid_request")
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        right = {"code": code, "state": asked["state"], "iss": self.issuer}
        to = f"{asked['redirect_uri']}?{urlencode(self.alter_answer(right))}"
        return Reply("", 302, {"Location": to})

    def _exchange(self, request: Request) -> Reply:
        if not self._knows_client(request):
            return reply(401, error="invalid_client")
        if request.form.get("grant_type") == "authorization_code":
            asked = self._codes.pop(request.form.get("code", ""), {})  # a code works once
            if not _belong_together(asked, request.form):
                return reply(400, error="invalid_grant")
            self.nonce, self._scope = asked["nonce"], asked["scope"]
        answer = self.identify(request)
        if answer.status != 200:
            return answer
        token = self.alter_token(json.loads(answer.body))
        self.issued.append(token["access_token"])
        self._granted[token["access_token"]] = self._scope
        return reply(**token)

    def _knows_client(self, request: Request) -> bool:
        """RFC 6749 §2.3.1: in HTTP Basic, each part encoded by itself, and in no other place."""
        kind, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if kind != "Basic" or "client_secret" in request.form:
            return False
        user, _, password = b64decode(credentials).decode().partition(":")
        return (unquote_plus(user), unquote_plus(password)) == (CLIENT_ID, self.client_secret)

    def id_token(self, access_token: str, nonce: str | None) -> Any:
        self.before_signing()
        return super().id_token(access_token, nonce)

    def claims_for(self, access_token: str, nonce: str | None) -> dict[str, Any]:
        return self.alter_claims(super().claims_for(access_token, nonce))

    def _tell(self, request: Request) -> Reply:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self._granted:
            return reply(401, error="invalid_token")
        known = [PERSON.get(scope, {}) for scope in self._granted[token].split()]
        told = {"sub": "ada"}
        for claims in known:
            told |= claims
        return reply(**self.alter_userinfo(told))


def _is_authentication_request(asked: dict[str, str]) -> bool:
    """OpenID Connect Core §3.1.2.1, with what RFC 7636 and RFC 8252 ask of an app like ours."""
    back = urlsplit(asked.get("redirect_uri", ""))
    return (
        asked.get("response_type") == "code"
        and asked.get("client_id") == CLIENT_ID
        and "openid" in asked.get("scope", "").split()
        and (back.scheme, back.hostname, back.path) == ("http", "127.0.0.1", "/callback")
        and bool(asked.get("state"))
        and bool(asked.get("nonce"))
        and asked.get("code_challenge_method") == "S256"
    )


def _belong_together(asked: dict[str, str], form: dict[str, str]) -> bool:
    digest = sha256(form.get("code_verifier", "").encode()).digest()
    challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
    same_place = asked.get("redirect_uri") == form.get("redirect_uri")
    return same_place and asked.get("code_challenge") == challenge
