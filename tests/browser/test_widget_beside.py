"""The way to a page beside the kernel, as the widget's script finds it: a made-up network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from nb_oauth.surfaces.static_files import script, style

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.sweep]

FAKE_MODEL = (Path(__file__).parent / "script" / "fake_model.js").read_text(encoding="utf-8")
ROOT = "http://127.0.0.1:43210/"
LINK = f"{ROOT}authorize?client_id=demo-notebook&state=a%2Fb"
HUB = "https://hub.example/user/ada/"
PROXIED = f"{HUB}proxy/43210/"
SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"
PICTURE = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
NOWHERE = "This link leads to the kernel's machine"
LAB = {"baseUrl": "/user/ada/", "appName": "JupyterLab"}


@dataclass
class Network:
    """What the browser meets.

    Attributes:
        at: where the page is.
        config: what Jupyter says in it; None where it is no page of Jupyter's.
        direct: whether the kernel's machine is this one.
        proxied: the content type that the way through Jupyter answers with; None without one.
    """

    at: str = f"{HUB}lab"
    config: object | None = None
    direct: bool = False
    proxied: str | None = None

    def answer(self, route: Route) -> None:
        url = route.request.url
        files = {"fake_model.js": FAKE_MODEL, "w.js": script("login", "code", "beside")}
        name = urlsplit(url).path.rpartition("/")[2]
        if url == self.at:
            route.fulfill(content_type="text/html", body=self._page())
        elif name == "star.svg":
            self._answer_sign(route, url)
        elif name in files:
            route.fulfill(content_type="text/javascript", body=files[name])
        else:
            route.fulfill(content_type="text/css", body=style("login", "code"))

    def _answer_sign(self, route: Route, url: str) -> None:
        if url.startswith(ROOT) and not self.direct:
            route.abort("connectionrefused")
        elif url.startswith(ROOT):
            route.fulfill(content_type="image/svg+xml", body=SVG)
        elif self.proxied is None:
            route.fulfill(status=404, content_type="image/svg+xml", body=SVG)
        else:
            route.fulfill(content_type=self.proxied, body=SVG)

    def _page(self) -> str:
        said = "" if self.config is None else json.dumps(self.config)
        return (
            '<!doctype html><link id="style" rel="stylesheet" href="w.css">'
            f'<script id="jupyter-config-data" type="application/json">{said}</script>'
            '<main id="output"></main><script type="module" src="fake_model.js"></script>'
        )


@pytest.fixture
def page(chromium_browser: Browser) -> Iterator[Page]:
    context = chromium_browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def shown(page: Page, network: Network, **changes: object) -> Locator:
    """The widget, once it knows the way."""
    page.route("**/*", network.answer)
    page.goto(network.at)
    page.wait_for_function("window.ready")
    page.evaluate("async () => { await startNotebook(true, 'w'); }")
    deliver(page, **changes)
    widget = page.locator(".nb-oauth")
    expect(widget.locator(".nb-oauth-progress")).not_to_contain_text("Looking for")
    expect(widget.locator(".nb-oauth-open, .nb-oauth-error").first).to_be_visible()
    return widget


def deliver(page: Page, **changes: object) -> None:
    view = {
        "type": "view",
        "status": "waiting",
        "heading": "Sign in",
        "scope": [],
        "remarks": [],
        "link": LINK,
        "notice": "",
        "progress": "Waiting.",
        "error": None,
        "box": True,
        **changes,
    }
    page.evaluate("(content) => notebook.model.deliver(content)", view)


def expect_link(widget: Locator, address: str) -> None:
    expect(widget.locator("a.nb-oauth-link")).to_have_attribute("href", address)


def test_elsewhere_the_link_goes_through_jupyter(page: Page) -> None:
    widget = shown(page, Network(config=LAB, proxied="image/svg+xml"))
    expect_link(widget, LINK.replace(ROOT, PROXIED))
    expect(widget.locator(".nb-oauth-error")).to_be_empty()
    expect(widget.locator(".nb-oauth-progress")).to_have_text("Waiting.")


def test_from_elsewhere_the_browser_s_own_machine_is_not_even_asked(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shown(page, Network(config=LAB, proxied="image/svg+xml"))
    assert not [url for url in asked if url.startswith(ROOT)]


def test_over_plain_http_the_page_s_own_server_may_be_linked_to(page: Page) -> None:
    at = "http://hub.example:8000/user/ada/lab"
    widget = shown(page, Network(at, LAB, proxied="image/svg+xml"))
    expect_link(widget, LINK.replace(ROOT, "http://hub.example:8000/user/ada/proxy/43210/"))
    deliver(page, link="http://other.example:8000/authorize")
    expect(widget.locator("a.nb-oauth-link")).not_to_have_attribute("href", LINK)
    expect(widget.locator(".nb-oauth-refused")).to_contain_text("Not a link")


@pytest.mark.parametrize("answered", [None, "text/html; charset=UTF-8"])
def test_without_the_proxy_one_is_told_what_to_install(page: Page, answered: str | None) -> None:
    widget = shown(page, Network(config=LAB, proxied=answered))
    expect(widget.locator(".nb-oauth-error")).to_contain_text(NOWHERE)
    expect(widget.locator(".nb-oauth-error")).to_contain_text("pip install 'nb_oauth[demo]'")
    expect_link(widget, LINK)  # a name may be that of one's own machine


def test_a_new_link_looks_again(page: Page) -> None:
    network = Network(config=LAB)
    widget = shown(page, network)
    network.proxied = "image/svg+xml"
    deliver(page, link=f"{LINK}2")
    expect_link(widget, f"{LINK}2".replace(ROOT, PROXIED))
    expect(widget.locator(".nb-oauth-error")).to_be_empty()


def test_what_was_wrong_with_the_answer_comes_first(page: Page) -> None:
    widget = shown(page, Network(config=LAB), error="That is no address.")
    expect(widget.locator(".nb-oauth-error")).to_have_text("That is no address.")


def test_at_the_kernel_s_own_machine_the_link_stays(page: Page) -> None:
    at = "http://localhost:8888/user/ada/lab"
    widget = shown(page, Network(at, LAB, direct=True, proxied="image/svg+xml"))
    expect_link(widget, LINK)


@pytest.mark.parametrize("proxied", ["image/svg+xml", None])
def test_at_the_end_of_a_tunnel_the_link_goes_through_it(page: Page, proxied: str | None) -> None:
    at = "http://localhost:8888/user/ada/lab"
    widget = shown(page, Network(at, LAB, proxied=proxied))
    expect_link(widget, LINK.replace(ROOT, f"{at[:-3]}proxy/43210/") if proxied else LINK)
    expect(widget.locator(".nb-oauth-error")).to_be_empty()


@pytest.mark.parametrize("config", [None, "no object", {"appName": "an editor"}])
def test_where_there_is_no_jupyter_server_the_link_stays(page: Page, config: object) -> None:
    widget = shown(page, Network(config=config, proxied="image/svg+xml"))
    expect_link(widget, LINK)
    expect(widget.locator(".nb-oauth-error")).to_be_empty()


def test_other_links_stay(page: Page) -> None:
    widget = shown(page, Network(config=LAB, proxied="image/svg+xml"), link=f"{HUB}authorize")
    expect_link(widget, f"{HUB}authorize")


def test_a_code_s_page_is_moved_and_the_picture_of_it_goes(page: Page) -> None:
    code = {"code": "WJKF-XNDF", "address": f"{ROOT}device", "qr": PICTURE, "box": False}
    widget = shown(
        page,
        Network(config=LAB, proxied="image/svg+xml"),
        link=f"{ROOT}device?user_code=WJKF-XNDF",
        **code,
    )
    expect_link(widget, f"{PROXIED}device?user_code=WJKF-XNDF")
    expect(widget.locator(".nb-oauth-elsewhere-address")).to_have_text(f"{PROXIED}device")
    expect(widget.locator(".nb-oauth-qr")).to_be_hidden()
    expect(widget.locator(".nb-oauth-code")).to_have_text("WJKF-XNDF")


def test_until_the_way_is_known_there_is_no_link(page: Page) -> None:
    held: list[Route] = []

    class Slow(Network):
        def _answer_sign(self, route: Route, url: str) -> None:
            held.append(route)

    network = Slow(config=LAB)
    page.route("**/*", network.answer)
    page.goto(network.at)
    page.wait_for_function("window.ready")
    page.evaluate("async () => { await startNotebook(true, 'w'); }")
    deliver(page)
    widget = page.locator(".nb-oauth")
    expect(widget.locator(".nb-oauth-progress")).to_contain_text("Looking for the way")
    expect(widget.locator("a.nb-oauth-link")).to_be_hidden()
    deliver(page, error="Once more.")  # asks no second time
    held[0].fulfill(content_type="image/svg+xml", body=SVG)
    expect_link(widget, LINK.replace(ROOT, PROXIED))
    assert len(held) == 1
