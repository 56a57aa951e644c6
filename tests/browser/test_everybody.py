"""In real JupyterLab: its own themes, a person who types elsewhere, the keyboard, Chinese."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WINDOW
from tests.browser.harness import axe, provider_pages
from tests.browser.harness.callback_page import CLIENT, CallbackTab, keep_from_kernel
from tests.browser.harness.judged import LOGIN, QUERY, SIGNED_IN
from tests.polling import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.lab import Lab

pytestmark = pytest.mark.sweep

THEMES = ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]
OUTSIDE = """() => {
  window.elsewhere = [];
  const cell = document.activeElement.closest(".jp-CodeCell");
  document.addEventListener("focusin", ({ target }) => {
    if (!cell.contains(target)) elsewhere.push(target.className);
  });
}"""
LIVE = """() => {
  window.said = [];
  const seen = new WeakSet();
  setInterval(() => document.querySelectorAll(".nb-oauth [role=status]:not([class*=copied])")
    .forEach((node) => {
      if (seen.has(node)) return;
      seen.add(node);
      if (node.textContent) said.push(node.textContent);
      new MutationObserver(() => said.push(node.textContent))
        .observe(node, { childList: true, characterData: true, subtree: true });
    }), 5);
}"""


@pytest.fixture
def language() -> str:
    return "en-US"


@pytest.fixture
def context(chromium_browser: Browser, language: str) -> Iterator[BrowserContext]:
    context = chromium_browser.new_context(viewport=WINDOW, locale=language)
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def elsewhere(chromium_browser: Browser) -> Iterator[Page]:
    """A page of another window, which takes no focus from the notebook's."""
    context = chromium_browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("theme", THEMES)
def test_the_themes_of_jupyterlab(
    judged: JudgedOpener, lab: Lab, artifact: Callable[[str], Path], theme: str
) -> None:
    settings = lab.notebooks.with_name("settings") / "@jupyterlab" / "apputils-extension"
    chosen = settings / "themes.jupyterlab-settings"
    chosen.write_text(json.dumps({"theme": theme}), encoding="utf-8")
    try:
        notebook = judged(LOGIN, QUERY)
        body = notebook.page.locator("body")
        expect(body).to_have_attribute("data-jp-theme-name", theme)
        notebook.notebook.run_all()
        notebook.widget(1).wait_for_link()
        notebook.page.screenshot(path=artifact("waiting"))
        assert axe.violations(notebook.page, ".nb-oauth") == []
        notebook.widget(1).answer("no answer at all")
        expect(notebook.widget(1).error).to_be_visible()
        notebook.page.screenshot(path=artifact("error"))
        assert axe.violations(notebook.page, ".nb-oauth") == []
        notebook.sign_in(1)
        notebook.expect_signed_in(1)
    finally:
        chosen.unlink()


def test_who_types_in_another_cell_is_not_disturbed(judged: JudgedOpener, elsewhere: Page) -> None:
    """While the widget appears, says what goes on, and ends."""
    notebook = judged(f"import time; time.sleep(1)\n{LOGIN}", "")
    page = notebook.page
    notebook.notebook.run_cell(0)
    notebook.notebook.wait_until_idle()
    notebook.notebook.run_cell(1)
    editor = notebook.notebook.cell(2).locator(".cm-content")
    editor.click()
    page.evaluate(OUTSIDE)
    typed = ""

    def type_until(done: Callable[[], bool]) -> None:
        nonlocal typed
        for number in range(2000):
            if done():
                break
            letter = "abcdefghij"[number % 10]
            page.keyboard.type(letter)
            typed += letter
        assert done()

    type_until(notebook.widget(1).link.is_visible)
    elsewhere.goto(notebook.widget(1).wait_for_link())
    provider_pages.sign_in(elsewhere)
    provider_pages.consent(elsewhere)
    type_until(lambda: notebook.notebook.output(1).filter(has_text=SIGNED_IN).count() > 0)
    page.keyboard.type("end")
    assert page.evaluate("elsewhere") == []
    expect(editor).to_be_focused()
    expect(editor).to_have_text(f"{typed}end")
    assert len(typed) > 5
    editor.press("ControlOrMeta+a")
    editor.press("Delete")


def test_progress_is_said_once(judged: JudgedOpener, elsewhere: Page) -> None:
    notebook = judged(LOGIN)
    notebook.page.evaluate(LIVE)
    notebook.notebook.run_all()
    elsewhere.goto(notebook.widget(1).wait_for_link())
    provider_pages.sign_in(elsewhere)
    provider_pages.consent(elsewhere)
    notebook.expect_signed_in(1)
    said = notebook.page.evaluate("said")
    assert "Waiting for you to sign in to Judge…" in said
    assert [text for text in said if said.count(text) > 1] == []


def test_the_whole_way_by_keyboard(judged: JudgedOpener, artifact: Callable[[str], Path]) -> None:
    """From the cell to the link, and back from the page that it opens."""
    notebook = judged(LOGIN, QUERY)
    page = notebook.page
    notebook.notebook.run_cell(0)
    notebook.notebook.wait_until_idle()
    notebook.notebook.select(1)
    page.keyboard.press("Control+Enter")
    link = notebook.widget(1).link
    notebook.widget(1).wait_for_link()
    for _ in range(30):
        if link.evaluate("(node) => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(link).to_be_focused()
    page.screenshot(path=artifact("focused"))
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    provider_pages.sign_in_and_consent(opened.value)
    expect(opened.value.locator("main#nb-oauth-loopback h1")).to_be_visible()
    opened.value.close()
    page.bring_to_front()
    notebook.expect_signed_in(1)


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
def test_a_chinese_browser(
    judged: JudgedOpener, context: BrowserContext, artifact: Callable[[str], Path]
) -> None:
    keep_from_kernel(context)
    notebook = judged(LOGIN, QUERY, client=CLIENT)
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    widget.wait_for_link()
    expect(widget.root).to_match_aria_snapshot(
        '- group "登录 Judge":\n  - link "打开登录页面"\n  - textbox "或者粘贴登录后到达的网址"\n'
        '  - button "继续"\n  - status: 正在等待您登录 Judge…\n  - button "取消"'
    )
    notebook.page.screenshot(path=artifact("widget"))
    assert axe.violations(notebook.page, ".nb-oauth") == []
    page = CallbackTab(widget.open_sign_in_page())
    provider_pages.sign_in(page.tab)
    provider_pages.deny(page.tab)
    page.expect_heading("请回到您的笔记本")
    expect(page.text).to_contain_text("您没有获得授权")
    page.tab.screenshot(path=artifact("denied"))
    notebook.page.bring_to_front()
    expect(widget.error).to_contain_text("您没有获得授权")
    page = CallbackTab(widget.open_sign_in_page())
    provider_pages.sign_in_and_consent(page.tab)
    page.expect_heading("可以关闭此标签页了")
    notebook.page.bring_to_front()
    notebook.expect_signed_in(1)
    wait_until(lambda: len(notebook.oidc.token_requests()) == 1, "one token was asked for")
