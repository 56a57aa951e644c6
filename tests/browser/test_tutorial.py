"""The tutorial as whoever is sent it goes through it: Run All, sign in, read to the end."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import expect

from tests.browser.harness.leaks import find_secrets
from tests.browser.harness.notebook import IDLE, READY_MS, NotebookPage
from tests.browser.harness.widget import SignInWidget
from tests.polling import wait_until
from tests.providers.oidc import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Locator, Page, Request

    from tests.browser.harness.lab import Lab

TUTORIAL = Path(__file__).parents[2] / "notebooks" / "01-web-application-flow.ipynb"
TOP = 150  # CSS pixels: below the menu and the toolbar
PARAMETERS = {"code", "state", "code_challenge"}
# An expression: what it comes to goes to whoever asked, and into no output.
ISSUED = (
    "(lambda ledger: [*ledger._access, *ledger._refresh])"
    "(__import__('nb_oauth.demo.running').demo.running.running()._http.application.ledger)"
)


class Tutorial:
    """The tutorial, open in JupyterLab, with every secret that it comes to have."""

    def __init__(self, lab: Lab, context: BrowserContext) -> None:
        name = "tutorial.ipynb"
        (lab.notebooks / name).write_bytes(TUTORIAL.read_bytes())
        cells = json.loads(TUTORIAL.read_text(encoding="utf-8"))["cells"]
        self.names = [cell["id"] for cell in cells if cell["cell_type"] == "code"]
        self.notebook = NotebookPage(context.new_page(), lab, name)
        self.page = self.notebook.page
        self._seen: list[Secret] = []
        context.on("request", self._note_request)

    def _note_request(self, request: Request) -> None:
        for name, value in parse_qsl(urlsplit(request.url).query):
            if name in PARAMETERS:
                self._seen.append(Secret(name, value))

    def number(self, name: str) -> int:
        return self.names.index(name)

    def open(self) -> None:
        """As ``NotebookPage.open``; but the first cell is text here, and its editor is hidden."""
        self.page.goto(self.notebook.lab.page_url(self.notebook.name))
        editor = self.notebook.cell(0).locator(".cm-content")
        expect(editor).to_be_visible(timeout=READY_MS)
        wait_until(self.notebook._has_idle_kernel, "the page has an idle kernel", seconds=60)
        expect(self.page.locator(IDLE)).to_be_visible(timeout=READY_MS)

    def run_to_the_end(self, start: Callable[[], None], picture: Path) -> None:
        """Run all cells, sign in, and wait until the last one has run."""
        start()
        widget = SignInWidget(self.notebook.cell(0))
        widget.wait_for_link()
        self._scroll_up_to(widget.heading)
        self.page.screenshot(path=picture)
        tab = widget.open_sign_in_page()
        _sign_in_and_allow(tab)
        tab.close()
        self.page.bring_to_front()
        self.notebook.expect_done(self.number("journal"), seconds=90)

    def _scroll_up_to(self, heading: Locator) -> None:
        """Run All jumps to the end of the notebook; whoever follows its text scrolls back."""
        self.notebook.notebook.hover()
        for _ in range(300):
            box = heading.bounding_box()
            if box and box["y"] > TOP:
                break
            self.page.mouse.wheel(0, -200)
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        expect(heading).to_be_in_viewport()

    def look_at(self, name: str, picture: Path) -> None:
        self.notebook.cell(self.number(name)).scroll_into_view_if_needed()
        self.page.screenshot(path=picture)

    def expect_everything(self) -> None:
        """Signed in, queried, drawn, renewed; and nothing failed."""
        self.notebook.expect_output(0, "Signed in to Lovelace Observatory (demo).")
        self.notebook.expect_output(self.number("me"), "token_ends_in")
        self.notebook.expect_output(self.number("countdown"), "a new token")
        plot = self.notebook.output(self.number("plot")).locator("img")
        assert plot.evaluate("image => image.naturalWidth") > 500
        assert self.notebook.console_errors == []

    def save_and_search(self) -> None:
        """Save, and search what is saved for every secret of the run."""
        saved = self.notebook.save()
        cells = [cell for cell in json.loads(saved)["cells"] if cell["cell_type"] == "code"]
        kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
        assert "error" not in kinds
        secrets = self._seen + [Secret("token", value) for value in self._issued_tokens()]
        assert {secret.kind for secret in secrets} == {*PARAMETERS, "token"}
        assert find_secrets(saved, secrets) == []

    def _issued_tokens(self) -> list[str]:
        """Every token that the demo provider in the kernel has issued."""
        (kernel,) = self.notebook.lab.request("GET", "api/kernels")
        runtime = self.notebook.lab.notebooks.with_name("runtime")
        tokens = _evaluate(runtime / f"kernel-{kernel['id']}.json", ISSUED)
        assert len(tokens) >= 4  # the first pair, and the one it was renewed into
        return tokens


def _evaluate(connection_file: Path, expression: str) -> list[str]:
    """Ask a kernel, beside the front end that it has."""
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
    values: list[str] = ast.literal_eval(answer["data"]["text/plain"])
    return values


def _sign_in_and_allow(page: Page) -> None:
    """Name and password are filled in already; so it is two clicks, and back."""
    expect(page.get_by_label("Name")).not_to_have_value("")
    expect(page.get_by_label("Password")).not_to_have_value("")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("main#nb-oauth-loopback h1")).to_be_visible()


@pytest.fixture
def tutorial(lab: Lab, context: BrowserContext) -> Iterator[Tutorial]:
    yield Tutorial(lab, context)
    context.close()
    lab.end_kernels()


@pytest.mark.timeout(300)
def test_the_tutorial_from_run_all_to_its_end_twice(
    tutorial: Tutorial, artifact: Callable[[str], Path]
) -> None:
    tutorial.open()
    tutorial.run_to_the_end(tutorial.notebook.run_all, artifact("waiting"))
    for name in tutorial.names:
        tutorial.look_at(name, artifact(name))
    tutorial.expect_everything()
    tutorial.save_and_search()

    tutorial.run_to_the_end(tutorial.notebook.restart_and_run_all, artifact("waiting-again"))
    tutorial.expect_everything()
    tutorial.save_and_search()
