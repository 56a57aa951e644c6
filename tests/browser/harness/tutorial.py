"""A tutorial notebook as whoever is sent it goes through it: Run All, sign in, read to the end.

A test of one says only what its reader does in between::

    with open_tutorial(lab, context, "01-web-application-flow") as tutorial:
        tutorial.start(tutorial.notebook.run_all)
        widget = tutorial.widget("login")
        tab = widget.open_sign_in_page()
        sign_in_and_allow(tab)
        tutorial.come_back_from(tab)
        tutorial.expect_everything_run()
        tutorial.save_and_search()
"""

from __future__ import annotations

import ast
import json
import re
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import expect

from tests.browser.harness.judged import leave_behind
from tests.browser.harness.leaks import find_secrets
from tests.browser.harness.notebook import IDLE, READY_MS, NotebookPage
from tests.browser.harness.widget import SignInWidget
from tests.leaks import issued, sources
from tests.leaks.places import KINDS
from tests.polling import wait_until
from tests.providers.oidc import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Locator, Page, Request

    from tests.browser.harness.lab import Lab

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
TOP, LOW = 150, 500  # CSS pixels: below the menu and the toolbar, and the window's middle

# What is secret in a request's query, fragment or form, by the name that the RFCs give it.
PARAMETERS = frozenset(
    {"access_token", "code", "code_challenge", "id_token", "nonce", "state", "ticket", "user_code"}
)


@contextmanager
def open_tutorial(lab: Lab, context: BrowserContext, name: str) -> Iterator[Tutorial]:
    """Open a copy of ``notebooks/<name>.ipynb`` in JupyterLab; end its kernel at the end.

    The last state is kept as a picture: tests/artifacts/<name>-end.png.

    Args:
        lab: where to open it.
        context: a browser profile; it is closed at the end.
        name: the notebook's, without its suffix.
    """
    tutorial = Tutorial(lab, context, name)
    try:
        tutorial.open()
        yield tutorial
    finally:
        try:
            tutorial.page.screenshot(path=ARTIFACTS / f"{name}-end.png")
        finally:
            context.close()
            lab.end_kernels()


class Tutorial:
    """A tutorial, open in JupyterLab, with every secret that it comes to have.

    Attributes:
        names: the IDs of its code cells, in order.
        notebook: the page, handled as a person does.
    """

    def __init__(self, lab: Lab, context: BrowserContext, name: str) -> None:
        text = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
        (lab.notebooks / f"{name}.ipynb").write_text(text, encoding="utf-8")
        cells = json.loads(text)["cells"]
        self.names = [cell["id"] for cell in cells if cell["cell_type"] == "code"]
        self.notebook = NotebookPage(context.new_page(), lab, f"{name}.ipynb")
        self.page = self.notebook.page
        self._lab = lab
        self._ran = 0  # cells, up to the last start()
        self._saved = 0  # cells that had run when it was saved
        self._seen: set[Secret] = set()
        self._opened = issued.mark()
        context.on("request", self._note_request)

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        for text in (parts.query, parts.fragment, _form(request)):
            for name, value in parse_qsl(text):
                if name in PARAMETERS:
                    self._seen.add(Secret(name, value))

    # --- going through it ---------------------------------------------------

    def open(self) -> None:
        """As ``NotebookPage.open``; but the first cell is text here, and its editor is hidden."""
        self.page.goto(self._lab.page_url(self.notebook.name))
        editor = self.notebook.cell(0).locator(".cm-content")
        expect(editor).to_be_visible(timeout=READY_MS)
        wait_until(self.notebook._has_idle_kernel, "the page has an idle kernel", seconds=60)
        expect(self.page.locator(IDLE)).to_be_visible(timeout=READY_MS)

    def start(self, run: Callable[[], None], *, anew: bool = False) -> None:
        """Run every cell.

        Args:
            run: ``notebook.run_all`` or ``notebook.restart_and_run_all``.
            anew: whether the kernel is another one after that.
        """
        self._ran = 0 if anew else self._saved
        run()
        # Until then a cell may show the number of an earlier run.
        expect(self.cell(self.names[-1]).locator(".jp-InputPrompt")).to_have_text("[*]:")

    def widget(self, name: str) -> SignInWidget:
        """The widget of the cell ``name``, scrolled to: Run All jumps to the notebook's end."""
        widget = SignInWidget(self.cell(name))
        expect(widget.root).to_be_attached(timeout=READY_MS)
        self.scroll_to(widget.root)
        return widget

    def scroll_to(self, part: Locator) -> None:
        """Turn the mouse wheel until the top of ``part`` is in the window's upper half."""
        self.notebook.notebook.hover()
        for _ in range(300):
            box = part.bounding_box()
            if box and TOP < box["y"] < LOW:
                break
            self.page.mouse.wheel(0, 200 if box and box["y"] >= LOW else -200)
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        expect(part).to_be_in_viewport()

    def come_back_from(self, tab: Page) -> None:
        """Close the provider's tab, as its last page says."""
        tab.close()
        self.page.bring_to_front()

    def add_secret(self, kind: str, value: str) -> None:
        """Search for this as well, such as a password that was typed."""
        self._seen.add(Secret(kind, value))

    # --- reading it ---------------------------------------------------------

    def number(self, name: str) -> int:
        """Which code cell that is, counted from 0."""
        return self.names.index(name)

    def cell(self, name: str) -> Locator:
        return self.notebook.cell(self.number(name))

    def output(self, name: str) -> Locator:
        """The outputs of a cell; its source is not in it."""
        return self.notebook.output(self.number(name))

    def expect_output(self, name: str, text: str | re.Pattern[str]) -> None:
        """Wait until one output of the cell has this text."""
        self.notebook.expect_output(self.number(name), text)

    def expect_ran(self, name: str, *, seconds: float = 60) -> None:
        """Wait until the cell has run since the last ``start()``, in its turn."""
        number = self._ran + self.number(name) + 1
        prompt = self.cell(name).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(f"[{number}]:", timeout=seconds * 1000)

    def expect_everything_run(self, *, seconds: float = 60) -> None:
        """Wait until the last cell has run; nothing failed, and the console is empty."""
        self.expect_ran(self.names[-1], seconds=seconds)
        assert self.notebook.console_errors == []

    def expect_picture(self, name: str, *, width: int = 500) -> None:
        """The cell has drawn something at least ``width`` pixels wide."""
        plot = self.output(name).locator("img")
        assert plot.evaluate("image => image.naturalWidth") > width

    def look_at(self, name: str, picture: Path) -> None:
        """Keep a picture of the window with the cell in it, as high as the cell is."""
        cell, size = self.cell(name), self.page.viewport_size
        assert size
        cell.scroll_into_view_if_needed()
        box = cell.bounding_box()
        assert box
        self.page.set_viewport_size(
            {**size, "height": max(size["height"], int(box["height"]) + TOP)}
        )
        cell.scroll_into_view_if_needed()
        self.page.screenshot(path=picture)
        self.page.set_viewport_size(size)

    def look_at_each_cell(self, artifact: Callable[[str], Path]) -> None:
        for name in self.names:
            self.look_at(name, artifact(name))

    # --- saving it ----------------------------------------------------------

    def save_and_search(self, *, wanted: frozenset[str] = frozenset()) -> None:
        """Save; every cell has run without an error, and no secret of the run is in the file.

        A notebook's own text may name a secret, such as a password that everybody knows: then
        only what came out of the cells is searched for it.

        Args:
            wanted: the kinds of secrets that there must have been, besides an access token.
        """
        saved = self.notebook.save()
        cells = [cell for cell in json.loads(saved)["cells"] if cell["cell_type"] == "code"]
        self._saved = self._ran + len(cells)
        assert [one["execution_count"] for one in cells] == [*range(self._ran + 1, self._saved + 1)]
        outputs = [output for cell in cells for output in cell["outputs"]]
        assert "error" not in {output["output_type"] for output in outputs}
        secrets = self._seen | self.issued()
        assert {secret.kind for secret in secrets} >= wanted | {"access_token"}
        assert find_secrets(saved, [one for one in secrets if not self._is_in_text(one)]) == []
        assert find_secrets(json.dumps(outputs, ensure_ascii=False), secrets) == []
        self._leave_behind()

    def _leave_behind(self) -> None:
        """Leave all places to be searched, and what was typed into pages to search them for."""
        left = sources.current()
        assert left is not None
        for one in self._seen:
            if one.kind in KINDS and not self._is_in_text(one):
                left.made(one.kind, one.value)
        leave_behind(self.notebook, left)

    def _is_in_text(self, secret: Secret) -> bool:
        text = (NOTEBOOKS / self.notebook.name).read_text(encoding="utf-8")
        return secret.value in text

    def issued(self) -> set[Secret]:
        """Every token and code that the demo provider has issued since the notebook was opened."""
        return set(issued.secrets(self._opened))

    def evaluate(self, expression: str) -> Any:
        """Ask the kernel what an expression comes to, beside the front end that it has.

        Returns:
            The value, which is made of literals.
        """
        (session,) = (
            one
            for one in self._lab.request("GET", "api/sessions")
            if one["path"] == self.notebook.name
        )
        runtime = self._lab.notebooks.with_name("runtime")
        return _evaluate(runtime / f"kernel-{session['kernel']['id']}.json", expression)


def sign_in_and_allow(page: Page, **account: str) -> None:
    """On the demo's pages: name and password are filled in already; so it is two clicks.

    Args:
        page: the sign-in page.
        account: ``username`` and ``password`` of somebody else, to be typed.
    """
    for label, name in (("Name", "username"), ("Password", "password")):
        box = page.get_by_label(label)
        expect(box).not_to_have_value("")
        if name in account:
            box.fill(account[name])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="You can close this tab")).to_be_visible()


def is_listening(issuer: str) -> bool:
    """Whether somebody answers there."""
    parts = urlsplit(issuer)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0


def _form(request: Request) -> str:
    """What a page posts, where that is a form or the fragment of an answer."""
    if request.method != "POST" or "/api/" in request.url:
        return ""
    return request.post_data or ""


def _evaluate(connection_file: Path, expression: str) -> Any:
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.start_channels()
    try:
        request = client.execute(
            "", silent=True, store_history=False, user_expressions={"asked": expression}
        )
        while (reply := client.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != request:
            pass
    finally:
        client.stop_channels()
    answer = reply["content"]["user_expressions"]["asked"]
    assert answer["status"] == "ok", answer
    return ast.literal_eval(answer["data"]["text/plain"])
