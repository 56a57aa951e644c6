"""The browser half of the widget alone: real Chromium, a made-up kernel, no notebook."""

import contextlib
import functools
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import (
    Browser,
    Locator,
    Page,
    ViewportSize,
    expect,
)

from nb_oauth.surfaces.static_files import script, style

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parent / "script"
ARTIFACTS = Path(__file__).parents[1] / "artifacts"
VIEWPORT: ViewportSize = {"width": 720, "height": 640}
STATUSES = [
    "preparing",
    "waiting",
    "working",
    "signed_in",
    "cancelled",
    "failed",
    "signed_out",
]
WIDGETS = {
    "login": ("login",),
    "code": ("login", "code"),
    "password": ("login", "password"),
    "registration": ("login", "registration", "code", "password"),
}
SILENT = "The kernel does not answer. It may be busy or restarted"
KEPT = f"{SILENT}; your answer is still in the box."
LOST = "The kernel was restarted: run the cell again."
CALLBACK = "http://127.0.0.1:8912/callback?code=SplxlOBeZQQYbYS6WxSbIA&state=af0ifjsldkj"
HTML = '<img src=x onerror="document.title=1"><b>bold</b>&amp;'


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Silence: the test's output is for failures."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The script and style exactly as a notebook gets them, beside the test's own page."""
    folder = shutil.copytree(SCRIPT, tmp_path_factory.mktemp("page") / "script")
    for name, files in WIDGETS.items():
        (folder / f"{name}.js").write_text(script(*files), "utf-8")
        (folder / f"{name}.css").write_text(style(*files), "utf-8")
    handler = functools.partial(QuietFiles, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _is_own(url: str, origin: str) -> bool:
    return url.removeprefix("blob:").startswith(origin)


@contextlib.contextmanager
def opened(page: Page, origin: str) -> Iterator[Page]:
    """A blank notebook page; afterwards nothing may have failed, or been fetched from elsewhere."""
    troubles: list[str] = []
    listeners: dict[Any, Callable[[Any], None]] = {
        "pageerror": lambda error: troubles.append(str(error)),
        "console": lambda line: troubles.append(line.text) if line.type == "error" else None,
        "request": lambda ask: None if _is_own(ask.url, origin) else troubles.append(ask.url),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(f"{origin}/page.html")
    page.wait_for_function("window.ready")
    yield page
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert troubles == []


@pytest.fixture(scope="module")
def tab(chromium_browser: Browser) -> Iterator[Page]:
    """Loaded anew for each test instead of opened anew: a third of the time."""
    page = chromium_browser.new_page(viewport=VIEWPORT)
    yield page
    page.close()


@pytest.fixture
def page(tab: Page, origin: str) -> Iterator[Page]:
    with opened(tab, origin) as page:
        yield page
    tab.context.clear_permissions()
    tab.set_viewport_size(VIEWPORT)
    tab.emulate_media(color_scheme="light", reduced_motion="no-preference", forced_colors="none")
    for other in tab.context.pages:
        if other is not tab:
            other.close()


@pytest.fixture
def frozen(chromium_browser: Browser, origin: str) -> Iterator[Page]:
    """A page where time passes only as the test says."""
    page = chromium_browser.new_page(viewport=VIEWPORT)
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    with opened(page, origin):
        yield page
    page.close()


@pytest.fixture
def widget(page: Page) -> Locator:
    return start(page)


def start(page: Page, *, acknowledges: bool = True, kind: str = "login") -> Locator:
    page.evaluate(
        "async ([acknowledges, kind]) => { await startNotebook(acknowledges, kind); }",
        [acknowledges, kind],
    )
    return page.locator(".nb-oauth").first


def view(status: str = "waiting", **changes: object) -> dict[str, object]:
    return {
        "type": "view",
        "status": status,
        "heading": "Sign in to GitHub",
        "scope": ["read:user", "repo"],
        "remarks": [],
        "link": "https://github.example/authorize?client_id=x&state=y",
        "notice": "If the page won't load after you have signed in, copy its address from the "
        "address bar and paste it here.",
        "progress": "Waiting for you to sign in.",
        "error": None,
        "box": True,
        "code": None,
        "qr": None,
        "seconds_left": None,
        "credentials": False,
        "can_renew": False,
        **changes,
    }


def deliver(page: Page, content: dict[str, object]) -> None:
    page.evaluate("(content) => notebook.model.deliver(content)", content)


def sent(page: Page, kind: str) -> list[dict[str, Any]]:
    messages = page.evaluate("notebook.model.sent")
    return [
        message for message in cast("list[dict[str, Any]]", messages) if message["type"] == kind
    ]


def typed(message: dict[str, Any]) -> str:
    (buffer,) = message["bytes"]
    return bytes(buffer).decode()


def focus(page: Page) -> str:
    return cast(
        "str", page.evaluate("document.activeElement.className || document.activeElement.id")
    )


def photograph(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"widget-{name}.png")


# The files


def test_everything_shown_costs_little() -> None:
    """tests/kernel/test_showing.py has the limit that counts; this says where it goes."""
    assert len(script("login").encode()) <= 7.4 * 1024  # 0.35 of it to bring in what is sent later
    assert len(style("login").encode()) <= 2.75 * 1024


@pytest.mark.parametrize(
    "pattern",
    [
        r"\t",
        "HTML(?!Element)",
        "insertAdjacent",
        r"document\.write",
        r"\beval\b",
        r"\bFunction\(",
        "[\"' ]on[a-z]+=",
        # But what the kernel sends later, loaded as anywidget loads this itself.
        r"\bimport\b(?!\(URL\.createObjectURL\(new Blob\(\[told\.script\])",
        r"\bfetch\b",
        "Storage",
        r"url\(",
    ],
)
def test_nothing_in_the_files_turns_text_into_code_or_reaches_out(pattern: str) -> None:
    for name, files in WIDGETS.items():
        assert not re.search(pattern, script(*files)), name
        assert not re.search(pattern, style(*files)), name


# Hello, acknowledgements, repeats


def test_hello_is_said_once_a_model(page: Page, widget: Locator) -> None:
    page.evaluate("notebook.show()")
    expect(page.locator(".nb-oauth")).to_have_count(2)
    (hello,) = sent(page, "hello")
    assert hello["keys"] == ["id", "type"]
    assert hello["callbacks"] == "none"
    assert [bytes(text) for text in hello["bytes"]] == [b"en-US"]
    expect(widget).to_have_attribute("data-status", "preparing")
    expect(widget.locator(".nb-oauth-progress")).to_have_text("Waiting for the kernel…")


def test_two_models_never_use_one_id(page: Page) -> None:
    start(page)
    (first,) = sent(page, "hello")
    start(page)
    (second,) = sent(page, "hello")
    assert first["id"] != second["id"]


def test_a_message_is_sent_three_times_two_seconds_apart(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False)
    error = widget.locator(".nb-oauth-error")
    for elapsed, count in [(1999, 1), (1, 2), (1999, 2), (1, 3), (1999, 3)]:
        frozen.clock.run_for(elapsed)
        assert len(sent(frozen, "hello")) == count
        expect(error).to_have_text("")
    frozen.clock.run_for(1)
    expect(error).to_have_text(f"{SILENT}.")
    frozen.clock.run_for(60_000)
    assert len({message["id"] for message in sent(frozen, "hello")}) == 1
    assert len(sent(frozen, "hello")) == 3


@pytest.mark.parametrize("late", ["view", "ack"])
def test_a_kernel_that_was_only_busy_is_forgiven(frozen: Page, late: str) -> None:
    widget = start(frozen, acknowledges=False)
    frozen.clock.run_for(6000)
    expect(widget.locator(".nb-oauth-error")).to_be_visible()
    deliver(frozen, {"type": "of another library"})
    expect(widget.locator(".nb-oauth-error")).to_be_visible()
    (hello, *_) = sent(frozen, "hello")
    deliver(frozen, view() if late == "view" else {"type": "ack", "id": hello["id"]})
    expect(widget.locator(".nb-oauth-error")).to_be_hidden()


def test_an_acknowledgement_stops_its_own_message_only(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False)
    deliver(frozen, view())
    widget.locator(".nb-oauth-cancel").click()
    (cancel,) = sent(frozen, "cancel")
    deliver(frozen, {"type": "ack", "id": cancel["id"]})
    deliver(frozen, {"type": "ack", "id": "of nobody"})
    deliver(frozen, {"type": "something else", "id": cancel["id"]})
    frozen.clock.run_for(10_000)
    assert len(sent(frozen, "cancel")) == 1
    assert len(sent(frozen, "hello")) == 3


def test_an_unanswered_answer_stays_in_the_box_and_can_be_sent_again(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False)
    deliver(frozen, view())
    widget.locator(".nb-oauth-box").fill(CALLBACK)
    widget.locator(".nb-oauth-submit").click()
    frozen.clock.run_for(6000)
    expect(widget.locator(".nb-oauth-error")).to_have_text(KEPT)
    expect(widget.locator(".nb-oauth-box")).to_have_value(CALLBACK)
    assert [typed(message) for message in sent(frozen, "answer")] == [CALLBACK] * 3
    widget.locator(".nb-oauth-submit").click()
    expect(widget.locator(".nb-oauth-error")).to_be_hidden()
    assert len({message["id"] for message in sent(frozen, "answer")}) == 2


def test_a_connection_that_throws_counts_as_silence(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False)
    deliver(frozen, view())
    frozen.evaluate("notebook.model.broken = true")
    widget.locator(".nb-oauth-new-link").click()
    frozen.clock.run_for(6000)
    assert len(sent(frozen, "new_link")) == 3
    expect(widget.locator(".nb-oauth-error")).to_have_text(f"{SILENT}.")


def test_a_restarted_kernel_is_said_and_leaves_nothing_to_press(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False)
    deliver(frozen, view())
    frozen.evaluate("notebook.model.trigger('comm_live_update')")
    expect(widget.locator(".nb-oauth-error")).to_have_text(LOST)
    expect(widget.locator(".nb-oauth-progress")).to_have_text("")
    for control in widget.locator("a, button, input").all():
        expect(control).to_be_hidden()
    frozen.clock.run_for(10_000)
    assert len(sent(frozen, "hello")) == 1
    expect(widget.locator(".nb-oauth-error")).to_have_text(LOST)


# What is shown


def test_a_view_shows_all_it_says(page: Page, widget: Locator) -> None:
    deliver(page, view(error="That address belongs to an older link."))
    expect(widget).to_have_attribute("data-status", "waiting")
    expect(widget.locator(".nb-oauth-heading")).to_have_text("Sign in to GitHub")
    expect(widget.locator(".nb-oauth-scope li")).to_have_text(["read:user", "repo"])
    expect(widget.locator(".nb-oauth-notice")).to_contain_text("copy its address")
    expect(widget.locator(".nb-oauth-progress")).to_have_text("Waiting for you to sign in.")
    expect(widget.locator(".nb-oauth-error")).to_have_text("That address belongs to an older link.")
    for name in ("link", "copy", "box", "submit", "cancel", "new-link"):
        expect(widget.locator(f".nb-oauth-{name}")).to_be_visible()


SHOWN = {
    "preparing": {"heading", "scope", "link", "copy", "box", "submit", "progress", "cancel"},
    "waiting": {"heading", "scope", "link", "copy", "box", "submit", "progress", "cancel"}
    | {"new-link"},
    "working": {
        "heading",
        "scope",
        "link",
        "copy",
        "box",
        "submit",
        "progress",
    },  # too late to cancel
    "signed_in": {"progress", "sign-out"},
    "cancelled": {"heading", "progress", "new-link"},
    "failed": {"heading", "progress", "new-link"},
    "signed_out": {"heading", "progress", "new-link"},
}


def test_views_come_in_any_order_and_each_replaces_all(page: Page, widget: Locator) -> None:
    everything = set.union(*SHOWN.values())
    for status in [*STATUSES, *reversed(STATUSES), *STATUSES[::2], *STATUSES[::-2]]:
        deliver(page, view(status))
        parts = {name: widget.locator(f".nb-oauth-{name}") for name in everything}
        assert {name for name, part in parts.items() if part.is_visible()} == SHOWN[status], status
        assert widget.get_attribute("data-status") == status


def test_what_a_view_leaves_out_is_not_there(page: Page, widget: Locator) -> None:
    deliver(page, view(scope=[], link=None, box=False))
    for name in ("scope", "link", "copy", "refused", "form", "error"):
        expect(widget.locator(f".nb-oauth-{name}")).to_be_hidden()


def test_a_sign_in_without_a_last_line_keeps_its_heading(page: Page, widget: Locator) -> None:
    deliver(page, view("signed_in", progress="", heading="Signed in to GitHub"))
    expect(widget.locator(".nb-oauth-heading")).to_be_visible()


@pytest.mark.parametrize("status", STATUSES)
def test_html_stays_text(page: Page, widget: Locator, status: str) -> None:
    words = {name: HTML + name for name in ("heading", "notice", "progress", "error", "link")}
    title = page.title()
    deliver(page, view(status, scope=[HTML], **words))
    expect(widget.locator(".nb-oauth-heading")).to_have_text(words["heading"])
    expect(widget.locator(".nb-oauth-notice")).to_have_text(words["notice"])
    expect(widget.locator(".nb-oauth-progress")).to_have_text(words["progress"])
    expect(widget.locator(".nb-oauth-error")).to_have_text(words["error"])
    expect(widget.locator(".nb-oauth-scope li")).to_have_text(HTML)
    expect(widget.locator("img, b, script")).to_have_count(0)
    assert page.title() == title


@pytest.mark.parametrize("count", [1, 2])
def test_every_view_of_a_model_is_right(page: Page, widget: Locator, count: int) -> None:
    deliver(page, view(heading="Before"))
    page.evaluate("notebook.show()")
    both = page.locator(".nb-oauth-heading")
    expect(both).to_have_text(["Before", "Before"])
    page.evaluate(f"notebook.cleanups[{count - 1}]()")
    deliver(page, view(heading="After"))
    expect(both).to_have_text(["After"])
    page.locator(".nb-oauth-box").fill("x")
    page.locator(".nb-oauth-submit").click()
    assert len(sent(page, "answer")) == 1
    expect(widget).to_be_visible()


def test_what_is_typed_in_one_view_stays_there(page: Page, widget: Locator) -> None:
    page.evaluate("notebook.show()")
    deliver(page, view())
    boxes = page.locator(".nb-oauth-box")
    boxes.nth(0).fill("mine")
    boxes.nth(1).fill("yours")
    widget.locator(".nb-oauth-submit").click()
    deliver(page, view(error="No."))
    expect(boxes.nth(0)).to_have_value("mine")
    expect(boxes.nth(1)).to_have_value("yours")
    deliver(page, view("working"))
    expect(boxes.nth(0)).to_have_value("")
    expect(boxes.nth(1)).to_have_value("")


def test_a_destroyed_model_leaves_nothing_behind(frozen: Page) -> None:
    start(frozen, acknowledges=False)
    frozen.evaluate("() => { notebook.destroy(); notebook.cleanups.forEach((end) => end()); }")
    frozen.clock.run_for(10_000)
    assert len(sent(frozen, "hello")) == 1
    assert frozen.evaluate("notebook.model.listeners.length") == 0
    expect(frozen.locator(".nb-oauth")).to_have_count(0)


# The link


@pytest.mark.parametrize(
    "link",
    [
        "https://github.example/authorize?a=b&c=d%20e#f",
        "http://127.0.0.1:8888/authorize?a=b",
        "http://127.9.9.9/",
        "http://localhost:1/authorize",
        "http://[::1]:8888/authorize",
    ],
)
def test_https_and_this_computer_become_a_link(page: Page, widget: Locator, link: str) -> None:
    deliver(page, view(link=link))
    anchor = widget.locator(".nb-oauth-link")
    expect(anchor).to_be_visible()
    expect(anchor).to_have_text("Open the sign-in page")
    assert anchor.get_attribute("href") == link
    assert anchor.get_attribute("target") == "_blank"
    assert anchor.get_attribute("rel") == "noopener noreferrer"


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        " java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "blob:https://github.example/1",
        "http://github.example/authorize",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://[::2]/",
        "ftp://127.0.0.1/",
        "//github.example/authorize",
        "/authorize",
        "github.example",
    ],
)
def test_other_addresses_are_text(page: Page, widget: Locator, link: str) -> None:
    deliver(page, view())
    deliver(page, view(link=link))
    expect(widget.locator(".nb-oauth-link")).to_be_hidden()
    assert widget.locator(".nb-oauth-link").get_attribute("href") is None
    expect(widget.locator(".nb-oauth-copy")).to_be_hidden()
    refused = widget.locator(".nb-oauth-refused")
    expect(refused).to_contain_text("neither https nor on this computer")
    assert str(refused.text_content()).endswith(link)
    deliver(page, view())
    expect(refused).to_be_hidden()
    expect(widget.locator(".nb-oauth-link")).to_be_visible()


def test_the_link_opens_with_no_word_to_the_kernel(page: Page, origin: str) -> None:
    widget = start(page)
    deliver(page, view(link=f"{origin}/page.html?authorize"))
    with page.expect_popup() as opened:
        widget.locator(".nb-oauth-link").click()
    assert opened.value.url == f"{origin}/page.html?authorize"
    assert opened.value.evaluate("window.opener") is None
    assert opened.value.evaluate("document.referrer") == ""
    assert len(page.evaluate("notebook.model.sent")) == 1


def test_the_link_is_copied(page: Page, widget: Locator) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    deliver(page, view())
    widget.locator(".nb-oauth-copy").click()
    expect(widget.get_by_role("status").filter(has_text="Copied")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == view()["link"]
    expect(widget.locator(".nb-oauth-address")).to_be_hidden()
    deliver(page, view(link="https://github.example/another"))
    expect(widget.locator(".nb-oauth-copied")).to_have_text("")


@pytest.mark.parametrize(
    "clipboard", ["undefined", "{ writeText: () => Promise.reject(new Error('not allowed')) }"]
)
def test_without_a_clipboard_the_link_is_selected(page: Page, clipboard: str) -> None:
    page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{ value: {clipboard} }})")
    widget = start(page)
    deliver(page, view())
    widget.locator(".nb-oauth-copy").click()
    expect(widget.locator(".nb-oauth-address")).to_be_focused()
    assert page.evaluate("getSelection().toString()") == view()["link"]
    expect(widget.locator(".nb-oauth-address")).not_to_be_editable()
    expect(widget.locator(".nb-oauth-copied")).to_have_text("")
    deliver(page, view(link="https://github.example/another"))
    expect(widget.locator(".nb-oauth-address")).to_be_hidden()


# The box


@pytest.mark.parametrize("way", ["Enter", "Continue"])
@pytest.mark.parametrize("text", [CALLBACK, "  'bare-code' \u00e9\u4e2d\U0001f511 "])
def test_an_answer_is_one_buffer_of_bytes(page: Page, widget: Locator, way: str, text: str) -> None:
    deliver(page, view())
    widget.locator(".nb-oauth-box").fill(text)
    if way == "Enter":
        widget.locator(".nb-oauth-box").press("Enter")
    else:
        widget.get_by_role("button", name="Continue").click()
    (answer,) = sent(page, "answer")
    assert typed(answer) == text
    assert answer["keys"] == ["id", "type"]
    assert answer["callbacks"] == "none"
    assert answer["binary"] is True
    assert "?" not in page.url


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_box_is_told_what_belongs_in_it(page: Page, widget: Locator, text: str) -> None:
    deliver(page, view())
    box = widget.locator(".nb-oauth-box")
    for said in ("There is nothing in the box.", "There still is nothing in the box."):
        box.fill(text)
        widget.locator(".nb-oauth-submit").click()
        assert typed(sent(page, "answer")[-1]) == text
        deliver(page, view(error=said))
        expect(widget.get_by_role("alert")).to_have_text(said)
        expect(box).to_be_focused()


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n    "])
def test_pasted_line_breaks_lose_no_text(page: Page, widget: Locator, line_break: str) -> None:
    deliver(page, view(error="No."))
    text = line_break.join(["", CALLBACK[:40], CALLBACK[40:60], CALLBACK[60:], ""])
    box = widget.locator(".nb-oauth-box")
    box.fill("wrong")
    box.press("Enter")
    deliver(page, view(error="No."))
    paste(page, text)
    expect(box).to_have_value(CALLBACK)
    deliver(page, view(error="No."))
    box.press("!")
    expect(box).to_have_value(f"{CALLBACK}!")
    box.press("Control+Z")
    box.press("Control+Z")
    expect(box).to_have_value("wrong")


def test_a_very_long_address_fits(page: Page, widget: Locator) -> None:
    deliver(page, view())
    widget.locator(".nb-oauth-box").fill(CALLBACK + "x" * 20_000)
    widget.locator(".nb-oauth-submit").click()
    assert len(typed(sent(page, "answer")[0])) == len(CALLBACK) + 20_000


def test_the_browser_is_told_not_to_remember(widget: Locator) -> None:
    box = widget.locator(".nb-oauth-box")
    assert box.get_attribute("autocomplete") == "off"
    assert box.get_attribute("spellcheck") == "false"
    assert box.get_attribute("name") is None


def paste(page: Page, text: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+V")


def selection(box: Locator) -> str:
    return cast("str", box.evaluate("(e) => e.value.slice(e.selectionStart, e.selectionEnd)"))


@pytest.mark.parametrize("way", ["Enter", "Continue"])
def test_a_rejected_answer_is_kept_and_selected(page: Page, widget: Locator, way: str) -> None:
    deliver(page, view())
    box = widget.locator(".nb-oauth-box")
    box.fill("wrong")
    if way == "Enter":
        box.press("Enter")
    else:
        widget.locator(".nb-oauth-submit").click()
    deliver(page, view(progress="Checking."))
    deliver(page, view(error="That is no answer."))
    expect(box).to_be_focused()
    assert selection(box) == "wrong"
    page.keyboard.insert_text("right")
    expect(box).to_have_value("right")


def test_a_paste_after_a_click_replaces_what_was_rejected(page: Page, widget: Locator) -> None:
    deliver(page, view())
    box = widget.locator(".nb-oauth-box")
    box.fill("wrong")
    box.press("Enter")
    deliver(page, view(error="That is no answer."))
    box.click()
    paste(page, "right")
    expect(box).to_have_value("right")
    paste(page, "!")  # edited since: a paste goes where the caret is
    expect(box).to_have_value("right!")


def test_what_is_being_corrected_is_not_selected_again(page: Page, widget: Locator) -> None:
    deliver(page, view())
    box = widget.locator(".nb-oauth-box")
    box.fill("wrong")
    box.press("Enter")
    box.press("End")
    box.type("!")
    deliver(page, view(error="That is no answer."))
    box.type("?")
    deliver(page, view(error="That is no answer.", progress="Still waiting."))
    box.type(".")
    expect(box).to_have_value("wrong!?.")


def test_sending_takes_the_old_error_away(page: Page, widget: Locator) -> None:
    deliver(page, view(error="That is no answer."))
    widget.locator(".nb-oauth-box").fill("another")
    widget.locator(".nb-oauth-submit").click()
    expect(widget.locator(".nb-oauth-error")).to_be_hidden()
    deliver(page, view(error="That is no answer."))
    expect(widget.locator(".nb-oauth-error")).to_be_visible()


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "waiting"])
def test_the_box_is_empty_once_nothing_is_waited_for(
    page: Page, widget: Locator, status: str
) -> None:
    deliver(page, view())
    widget.locator(".nb-oauth-box").fill(CALLBACK)
    deliver(page, view(status))
    expect(widget.locator(".nb-oauth-box")).to_have_value("")
    deliver(page, view())
    expect(widget.locator(".nb-oauth-box")).to_have_value("")


def test_an_answer_is_not_repeated_once_nothing_is_waited_for(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False)
    deliver(frozen, view())
    widget.locator(".nb-oauth-box").fill(CALLBACK)
    widget.locator(".nb-oauth-submit").click()
    deliver(frozen, view("working"))
    frozen.clock.run_for(10_000)
    assert len(sent(frozen, "answer")) == 1


def test_an_impatient_person_sends_one_answer(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False)
    deliver(frozen, view())
    box = widget.locator(".nb-oauth-box")
    box.fill(CALLBACK)
    for _ in range(3):
        box.press("Enter")
    assert len(sent(frozen, "answer")) == 1
    box.fill("another")
    box.press("Enter")
    first, second = sent(frozen, "answer")
    assert first["id"] != second["id"]
    assert typed(second) == "another"


def test_keys_in_the_box_are_no_notebook_shortcuts(page: Page, widget: Locator) -> None:
    page.evaluate("document.addEventListener('keydown', () => document.body.dataset.heard = 'yes')")
    deliver(page, view())
    widget.locator(".nb-oauth-box").press("d")
    widget.locator(".nb-oauth-box").press("Shift+Enter")
    assert page.evaluate("document.body.dataset.heard") is None


# The other buttons


def test_cancel_is_said_once_to_a_slow_kernel(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False)
    deliver(frozen, view())
    widget.get_by_role("button", name="Cancel").dblclick()
    (cancel,) = sent(frozen, "cancel")
    assert cancel["keys"] == ["id", "type"]
    assert cancel["bytes"] == []


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("waiting", "New link"),
        ("cancelled", "Sign in again"),
        ("failed", "Sign in again"),
        ("signed_out", "Sign in again"),
    ],
)
def test_a_new_link_is_asked_for(page: Page, widget: Locator, status: str, name: str) -> None:
    deliver(page, view(status))
    widget.get_by_role("button", name=name, exact=True).click()
    assert len(sent(page, "new_link")) == 1


# Focus, keyboard, screen readers


def test_nothing_takes_the_focus_from_a_cell(page: Page, widget: Locator) -> None:
    cell = page.locator("#cell")
    deliver(page, view())
    widget.locator(".nb-oauth-box").fill("wrong")
    widget.locator(".nb-oauth-submit").click()
    cell.focus()
    happenings = [view(status, error=error) for status in STATUSES for error in (None, "Wrong.")]
    for number, content in enumerate([view(error="Wrong."), *happenings]):
        deliver(page, content)
        expect(cell).to_be_focused()
        page.keyboard.type(str(number % 10))
    page.evaluate("notebook.show()")
    page.evaluate("notebook.model.trigger('comm_live_update')")
    page.keyboard.type("end")
    expect(cell).to_have_value("012345678901234end")
    expect(widget.locator(".nb-oauth-error")).to_have_text(LOST)


@pytest.mark.parametrize(("name", "status"), [("submit", "working"), ("cancel", "cancelled")])
def test_the_place_is_kept_when_a_control_goes(
    page: Page, widget: Locator, name: str, status: str
) -> None:
    deliver(page, view())
    widget.locator(f".nb-oauth-{name}").focus()
    deliver(page, view(status, box=False))
    expect(widget).to_be_focused()
    page.keyboard.press("Tab")
    assert "nb-oauth" in focus(page)


def test_the_whole_way_by_keyboard(page: Page, origin: str) -> None:
    widget = start(page)
    deliver(page, view(link=f"{origin}/page.html?authorize"))
    page.locator("#cell").focus()
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(focus(page).removeprefix("nb-oauth-"))
        outline = widget.locator(":focus").evaluate("(e) => getComputedStyle(e).outlineStyle")
        assert outline == "solid"
    assert order == ["link", "copy", "box", "submit", "cancel", "new-link"]
    page.keyboard.press("Enter")
    assert len(sent(page, "new_link")) == 1
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert len(sent(page, "cancel")) == 1
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    page.keyboard.type("code")
    page.keyboard.press("Enter")
    assert typed(sent(page, "answer")[0]) == "code"
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
    with page.expect_popup():
        page.keyboard.press("Enter")


CODE_ARIA = """
- group "Sign in to GitHub":
  - heading "Sign in to GitHub" [level=2]
  - list "Asks for":
    - listitem: read:user
    - listitem: repo
  - text: Enter this code on the sign-in page
  - strong: WDJB-MJHT
  - button "Copy code"
  - status
  - timer: The code is good for 5:00
  - text: On a phone or another computer, go to https://github.example/login/device
  - img "QR code of the sign-in page, for a phone"
  - status: "Enter this code on the sign-in page: W D J B - M J H T. \
The code is good for 5 minutes."
  - link "Open the sign-in page"
  - button "Copy link"
  - status
  - status: Waiting for you to enter the code…
  - button "Cancel"
  - button "New code"
"""
PASSWORD_ARIA = """
- group "Sign in to GitHub":
  - heading "Sign in to GitHub" [level=2]
  - list "Asks for":
    - listitem: read:user
    - listitem: repo
  - text: User name
  - textbox "User name": john
  - text: Password
  - textbox "Password"
  - button "Sign in"
  - text: They go to the provider once.
  - status: Waiting for your name and password…
  - button "Cancel"
"""
WAITING_ARIA = """
- group "Sign in to GitHub":
  - heading "Sign in to GitHub" [level=2]
  - list "Asks for":
    - listitem: read:user
    - listitem: repo
  - link "Open the sign-in page"
  - button "Copy link"
  - status
  - text: Or paste the address you arrive at
  - textbox "Or paste the address you arrive at"
  - button "Continue"
  - text: If the page won't load after you have signed in, copy its address from the address bar \
and paste it here.
  - status: Waiting for you to sign in.
  - alert: That is no answer.
  - button "Cancel"
  - button "New link"
"""


def test_a_screen_reader_hears_names_for_everything(page: Page, widget: Locator) -> None:
    deliver(page, view(error="That is no answer."))
    expect(widget).to_match_aria_snapshot(WAITING_ARIA)
    expect(widget.locator(".nb-oauth-box")).to_have_accessible_description(
        f"{view()['notice']} That is no answer."
    )
    assert widget.locator(".nb-oauth-progress").get_attribute("aria-live") == "polite"


def test_a_sign_in_that_ended_is_one_line_and_what_can_be_done_now(
    page: Page, widget: Locator
) -> None:
    deliver(page, view("signed_in", progress="Signed in to GitHub."))
    expect(widget).to_match_aria_snapshot(
        '- group "Sign in to GitHub":\n  - status: Signed in to GitHub.\n  - button "Sign out"'
    )


def test_a_live_region_is_not_written_without_news(page: Page) -> None:
    start(page)
    deliver(page, view(error="No."))
    page.evaluate("countWrites()")
    deliver(page, view(error="No."))
    assert page.evaluate("writes") == 0
    deliver(page, view(error="No.", progress="News."))
    assert page.evaluate("writes") > 0


# What to know, renewing, signing out


def test_remarks_are_lines_of_text(page: Page, widget: Locator) -> None:
    expect(widget.locator(".nb-oauth-remarks")).to_be_hidden()
    remarks = ["The device flow, since nothing can come back to this kernel.", HTML]
    for status in STATUSES:
        deliver(page, view(status, remarks=remarks))
        expect(widget.locator(".nb-oauth-remark")).to_have_text(remarks)
        expect(widget.locator(".nb-oauth-remarks")).to_be_visible()
    expect(widget.locator("img, b")).to_have_count(0)
    deliver(page, view())
    expect(widget.locator(".nb-oauth-remarks")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [("Renew now", "renew", "renew"), ("Sign out", "sign-out", "sign_out")],
)
def test_what_a_person_can_do_once_signed_in(
    page: Page, widget: Locator, name: str, part: str, kind: str
) -> None:
    deliver(page, view("signed_in", can_renew=True))
    button = widget.get_by_role("button", name=name, exact=True)
    expect(button).to_have_class(f"nb-oauth-{part}")
    button.focus()
    page.keyboard.press("Enter")
    (message,) = sent(page, kind)
    assert message["keys"] == ["id", "type"]
    assert message["bytes"] == []
    for status in STATUSES:
        deliver(page, view(status, can_renew=True))
        assert button.is_visible() is (status == "signed_in")


def test_what_cannot_be_renewed_is_only_signed_out(page: Page, widget: Locator) -> None:
    deliver(page, view("signed_in", can_renew=False))
    expect(widget.locator("button:visible")).to_have_text(["Sign out"])


def test_renewing_says_what_came_of_it_and_keeps_the_place(page: Page, widget: Locator) -> None:
    deliver(page, RENEWABLE)
    renew = widget.locator(".nb-oauth-renew")
    renew.focus()
    page.keyboard.press("Space")
    deliver(page, {**RENEWABLE, "error": "GitHub did not renew the token."})
    expect(widget.locator(".nb-oauth-error")).to_be_visible()
    expect(renew).to_be_focused()
    page.keyboard.press("Space")
    expect(widget.locator(".nb-oauth-error")).to_be_hidden()
    deliver(page, {**RENEWABLE, "progress": "Renewed. The token ends at 14:05."})
    expect(widget.get_by_role("status")).to_have_text("Renewed. The token ends at 14:05.")
    expect(renew).to_be_focused()
    assert len(sent(page, "renew")) == 2


def test_who_signed_out_can_sign_in_again(page: Page, widget: Locator) -> None:
    deliver(page, RENEWABLE)
    widget.locator(".nb-oauth-sign-out").focus()
    page.keyboard.press("Enter")
    deliver(page, SIGNED_OUT)
    expect(widget).to_be_focused()
    page.keyboard.press("Tab")
    expect(widget.get_by_role("button", name="Sign in again")).to_be_focused()
    page.keyboard.press("Enter")
    assert len(sent(page, "new_link")) == 1


# The code


def device(**changes: object) -> dict[str, object]:
    return view(
        **{
            "link": "https://github.example/login/device?user_code=WDJB-MJHT",
            "address": "https://github.example/login/device",
            "notice": "",
            "progress": "Waiting for you to enter the code…",
            "box": False,
            "code": "WDJB-MJHT",
            "qr": QR,
            "seconds_left": 299.2,
            **changes,
        }
    )


def test_the_code_is_shown_with_all_that_it_needs(frozen: Page) -> None:
    widget = start(frozen, kind="code")
    expect(widget.locator(".nb-oauth-code-panel")).to_be_hidden()
    deliver(frozen, device())
    expect(widget).to_match_aria_snapshot(CODE_ARIA)
    code = widget.locator(".nb-oauth-code")
    assert code.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)") >= 24
    code.click()
    assert frozen.evaluate("getSelection().toString()") == "WDJB-MJHT"
    assert len(frozen.evaluate("notebook.model.sent")) == 1


def test_the_code_goes_when_nobody_can_enter_it(page: Page) -> None:
    widget = start(page, kind="code")
    for status in STATUSES:
        deliver(page, device())
        deliver(page, device(status=status))
        is_there = status.endswith("ing")
        assert widget.locator(".nb-oauth-code-panel").is_visible() is is_there
        assert ("WDJB-MJHT" in widget.inner_text()) is is_there
    deliver(page, device(code=None))
    expect(widget.locator(".nb-oauth-code-panel")).to_be_hidden()
    expect(widget.locator(".nb-oauth-spoken")).to_have_text("")
    page.evaluate("notebook.model.trigger('comm_live_update')")
    expect(widget.locator(".nb-oauth-code-panel")).to_be_hidden()


def test_the_code_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    widget = start(page, kind="code")
    deliver(page, device())
    widget.get_by_role("button", name="Copy code").click()
    expect(widget.locator(".nb-oauth-copied-code")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "WDJB-MJHT"
    deliver(page, device(progress="Still waiting."))
    expect(widget.locator(".nb-oauth-copied-code")).to_have_text("Copied")
    deliver(page, device(code="BBBB-CCCC"))
    expect(widget.locator(".nb-oauth-copied-code")).to_have_text("")


def test_without_a_clipboard_the_code_is_selected(page: Page) -> None:
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    widget = start(page, kind="code")
    deliver(page, device())
    widget.get_by_role("button", name="Copy code").click()
    expect(widget.locator(".nb-oauth-copied-code")).to_have_text("Selected: copy it by keyboard")
    assert page.evaluate("getSelection().toString()") == "WDJB-MJHT"


def test_the_time_that_is_left_is_counted_down(frozen: Page) -> None:
    widget = start(frozen, kind="code")
    deliver(frozen, device(seconds_left=272))
    timer = widget.locator(".nb-oauth-timer")
    expect(timer).to_have_text("The code is good for 4:32")
    frozen.clock.run_for(1000)
    expect(timer).to_have_text("The code is good for 4:31")
    frozen.clock.run_for(262_000)
    deliver(frozen, {"type": "ack", "id": "of nobody"})  # draws the same view again
    expect(timer).to_have_text("The code is good for 0:09")
    frozen.evaluate("notebook.show()")
    expect(frozen.locator(".nb-oauth-timer")).to_have_text(["The code is good for 0:09"] * 2)
    frozen.clock.run_for(9000)
    expect(timer).to_have_text("The code has run out.")
    frozen.clock.run_for(60_000)
    expect(timer).to_have_text("The code has run out.")
    expect(widget.locator(".nb-oauth-qr")).to_be_hidden()  # a phone would be sent in vain
    deliver(frozen, device(code="BBBB-CCCC", seconds_left=61))
    expect(timer).to_have_text("The code is good for 1:01")
    expect(widget.locator(".nb-oauth-qr")).to_be_visible()


def test_the_time_that_is_left_is_said_three_times(frozen: Page) -> None:
    widget = start(frozen, kind="code")
    spoken = widget.locator(".nb-oauth-spoken")
    deliver(frozen, device(seconds_left=300))
    words = "Enter this code on the sign-in page: W D J B - M J H T. The code is good for"
    expect(spoken).to_have_text(f"{words} 5 minutes.")
    frozen.evaluate("countWrites()")
    frozen.clock.run_for(240_000)
    assert frozen.evaluate("writes") == 0
    frozen.clock.run_for(59_000)
    expect(spoken).to_have_text("The code is good for less than a minute.")
    frozen.clock.run_for(1000)
    expect(spoken).to_have_text("The code has run out.")
    assert frozen.evaluate("writes") == 2
    deliver(frozen, device(code="BBBB-CCCC", seconds_left=61))
    expect(spoken).to_contain_text("B B B B - C C C C. The code is good for a minute.")
    assert spoken.bounding_box() is not None  # or no screen reader would say it


def test_a_code_that_never_ends_has_no_countdown(page: Page) -> None:
    widget = start(page, kind="code")
    deliver(page, device())
    deliver(page, device(seconds_left=None))
    expect(widget.locator(".nb-oauth-timer")).to_be_hidden()
    expect(widget.locator(".nb-oauth-code")).to_be_visible()


def test_no_clock_ticks_once_the_code_is_gone(frozen: Page) -> None:
    frozen.evaluate(
        """() => {
            window.ticking = new Set();
            const { setInterval, clearInterval } = window;
            window.setInterval = (...all) => {
                const id = setInterval(...all);
                ticking.add(id);
                return id;
            };
            window.clearInterval = (id) => {
                ticking.delete(id);
                clearInterval(id);
            };
        }"""
    )
    start(frozen, kind="code")
    for _ in range(3):
        deliver(frozen, device())
        assert frozen.evaluate("ticking.size") == 1
    deliver(frozen, device(status="signed_in"))
    assert frozen.evaluate("ticking.size") == 0
    deliver(frozen, device(seconds_left=5))
    frozen.clock.run_for(5000)
    assert frozen.evaluate("ticking.size") == 0
    deliver(frozen, device())
    frozen.evaluate("() => { notebook.cleanups.forEach((end) => end()); }")
    assert frozen.evaluate("ticking.size") == 0


@pytest.mark.parametrize("qr", [None, "", "https://github.example/qr.svg", "data:text/html,x"])
def test_only_a_picture_at_hand_is_shown(page: Page, qr: str | None) -> None:
    widget = start(page, kind="code")
    deliver(page, device())
    picture = widget.get_by_role("img", name="QR code of the sign-in page, for a phone")
    expect(picture).to_be_visible()
    assert picture.evaluate("(e) => e.complete && e.naturalWidth > 0")
    deliver(page, device(qr=qr))
    expect(widget.locator(".nb-oauth-qr")).to_be_hidden()
    assert widget.locator(".nb-oauth-qr").get_attribute("src") is None


@pytest.mark.parametrize("theme", ["jupyter-light", "jupyter-dark"])
def test_the_picture_stands_on_white(page: Page, theme: str) -> None:
    widget = start(page, kind="code")
    page.evaluate("(theme) => { document.body.className = theme; }", theme)
    deliver(page, device())
    background = "(e) => getComputedStyle(e).backgroundColor"
    assert widget.locator(".nb-oauth-qr").evaluate(background) == "rgb(255, 255, 255)"


def test_html_in_a_code_stays_text(page: Page) -> None:
    widget = start(page, kind="code")
    deliver(page, device(code=HTML, address=f"javascript:{HTML}"))
    expect(widget.locator(".nb-oauth-code")).to_have_text(HTML)
    expect(widget.locator(".nb-oauth-elsewhere-address")).to_have_text(f"javascript:{HTML}")
    expect(widget.locator("b")).to_have_count(0)


def test_a_new_code_looks_like_a_button_where_there_is_nothing_else_to_do(page: Page) -> None:
    widget = start(page, kind="code")
    button = widget.locator(".nb-oauth-new-link")
    border = "(e) => getComputedStyle(e).borderTopColor"
    deliver(page, device())
    assert button.evaluate(border) == "rgba(0, 0, 0, 0)"
    deliver(page, device(link=None, code=None, qr=None, error="The code ran out."))
    assert button.evaluate(border) != "rgba(0, 0, 0, 0)"


def test_a_link_in_place_of_a_code_is_no_code(page: Page) -> None:
    widget = start(page, kind="code")  # as where the person's page decides which it is
    deliver(page, view())
    expect(widget.locator(".nb-oauth-new-link")).to_have_text("New link")
    deliver(page, device())
    expect(widget.locator(".nb-oauth-new-link")).to_have_text("New code")


def test_a_new_code_is_asked_for_by_keyboard(page: Page) -> None:
    widget = start(page, kind="code")
    deliver(page, device())
    page.locator("#cell").focus()
    order = []
    for _ in range(5):
        page.keyboard.press("Tab")
        order.append(focus(page).removeprefix("nb-oauth-"))
        outline = widget.locator(":focus").evaluate("(e) => getComputedStyle(e).outlineStyle")
        assert outline == "solid"
    assert order == ["copy-code", "link", "copy", "cancel", "new-link"]
    expect(widget.locator(":focus")).to_have_text("New code")
    page.keyboard.press("Enter")
    assert len(sent(page, "new_link")) == 1


# Name and password


def password(**changes: object) -> dict[str, object]:
    return view(
        **{
            "link": None,
            "notice": "They go to the provider once.",
            "progress": "Waiting for your name and password…",
            "box": False,
            "credentials": True,
            **changes,
        }
    )


def fill_in(widget: Locator, name: str, secret: str) -> None:
    widget.get_by_label("User name").fill(name)
    widget.get_by_label("Password").fill(secret)


@pytest.mark.parametrize("way", ["Enter", "Sign in"])
def test_name_and_password_are_two_buffers_of_bytes(page: Page, way: str) -> None:
    widget = start(page, kind="password")
    expect(widget.locator(".nb-oauth-credentials")).to_be_hidden()
    deliver(page, password())
    fill_in(widget, " j\u00f6hn ", " \u4e2d pass\U0001f511 ")
    if way == "Enter":
        widget.get_by_label("Password").press("Enter")
    else:
        widget.get_by_role("button", name="Sign in", exact=True).click()
    (message,) = sent(page, "credentials")
    assert [bytes(one).decode() for one in message["bytes"]] == [
        " j\u00f6hn ",
        " \u4e2d pass\U0001f511 ",
    ]
    assert message["keys"] == ["id", "type"]
    assert message["binary"] is True
    assert "?" not in page.url
    expect(widget.get_by_label("Password")).to_have_value("")
    expect(widget.get_by_label("User name")).to_have_value(" j\u00f6hn ")


@pytest.mark.parametrize(
    ("name", "secret", "part"),
    [("", "", "username"), ("", "secret", "username"), ("john", "", "password")],
)
def test_what_is_missing_is_asked_for(page: Page, name: str, secret: str, part: str) -> None:
    widget = start(page, kind="password")
    deliver(page, password())
    fill_in(widget, name, secret)
    widget.locator(".nb-oauth-sign-in").click()
    assert sent(page, "credentials") == []
    expect(widget.locator(f".nb-oauth-{part}")).to_be_focused()


def test_a_refused_password_is_asked_for_again(page: Page) -> None:
    widget = start(page, kind="password")
    deliver(page, password())
    for way in ("Enter", "Space"):
        fill_in(widget, "john", "wrong")
        widget.locator(f".nb-oauth-{'password' if way == 'Enter' else 'sign-in'}").press(way)
        deliver(page, view("working", box=False))
        expect(widget.locator(".nb-oauth-credentials")).to_be_hidden()
        deliver(page, password(error="GitHub refused: wrong name or password."))
        box = widget.get_by_label("Password")
        expect(box).to_be_focused()
        expect(box).to_have_value("")
        expect(box).to_have_accessible_description(
            "GitHub refused: wrong name or password. They go to the provider once."
        )
        expect(widget.get_by_label("User name")).to_have_value("john")


def test_a_refusal_takes_the_focus_from_nobody(page: Page) -> None:
    widget = start(page, kind="password")
    deliver(page, password())
    fill_in(widget, "john", "wrong")
    widget.get_by_label("Password").press("Enter")
    page.locator("#cell").focus()
    deliver(page, view("working", box=False))
    deliver(page, password(error="No."))
    expect(page.locator("#cell")).to_be_focused()
    widget.get_by_label("User name").focus()
    deliver(page, password(error="No.", progress="Still waiting."))
    expect(widget.get_by_label("User name")).to_be_focused()


def test_a_password_is_not_kept_nor_repeated_once_it_arrived(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False, kind="password")
    deliver(frozen, password())
    fill_in(widget, "john", "secret")
    widget.get_by_label("Password").press("Enter")
    frozen.clock.run_for(2000)
    first, second = sent(frozen, "credentials")
    assert first == second
    deliver(frozen, view("working", box=False))
    frozen.clock.run_for(10_000)
    assert len(sent(frozen, "credentials")) == 2


def test_a_kernel_that_does_not_hear_a_password_is_named(frozen: Page) -> None:
    widget = start(frozen, acknowledges=False, kind="password")
    deliver(frozen, password())
    fill_in(widget, "john", "secret")
    widget.get_by_label("Password").press("Enter")
    frozen.clock.run_for(6000)
    expect(widget.locator(".nb-oauth-error")).to_have_text(f"{SILENT}.")
    expect(widget.get_by_label("Password")).to_have_value("")


@pytest.mark.parametrize("status", [status for status in STATUSES if not status.endswith("ing")])
def test_nothing_is_left_in_the_form_when_it_is_over(page: Page, status: str) -> None:
    widget = start(page, kind="password")
    deliver(page, password())
    fill_in(widget, "john", "secret")
    deliver(page, password(status=status))
    expect(widget.locator(".nb-oauth-credentials")).to_be_hidden()
    expect(widget.locator(".nb-oauth-password")).to_have_value("")
    expect(widget.locator(".nb-oauth-username")).to_have_value("")


def test_the_browser_is_told_neither_to_fill_in_nor_to_keep(page: Page) -> None:
    widget = start(page, kind="password")
    deliver(page, password())
    box = widget.get_by_label("Password")
    assert box.get_attribute("type") == "password"
    assert box.get_attribute("autocomplete") == "new-password"
    assert widget.get_by_label("User name").get_attribute("autocomplete") == "off"
    for part in (box, widget.get_by_label("User name")):
        assert part.get_attribute("name") is None


def test_the_password_by_keyboard_alone(page: Page) -> None:
    page.evaluate("document.addEventListener('keydown', (e) => { document.body.title += e.key; })")
    widget = start(page, kind="password")
    deliver(page, password())
    page.locator("#cell").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("john")
    page.keyboard.press("Tab")
    page.keyboard.type("dd")
    order = []
    for _ in range(2):
        page.keyboard.press("Tab")
        order.append(focus(page).removeprefix("nb-oauth-"))
    assert order == ["sign-in", "cancel"]  # a new link there is none
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert len(sent(page, "credentials")) == 1
    assert "d" not in page.evaluate("document.body.title").replace("Shifted", "")
    expect(widget).to_match_aria_snapshot(PASSWORD_ARIA)


# An app to register


def registration(**changes: object) -> dict[str, object]:
    asked = {
        "page": "https://github.example/apps/new",
        "redirect_uri": "http://127.0.0.1/callback",
        "needs_secret": False,
        "kept_in": "~/.config/nb_oauth/clients.toml",
    }
    asked |= {name: changes.pop(name) for name in list(changes) if name in asked}
    given = {
        "link": None,
        "notice": "They go to github.example and to no other server.",
        "progress": "Waiting for the app that you register with GitHub…",
        "box": False,
        "registration": asked,
    }
    return view(**{**given, **changes})


def test_an_app_is_three_buffers_of_bytes(page: Page) -> None:
    widget = start(page, kind="registration")
    expect(widget.locator(".nb-oauth-registration")).to_be_hidden()
    deliver(page, registration())
    expect(widget.get_by_role("button", name="New link")).to_be_hidden()
    widget.get_by_label("Client ID").fill(" mine ")
    widget.get_by_label("Client secret, if it gave you one").fill("s3cr+t/%:\U0001f511")
    widget.get_by_label("Client ID").press("Enter")
    (message,) = sent(page, "registration")
    texts = [bytes(one).decode() for one in message["bytes"]]
    assert texts == [" mine ", "s3cr+t/%:\U0001f511", "1"]
    assert message["keys"] == ["id", "type"]
    assert message["binary"] is True
    assert "?" not in page.url
    widget.get_by_label("Keep for next time").uncheck()
    widget.get_by_role("button", name="Continue").last.click()
    assert bytes(sent(page, "registration")[-1]["bytes"][2]) == b""


def test_a_refused_answer_is_still_there_and_nothing_of_a_taken_one(page: Page) -> None:
    widget = start(page, kind="registration")
    deliver(page, registration(needs_secret=True))
    widget.get_by_label("Client ID").fill("mine")
    widget.get_by_label("Client ID").press("Enter")
    deliver(page, registration(needs_secret=True, error="Type the secret."))
    secret = widget.get_by_label("Client secret")
    expect(secret).to_be_focused()
    expect(secret).to_have_accessible_description(
        "Type the secret. They go to github.example and to no other server."
    )
    secret.fill("s3cret")
    secret.press("Enter")
    deliver(page, view("working"))
    expect(widget.locator(".nb-oauth-registration")).to_be_hidden()
    for part in ("client-id", "client-secret"):
        expect(widget.locator(f".nb-oauth-{part}")).to_have_value("")


def test_an_id_that_was_refused_is_selected(page: Page) -> None:
    widget = start(page, kind="registration")
    deliver(page, registration())
    widget.get_by_label("Client ID").fill("a b")
    widget.get_by_label("Client ID").press("Enter")
    deliver(page, registration(error="No ID has a space."))
    page.keyboard.type("ab")
    expect(widget.get_by_label("Client ID")).to_have_value("ab")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://github.example/apps", None])
def test_only_a_secure_page_to_register_becomes_a_link(page: Page, address: str | None) -> None:
    widget = start(page, kind="registration")
    deliver(page, registration(page=address, redirect_uri=None))
    expect(widget.locator(".nb-oauth-register-page")).to_be_hidden()
    expect(widget.get_by_text("Register an app with the provider")).to_be_visible()
    expect(widget.locator(".nb-oauth-to-register")).to_be_hidden()


def test_the_redirect_uri_can_be_copied_without_a_clipboard(page: Page) -> None:
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    widget = start(page, kind="registration")
    deliver(page, registration())
    widget.get_by_role("button", name="Copy", exact=True).click()
    expect(widget.locator(".nb-oauth-copied-redirect")).to_have_text(
        "Selected: copy it by keyboard"
    )
    assert page.evaluate("getSelection().toString()") == "http://127.0.0.1/callback"


def test_an_app_by_keyboard_alone(page: Page) -> None:
    page.evaluate("document.addEventListener('keydown', (e) => { document.body.title += e.key; })")
    start(page, kind="registration")
    deliver(page, registration())
    page.locator("#cell").focus()
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(focus(page).removeprefix("nb-oauth-"))
    assert order == [
        "register-page",
        "redirect-uri",
        "copy-redirect",
        "client-id",
        "client-secret",
        "keep",
        "register",
        "cancel",
    ]
    page.locator(".nb-oauth-client-id").focus()
    page.keyboard.type("dd")
    assert "d" not in page.evaluate("document.body.title").replace("Shifted", "")


def test_the_browser_neither_fills_in_nor_keeps_an_app(page: Page) -> None:
    widget = start(page, kind="registration")
    deliver(page, registration())
    secret = widget.locator(".nb-oauth-client-secret")
    assert secret.get_attribute("type") == "password"
    assert secret.get_attribute("autocomplete") == "new-password"
    for part in ("client-id", "client-secret", "redirect-uri"):
        assert widget.locator(f".nb-oauth-{part}").get_attribute("name") is None


# Looks


@pytest.mark.parametrize("theme", ["jupyter-light", "jupyter-dark", ""])
@pytest.mark.parametrize("kind", ["code", "password", "registration"])
def test_every_text_of_every_panel_can_be_read(page: Page, theme: str, kind: str) -> None:
    start(page, kind=kind)
    page.emulate_media(color_scheme="dark" if theme == "jupyter-dark" else "light")
    page.evaluate("(theme) => { document.body.className = theme; }", theme)
    remarks = ["RFC 9700 advises against it."]
    contents = {"code": device, "password": password, "registration": registration}
    content = contents[kind](remarks=remarks)
    for _ in range(2):
        deliver(page, content)
        contrasts = cast("dict[str, float]", page.evaluate("contrasts()"))
        assert len(contrasts) >= 7
        assert {name: ratio for name, ratio in contrasts.items() if ratio < 4.5} == {}
        content = {**content, "seconds_left": 0}  # run out


@pytest.mark.parametrize("kind", ["login", "code", "password", "registration"])
def test_no_panel_sticks_out_at_320_pixels(page: Page, kind: str) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    start(page, kind=kind)
    long = "unbroken" * 30
    for content in [
        device(remarks=[long]),
        device(code=long, address=f"https://github.example/{long}"),
        password(remarks=[long]),
        registration(kept_in=long, redirect_uri=f"https://github.example/{long}"),
        {**RENEWABLE, "progress": long, "remarks": [long]},
    ]:
        deliver(page, content)
        assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("theme", ["jupyter-light", "jupyter-dark", ""])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(page: Page, theme: str, scheme: str) -> None:
    start(page)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.evaluate("(theme) => { document.body.className = theme; }", theme)
    deliver(page, view(error="That address belongs to an older link."))
    contrasts = cast("dict[str, float]", page.evaluate("contrasts()"))
    assert len(contrasts) >= 9
    assert {name: ratio for name, ratio in contrasts.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("status", ["waiting", "failed", "signed_in"])
def test_nothing_sticks_out_at_320_pixels(page: Page, widget: Locator, status: str) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    long = "unbroken" * 30
    deliver(
        page,
        view(status, heading=long, scope=[long, "b"], notice=long, progress=long, error=long),
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    deliver(page, view(status, link=f"javascript:{long}"))
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    box = widget.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 320


def test_motion_stops_for_those_who_ask(page: Page, widget: Locator) -> None:
    style = "(e) => getComputedStyle(e, '::before').animationName"
    progress = widget.locator(".nb-oauth-progress")
    deliver(page, view())
    assert progress.evaluate(style) == "nb-oauth-pulse"
    deliver(page, view("signed_in"))
    assert progress.evaluate(style) == "none"
    page.emulate_media(reduced_motion="reduce")
    for status in STATUSES:
        deliver(page, view(status))
        assert progress.evaluate(style) == "none"


QR = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='33' height='33' "
    "viewBox='0 0 33 33'%3E%3Cpath d='M4 4h7v7h-7zM22 4h7v7h-7zM4 22h7v7h-7zM14 14h6v6h-6z'/%3E"
    "%3C/svg%3E"
)
RENEWABLE = view("signed_in", progress="Signed in to GitHub.", can_renew=True)
SIGNED_OUT = view("signed_out", progress="Signed out: GitHub has revoked the tokens.")
REJECTED = view(
    error="That address belongs to an older link: its state is not the one of this sign-in. "
    "Use the button above, then paste the address you arrive at."
)
SIGNED_IN = view("signed_in", progress="Signed in to GitHub.")
CANCELLED = view("cancelled", progress="Cancelled.")
FAILED = view("failed", progress="Not signed in.", error="GitHub said no: access_denied.")


def test_pictures_are_kept(page: Page, widget: Locator) -> None:
    for theme in ("jupyter-light", "jupyter-dark"):
        page.evaluate("(theme) => { document.body.className = theme; }", theme)
        for name, content in [
            ("waiting", view()),
            ("error", REJECTED),
            ("signed-in", SIGNED_IN),
            ("cancelled", CANCELLED),
            ("failed", FAILED),
            ("refused", view(link="http://github.example/authorize?client_id=x")),
        ]:
            deliver(page, content)
            photograph(page, f"{theme}-{name}")
    page.evaluate("() => { document.body.className = ''; }")
    for name in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if name == "dark" else "light")
        deliver(page, REJECTED)
        photograph(page, f"plain-{name}")
    page.emulate_media(color_scheme="light", forced_colors="active")
    photograph(page, "forced-colors")
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 320, "height": 640})
    photograph(page, "narrow")
    page.set_viewport_size({"width": 720, "height": 640})
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    widget.locator(".nb-oauth-copy").click()
    photograph(page, "link-to-copy")


def test_pictures_of_the_other_panels_are_kept(page: Page) -> None:
    advice = [
        "RFC 9700 advises against passwords: AuthorizationCodeLogin is there for GitHub, too."
    ]
    why = ["By a code, since the browser cannot come back to this kernel."]
    for kind, contents in {
        "code": {"code": device(remarks=why), "run-out": device(seconds_left=0)},
        "password": {
            "password": password(remarks=advice),
            "refused-password": password(error="Wrong name or password.", remarks=advice),
        },
        "login": {
            "renewable": RENEWABLE,
            "renew-failed": {**RENEWABLE, "error": "GitHub did not answer: try again."},
            "signed-out": SIGNED_OUT,
        },
    }.items():
        widget = start(page, kind=kind)
        for theme in ("jupyter-light", "jupyter-dark"):
            page.evaluate("(theme) => { document.body.className = theme; }", theme)
            for name, content in contents.items():
                deliver(page, content)
                photograph(page, f"{theme}-{name}")
        page.set_viewport_size({"width": 320, "height": 760})
        photograph(page, f"narrow-{kind}")
        page.set_viewport_size(VIEWPORT)
        page.evaluate("notebook.cleanups.forEach((end) => end())")
        expect(widget).to_have_count(0)


BEARER = """\
export default (send) => {
  window.told = [];
  return (content) => {
    window.told.push(content?.type ?? "over");
    if (content?.type === "view" && content.probe) send("page", "", "1");
  };
};"""


def test_what_is_sent_later_is_told_all_that_comes_after_it(page: Page) -> None:
    start(page)
    deliver(page, view())
    deliver(page, {"type": "bearer", "script": BEARER})
    deliver(page, view(probe="http://127.0.0.1:1/probe"))
    deliver(page, {"type": "bearer", "script": "throw new Error('it is there already')"})
    deliver(page, {"type": "verdict", "reason": None})
    page.wait_for_function("window.told?.length >= 2")
    page.wait_for_function("notebook.model.sent.some(({ type }) => type === 'page')")
    (message,) = sent(page, "page")
    assert [bytes(buffer) for buffer in message["bytes"]] == [b"", b"1"]
    page.evaluate("notebook.destroy()")
    page.wait_for_function("window.told.at(-1) === 'over'")
    told = [kind for kind in page.evaluate("window.told") if kind != "ack"]
    assert told == ["view", "verdict", "over"]
