"""A person at the judge's pages, without a browser: quick, and the same each time."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

if TYPE_CHECKING:
    from tests.providers.oidc import OidcProvider

NOWHERE = "http://127.0.0.1:50001/callback"  # nobody listens there, nor is it opened
VERIFIER = "verifier-" * 6
CHALLENGE = "qQ0E89RLuQfdGvKzLQrKOXbNpYH6Y7Th-ygF5Ndr4DY"  # its S256


def sign_in(authorization_url: str) -> str:
    """Sign in and consent there; returns the address that the browser is sent back to."""
    redirect_uri = parse_qs(urlsplit(authorization_url).query)["redirect_uri"][0]
    browser = requests.Session()
    browser.trust_env = False
    page = browser.get(authorization_url, timeout=10)
    for typed in ({"login": "alice", "password": "a-password"}, {}):
        action = unescape(re.findall(r'<form[^>]* action="([^"]+)"', page.text)[0])
        prompt = re.findall(r'name="prompt" value="(\w+)"', page.text)[0]
        page = browser.post(action, {"prompt": prompt, **typed}, timeout=10, allow_redirects=False)
        while page.is_redirect:
            target = urljoin(page.url, page.headers["location"])
            if target.startswith(redirect_uri):
                return target
            page = browser.get(target, timeout=10, allow_redirects=False)
    raise AssertionError(page.url)


def code_request(oidc: OidcProvider) -> dict[str, str]:
    """Sign in for a client of our own; returns the token request that exchanges the code."""
    asked = {
        "client_id": "public",
        "response_type": "code",
        "scope": "openid offline_access api:read",
        "redirect_uri": NOWHERE,
        "state": "the-state",
        "prompt": "consent",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    came_back = sign_in(f"{oidc.authorization_endpoint}?{urlencode(asked)}")
    return {
        "grant_type": "authorization_code",
        "client_id": "public",
        "code": parse_qs(urlsplit(came_back).query)["code"][0],
        "redirect_uri": NOWHERE,
        "code_verifier": VERIFIER,
    }


def new_token(oidc: OidcProvider) -> dict[str, Any]:
    answer = requests.post(oidc.token_endpoint, code_request(oidc), timeout=10)
    assert answer.ok, answer.text
    token: dict[str, Any] = answer.json()
    return token
