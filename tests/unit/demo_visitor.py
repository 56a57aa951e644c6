"""An app and a person at the demo provider, by plain HTTP: what the tests of the demo share."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from contextlib import closing
from hashlib import sha256
from html import unescape
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from nb_oauth.demo.registry import DEVICE_CODE

if TYPE_CHECKING:
    from requests import Response

    from nb_oauth.demo.application import Application
    from nb_oauth.demo.server import DemoServer

Token = dict[str, Any]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REDIRECT_URI = "http://127.0.0.1:49152/callback"
VERIFIER = "v" * 64
PKCE = {
    "code_challenge": urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("="),
    "code_challenge_method": "S256",
}


def direct() -> requests.Session:
    """A session that asks no proxy, whatever the environment says."""
    session = requests.Session()
    session.trust_env = False
    return session


class Visitor:
    """Talks to one provider as the app ``demo-notebook`` and its user do."""

    def __init__(self, server: DemoServer) -> None:
        self.server = server
        self.issuer = server.issuer
        self.http = direct()

    def get(self, path: str, **keywords: Any) -> Response:
        return self.http.get(self.issuer + path, allow_redirects=False, timeout=10, **keywords)

    def post(self, path: str, data: Any = None, **keywords: Any) -> Response:
        return self.http.post(
            self.issuer + path, data, allow_redirects=False, timeout=10, **keywords
        )

    def authorize(self, **parameters: Any) -> Response:
        """The sign-in page; a parameter that is None is left out."""
        asked = {
            "response_type": "code",
            "client_id": "demo-notebook",
            "redirect_uri": REDIRECT_URI,
            "scope": "observations:read profile:read",
            "state": "the-state",
            **PKCE,
            **parameters,
        }
        return self.get("/authorize", params={k: v for k, v in asked.items() if v is not None})

    def sign_in(
        self, page: Response, username: str = "ada", password: str = "lovelace"
    ) -> Response:
        form = {"ticket": ticket(page), "username": username, "password": password}
        return self.post("/sign-in", form)

    def decide(self, page: Response, decision: str = "allow") -> Response:
        return self.post("/decision", {"ticket": ticket(page), "decision": decision})

    def answer(self, decision: str = "allow", **parameters: Any) -> dict[str, str]:
        """Everything a person does; returns the parameters that come back with the browser."""
        reply = self.decide(self.sign_in(self.authorize(**parameters)), decision)
        assert reply.status_code == 303
        return came_back(reply)

    def token(self, auth: tuple[str, str] | None = None, **parameters: Any) -> Response:
        asked = {"client_id": "demo-notebook", **parameters}
        return self.post("/token", {k: v for k, v in asked.items() if v is not None}, auth=auth)

    def exchange(self, code: str, **parameters: Any) -> Response:
        asked = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **parameters}
        return self.token(grant_type="authorization_code", code=code, **asked)

    def signed_in(self, **parameters: Any) -> Token:
        """A token response after everything went well."""
        reply = self.exchange(self.answer(**parameters)["code"])
        assert reply.status_code == 200, reply.text
        return reply.json()

    def renew(self, token: Token, **parameters: Any) -> Response:
        refresh_token = token["refresh_token"]
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **parameters)

    def revoke(self, value: str, **parameters: str) -> Response:
        return self.post("/revoke", {"client_id": "demo-notebook", "token": value, **parameters})

    # The device grant

    def device_code(self, **parameters: Any) -> Response:
        """What an app asks before it shows somebody a code; None leaves a parameter out."""
        asked = {"client_id": "demo-notebook", "scope": "observations:read", **parameters}
        form = {k: v for k, v in asked.items() if v is not None}
        return self.post("/device_authorization", form)

    def poll(self, device: Token, **parameters: Any) -> Response:
        asked = {"grant_type": DEVICE_CODE, "device_code": device["device_code"], **parameters}
        return self.token(**asked)

    def follow(self, device: Token) -> Response:
        """The page after somebody followed the complete link and signed in."""
        link = device["verification_uri_complete"].removeprefix(self.issuer)
        return self.sign_in(self.get(link))

    def type_code(self, page: Response, user_code: str) -> Response:
        return self.post("/device", {"ticket": ticket(page), "user_code": user_code})

    def api(self, path: str, token: Token) -> Response:
        return self.get(f"/api{path}", headers={"Authorization": f"Bearer {token['access_token']}"})

    @property
    def application(self) -> Application:
        return self.server._http.application

    def raw(
        self,
        method: str,
        target: str,
        body: str | bytes = "",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        """A request whose target is sent as it is; returns the status and the body."""
        host = urlsplit(self.issuer).netloc
        with closing(HTTPConnection(host, timeout=10)) as connection:
            connection.request(method, target, body, {**FORM, **(headers or {})})
            reply = connection.getresponse()
            return reply.status, reply.read().decode()

    def stop_the_clock(self) -> None:
        """Let the provider's clock stand still, but for `later`."""
        now = self.application.ledger.clock()
        self.application.ledger.clock = lambda: now

    def later(self, seconds: float) -> None:
        """Let the provider's clock be ahead."""
        clock = self.application.ledger.clock
        self.application.ledger.clock = lambda: clock() + seconds


def ticket(page: Response) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def came_back(reply: Response) -> dict[str, str]:
    """The parameters in the query or the fragment of a redirect."""
    parts = urlsplit(reply.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == REDIRECT_URI
    return {k: v[0] for k, v in parse_qs(parts.query or parts.fragment).items()}


def text_of(page: Response) -> str:
    """What a person reads."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.text)))


def refused(reply: Response, error: str, status: int = 400) -> str:
    """Assert that an endpoint said no, and return its explanation."""
    assert (reply.status_code, reply.json()["error"]) == (status, error), reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    return str(reply.json().get("error_description", ""))


def is_live(visitor: Visitor, token: Token) -> bool:
    """Whether the API accepts the token."""
    return visitor.api("/stars", token).status_code == 200
