"""The sessions that ours is measured beside, each made as its documentation says."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import httpx
import requests
import requests_oauthlib
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from requests.adapters import BaseAdapter

from nb_oauth import Client, OAuth2Session, Provider

if TYPE_CHECKING:
    from collections.abc import Callable

Token = dict[str, Any]
Session = Any  # whatever has a get(url)
PLAIN, ONE_LINE, THEIRS, AUTHLIB, HTTPX, OURS = (
    "requests.Session",
    "requests, one-line AuthBase",
    "requests_oauthlib",
    "Authlib",
    "httpx.Client",
    "nb_oauth",
)


class OneLine(requests.auth.AuthBase):
    def __init__(self, token: Token) -> None:
        self.header = f"Bearer {token['access_token']}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self.header
        return request


def plain(_: str, token: Token) -> Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    return session


def one_line(_: str, token: Token) -> Session:
    session = requests.Session()
    session.auth = OneLine(token)
    return session


def theirs(token_endpoint: str, token: Token) -> Session:
    session = requests_oauthlib.OAuth2Session(
        "public",
        token=token,
        auto_refresh_url=token_endpoint,
        auto_refresh_kwargs={"client_id": "public"},
        token_updater=lambda new: setattr(session, "token", new),
    )
    return session


def authlib(token_endpoint: str, token: Token) -> Session:
    return AuthlibSession(
        "public",
        token=token,
        token_endpoint=token_endpoint,
        token_endpoint_auth_method="none",
        update_token=lambda *_, **__: None,
    )


def with_httpx(_: str, token: Token) -> Session:
    return httpx.Client(headers={"Authorization": f"Bearer {token['access_token']}"})


def ours(token_endpoint: str, token: Token) -> Session:
    return OAuth2Session.open(
        Provider("Judge", token_endpoint=token_endpoint), Client("public"), token=token
    )


CONTENDERS: dict[str, Callable[[str, Token], Session]] = {
    PLAIN: plain,
    ONE_LINE: one_line,
    THEIRS: theirs,
    AUTHLIB: authlib,
    HTTPX: with_httpx,
    OURS: ours,
}


class InMemory(BaseAdapter):
    """Answers at once: what is left is what a session itself costs."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.raw = 200, io.BytesIO(b"ok")
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""


def in_memory(session: Session) -> Session:
    """Let ``session`` ask nobody."""
    if isinstance(session, httpx.Client):
        answer = httpx.MockTransport(lambda _: httpx.Response(200, content=b"ok"))
        return httpx.Client(headers=session.headers, transport=answer)
    session.mount("https://", InMemory())
    return session
