"""The demo's pages through jupyter-server-proxy: which are let through, and where they lead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from requests import Response

from nb_oauth import demo
from nb_oauth.demo.messages import Call
from nb_oauth.demo.through_jupyter import leads_back, let_in
from nb_oauth.logins import AuthorizationCodeLogin
from nb_oauth.surfaces import static_files
from nb_oauth.transport import DirectLoopback
from tests.unit.demo_visitor import Visitor, came_back, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nb_oauth.demo.server import DemoServer

ROOT = Path(__file__).parents[2]
HOST, BASE = "hub.example:8443", "/user/ada/"
CALLBACK = f"https://{HOST}{BASE}nb-oauth/callback"
CONTEXT_PATH = "X-ProxyContextPath"


class Elsewhere(Visitor):
    """A person whose browser comes to the pages through Jupyter, which sends its own headers."""

    def __init__(self, server: DemoServer, host: str = HOST) -> None:
        super().__init__(server)
        way = f"{BASE}proxy/{server.port}"
        self.http.headers.update(
            {"Host": host, CONTEXT_PATH: way, "X-Forwarded-Prefix": way, "Cookie": "login=secret"}
        )


@pytest.fixture
def elsewhere(visitor: Visitor) -> Iterator[Elsewhere]:
    person = Elsewhere(visitor.server)
    yield person
    person.http.close()


def test_a_person_signs_in_and_is_sent_to_the_kernel_s_machine(
    elsewhere: Elsewhere, visitor: Visitor
) -> None:
    answer = elsewhere.answer()
    assert answer["iss"] == visitor.issuer
    assert visitor.exchange(answer["code"]).status_code == 200


def test_or_back_to_the_callback_page_of_the_server_that_they_came_by(
    elsewhere: Elsewhere, visitor: Visitor
) -> None:
    page = elsewhere.sign_in(elsewhere.authorize(redirect_uri=CALLBACK))
    assert f"form-action 'self' https://{HOST};" in page.headers["Content-Security-Policy"] + ";"
    assert f"https://{HOST}" in text_of(page)
    location = elsewhere.decide(page).headers["Location"]
    assert location.startswith(f"{CALLBACK}?code=")
    code = re.findall(r"code=([^&]+)", location)[0]
    assert visitor.exchange(code, redirect_uri=CALLBACK).status_code == 200


def test_who_says_no_is_sent_back_the_same_way(elsewhere: Elsewhere) -> None:
    page = elsewhere.sign_in(elsewhere.authorize(redirect_uri=CALLBACK))
    location = elsewhere.decide(page, "deny").headers["Location"]
    assert location.startswith(f"{CALLBACK}?error=access_denied")


@pytest.mark.parametrize(
    "redirect_uri",
    [
        f"https://evil.example{BASE}nb-oauth/callback",
        f"https://{HOST}.evil.example{BASE}nb-oauth/callback",
        f"https://{HOST}@evil.example{BASE}nb-oauth/callback",
        f"https://hub.example{BASE}nb-oauth/callback",  # another port, and so another server
        f"https://{HOST}/user/mallory/nb-oauth/callback",
        f"https://{HOST}{BASE}nb-oauth/callback/..",
        f"https://{HOST}{BASE}lab",
        f"{CALLBACK}?next=//evil.example",
        f"javascript://{HOST}{BASE}nb-oauth/callback",
        f"//{HOST}{BASE}nb-oauth/callback",
    ],
)
def test_nobody_is_sent_anywhere_else(elsewhere: Elsewhere, redirect_uri: str) -> None:
    reply = elsewhere.authorize(redirect_uri=redirect_uri)
    assert reply.status_code == 400
    assert "Location" not in reply.headers
    assert "leads away from this machine" in text_of(reply) or "cannot be used" in text_of(reply)


def test_who_did_not_come_through_jupyter_is_not_sent_there(visitor: Visitor) -> None:
    assert visitor.authorize(redirect_uri=CALLBACK).status_code == 400
    assert not leads_back("http:///nb-oauth/callback", {})


def test_every_address_in_the_pages_is_relative(elsewhere: Elsewhere, visitor: Visitor) -> None:
    device = visitor.device_code().json()
    signed_in = elsewhere.sign_in(elsewhere.get("/device?user_code=NONE"))
    pages = [
        elsewhere.get("/"),
        elsewhere.authorize(),
        elsewhere.sign_in(elsewhere.authorize()),
        elsewhere.authorize(client_id="nobody"),
        signed_in,
        elsewhere.type_code(signed_in, device["user_code"]),
    ]
    for page in pages:
        addresses = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
        assert {"static/demo.css", "static/star.svg"} <= set(addresses)
        assert not [one for one in addresses if one.startswith(("/", "http"))]
        assert "Set-Cookie" not in page.headers


@pytest.mark.parametrize("path", ["/static/star.svg", "/static/demo.css"])
def test_style_and_icon_come_through(elsewhere: Elsewhere, path: str) -> None:
    assert elsewhere.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/journal"),
        ("GET", "/jwks"),
        ("GET", "/userinfo"),
        ("GET", "/api"),
        ("GET", "/api/me"),
        ("GET", "/.well-known/openid-configuration"),
        ("POST", "/token"),
        ("POST", "/revoke"),
        ("POST", "/device_authorization"),
    ],
)
def test_what_apps_are_answered_does_not_come_through(
    elsewhere: Elsewhere, method: str, path: str
) -> None:
    ask: Any = elsewhere.get if method == "GET" else elsewhere.post
    reply: Response = ask(path, **({} if method == "GET" else {"data": {"client_id": "x"}}))
    assert reply.status_code == 421


@pytest.mark.parametrize("way", ["", "/", "/user/ada/proxy/1", "/user/ada/proxy/", "evil.example"])
def test_a_page_that_came_another_way_is_misdirected(visitor: Visitor, way: str) -> None:
    with DirectLoopback() as http:
        http.headers.update({"Host": "evil.example", CONTEXT_PATH: way})
        assert http.get(f"{visitor.issuer}/authorize", timeout=10).status_code == 421


def test_the_login_of_the_jupyter_server_is_dropped() -> None:
    sent = {"host": HOST, "x-proxycontextpath": "/proxy/8765", "cookie": "a", "authorization": "b"}
    call = let_in(Call("GET", "/device", "a=b", sent), 8765)
    assert call is not None
    assert call.headers == {"host": HOST, "x-proxycontextpath": "/proxy/8765"}
    assert call.query == "a=b"


def test_the_demo_s_widget_looks_for_the_way_and_no_other_does() -> None:
    provider, client = demo.provider(), demo.client()
    script = static_files.script("login", "beside")
    assert AuthorizationCodeLogin(provider, client)._esm == script
    assert AuthorizationCodeLogin._esm == static_files.script("login")
    assert static_files.script("beside") in script


def test_what_binder_installs_brings_the_proxy_along() -> None:
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [".[demo]"]
    project = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["demo"]  # type: ignore[index]
    assert any(one.startswith("jupyter-server-proxy") for one in extra)  # type: ignore[union-attr]


def test_a_parameter_comes_back_as_it_was_sent(elsewhere: Elsewhere) -> None:
    page = elsewhere.sign_in(elsewhere.authorize(state="a state with & and %"))
    assert came_back(elsewhere.decide(page))["state"] == "a state with & and %"
