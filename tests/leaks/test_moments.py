"""However far a sign-in has come, nothing that a kernel leaves holds a secret.

What can only be seen in a browser is in ``tests/browser/test_leaks.py``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.benchmarks.showing import execute
from tests.browser.harness.judged import CLEAN_LINE, ELSEWHERE
from tests.kernel.conftest import Place
from tests.kernel.harness import KernelProcess
from tests.kernel.test_grants import (
    CALLS,
    CODE,
    DEVICE,
    GOES_ON,
    IMPLICIT,
    PASSWORD,
    PICTURED,
    Flow,
    Front,
    assert_goes_on,
)
from tests.leaks.converted import as_page
from tests.leaks.places import CONVERTED
from tests.providers.visitor import Visitor, new_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.leaks.left_behind import LeftBehind
    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.kernel

PATIENCE = 30  # seconds; signing in takes one
A_WHILE = 1000  # milliseconds that the token endpoint takes while all is searched


def _paste(front: Front, visitor: Visitor) -> None:
    front.say("answer", visitor.answer(front.view()["link"]))


PASTED = replace(CODE, client=ELSEWHERE, sign_in=_paste)
PASTED_TOKEN = replace(
    IMPLICIT, client=ELSEWHERE.replace("elsewhere", "implicit-elsewhere"), sign_in=_paste
)
WITHOUT_EXCHANGE = (IMPLICIT, PASTED_TOKEN)
FLOWS = {
    "pasted": PASTED,
    "password": PASSWORD,
    **{
        name: pytest.param(flow, marks=pytest.mark.sweep)
        for name, flow in {
            "code": CODE,
            "implicit": IMPLICIT,
            "implicit-pasted": PASTED_TOKEN,
            "device": DEVICE,
        }.items()
    },
}
every_flow = pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
every_call = pytest.mark.parametrize(
    "call", ["blocking", pytest.param("await", marks=pytest.mark.sweep)]
)


@pytest.fixture(scope="module")
def kept_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelProcess]:
    with KernelProcess(sys.executable, tmp_path_factory.mktemp("kernel"), logs_all=True) as kernel:
        kernel.run("%xmode Verbose")
        yield kernel


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as visitor:
        yield visitor


class Search:
    """What a kernel leaves at one moment or another of a sign-in."""

    def __init__(self, kernel: KernelProcess, oidc: OidcProvider, left: LeftBehind) -> None:
        self.kernel = kernel
        self.front = Front(Place("newest", "main", kernel), oidc)
        self._left = left

    def begin(self, flow: Flow, call: str = "blocking") -> str:
        """Run the cell, whose widget appears."""
        cell = self.front.begin(flow, call)
        self.front.say("hello")
        self.front.view()
        return cell

    def at(self, moment: str) -> None:
        """Leave all that there is now, and what nbconvert makes of it."""
        self.kernel.leave_behind(self._left)
        for widget_state in (False, True):
            saved = nbformat.writes(self.kernel.notebook(widget_state=widget_state))
            if not self.kernel.shows_plain_html:
                self._left.leave(CONVERTED, as_page(saved), moment)
        self._left.at(moment)

    def cancel(self, cell: str) -> None:
        """Let the cell end; it tells all that it can."""
        self.front.say("cancel")
        assert self.kernel.outcome(cell, seconds=PATIENCE) == "LoginCancelled"
        told = self.kernel.execute("%tb Verbose")
        self.kernel.outcome(told)


@pytest.fixture
def search(kept_kernel: KernelProcess, oidc: OidcProvider, left_behind: LeftBehind) -> Search:
    oidc.set_device_codes(interval=0.2)
    return Search(kept_kernel, oidc, left_behind)


@every_call
@every_flow
def test_submitted_and_signed_in(search: Search, visitor: Visitor, flow: Flow, call: str) -> None:
    cell = search.begin(flow, call)
    search.front.oidc.set_token_fault(delay_ms=A_WHILE, times=1)
    flow.sign_in(search.front, visitor)
    search.at("submitted")
    assert_goes_on(search.front, cell, flow)
    search.kernel.run("session.token, login, session, In, Out")
    search.kernel.run("login\nsession")
    search.kernel.run("_")
    search.at("signed in")
    for widget_state in (False, True):
        page = as_page(nbformat.writes(search.kernel.notebook(widget_state=widget_state)))
        assert f"<p>{CLEAN_LINE}</p>" in page


@every_call
@pytest.mark.parametrize(
    "flow",
    [PASTED, *(pytest.param(one, marks=pytest.mark.sweep) for one in (CODE, PASTED_TOKEN))],
    ids=["pasted", "code", "implicit-pasted"],
)
def test_denied(search: Search, visitor: Visitor, flow: Flow, call: str) -> None:
    cell = search.begin(flow, call)
    answer = visitor.answer(search.front.view()["link"], deny=True)
    if flow is CODE:
        visitor.come_back(answer)
    else:
        search.front.say("answer", answer)
    search.kernel.wait_for(lambda: "access_denied" in str(search.kernel.said), "an explanation")
    search.at("denied")
    search.cancel(cell)


@every_call
@every_flow
def test_failed(search: Search, visitor: Visitor, flow: Flow, call: str) -> None:
    """The token endpoint is out of order. The implicit grant has none: the keys are missed."""
    cell = search.begin(flow, call)
    if flow in WITHOUT_EXCHANGE:
        search.front.oidc.set_keys_fault("server_error", times=1)
    search.front.oidc.set_token_fault("server_error", times=2)
    flow.sign_in(search.front, visitor)
    if flow is DEVICE:
        search.kernel.wait_for(lambda: search.front.oidc.errors().get("server_error"), "an error")
    else:
        search.kernel.wait_for(lambda: _explains(search.kernel), "an explanation")
    search.at("failed")
    if flow is not DEVICE:
        search.cancel(cell)
    else:
        assert_goes_on(search.front, cell, flow)


def _explains(kernel: KernelProcess) -> bool:
    """Whether the widget was told of an error in the newest cell."""
    views = [one["content"] for one in kernel.said if one["msg_type"] == "comm_msg"]
    told = [one["data"].get("content", {}) for one in views]
    return any(one.get("error") for one in told[-3:] if one.get("type") == "view")


@every_call
@every_flow
def test_interrupted(search: Search, visitor: Visitor, flow: Flow, call: str) -> None:
    """In the midst of the exchange, where there is one: nothing is left for the person to do."""
    cell = search.begin(flow, call)
    search.front.oidc.set_token_fault(delay_ms=5 * A_WHILE, times=1)
    if flow not in WITHOUT_EXCHANGE:
        flow.sign_in(search.front, visitor)
    search.kernel.interrupt()
    assert search.kernel.outcome(cell, seconds=PATIENCE) in {"KeyboardInterrupt", "CancelledError"}
    search.kernel.outcome(search.kernel.execute("%tb Verbose"))
    search.at("interrupted")
    if flow in WITHOUT_EXCHANGE:
        flow.sign_in(search.front, visitor)
    again = execute(search.kernel, f"{CALLS[call]}\n{GOES_ON}")  # it was not in vain
    assert search.kernel.outcome(again, seconds=PATIENCE) == "ok"


@pytest.mark.parametrize("flow", [PASTED, pytest.param(PASSWORD, marks=pytest.mark.sweep)])
def test_the_kernel_is_killed(
    oidc: OidcProvider,
    visitor: Visitor,
    left_behind: LeftBehind,
    flow: Flow,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with KernelProcess(sys.executable, tmp_path_factory.mktemp("kernel"), logs_all=True) as kernel:
        search = Search(kernel, oidc, left_behind)
        search.begin(flow)
        oidc.set_token_fault(delay_ms=A_WHILE, times=1)
        flow.sign_in(search.front, visitor)
        kernel.processes.look()
        kernel.kill()
    search.at("kernel killed")


# -- with no widget ------------------------------------------------------------------------


@pytest.fixture
def soon(search: Search) -> Iterator[None]:
    """A widget that says nothing is given up soon."""
    search.kernel.run(
        "from nb_oauth.surfaces import widget\n"
        "usual, widget._APPEARS_WITHIN = widget._APPEARS_WITHIN, 0.1"
    )
    yield
    search.kernel.run("widget._APPEARS_WITHIN = usual")


def _interrupt(search: Search, cell: str) -> None:
    search.kernel.interrupt()
    search.kernel.outcome(cell, seconds=PATIENCE)


def _cancel(search: Search, cell: str) -> None:
    search.front.say("cancel")
    search.kernel.outcome(cell, seconds=PATIENCE)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("end", [_interrupt, pytest.param(_cancel, marks=pytest.mark.sweep)])
@pytest.mark.parametrize(
    "flow",
    [DEVICE, *(pytest.param(one, marks=pytest.mark.sweep) for one in (CODE, PASTED, PASSWORD))],
    ids=["device", "code", "pasted", "password"],
)
def test_saved_while_plain_html_stands_there(
    search: Search, flow: Flow, end: Callable[[Search, str], None]
) -> None:
    new_token(search.front.oidc)  # of an earlier sign-in
    cell = search.front.begin(flow, "blocking")
    search.kernel.wait_for(lambda: PICTURED not in search.front.output(), "plain HTML")
    search.kernel.shows_plain_html = True
    search.at("half typed")
    end(search, cell)
