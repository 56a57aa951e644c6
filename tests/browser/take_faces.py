"""Takes a picture of each face in each theme: ``python -m tests.browser.take_faces [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.harness.chromium import chromium
from tests.browser.harness.showcase import THEMES, Showcase, faces

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = Path(__file__).parents[1] / "artifacts" / "faces"
WIDTHS = (720, 320)
LANGUAGES = ("en-US", "zh-CN")


def take_faces(browser: Browser, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        for width in WIDTHS:
            tab = browser.new_page(locale=language, viewport={"width": width, "height": 400})
            case = Showcase(tab)
            for name, theme in THEMES.items():
                case.begin()
                case.dress(theme)
                for face in faces():
                    widget = case.show(face)
                    if face == "connecting":
                        case.speak(language)
                    widget.screenshot(path=folder / f"{face}-{name}-{width}-{language[:2]}.png")
            tab.close()


if __name__ == "__main__":
    with chromium() as browser:
        take_faces(browser, Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
