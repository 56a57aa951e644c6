"""English and Chinese, by the browser's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from nb_oauth.grants.authorization_messages import AuthorizationResponse
from nb_oauth.sign_out import SignedOut
from nb_oauth.surfaces.contract import Status, View
from nb_oauth.surfaces.static_files import words
from nb_oauth.surfaces.widget import _content
from tests.browser.harness.showcase import HEADING, NAME, Showcase, faces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ENGLISH = re.compile(r"\b(?!(?:pip|grant|nb)\b)[A-Za-z']+ [a-z']+ [a-z']+")  # three words
IN_ENGLISH = {"not-renewed", "failed", "denied"}  # an error, and what a provider says of its own
WRITES = """() => {
  window.said = [];
  new MutationObserver((changes) => said.push(...changes.map(({ target }) => target.textContent)))
    .observe(document.querySelector(".nb-oauth"),
      { childList: true, characterData: true, subtree: true });
}"""
AT_ONCE = "(all) => all.forEach((one) => notebook.model.deliver(one))"


def showcase(browser: Browser, language: str) -> Iterator[Showcase]:
    tab = browser.new_page(locale=language)
    tab.set_default_timeout(10_000)
    case = Showcase(tab)
    case.begin()
    yield case
    tab.close()


@pytest.fixture
def chinese(chromium_browser: Browser) -> Iterator[Showcase]:
    for case in showcase(chromium_browser, "zh-CN"):
        case.speak("zh-CN")
        expect(case.widget).to_have_attribute("lang", "zh-CN")
        yield case


def spoken(case: Showcase) -> str:
    """All that is seen, and all that is heard without being seen."""
    hidden = "(root) => [...root.querySelectorAll('[aria-label], [alt]')].map((node) => "
    hidden += "node.getAttribute('aria-label') ?? node.alt).join('\\n')"
    return f"{case.widget.inner_text()}\n{case.widget.evaluate(hidden)}"


def test_each_face_is_all_chinese(chinese: Showcase) -> None:
    for face, view in faces().items():
        if view is not None:
            chinese.show(face)
        if face not in IN_ENGLISH:
            assert ENGLISH.findall(spoken(chinese)) == [], face
    chinese.begin()  # and it is not only that nothing is English
    chinese.speak("zh-CN")
    expect(chinese.show("can-renew")).to_match_aria_snapshot(
        '- group "登录 GitHub":\n  - status: 已登录 GitHub。\n  - button "立即续期"\n'
        '  - button "退出登录"'
    )


def test_what_is_put_together_is_said_in_order(chinese: Showcase) -> None:
    denied = AuthorizationResponse(error="access_denied").refusal(NAME)
    out = repr(SignedOut(NAME, ("refresh_token", "access_token"), ()))
    for english, said in [
        (denied, "GitHub 的回复：access_denied。您没有获得授权：请重新打开登录页面，或者取消。"),
        (out, "已退出 GitHub：此处的令牌已清除。GitHub 已吊销刷新令牌和访问令牌。"),
        (repr(SignedOut("", (), ())), "已退出 ：此处的令牌已清除。"),
        ("The token was renewed. It is good until 14:32:07.", "令牌已续期。有效期至 14:32:07。"),
        ("Something else.", "Something else."),
    ]:
        view = View(Status.FAILED, HEADING, error=english)
        chinese.deliver({"type": "view", **_content(view)})
        expect(chinese.widget.locator(".nb-oauth-error")).to_have_text(said)


def test_the_rest_of_what_is_said_is_chinese_too(chinese: Showcase) -> None:
    widget = chinese.show("code")
    spoken = widget.locator(".nb-oauth-spoken")
    expect(spoken).to_have_text(
        "请在登录页面输入此代码：W D J B - M J H T。代码剩余有效时间：5 分钟。"
    )
    chinese.show("code-over")
    expect(spoken).to_have_text("代码已过期。")
    chinese.tab.evaluate("notebook.model.acknowledges = false")
    chinese.tab.clock.install()
    chinese.show("link").locator(".nb-oauth-cancel").click()
    chinese.tab.clock.run_for(6000)
    expect(widget.locator(".nb-oauth-error")).to_have_text("内核没有响应，可能正忙或已重启。")
    widget.locator(".nb-oauth-box").fill("an answer")
    widget.locator(".nb-oauth-submit").click()
    chinese.tab.clock.run_for(6000)
    expect(widget.locator(".nb-oauth-error")).to_have_text(
        "内核没有响应，可能正忙或已重启；您输入的内容仍在输入框中。"
    )


def test_a_second_view_is_chinese_from_the_beginning(chinese: Showcase) -> None:
    chinese.show("link")
    chinese.tab.evaluate("notebook.show()")
    second = chinese.tab.locator(".nb-oauth").nth(1)
    expect(second).to_have_attribute("lang", "zh-CN")
    expect(second.locator(".nb-oauth-link")).to_have_text("打开登录页面")


def test_nothing_is_said_in_one_language_and_then_in_another(chromium_browser: Browser) -> None:
    for case in showcase(chromium_browser, "zh-TW"):
        case.tab.evaluate(WRITES)
        view = faces()["link"]
        assert view is not None
        told = [{"type": "words", "script": words("zh-TW")}, {"type": "view", **_content(view)}]
        case.tab.evaluate(AT_ONCE, told)
        expect(case.widget).to_have_attribute("data-status", "waiting")
        said = "\n".join(case.tab.evaluate("said"))
        assert "正在等待您登录 GitHub" in said
        assert "Waiting for you" not in said


def test_what_is_a_persons_own_is_not_translated(chinese: Showcase) -> None:
    view = View(Status.WAITING, HEADING, ("Cancel", "code"), code="Copy", link="https://a.example")
    chinese.deliver({"type": "view", **_content(view)})
    expect(chinese.widget.locator(".nb-oauth-item")).to_have_text(["Cancel", "code"])


@pytest.mark.parametrize("language", ["en-US", "de-DE"])
def test_a_page_in_another_language_stays_english(chromium_browser: Browser, language: str) -> None:
    """Another tab, of somebody else, may have asked the same kernel for Chinese."""
    for case in showcase(chromium_browser, language):
        hello = case.tab.evaluate("notebook.model.sent[0]")
        assert bytes(hello["bytes"][0]).decode() == language
        case.speak("zh-CN")
        case.show("link")
        expect(case.widget).to_have_attribute("lang", "en")
        expect(case.widget.locator(".nb-oauth-link")).to_have_text("Open the sign-in page")
