"""The pages that open in a tab of their own: for everybody, and in the browser's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from nb_oauth.demo import pages
from nb_oauth.redirects import callback_page, loopback_page
from nb_oauth.surfaces.html import as_html, errand_of
from tests.browser.harness import axe
from tests.browser.harness.showcase import faces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from playwright.sync_api import Browser, Page, Route, ViewportSize

AT = "http://127.0.0.1:8888/page"
STATE = "af0ifjsldkj"
SAY = "([state, told]) => new BroadcastChannel(`nb-oauth:${state}`).postMessage(told)"
MEDIA: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "more-contrast": {"color_scheme": "light", "contrast": "more"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}
NARROW: ViewportSize = {"width": 320, "height": 800}
SCOPES = [("observations:read", "read the observations"), ("profile", "see your name")]
STATIC = {"demo.css": pages.static("demo.css"), "star.svg": pages.static("star.svg")}


@dataclass
class Shown:
    """A page as a server sends it, and what happens in it then."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    told: dict[str, Any] | None = None
    waits: bool = False

    def open(self, tab: Page) -> None:
        tab.goto(AT + self.query)
        if self.told is not None:
            tab.evaluate(SAY, [STATE, self.told])
            expect(tab.locator("h1")).not_to_have_text("Handing over to your notebook…")
        if self.waits:
            expect(tab.get_by_role("textbox")).to_be_visible()

    def answer(self, route: Route) -> None:
        static = STATIC.get(route.request.url.rpartition("/")[2])
        if static is not None:
            route.fulfill(content_type=static.content_type, body=static.body)
        else:
            headers = {"Content-Type": "text/html; charset=utf-8", **self.headers}
            route.fulfill(headers=headers, body=self.body)


def callback() -> dict[str, Shown]:
    html, policy = callback_page._page()
    page = html.encode()
    headers = {"Content-Security-Policy": policy}
    query = f"?code=SplxlOBeZQQYbYS6WxSbIA&state={STATE}"

    def told(**content: object) -> Shown:
        return Shown(page, headers, query, content)

    return {
        "callback-nothing": Shown(page, headers),
        "callback-handing": Shown(page, headers, query),
        "callback-received": told(type="received"),
        "callback-accepted": told(type="accepted"),
        "callback-rejected": told(type="rejected", reason="This answer belongs to an older link."),
        "callback-silent": Shown(page, headers, query, waits=True),
    }


def loopback() -> dict[str, Shown]:
    headers = loopback_page.HEADERS
    return {
        "loopback-accepted": Shown(loopback_page.accepted(), headers),
        "loopback-rejected": Shown(loopback_page.rejected("GitHub answered: no."), headers),
        "loopback-undecided": Shown(loopback_page.undecided(), headers),
        "loopback-nothing": Shown(loopback_page.nothing_here(), headers),
    }


def demo() -> dict[str, Shown]:
    name, client = "Ada Lovelace", "A notebook"
    origin = "http://127.0.0.1:43210"
    replies = {
        "sign-in": pages.sign_in("t", client),
        "sign-in-failed": pages.sign_in("t", client, "ada", failed=True),
        "user-code": pages.user_code("t", name),
        "user-code-wrong": pages.user_code("t", name, "ABCD-EFGH", "There is no such code."),
        "consent": pages.consent("t", client, name, SCOPES, origin),
        "consent-device": pages.consent_to_device("t", client, name, SCOPES, "WDJB-MJHT"),
        "allowed": pages.decided(client, allowed=True),
        "denied": pages.decided(client, allowed=False),
        "problem": pages.problem(400, "This code is of no use", "It has run out."),
        "index": pages.index(origin),
    }
    return {f"demo-{key}": Shown(reply.body) for key, reply in replies.items()}


def plain() -> dict[str, Shown]:
    """What an output says where no widget appears: in a page that says nothing else."""
    shown = {}
    for name in ("link", "link-by-hand", "code", "password", "app", "denied", "pause"):
        view = faces()[name]
        assert view is not None
        errand = errand_of(view)
        assert errand is not None
        body = '<!doctype html><html lang="en"><meta charset="utf-8"><title>A notebook</title>'
        body += f"<main><h1>A notebook</h1>{as_html(errand, 'GitHub')}</main></html>"
        shown[f"plain-{name}"] = Shown(body.encode())
    return shown


PAGES = {**callback(), **loopback(), **demo(), **plain()}
SEEN_FIRST = [*callback(), *loopback()]


@pytest.fixture
def tab(chromium_browser: Browser) -> Iterator[Page]:
    tab = chromium_browser.new_page(viewport=NARROW)
    yield tab
    tab.close()


def look(tab: Page, name: str) -> list[Any]:
    """Open the page; returns what is wrong with it."""
    tab.unroute_all()
    tab.route("**/*", PAGES[name].answer)
    PAGES[name].open(tab)
    sticks_out = tab.evaluate("document.documentElement.scrollWidth") > tab.evaluate("innerWidth")
    return axe.violations(tab, "html") + (["sticks out"] if sticks_out else [])


def look_at_all(tab: Page, names: Iterable[str]) -> None:
    found = {name: look(tab, name) for name in names}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_what_follows_a_sign_in_is_for_everybody(tab: Page) -> None:
    tab.emulate_media(color_scheme="dark")
    look_at_all(tab, SEEN_FIRST)


@pytest.mark.sweep
@pytest.mark.parametrize("theme", MEDIA)
def test_every_page_is_for_everybody(tab: Page, theme: str) -> None:
    tab.emulate_media(**MEDIA[theme])
    look_at_all(tab, PAGES)
    tab.set_viewport_size({"width": 1000, "height": 800})
    look_at_all(tab, PAGES)


@pytest.fixture
def chinese(chromium_browser: Browser) -> Iterator[Page]:
    tab = chromium_browser.new_page(locale="zh-CN")
    yield tab
    tab.close()


CHINESE = {
    "callback-nothing": "这里没有登录结果",
    "callback-handing": "正在交给您的笔记本…",
    "callback-received": "您的笔记本已收到结果",
    "callback-accepted": "可以关闭此标签页了",
    "callback-rejected": "请回到您的笔记本",
    "callback-silent": "没有笔记本响应",
    "loopback-accepted": "可以关闭此标签页了",
    "loopback-rejected": "请回到您的笔记本",
    "loopback-undecided": "请回到您的笔记本",
    "loopback-nothing": "这里没有要做的事",
}


@pytest.mark.parametrize("name", SEEN_FIRST)
def test_a_chinese_browser_reads_chinese(chinese: Page, name: str) -> None:
    chinese.route("**/*", PAGES[name].answer)
    if name == "callback-handing":
        chinese.clock.install(time=0)
        chinese.clock.pause_at(1000)  # it waits two seconds, and then says something else
    PAGES[name].open(chinese)
    expect(chinese.locator("h1")).to_have_text(CHINESE[name])
    expect(chinese.locator("html")).to_have_attribute("lang", "zh-CN")
    if name != "callback-handing":
        expect(chinese).to_have_title(CHINESE[name])
        words = chinese.locator("p").inner_text()
        assert words.isascii() == name.endswith("-rejected")  # a reason stays as it is
    if name == "callback-silent":
        expect(chinese.get_by_label("要复制的网址")).to_be_visible()
        expect(chinese.get_by_role("button", name="复制网址")).to_be_visible()
