"""Whoever signs in, however they see, hear and type: each face of the widget, in each theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.browser.harness import axe
from tests.browser.harness.showcase import THEMES, Showcase, faces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

LEAST = 4.5  # WCAG 2.2, 1.4.3
BOUNDARY = 3.0  # 1.4.11
NARROW = {"width": 320, "height": 900}  # 1.4.10; and 640 wide at 200 %
WIDE = {"width": 720, "height": 900}
OUTSIDE = """() => [...document.querySelectorAll(".nb-oauth, .nb-oauth *")].filter((node) => {
  const { right, width } = node.getBoundingClientRect();
  return width > 1 && node.checkVisibility() && right > innerWidth;
}).map((node) => node.className)"""
CUT_OFF = """() => [...document.querySelectorAll(".nb-oauth *:not(input, .nb-oauth-spoken)")]
  .filter((node) => node.checkVisibility() && node.scrollWidth > node.clientWidth + 1 &&
    getComputedStyle(node).display !== "inline")
  .map((node) => node.className)"""


def showcase(browser: Browser, language: str = "en-US", **options: Any) -> Iterator[Showcase]:
    tab = browser.new_page(locale=language, viewport=WIDE, **options)
    tab.set_default_timeout(10_000)
    troubles: list[str] = []
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    yield Showcase(tab)
    tab.close()
    assert troubles == []


@pytest.fixture
def case(chromium_browser: Browser) -> Iterator[Showcase]:
    yield from showcase(chromium_browser)


def wrong(case: Showcase) -> list[Any]:
    """What of the widget somebody could not read, hear, reach or see whole."""
    found = axe.violations(case.tab, ".nb-oauth")
    ratios = cast("dict[str, float]", case.tab.evaluate("contrasts()"))
    forced = case.theme is not None and "forced_colors" in case.theme.media
    found += [] if forced else [pair for pair in ratios.items() if pair[1] < LEAST]
    return found + case.tab.evaluate(OUTSIDE) + case.tab.evaluate(CUT_OFF)


def look_at_all(case: Showcase, *themes: str, language: str = "en-US") -> None:
    found = {}
    for theme in themes:
        case.begin()
        case.dress(THEMES[theme])
        for face in faces():
            case.show(face)
            if face == "connecting":
                case.speak(language)
            if problems := wrong(case):
                found[theme, face] = problems
    assert found == {}


def test_every_face_is_for_everybody(case: Showcase) -> None:
    look_at_all(case, "light")
    case.tab.set_viewport_size(NARROW)
    look_at_all(case, "high-contrast")


@pytest.mark.sweep
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_every_face_in_every_theme_is_for_everybody(
    chromium_browser: Browser, theme: str, language: str
) -> None:
    for case in showcase(chromium_browser, language):
        look_at_all(case, theme, language=language)
        case.tab.set_viewport_size(NARROW)
        look_at_all(case, theme, language=language)


@pytest.mark.sweep
def test_every_face_at_twice_the_size(chromium_browser: Browser) -> None:
    """What 200 % makes of a window: half the CSS pixels, each of them twice as large."""
    for case in showcase(chromium_browser, device_scale_factor=2):
        case.tab.set_viewport_size({"width": 550, "height": 450})
        look_at_all(case, "light", "dark")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_box_can_be_told_from_the_page(case: Showcase, theme: str) -> None:
    case.begin()
    case.dress(THEMES[theme])
    box = case.show("link").locator(".nb-oauth-box")
    assert box.evaluate("(box) => edge(box)") >= BOUNDARY


@pytest.mark.parametrize(
    "harm",
    [
        "node.querySelector('.nb-oauth-box').parentNode.replaceWith(document.createElement('input'))",
        "node.querySelector('.nb-oauth-progress').style.color = '#999'",
        "node.querySelector('.nb-oauth-submit').style.marginLeft = '400px'",
        (
            "node.querySelector('.nb-oauth-heading').style.whiteSpace = 'nowrap'; "
            "node.querySelector('.nb-oauth-heading').append('unbroken'.repeat(30))"
        ),
        "node.querySelector('.nb-oauth-link').style.color = '#1976d2'",
    ],
)
def test_what_keeps_somebody_out_is_seen(case: Showcase, harm: str) -> None:
    case.begin()
    case.dress(THEMES["light"])
    case.tab.set_viewport_size(NARROW)
    widget = case.show("link")
    assert wrong(case) == []
    widget.evaluate(f"(node) => {{ {harm}; }}")
    assert wrong(case) != []
