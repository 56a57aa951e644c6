"""Every provider and every API that a page names, for the one process that reads the page.

Nothing leaves the machine: what goes to a loopback address goes there, and to whatever else is
asked, this answers as an authorization server or an API would that takes everybody at their word.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import HTTPAdapter

from nb_oauth.transport import is_loopback

TOKEN = "made-up-for-the-page"
_BEARER = f"Bearer {TOKEN}"

asked: list[str] = []
"""What was asked for, as ``POST host/path``; loopback addresses left out."""


def connect() -> None:
    """Let every request of this process end here, but for those to this machine."""
    really_send = HTTPAdapter.send

    def send(self: HTTPAdapter, request: requests.PreparedRequest, **keywords: Any) -> Any:
        parts = urlsplit(str(request.url))
        if is_loopback(parts.hostname):
            return really_send(self, request, **keywords)
        asked.append(f"{request.method} {parts.hostname}{parts.path}")
        return _response(request, *_answer(request))

    HTTPAdapter.send = send  # type: ignore[method-assign]


def _answer(request: requests.PreparedRequest) -> tuple[int, Any]:
    parts = urlsplit(str(request.url))
    if "/.well-known/" in parts.path:
        return 200, _metadata(f"{parts.scheme}://{parts.netloc}")
    form = _form(request)
    if request.method == "HEAD" or "token" in form:  # the doctor; RFC 7009
        return 200, {}
    if "grant_type" in form:
        return 200, _token(form)
    if "client_id" in form:
        return 200, _device(parts.hostname)
    if request.headers.get("Authorization") == _BEARER:
        return 200, {"login": "ada", "name": "Ada Lovelace", "items": [], "sub": "1815"}
    return 401, {"error": "invalid_token"}


def _metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "device_authorization_endpoint": f"{issuer}/device",
        "response_types_supported": ["code"],
    }


def _token(form: dict[str, list[str]]) -> dict[str, Any]:
    token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
    by_the_app = form["grant_type"] == ["client_credentials"]
    return token if by_the_app else {**token, "refresh_token": "kept-by-nobody"}


def _device(host: str | None) -> dict[str, Any]:
    return {
        "device_code": "nobody-types-this",
        "user_code": "ADA-1815",
        "verification_uri": f"https://{host}/device",
        "expires_in": 300,
        "interval": 1,
    }


def _form(request: requests.PreparedRequest) -> dict[str, list[str]]:
    body = request.body or ""
    return parse_qs(body if isinstance(body, str) else bytes(body).decode())


def _response(request: requests.PreparedRequest, status: int, members: Any) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    response.headers["Content-Type"] = "application/json"
    response._content = json.dumps(members).encode()
    return response
