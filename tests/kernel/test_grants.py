"""Every grant in real kernels, by the protocol alone."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmarks.showing import execute, model_id, view
from tests.browser.harness.judged import CLEAN_LINE, describe
from tests.providers.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kernel.conftest import Place
    from tests.kernel.harness import KernelProcess
    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.kernel

PATIENCE = 30  # seconds; signing in takes one
PICTURED = "application/vnd.jupyter.widget-view+json"
CALLS = {"blocking": "session = login.wait(timeout=60)", "await": "session = await login"}
GOES_ON = 'print("GOES ON", session.get(api).json()["sub"])'


class Front:
    """The widget's script and the cell's output, as one who only speaks the protocol has them."""

    def __init__(self, place: Place, oidc: OidcProvider) -> None:
        self.kernel: KernelProcess = place.kernel
        self.oidc = oidc
        self._subshell = place.subshell
        self._numbers = itertools.count()
        self._comm_id = ""

    def begin(self, flow: Flow, call: str) -> str:
        """Run a cell that waits for a login; returns its request, once its widget is there."""
        self.kernel.run(f"{describe(self.oidc, flow.client)}\nfrom nb_oauth import {flow.login}")
        made = f'login = {flow.login}(provider, client, scope="{flow.scope}")'
        cell = execute(self.kernel, f"{made}\n{CALLS[call]}\n{GOES_ON}")
        self._comm_id = model_id(self.kernel, cell)
        return cell

    def say(self, kind: str, *typed: str) -> None:
        """Send what the widget's script would: what is typed goes as buffers."""
        content = {"type": kind, "id": str(next(self._numbers))}
        data = {"method": "custom", "content": content}
        session = self.kernel._session
        message = session.msg("comm_msg", {"comm_id": self._comm_id, "data": data})
        if self._subshell is not None:
            message["header"]["subshell_id"] = self._subshell
        buffers = [text.encode() for text in typed]
        session.send(self.kernel._shell, message, buffers=buffers)

    def view(self) -> dict[str, Any]:
        """Wait until there is something to do; returns all that the widget is to show."""
        return view(self.kernel, self._comm_id, "waiting")

    def output(self) -> dict[str, Any]:
        """What the widget's output holds now, by MIME type."""
        (shown, *updates) = [
            message["content"]
            for message in self.kernel.said
            if message["msg_type"] in {"display_data", "update_display_data"}
            and message["content"]["transient"].get("display_id") == self._display_id
        ]
        newest: dict[str, Any] = [shown, *updates][-1]["data"]
        return newest

    @property
    def _display_id(self) -> str:
        (identifier,) = {
            message["content"]["transient"]["display_id"]
            for message in self.kernel.said
            if message["content"].get("data", {}).get(PICTURED, {}).get("model_id") == self._comm_id
        }
        return str(identifier)


# -- what a person does --------------------------------------------------------------------


def _bring_the_code(front: Front, visitor: Visitor) -> None:
    """The browser is sent back with a code in a query."""
    address = visitor.answer(front.view()["link"])
    assert "You can close this tab" in visitor.come_back(address)


def _open_the_link(front: Front, visitor: Visitor) -> None:
    """The browser is sent back with the token in a fragment, and our page posts it."""
    address = visitor.answer(front.view()["link"])
    assert "access_token=" in address.partition("#")[2]
    assert "You can close this tab" in visitor.come_back(address)


def _type_the_password(front: Front, _: Visitor) -> None:
    assert front.view()["credentials"]
    front.say("credentials", "analyst", front.oidc.passwords["analyst"])


def _enter_the_code(front: Front, visitor: Visitor) -> None:
    code = front.view()["code"]
    assert "Success" in visitor.enter_code(f"{front.oidc.issuer}/device", code)


@dataclass(frozen=True)
class Flow:
    login: str
    client: str
    scope: str
    sign_in: Callable[[Front, Visitor], None]
    account: str = "alice"


CODE = Flow(
    "AuthorizationCodeLogin",
    'Client("public", redirect_uri="http://127.0.0.1/callback")',
    "openid api:read",
    _bring_the_code,
)
IMPLICIT = Flow(
    "ImplicitLogin",
    'Client("implicit", redirect_uri="http://127.0.0.1/callback")',
    "openid api:read",
    _open_the_link,
)
PASSWORD = Flow("PasswordLogin", 'Client("password")', "api:read", _type_the_password, "analyst")
DEVICE = Flow("DeviceLogin", 'Client("device")', "openid api:read", _enter_the_code)

every_flow = pytest.mark.parametrize(
    "flow", [CODE, IMPLICIT, PASSWORD, DEVICE], ids=["code", "implicit", "password", "device"]
)
every_call = pytest.mark.parametrize("call", CALLS)


@pytest.fixture
def front(place: Place, oidc: OidcProvider) -> Front:
    oidc.set_device_codes(interval=0.2)
    return Front(place, oidc)


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as visitor:
        yield visitor


def assert_goes_on(front: Front, cell: str, flow: Flow) -> None:
    assert front.kernel.outcome(cell, seconds=PATIENCE) == "ok", front.kernel.reply(cell)
    assert f"GOES ON {flow.account}" in front.kernel.printed(cell)
    front.kernel.wait_for(lambda: front.output().get("text/plain") == CLEAN_LINE, "the clean line")
    assert PICTURED not in front.output()


@every_call
@every_flow
def test_the_waiting_cell_goes_on(front: Front, visitor: Visitor, flow: Flow, call: str) -> None:
    cell = front.begin(flow, call)
    front.say("hello")
    flow.sign_in(front, visitor)
    assert_goes_on(front, cell, flow)


@every_call
@every_flow
def test_cancel_ends_the_waiting_cell(front: Front, flow: Flow, call: str) -> None:
    cell = front.begin(flow, call)
    front.say("hello")
    front.view()
    front.say("cancel")
    assert front.kernel.outcome(cell, seconds=PATIENCE) == "LoginCancelled"
    assert "GOES ON" not in front.kernel.printed(cell)


# As from a variable: the secret comes into the kernel and is in no cell.
SERVICE = """\
Client(
    "service-basic",
    client_secret=__import__("requests")
    .get("{oidc.issuer}/__test__/client_secrets").json()["service-basic"],
)"""


@every_call
def test_an_app_signs_in_with_nothing_to_click(front: Front, call: str) -> None:
    described = describe(front.oidc, SERVICE.format(oidc=front.oidc))
    front.kernel.run(f"{described}\nfrom nb_oauth import ClientCredentialsLogin")
    made = 'login = ClientCredentialsLogin(provider, client, scope="api:read")'
    again = "session.renew()"
    asked = 'print("GOES ON", session.get(api).json()["client_id"])'
    printed = front.kernel.run(f"{made}\n{CALLS[call]}\n{again}\n{asked}")
    assert printed.strip() == "GOES ON service-basic"
    statuses = [one["status"] for one in front.oidc.token_requests("client_credentials")]
    assert statuses == [200, 200]


@pytest.fixture
def soon(place: Place) -> Iterator[None]:
    """A widget that says nothing is given up soon; one kernel goes without, and takes its time."""
    place.kernel.run("from nb_oauth.surfaces import widget; usual = widget._APPEARS_WITHIN")
    if place.channel == "main":
        place.kernel.run("widget._APPEARS_WITHIN = 0.1")
    yield
    place.kernel.run("widget._APPEARS_WITHIN = usual")


@every_call
@pytest.mark.usefixtures("soon")
def test_a_code_needs_no_message_of_any_browser(
    front: Front, visitor: Visitor, oidc: OidcProvider, call: str
) -> None:
    cell = front.begin(DEVICE, call)
    line = re.compile(r"To sign in to Judge open (\S+) and enter (\S+)")
    found = front.kernel.wait_for(
        lambda: line.fullmatch(front.output()["text/plain"]), "link and code in plain text"
    )
    link, code = found.groups()
    assert link == f"{oidc.issuer}/device?user_code={code}"
    assert link in front.output()["text/html"]
    assert f"<strong>{code}</strong>" in front.output()["text/html"]

    assert "Success" in visitor.enter_code(link, code)

    assert_goes_on(front, cell, DEVICE)
    assert code not in str(front.output())


# The password comes in reverse, or the source of the cell would be found. Frames of pyzmq hold
# what they received outside of Python's sight, so this looks at the views of them as well.
SEARCH = """
import gc
from tests.judge.memory import holders

def search():
    typed, seen = "".join(reversed({reverse!r})), 0
    for one in gc.get_objects():  # a comprehension would refer to what was typed
        seen += isinstance(one, memoryview) and typed.encode() in bytes(one)
    return holders(typed), seen

{planting}
print(search())
"""
NOTHING = "pass"
PLANTING = """
class Planted: pass
planted = Planted()
planted.text = "".join(reversed({reverse!r}))
planted.view = memoryview(planted.text.encode())
"""


@every_call
def test_nothing_refers_to_a_password_that_was_sent(
    front: Front, visitor: Visitor, call: str
) -> None:
    """Nobody at all, and so none of ours: ipykernel itself keeps a message until the next one."""
    cell = front.begin(PASSWORD, call)
    front.say("hello")
    PASSWORD.sign_in(front, visitor)
    assert_goes_on(front, cell, PASSWORD)
    reverse = front.oidc.passwords["analyst"].rpartition(" ")[2][::-1]

    assert front.kernel.run(SEARCH.format(reverse=reverse, planting=NOTHING)) == "([], 0)\n"
    planting = PLANTING.format(reverse=reverse)
    found = front.kernel.run(SEARCH.format(reverse=reverse, planting=planting))
    assert "Planted" in found or "with ['text'" in found  # the search does find what is there
    assert found.endswith(", 1)\n")
    front.kernel.run("del planted")
