"""Takes the README's picture in real JupyterLab: ``python -m tests.browser.take_picture``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser.harness.chromium import chromium
from tests.browser.harness.lab import Lab
from tests.browser.harness.notebook import NotebookPage
from tests.browser.harness.widget import SignInWidget

PICTURE = Path(__file__).parents[2] / "notebooks" / "images" / "sign-in.png"
CELL = 'import nb_oauth\n\nsession = nb_oauth.login("demo", scope="observations:read")'
WIDE, NARROW = {"width": 1100, "height": 900}, {"width": 800, "height": 900}
MARGIN = 6  # CSS pixels


def take_picture(folder: Path) -> None:
    with Lab(folder) as lab, chromium() as browser:
        lab.write_notebook("sign-in.ipynb", [CELL, ""])
        context = browser.new_context(viewport=WIDE, device_scale_factor=2, color_scheme="light")
        notebook = NotebookPage(context.new_page(), lab, "sign-in.ipynb")
        notebook.open()
        notebook.page.keyboard.press("Control+b")  # no file browser
        notebook.page.set_viewport_size(NARROW)
        notebook.run_cell(0)
        SignInWidget(notebook.cell(0)).wait_for_link()
        notebook.select(1)
        box = notebook.cell(0).bounding_box()
        assert box is not None
        top, height = box["y"] - MARGIN, box["height"] + MARGIN
        part = {"x": box["x"], "y": top, "width": box["width"], "height": height}
        PICTURE.parent.mkdir(exist_ok=True)
        notebook.page.screenshot(path=PICTURE, clip=part)
        notebook.interrupt()
        lab.end_kernels()
        context.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        take_picture(Path(folder))
