"""A front end that shows no widget: plain HTML takes its place, and the cell asks for the rest."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests import flows_by_place
from tests.benchmarks.showing import execute
from tests.browser.harness.judged import ELSEWHERE, describe
from tests.flows_by_place import PLAIN_HTML, signs_in
from tests.kernel.test_grants import (
    CALLS,
    CODE,
    DEVICE,
    IMPLICIT,
    PASSWORD,
    PICTURED,
    SERVICE,
    Flow,
    Front,
    assert_goes_on,
)
from tests.providers.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kernel.conftest import Place
    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.kernel

PROMPT = "Paste the address that the browser ends on (it does not show): "
PATIENCE = 30  # seconds; signing in takes one
PASTING = Flow("AuthorizationCodeLogin", ELSEWHERE, "openid api:read", lambda *_: None)
IMPLICIT_TOKEN = replace(IMPLICIT, scope="api:read")
LINK = re.compile(r'<a href="([^"]+)" target="_blank" rel="noopener noreferrer">this page</a>')

every_call = pytest.mark.parametrize("call", CALLS)


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as visitor:
        yield visitor


SOON = """\
from nb_oauth.surfaces import widget

usual, widget._APPEARS_WITHIN = widget._APPEARS_WITHIN, 0.1"""


@pytest.fixture
def front(place: Place, oidc: OidcProvider) -> Iterator[Front]:
    """A widget that says nothing is given up soon."""
    oidc.set_device_codes(interval=0.2)
    place.kernel.run(SOON)
    place.kernel.asked.clear()
    yield Front(place, oidc)
    place.kernel.run("widget._APPEARS_WITHIN = usual")


def link_in(front: Front) -> str:
    """Wait until the output is plain HTML with a link in it."""
    front.kernel.wait_for(lambda: PICTURED not in front.output(), "plain HTML")
    found = LINK.search(front.output()["text/html"])
    assert found, front.output()
    assert "<script" not in front.output()["text/html"]
    return unescape(found[1])


@signs_in(flows_by_place.CODE, PLAIN_HTML, "link")
@every_call
def test_the_link_is_enough_where_the_browser_comes_back(
    front: Front, visitor: Visitor, call: str
) -> None:
    cell = front.begin(CODE, call)
    link = link_in(front)
    assert "You can close that page when it says so." in front.output()["text/plain"]
    assert "You can close this tab" in visitor.come_back(visitor.answer(link))
    assert_goes_on(front, cell, CODE)
    assert front.kernel.asked == []


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param(
            IMPLICIT_TOKEN, marks=signs_in(flows_by_place.IMPLICIT, PLAIN_HTML, "link"), id="token"
        ),
        pytest.param(
            IMPLICIT,
            marks=signs_in(flows_by_place.IMPLICIT_ID_TOKEN, PLAIN_HTML, "link"),
            id="id_token token",
        ),
    ],
)
def test_the_link_is_enough_where_the_listener_s_page_brings_the_token(
    front: Front, visitor: Visitor, oidc: OidcProvider, flow: Flow
) -> None:
    cell = front.begin(flow, "blocking")
    address = visitor.answer(link_in(front))
    assert "access_token=" in address.partition("#")[2]
    assert "You can close this tab" in visitor.come_back(address)
    assert_goes_on(front, cell, flow)
    assert ("id_token" in {one.kind for one in oidc.secrets()}) == (flow is IMPLICIT)
    assert front.kernel.asked == []


AS_THE_APP = 'login = ClientCredentialsLogin(provider, client, scope="api:read")'


@signs_in(flows_by_place.CLIENT_CREDENTIALS, PLAIN_HTML, "nothing to do")
@every_call
def test_an_app_signs_in_with_nothing_to_click(front: Front, oidc: OidcProvider, call: str) -> None:
    described = describe(oidc, SERVICE.format(oidc=oidc))
    front.kernel.run(f"{described}\nfrom nb_oauth import ClientCredentialsLogin")
    asked = 'print("GOES ON", session.get(api).json()["client_id"])'
    cell = execute(front.kernel, f"{AS_THE_APP}\n{CALLS[call]}\n{asked}")
    assert front.kernel.outcome(cell) == "ok"
    assert front.kernel.printed(cell) == "GOES ON service-basic\n"
    assert front.kernel.asked == []


def test_a_late_widget_comes_back(front: Front, visitor: Visitor) -> None:
    cell = front.begin(CODE, "blocking")
    link = link_in(front)
    front.say("hello")
    front.kernel.wait_for(lambda: PICTURED in front.output(), "the widget")
    assert link not in json.dumps(front.output())
    assert front.view()["link"] == link
    visitor.come_back(visitor.answer(link))
    assert_goes_on(front, cell, CODE)


@signs_in(flows_by_place.CODE, PLAIN_HTML, "address pasted into the cell")
def test_what_has_to_be_pasted_is_asked_for_in_the_cell(front: Front, visitor: Visitor) -> None:
    cell = front.begin(PASTING, "blocking")
    asked = front.kernel.wait_until_asked()
    assert asked == {"prompt": PROMPT, "password": True}
    link = link_in(front)
    front.kernel.type("what is this?")
    front.kernel.wait_until_asked(2)
    assert "what is this" not in json.dumps(front.output())
    front.kernel.wait_for(lambda: "address" in front.output()["text/plain"], "an explanation")
    front.kernel.type(visitor.answer(link))
    assert_goes_on(front, cell, PASTING)


@signs_in(flows_by_place.PASSWORD, PLAIN_HTML, "name and password typed into the cell")
@every_call
def test_name_and_password_are_asked_for_in_the_cell(
    front: Front, oidc: OidcProvider, call: str
) -> None:
    front.kernel.type("the answer to a cell before")
    cell = front.begin(PASSWORD, call)
    assert front.kernel.wait_until_asked()["password"]  # nor is the name kept in the notebook
    what = "Type your name and your password"
    front.kernel.wait_for(lambda: what in front.output()["text/plain"], "plain text")
    front.kernel.type("analyst")
    assert front.kernel.wait_until_asked(2)["prompt"].startswith("Password")
    front.kernel.type(oidc.passwords["analyst"])
    assert_goes_on(front, cell, PASSWORD)


@signs_in(flows_by_place.DEVICE, PLAIN_HTML, "code and picture of it")
def test_a_code_that_was_refused_can_be_had_anew(front: Front, visitor: Visitor) -> None:
    cell = front.begin(DEVICE, "blocking")
    said = re.compile(r"To sign in to Judge open (\S+) and enter (\S+)")

    def code_other_than(former: str) -> re.Match[str] | None:
        found = said.fullmatch(front.output()["text/plain"])
        return found if found and found[2] != former else None

    first = front.kernel.wait_for(lambda: code_other_than(""), "a code")
    assert "<img src=" in front.output()["text/html"]
    visitor.enter_code(*first.groups(), deny=True)
    assert front.kernel.wait_until_asked()["prompt"].startswith("Press Enter")
    front.kernel.type("")
    second = front.kernel.wait_for(lambda: code_other_than(first[2]), "another code")
    visitor.enter_code(*second.groups())
    assert_goes_on(front, cell, DEVICE)


def typed_into_the_next_cell(front: Front, text: str) -> str:
    """What a cell that asks for itself gets; a reply that came late must not be it."""
    times = len(front.kernel.asked)
    cell = execute(front.kernel, 'print("GOT", input("yours?"))')
    front.kernel.wait_until_asked(times + 1)
    front.kernel.type(text)
    assert front.kernel.outcome(cell) == "ok"
    return front.kernel.printed(cell)


def test_what_the_late_widget_brings_ends_the_asking(front: Front, visitor: Visitor) -> None:
    cell = front.begin(PASTING, "blocking")
    front.kernel.wait_until_asked()
    link = link_in(front)
    front.say("hello")
    front.say("answer", visitor.answer(link))
    assert_goes_on(front, cell, PASTING)
    front.kernel.type("too late")
    assert typed_into_the_next_cell(front, "mine") == "GOT mine\n"


ENDED = {
    "type": "Signing in was cancelled. Run the cell again to sign in.",
    "interrupt": "The sign-in goes on: finish it, then use this login's .session in another cell.",
}


@every_call
@pytest.mark.parametrize(
    ("end", "error"), [("type", "LoginCancelled"), ("interrupt", "KeyboardInterrupt")]
)
def test_asking_ends_with_the_wait(front: Front, call: str, end: str, error: str) -> None:
    cell = front.begin(PASTING, call)
    front.kernel.wait_until_asked()
    if end == "type":
        front.kernel.type("\x04")  # as front ends send Ctrl-D
    else:
        front.kernel.interrupt()
    outcome = front.kernel.outcome(cell, seconds=PATIENCE)
    assert outcome in {error, "CancelledError"} if call == "await" else outcome == error
    if call != "await":
        assert front.kernel.published(cell, "error")[0]["traceback"] == [f"{error}: {ENDED[end]}"]
    assert typed_into_the_next_cell(front, "mine") == "GOT mine\n"
    threads = front.kernel.run(
        "import threading; print([one.name for one in threading.enumerate()])"
    )
    assert "nb_oauth input" not in threads
