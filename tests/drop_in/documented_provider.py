"""The providers that the workflow page speaks of, at their own addresses, on loopback.

They answer as RFC 6749 says, and refuse what it does not allow: a client that does not
authenticate, a code or a refresh token used twice, another redirect URI than before.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

if TYPE_CHECKING:
    from typing_extensions import Self

HOSTS = (
    "accounts.google.com",
    "www.googleapis.com",
    "your.oauth2",
    "your.callback",
    "somesite.com",
    "provider.com",
)
REDIRECT_URI = "https://your.callback/uri"
API = "https://provider.com/secret"
CLIENTS = {"your_client_id": "your_client_secret", "foo": "potato"}
PERSON = {"username": "your_username", "password": "your_password"}
REFRESH_TOKEN = "asdfkljh23490sdf"
NOTED = ("Authorization", "Accept", "Content-Type", "Cookie")


@dataclass(frozen=True)
class Request:
    """A request as it came in, without what differs from run to run for good reason.

    Attributes:
        certificate: whose certificate the client showed.
    """

    method: str
    address: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    certificate: str | None

    def comparable(self) -> Request:
        """The same, with any ``state`` for that one: it is random."""
        if "state" not in self.query:
            return self
        query = {**self.query, "state": "…"}
        return replace(self, query=query)


@dataclass(frozen=True)
class Reply:
    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The request is not to be granted; it says why as RFC 6749 §5.2 does."""


class DocumentedProvider:
    """All of the page's hosts at one loopback port, with a memory of what they were asked."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.seen: list[Request] = []
        self._codes: set[str] = set()
        self._refresh_token = REFRESH_TOKEN
        self._access_tokens: list[str] = []
        self._server = HTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Reply:
        self.seen.append(request)
        routes: dict[str, Callable[[Request], Reply]] = {
            "GET accounts.google.com/o/oauth2/auth": self._authorize,
            "GET your.oauth2/auth": self._authorize,
            "POST accounts.google.com/o/oauth2/token": self._token,
            "POST somesite.com/oauth2/token": self._token,
            "POST provider.com/oauth2/token": self._token,
            "POST provider.com/token": self._token,
            "GET www.googleapis.com/oauth2/v1/userinfo": self._protected,
            "GET provider.com/secret": self._protected,
            "GET your.callback/uri": lambda _: Reply(200, "This is your app."),
        }
        try:
            return routes[f"{request.method} {request.address}"](request)
        except KeyError as missing:
            return Reply(404, f"There is no {missing}.")
        except RefusedError as error:
            return _json(401 if str(error) == "invalid_client" else 400, error=str(error))

    # -- the authorization endpoint: RFC 6749 §4.1.1, §4.2.1 -------------------------------

    def _authorize(self, request: Request) -> Reply:
        """Consent at once: the person has long been signed in."""
        asked = request.query
        require(asked["client_id"] in CLIENTS, "unauthorized_client")
        require(asked.get("redirect_uri", REDIRECT_URI) == REDIRECT_URI, "invalid_request")
        back = {"state": asked["state"]}
        if asked["response_type"] == "code":
            self._codes.add("code-1")
            return _redirect(f"{REDIRECT_URI}?{urlencode({**back, 'code': 'code-1'})}")
        require(asked["response_type"] == "token", "unsupported_response_type")
        back |= {"scope": asked["scope"], **self._issue()}
        return _redirect(f"{REDIRECT_URI}#{urlencode(back)}")

    # -- the token endpoint: §4.1.3, §4.3.2, §4.4.2, §6 ------------------------------------

    def _token(self, request: Request) -> Reply:
        require(_is_authenticated(request), "invalid_client")
        form = request.form
        grant = form.get("grant_type")
        if grant == "authorization_code":
            require(form["code"] in self._codes, "invalid_grant")
            require(form["redirect_uri"] == REDIRECT_URI, "invalid_grant")
            self._codes.discard(form["code"])
        elif grant == "password":
            require(form.items() >= PERSON.items(), "invalid_grant")
        elif grant == "refresh_token":
            require(form["refresh_token"] == self._refresh_token, "invalid_grant")
        else:
            require(grant == "client_credentials", "unsupported_grant_type")
            return _json(200, **self._issue())  # no refresh token: §4.4.3
        issued = self._issue()
        self._refresh_token = f"refresh-{len(self._access_tokens)}"
        return _json(200, refresh_token=self._refresh_token, **issued)

    def _issue(self) -> dict[str, Any]:
        self._access_tokens.append(f"access-{len(self._access_tokens) + 1}")
        return {
            "access_token": self._access_tokens[-1],
            "token_type": "Bearer",
            "expires_in": 3600,
        }

    # -- the API: RFC 6750 §2.1 ------------------------------------------------------------

    def _protected(self, request: Request) -> Reply:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or token not in self._access_tokens:
            return Reply(401, headers={"WWW-Authenticate": "Bearer"})
        return _json(200, secret=token)


def require(is_so: bool, error: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not is_so:
        raise RefusedError(error)


def _is_authenticated(request: Request) -> bool:
    """By Basic, by a secret in the body (RFC 6749 §2.3.1), or by a certificate (RFC 8705 §2)."""
    form, sent = request.form, request.headers.get("Authorization", "")
    if sent.startswith("Basic "):
        user, _, password = base64.b64decode(sent[6:]).decode().partition(":")
        return CLIENTS.get(unquote_plus(user)) == unquote_plus(password)
    known = CLIENTS.get(form.get("client_id", ""))
    if request.certificate and "client_secret" not in form:
        return request.certificate == form.get("client_id")
    return known is not None and known == form.get("client_secret")


def _json(status: int, **members: Any) -> Reply:
    return Reply(status, json.dumps(members), {"Content-Type": "application/json"})


def _redirect(address: str) -> Reply:
    return Reply(302, headers={"Location": address})


def _handler(provider: DocumentedProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            address = urlsplit(f"//{self.headers['Host']}{self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            answer = provider.answer(
                Request(
                    self.command,
                    address.netloc + address.path,
                    dict(parse_qsl(address.query, keep_blank_values=True)),
                    dict(parse_qsl(body, keep_blank_values=True)),
                    {name: self.headers[name] for name in NOTED if name in self.headers},
                    _common_name(self.connection),
                )
            )
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body.encode())

        do_GET = do_POST = _serve  # noqa: N815 - the standard library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _common_name(connection: Any) -> str | None:
    certificate = connection.getpeercert() or {}
    subject = dict(part for parts in certificate.get("subject", ()) for part in parts)
    return subject.get("commonName")
