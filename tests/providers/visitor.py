"""A person at the judge's pages, without a browser: quick, and the same each time."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

if TYPE_CHECKING:
    from typing import Self

    from tests.providers.oidc import OidcProvider

NOWHERE = "http://127.0.0.1:50001/callback"  # nobody listens there, nor is it opened
VERIFIER = "verifier-" * 6
CHALLENGE = "qQ0E89RLuQfdGvKzLQrKOXbNpYH6Y7Th-ygF5Ndr4DY"  # its S256
PATIENCE = 30  # seconds that an answer of a server may take


class Visitor:
    """Somebody with a browser, who signs in with a name and a password that the judge takes."""

    def __init__(self, name: str = "alice", password: str = "a-password") -> None:
        self.typed = {"login": name, "password": password}
        self.http = requests.Session()
        self.http.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    # -- at the authorization endpoint -----------------------------------------------------

    def answer(self, link: str, *, deny: bool = False) -> str:
        """Open ``link``, sign in and consent, or cancel.

        Returns:
            The address that the browser is sent back to. It is not opened.
        """
        redirect_uri = query_of(link)["redirect_uri"]
        page = self.open(link, redirect_uri)
        while not page.is_redirect:
            page = self._cancel(page, redirect_uri) if deny else self.submit(page, redirect_uri)
        return urljoin(page.url, page.headers["location"])

    def come_back(self, address: str) -> str:
        """Open the address as a browser does, and run the script of the loopback page.

        Returns:
            What the page says in the end.
        """
        parts = urlsplit(address)
        place = parts._replace(query="", fragment="").geturl()
        page = self.http.get(address, timeout=PATIENCE)
        if parts.fragment and "data-wants-fragment" in page.text:
            origin = {"Origin": f"{parts.scheme}://{parts.netloc}", "Content-Type": "text/plain"}
            page = self.http.post(place, parts.fragment.encode(), headers=origin, timeout=PATIENCE)
        return text_of(page)

    # -- at the page for user codes --------------------------------------------------------

    def enter_code(self, page_address: str, code: str, *, deny: bool = False) -> str:
        """Enter ``code`` on the page; then confirm it, sign in and consent, or deny it.

        Args:
            page_address: the page, with or without the code in its address.
            code: what is typed there.
            deny: whether to say that one does not know that device.

        Returns:
            What the last page says.
        """
        page = self.submit(self.open(page_address), user_code=code)
        if "op.deviceConfirmForm" in page.text:
            page = self.submit(page, **({"abort": "yes"} if deny else {}))
        while 'name="prompt"' in page.text:
            page = self.submit(page)
        return text_of(page)

    # -- pages -----------------------------------------------------------------------------

    def open(self, address: str, until: str | None = None) -> requests.Response:
        """Open a page; follow every redirect but one to an address that begins with ``until``."""
        page = self.http.get(address, timeout=PATIENCE, allow_redirects=False)
        return self._follow(page, until)

    def submit(
        self, page: requests.Response, until: str | None = None, **typed: str
    ) -> requests.Response:
        """Send the page's form: what is hidden in it, what one is asked for, and ``typed``."""
        found = re.search(r'<form[^>]* action="([^"]+)"', page.text)
        assert found, page.text
        fields = {**_hidden_in(page.text), **(self.typed if 'name="login"' in page.text else {})}
        action = urljoin(page.url, unescape(found[1]))
        answer = self.http.post(
            action, {**fields, **typed}, timeout=PATIENCE, allow_redirects=False
        )
        return self._follow(answer, until)

    def _cancel(self, page: requests.Response, until: str) -> requests.Response:
        found = re.search(r'<a[^>]* href="([^"]+)"[^>]*>\[ Cancel \]', page.text)
        assert found, page.text
        return self.open(urljoin(page.url, unescape(found[1])), until)

    def _follow(self, page: requests.Response, until: str | None) -> requests.Response:
        while page.is_redirect:
            target = urljoin(page.url, page.headers["location"])
            if until and target.startswith(until):
                break
            page = self.http.get(target, timeout=PATIENCE, allow_redirects=False)
        return page


def _hidden_in(text: str) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text)
    return {name: unescape(value) for name, value in fields}


def text_of(page: requests.Response) -> str:
    """What a person reads."""
    body = re.sub(r"(?s)<(style|script|title)>.*?</\1>|<[^>]+>", " ", page.text)
    return " ".join(unescape(body).split())


def query_of(address: str) -> dict[str, str]:
    """The parameters in the query of an address, or in its fragment."""
    parts = urlsplit(address)
    return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}


# -- an app of the test's own --------------------------------------------------------------


def authorization_link(oidc: OidcProvider, client_id: str = "public", **more: str) -> str:
    """The link of an app of one's own; an empty parameter is left out."""
    asked = {
        "client_id": client_id,
        "response_type": "code",
        "scope": "openid offline_access api:read",
        "redirect_uri": NOWHERE,
        "state": "the-state",
        "prompt": "consent",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }
    sent = {name: value for name, value in asked.items() if value}
    return f"{oidc.authorization_endpoint}?{urlencode(sent)}"


def authorize(oidc: OidcProvider, client_id: str = "public", **more: str) -> dict[str, str]:
    """Sign in for it; returns the parameters that come back."""
    with Visitor() as visitor:
        return query_of(visitor.answer(authorization_link(oidc, client_id, **more)))


def code_request(oidc: OidcProvider, client_id: str = "public") -> dict[str, str]:
    """Sign in for it; returns the token request that exchanges the code."""
    return {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": authorize(oidc, client_id)["code"],
        "redirect_uri": NOWHERE,
        "code_verifier": VERIFIER,
    }


def new_token(oidc: OidcProvider, client_id: str = "public") -> dict[str, Any]:
    """Sign in for it; returns the token."""
    request = code_request(oidc, client_id)
    answer = requests.post(oidc.token_endpoint, request, timeout=PATIENCE)
    assert answer.ok, answer.text
    token: dict[str, Any] = answer.json()
    return token
