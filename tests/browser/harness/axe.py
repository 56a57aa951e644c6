"""axe-core in a page: what would keep somebody from seeing, hearing or reaching what is there."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "providers" / "node_modules" / "axe-core" / "axe.min.js"
# Colors that are forced are the person's own: what a style sheet says of them is not what is seen.
RUN = """async (selector) => {
  const enabled = !matchMedia("(forced-colors: active)").matches;
  const rules = { "color-contrast": { enabled } };
  const { violations } = await axe.run(selector, { rules, resultTypes: ["violations"] });
  return violations.map(({ id, help, nodes }) => [id, help, nodes.map(({ html, any }) =>
    [html.slice(0, 200), any.map(({ message }) => message)])]);
}"""


@functools.cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, selector: str) -> list[Any]:
    """What axe finds wrong with what ``selector`` names, by each of its rules that concerns it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())  # as the developer's tools run it: the page's policy stays as is
    found: list[Any] = page.evaluate(RUN, selector)
    return found
