"""The scripts of the callback page and of the notebook's end of it, with no notebook around.

The page is served as a Jupyter server serves it. The notebook is a page of the same origin that
runs what a widget would be sent, and keeps what it would have sent to the kernel.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from nb_oauth.redirects import callback_page
from nb_oauth.surfaces.static_files import script
from tests.browser.harness.callback_page import (
    ACCEPTED,
    RECEIVED,
    REJECTED,
    SILENT,
    CallbackTab,
    wait_for_kernel,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

BASE = "/user/alice/"
STATE = "af0ifjsldkj-af0ifjsldkj"
ANSWER = f"?code=SplxlOBeZQQYbYS6WxSbIA&state={STATE}"
NOTHING = "No answer here"

CONFIGURED = '<script id="jupyter-config-data" type="application/json">{"baseUrl": "%s"}</script>'
ON_A_HUB = f'{BASE}", "hubHost": "%s", "hubPrefix": "%s'
SHARED = "/services/"
NOTEBOOKS = {  # where each kind of page says what its base URL is
    "lab": f"<body>{CONFIGURED % BASE}",
    "classic": f'<body data-base-url="{BASE}">',
    "without": f"<body>{CONFIGURED % '/other/'}",
    "none": "<body>",
    "hub": f"<body>{CONFIGURED % (ON_A_HUB % ('', '/hub/'))}",
    "hub-below": f"<body>{CONFIGURED % (ON_A_HUB % ('', '/jhub/hub/'))}",  # without the service
    "subdomain": f"<body>{CONFIGURED % (ON_A_HUB % ('https://hub.example', '/hub/'))}",
}
NOTEBOOK = """\
<!doctype html><link rel="icon" href="data:,">{}<script type="module">
import newBearer from "/bearer.js";
window.sent = [];
const voice = {{ say: (text) => text }};
window.take = newBearer((kind, ...texts) => window.sent.push([kind, ...texts]), voice);
window.ready = true;
</script>"""


class Sends(RequestHandler):
    """Sends one text."""

    def initialize(self, text: str, kind: str, headers: dict[str, str] | None = None) -> None:
        self.text, self.kind, self.headers = text, kind, headers or {}

    def get(self) -> None:
        self.set_header("Content-Type", self.kind)
        for name, value in self.headers.items():
            self.set_header(name, value)
        self.finish(self.text)


def application() -> Application:
    pages = [
        (f"/{name}", Sends, {"text": NOTEBOOK.format(body), "kind": "text/html"})
        for name, body in NOTEBOOKS.items()
    ]
    open_to_all = {"Access-Control-Allow-Origin": "*"}
    plain = {"kind": "text/plain", "headers": open_to_all}
    return Application(
        [
            *callback_page.rules(f"{BASE}nb-oauth/"),
            *callback_page.rules(f"{SHARED}nb-oauth/"),
            *pages,
            ("/bearer.js", Sends, {"text": script("bearer"), "kind": "text/javascript"}),
            ("/probe", Sends, {"text": "nb_oauth", **plain}),
            ("/other-program", Sends, {"text": "nb_oauth is not here", **plain}),
            ("/closed", Sends, {"text": "nb_oauth", "kind": "text/plain"}),
        ]
    )


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    (listening,) = bind_sockets(0, "127.0.0.1")
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def serve() -> HTTPServer:
        server = HTTPServer(application())
        server.add_socket(listening)
        started.set()
        return server

    def run() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(serve())
        loop.run_forever()
        server.stop()
        loop.run_until_complete(server.close_all_connections())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(10)
    yield listening.getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@pytest.fixture
def origin(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def callback(origin: str) -> str:
    return f"{origin}{BASE}nb-oauth/callback"


def open_notebook(context: BrowserContext, origin: str, kind: str = "lab") -> Page:
    page = context.new_page()
    page.goto(f"{origin}/{kind}")
    page.wait_for_function("window.ready")
    return page


def listen(notebook: Page, callback: str, state: str = STATE) -> None:
    """Show the notebook a link, and wait until it listens."""
    with notebook.expect_response("**/listen.js") as answer:
        show(notebook, link=link_to(callback, state))
    notebook.evaluate("async (url) => { await import(url); }", answer.value.url)  # it has run


def link_to(redirect_uri: str, state: str = STATE) -> str:
    return f"https://as.example/authorize?redirect_uri={redirect_uri}&state={state}"


def show(notebook: Page, **view: Any) -> None:
    notebook.evaluate("view => take({ type: 'view', link: null, probe: null, ...view })", view)


def tell(notebook: Page, reason: str | None) -> None:
    notebook.evaluate("reason => take({ type: 'verdict', reason })", reason)


def sent(notebook: Page) -> list[list[str]]:
    notebook.wait_for_function("window.sent.length")
    return list(notebook.evaluate("window.sent"))


def come_back(context: BrowserContext, address: str) -> CallbackTab:
    tab = context.new_page()
    tab.goto(address)
    return CallbackTab(tab)


def come_back_unheard(context: BrowserContext, address: str) -> CallbackTab:
    """The same, and as long later as the page waits for an answer."""
    context.clock.install()
    page = come_back(context, address)
    page.tab.clock.fast_forward(2000)
    page.expect_heading(SILENT)
    return page


def test_the_answer_is_handed_over_and_the_page_says_what_came_of_it(
    context: BrowserContext, origin: str, callback: str
) -> None:
    notebook = open_notebook(context, origin)
    listen(notebook, callback)
    page = come_back(context, callback + ANSWER)
    page.expect_heading(RECEIVED)
    assert page.tab.url == callback
    assert sent(notebook) == [["redirect", callback + ANSWER]]

    tell(notebook, "<b>not</b> so")
    page.expect_heading(REJECTED)
    expect(page.text).to_have_text("<b>not</b> so")
    tell(notebook, None)
    page.expect_heading(ACCEPTED)
    tell(notebook, "another tab was late")
    page.expect_heading(ACCEPTED)


def test_what_a_fragment_holds_is_handed_over(
    context: BrowserContext, origin: str, callback: str
) -> None:
    notebook = open_notebook(context, origin)
    listen(notebook, callback)
    address = f"{callback}#access_token=2YotnFZFEjr1&state={STATE}"
    page = come_back(context, address)
    page.expect_heading(RECEIVED)
    assert page.tab.url == callback
    assert sent(notebook) == [["redirect", address]]


def test_nobody_hears_the_answer_to_another_sign_in(
    context: BrowserContext, origin: str, callback: str
) -> None:
    notebook = open_notebook(context, origin)
    listen(notebook, callback, "another-state")
    page = come_back_unheard(context, callback + ANSWER)
    expect(page.address).to_have_value(callback + ANSWER)
    assert page.tab.evaluate("getSelection().toString()") == callback + ANSWER
    assert page.tab.url == callback
    assert notebook.evaluate("window.sent") == []


def test_who_begins_to_listen_later_hears_it_as_well(
    context: BrowserContext, origin: str, callback: str
) -> None:
    page = come_back_unheard(context, callback + ANSWER)
    notebook = open_notebook(context, origin)
    listen(notebook, callback)
    page.expect_heading(RECEIVED)
    expect(page.address).to_be_hidden()
    expect(page.address).to_have_value("")
    assert sent(notebook) == [["redirect", callback + ANSWER]]


def test_a_page_without_an_answer_says_what_it_is_for(
    context: BrowserContext, callback: str
) -> None:
    page = come_back(context, f"{callback}?error=none")
    page.expect_heading(NOTHING)
    expect(page.address).to_be_hidden()
    expect(page.copy).to_be_hidden()


def test_a_new_link_is_listened_to_in_place_of_the_one_before(
    context: BrowserContext, origin: str, callback: str
) -> None:
    notebook = open_notebook(context, origin)
    listen(notebook, callback, "the-first-state")
    show(notebook, link=link_to(callback))
    come_back(context, callback + ANSWER).expect_heading(RECEIVED)
    come_back_unheard(context, callback + ANSWER.replace(STATE, "the-first-state"))


@pytest.mark.parametrize("verdict", [None, "not so"])
def test_the_page_says_when_the_kernel_takes_long_and_then_what_came_of_it(
    context: BrowserContext, origin: str, callback: str, verdict: str | None
) -> None:
    context.clock.install()
    notebook = open_notebook(context, origin)
    listen(notebook, callback)
    page = come_back(context, callback + ANSWER)
    page.expect_heading(RECEIVED)
    notebook.clock.fast_forward(8000)
    page.expect_heading(REJECTED)
    expect(page.text).to_contain_text("Its kernel has not taken the answer yet")
    tell(notebook, verdict)
    page.expect_heading(ACCEPTED if verdict is None else REJECTED)
    expect(page.text).to_have_text(verdict or "Your notebook has the answer.")
    notebook.clock.fast_forward(8000)
    expect(page.text).to_have_text(verdict or "Your notebook has the answer.")


def test_a_widget_that_is_gone_hears_nothing(
    context: BrowserContext, origin: str, callback: str
) -> None:
    notebook = open_notebook(context, origin)
    listen(notebook, callback)
    notebook.evaluate("take()")
    come_back_unheard(context, callback + ANSWER)


@pytest.mark.parametrize(
    "redirect_uri",
    ["http://127.0.0.1:1/callback", "https://app.example/user/alice/nb-oauth/callback"],
)
def test_no_other_redirect_uri_is_listened_to(
    context: BrowserContext, origin: str, redirect_uri: str
) -> None:
    notebook = open_notebook(context, origin)
    asked: list[str] = []
    notebook.on("request", lambda request: asked.append(request.url))
    show(notebook, link=link_to(redirect_uri))
    show(notebook, probe="")  # when this is answered, the other was seen to
    assert sent(notebook)
    assert [url for url in asked if not url.startswith(origin)] == []


@pytest.mark.parametrize(
    ("kind", "probe", "callback_found", "near"),
    [
        ("lab", "/probe", False, True),  # there is no need for the callback page
        ("lab", "/other-program", True, False),
        ("lab", "/closed", True, True),  # of the page's own origin: not refused
        ("lab", "", True, False),
        ("classic", "", True, False),
        ("without", "", False, False),
        ("none", "", False, False),
    ],
)
def test_a_page_says_what_it_can_do(  # noqa: PLR0913, PLR0917 - a row of the table
    context: BrowserContext,
    origin: str,
    callback: str,
    kind: str,
    probe: str,
    callback_found: bool,  # noqa: FBT001 - a row of the table
    near: bool,  # noqa: FBT001 - the same
) -> None:
    wait_for_kernel(context)
    notebook = open_notebook(context, origin, kind)
    show(notebook, probe=probe and origin + probe)
    show(notebook, probe=probe and origin + probe)  # it is asked once
    if near:
        callback_found = False
    assert sent(notebook) == [["page", callback if callback_found else "", "1" if near else ""]]


@pytest.mark.parametrize(
    ("kind", "prefix"), [("hub", SHARED), ("hub-below", BASE), ("subdomain", BASE)]
)
def test_the_page_of_a_hub_comes_before_that_of_a_server(
    context: BrowserContext, origin: str, kind: str, prefix: str
) -> None:
    notebook = open_notebook(context, origin, kind)
    asked: list[str] = []
    notebook.on("request", lambda request: asked.append(request.url))
    show(notebook, probe="")
    assert sent(notebook) == [["page", f"{origin}{prefix}nb-oauth/callback", ""]]
    assert [url for url in asked if not url.startswith(origin)] == []


LEADS = "/hub/user-redirect/nb-oauth/callback"


@pytest.mark.parametrize(
    ("kind", "named", "found"),
    [
        ("hub", f"{BASE}nb-oauth/callback", f"{BASE}nb-oauth/callback"),
        ("hub", f"{SHARED}nb-oauth/callback", f"{SHARED}nb-oauth/callback"),
        ("hub", LEADS, LEADS),
        ("subdomain", f"https://hub.example{LEADS}", f"https://hub.example{LEADS}"),
        ("hub", "/user/bob/nb-oauth/callback", f"{SHARED}nb-oauth/callback"),
        ("subdomain", f"https://other.example{LEADS}", f"{BASE}nb-oauth/callback"),
    ],
)
def test_a_page_that_the_app_names_comes_first_where_it_is(
    context: BrowserContext, origin: str, kind: str, named: str, found: str
) -> None:
    notebook = open_notebook(context, origin, kind)
    show(notebook, probe="", link=link_to(urljoin(origin, named)))
    assert sent(notebook) == [["page", urljoin(origin, found), ""]]


@pytest.mark.parametrize(("kind", "hub"), [("hub", ""), ("subdomain", "https://hub.example")])
def test_what_the_hub_leads_to_a_server_is_heard_there(
    context: BrowserContext, origin: str, callback: str, kind: str, hub: str
) -> None:
    notebook = open_notebook(context, origin, kind)
    listen(notebook, urljoin(origin, hub + LEADS))
    come_back(context, callback + ANSWER).expect_heading(RECEIVED)


def test_a_page_that_is_not_local_does_not_even_try(
    context: BrowserContext, origin: str, port: int
) -> None:
    far = f"http://far.example:{port}"
    context.route(f"{far}/**", lambda route: route.fulfill(response=_fetch(route, origin, far)))
    notebook = open_notebook(context, far)
    asked: list[str] = []
    notebook.on("request", lambda request: asked.append(request.url))
    show(notebook, probe=f"{origin}/probe")
    assert sent(notebook) == [["page", f"{far}{BASE}nb-oauth/callback", ""]]
    assert f"{origin}/probe" not in asked


IMPORT = """async (script) => {
  const { default: newBearer } = await import("data:text/javascript," + encodeURIComponent(script));
  window.sent = [];
  window.take = newBearer((...message) => window.sent.push(message));
}"""


@pytest.mark.parametrize(("probe", "near"), [("/probe", "1"), ("/other-program", "")])
def test_a_page_of_no_server_tries_as_well(
    context: BrowserContext, origin: str, probe: str, near: str
) -> None:
    wait_for_kernel(context)
    editor = context.new_page()
    editor.evaluate(IMPORT, script("bearer"))
    editor.evaluate("document.body.dataset.baseUrl = '/'")  # to no avail
    show(editor, probe=origin + probe)
    assert sent(editor) == [["page", "", near]]


def _fetch(route: Any, origin: str, far: str) -> Any:
    return route.fetch(url=route.request.url.replace(far, origin))
