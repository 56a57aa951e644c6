"""The implicit, the password and the device grant in JupyterLab, and what is offered afterwards."""

from __future__ import annotations

import base64
import json
import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
import requests
import segno
from playwright.sync_api import expect

from tests import flows_by_place
from tests.browser.harness import provider_pages
from tests.browser.harness.judged import CLEAN_LINE, QUERY, SIGNED_IN, leave_behind, query_of
from tests.browser.harness.leaks import find_secrets
from tests.flows_by_place import JUPYTERLAB, signs_in
from tests.polling import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Locator, Page, WebSocket

    from tests.browser.conftest import JudgedOpener
    from tests.browser.harness.judged import JudgedNotebook
    from tests.browser.harness.widget import SignInWidget
    from tests.leaks.left_behind import LeftBehind
    from tests.providers.oidc import OidcProvider

    Artifact = Callable[[str], Path]

WAIT = 'session = login.wait(timeout=60)\nprint("GOES ON")'

# -- the implicit grant --------------------------------------------------------------------

IMPLICIT = 'Client("implicit", redirect_uri="http://127.0.0.1/callback")'
IMPLICIT_ELSEWHERE = (
    'Client("implicit-elsewhere", redirect_uri="https://notebook.example/callback")'
)
IMPLICIT_LOGIN = f"""\
from nb_oauth import ImplicitLogin

login = ImplicitLogin(provider, client, scope=SCOPE, extra={{"prompt": "consent"}})
{WAIT}"""
OF_THE_API = 'SCOPE = "api:read"\n'
OF_A_PERSON = 'SCOPE = "openid api:read"\n'

LISTENING = """\
import http.server

request_lines = []
http.server.BaseHTTPRequestHandler.log_request = lambda handler, *_: request_lines.append(
    handler.requestline
)"""
CLAIMS = 'print("CLAIMS", session.id_claims["sub"], session.userinfo()["sub"])'
SAW = 'print("SAW", [line for line in request_lines if not line.startswith("GET /probe-")])'
IMPLICIT_KINDS = frozenset({"access_token", "state", "password"})


@pytest.fixture
def urls(context: BrowserContext) -> list[str]:
    """Every address that this browser asked for, as a server sees it: without its fragment."""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url.partition("#")[0]))
    return asked


@signs_in(flows_by_place.IMPLICIT, JUPYTERLAB, "widget: link")
def test_a_token_in_the_fragment_goes_to_the_listener_in_no_url(
    judged: JudgedOpener, urls: list[str], artifact: Artifact
) -> None:
    notebook = judged(OF_THE_API + IMPLICIT_LOGIN, QUERY, LISTENING, SAW, client=IMPLICIT)
    notebook.kinds = IMPLICIT_KINDS
    notebook.notebook.run_cell(0)
    notebook.notebook.run_cell(3)
    notebook.notebook.run_cell(1)
    widget = notebook.widget(1)
    link = query_of(widget.wait_for_link())
    assert link["response_type"] == "token"
    expect(widget.remarks).to_contain_text("RFC 9700 advises against the implicit grant")
    widget.root.screenshot(path=artifact("widget"))

    tab = widget.open_sign_in_page()
    provider_pages.sign_in(tab)
    provider_pages.consent(tab)
    notebook.leave(tab, picture=artifact("loopback"))

    notebook.expect_signed_in(1)
    assert tab.url == link["redirect_uri"]
    notebook.notebook.run_cell(2)
    notebook.notebook.expect_output(2, "I am alice")
    notebook.notebook.run_cell(4)
    notebook.notebook.expect_output(4, "SAW ['GET /callback HTTP/1.1', 'POST /callback HTTP/1.1']")
    assert link["redirect_uri"] in urls
    tokens = [one for one in notebook.oidc.secrets() if one.kind == "access_token"]
    assert find_secrets("\n".join(urls), tokens) == []


@signs_in(flows_by_place.IMPLICIT_ID_TOKEN, JUPYTERLAB, "widget: link")
def test_a_no_in_the_fragment_is_explained_and_an_id_token_is_checked(
    judged: JudgedOpener, urls: list[str], artifact: Artifact
) -> None:
    notebook = judged(OF_A_PERSON + IMPLICIT_LOGIN, QUERY, CLAIMS, client=IMPLICIT)
    notebook.kinds = IMPLICIT_KINDS | {"id_token"}
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    link = query_of(widget.wait_for_link())
    assert link["response_type"] == "id_token token"
    assert link["nonce"]

    tab = widget.open_sign_in_page()
    provider_pages.deny(tab)
    notebook.leave(tab, picture=artifact("loopback"))
    expect(widget.error).to_contain_text("End-User aborted interaction")
    widget.root.screenshot(path=artifact("denied"))
    assert notebook.notebook.is_running(1)

    widget.ask_for_new_link()
    notebook.sign_in(1)

    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")
    notebook.notebook.expect_output(3, "CLAIMS alice alice")
    tokens = [one for one in notebook.oidc.secrets() if one.kind in {"access_token", "id_token"}]
    assert find_secrets("\n".join(urls), tokens) == []


@signs_in(flows_by_place.IMPLICIT, JUPYTERLAB, "widget: pasted address")
def test_the_address_of_a_page_that_will_not_load_brings_its_fragment(
    judged: JudgedOpener,
) -> None:
    notebook = judged(OF_THE_API + IMPLICIT_LOGIN, QUERY, client=IMPLICIT_ELSEWHERE)
    notebook.kinds = IMPLICIT_KINDS
    notebook.notebook.run_all()

    address = notebook.address_that_will_not_load(1)
    assert "access_token=" in address.partition("#")[2]
    notebook.widget(1).answer(address)

    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


# -- the password grant --------------------------------------------------------------------

PASSWORD_LOGIN = f"""\
from nb_oauth import PasswordLogin

login = PasswordLogin(provider, client, scope="api:read")
{WAIT}"""


@signs_in(flows_by_place.PASSWORD, JUPYTERLAB, "widget: name and password")
def test_a_wrong_password_is_explained_and_the_right_one_is_kept_nowhere(
    judged: JudgedOpener, artifact: Artifact
) -> None:
    notebook = judged(PASSWORD_LOGIN, QUERY, client='Client("password")')
    notebook.kinds = frozenset({"access_token", "refresh_token", "password"})
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    widget.wait_for_status("waiting")
    expect(widget.remarks).to_contain_text("RFC 9700 says not to use the password grant")
    expect(widget.notice).to_have_text("They go to the provider once, and are kept nowhere.")
    expect(widget.link).to_be_hidden()
    field = widget.password.element_handle()
    widget.root.screenshot(path=artifact("widget"))

    widget.username.fill("analyst")
    widget.password.fill(f"wrong-{secrets.token_urlsafe(18)}")
    widget.sign_in.click()

    expect(widget.error).to_contain_text("Check the name and the password")
    expect(widget.password).to_have_value("")
    expect(widget.username).to_have_value("analyst")
    widget.root.screenshot(path=artifact("refused"))
    assert notebook.notebook.is_running(1)

    widget.password.fill(notebook.oidc.passwords["analyst"])
    widget.password.press("Enter")

    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am analyst")
    assert field.evaluate("field => field.value") == ""
    statuses = [one["status"] for one in notebook.oidc.token_requests("password")]
    assert statuses == [400, 200]


# -- the device grant ----------------------------------------------------------------------

DEVICE = 'Client("device")'
DEVICE_LOGIN = f"""\
from nb_oauth import DeviceLogin

login = DeviceLogin(provider, client, scope="openid offline_access api:read")
{WAIT}"""
DEVICE_KINDS = frozenset({"device_code", "access_token", "refresh_token", "id_token", "password"})

# Which modules of a picture of a QR code are dark: `picture` is base64 of a PNG, `across` counts
# modules. What is dark reaches from corner to corner: that is where its finder patterns are.
READ_MODULES = """
async ([picture, across]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const isDark = (x, y) => data[4 * (Math.floor(y) * width + Math.floor(x))] < 128;
  const [xs, ys] = [[], []];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    if (isDark(x, y)) { xs.push(x); ys.push(y); }
  }
  const reach = (all) => all.reduce(([a, b], c) => [Math.min(a, c), Math.max(b, c + 1)], [1e9, 0]);
  const [[left, right], [top, bottom]] = [reach(xs), reach(ys)];
  const place = (from, to, i) => from + (to - from) * (i + 0.5) / across;
  const numbers = [...Array(across).keys()];
  return numbers.map((row) => numbers.map(
    (column) => Number(isDark(place(left, right, column), place(top, bottom, row)))));
}
"""


class SentByPages:
    """What the pages of a browser send to kernels because of a widget."""

    def __init__(self, context: BrowserContext) -> None:
        self.count = 0
        context.on("page", lambda page: page.on("websocket", self._listen))

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._note)

    def _note(self, frame: str | bytes) -> None:
        sent = frame.encode() if isinstance(frame, str) else frame
        self.count += b'"comm_msg"' in sent


@pytest.fixture
def sent(context: BrowserContext) -> SentByPages:
    return SentByPages(context)


@pytest.fixture
def phone(context: BrowserContext) -> Iterator[Page]:
    """Another device: a browser that knows nothing of the notebook's."""
    assert context.browser
    other = context.browser.new_context()
    yield other.new_page()
    other.close()


def open_device_notebook(judged: JudgedOpener, *cells: str) -> JudgedNotebook:
    notebook = judged(*cells, client=DEVICE)
    notebook.kinds = DEVICE_KINDS
    return notebook


def code_in(widget: SignInWidget) -> str:
    """Wait until a code is shown; returns it."""
    expect(widget.code).to_have_text(re.compile(r"^\w{4}-\w{4}$"), timeout=20_000)
    return widget.code.inner_text()


def modules_in(picture: Locator, across: int) -> list[list[int]]:
    """Read the QR code off the screen."""
    shot = base64.b64encode(picture.screenshot()).decode()
    modules: list[list[int]] = picture.page.evaluate(READ_MODULES, [shot, across])
    return modules


@signs_in(flows_by_place.DEVICE, JUPYTERLAB, "widget: code and picture of it")
def test_a_code_entered_elsewhere_is_enough_and_run_all_does_it_again(
    judged: JudgedOpener, phone: Page, sent: SentByPages, artifact: Artifact
) -> None:
    notebook = open_device_notebook(judged, DEVICE_LOGIN, QUERY)
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    code = code_in(widget)
    link = widget.wait_for_link()
    address = f"{notebook.oidc.issuer}/device"
    assert link == f"{address}?user_code={code}"
    expect(widget.root).to_contain_text(f"On a phone or another computer, go to {address}")
    expect(widget.root).not_to_contain_text(link)
    size = widget.code.evaluate("code => parseFloat(getComputedStyle(code).fontSize)")
    assert size >= 24
    matrix = [list(row) for row in segno.make_qr(link).matrix]
    assert modules_in(widget.qr, len(matrix)) == matrix
    told = widget.timer.inner_text()
    assert re.fullmatch(r"The code is good for (9:\d\d|10:00)", told)
    expect(widget.timer).not_to_have_text(told)
    widget.root.screenshot(path=artifact("widget"))
    said_by_the_page = sent.count

    phone.goto(address)
    provider_pages.enter_code(phone, code)
    phone.screenshot(path=artifact("phone"))
    provider_pages.confirm_device(phone)

    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")
    assert sent.count == said_by_the_page > 0
    saved = notebook.notebook.save()
    assert code not in saved
    assert CLEAN_LINE in saved

    notebook.notebook.reopen_with_a_new_kernel()
    notebook.notebook.expect_output(1, CLEAN_LINE)
    notebook.page.screenshot(path=artifact("reopened"))
    notebook.notebook.run_all()
    another = code_in(notebook.widget(1))
    assert another != code
    phone.goto(address)
    provider_pages.enter_code(phone, another)
    provider_pages.confirm_device(phone)
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


def test_the_notebook_s_page_may_be_closed_meanwhile(
    judged: JudgedOpener, phone: Page, left_behind: LeftBehind
) -> None:
    notebook = open_device_notebook(judged, DEVICE_LOGIN, QUERY)
    notebook.notebook.run_cell(0)
    notebook.notebook.run_cell(1)
    link = notebook.widget(1).wait_for_link()
    code = code_in(notebook.widget(1))
    leave_behind(notebook.notebook, left_behind)
    notebook.page.goto("about:blank")
    left_behind.at("page closed")

    phone.goto(link)  # which has the code in it, and goes on with it
    expect(phone.locator("code")).to_have_text(code)
    provider_pages.confirm_device(phone)
    wait_until(lambda: 200 in _statuses(notebook.oidc), "the kernel has fetched the token")

    notebook.notebook.open()
    notebook.widget(1).wait_for_status("signed_in")
    notebook.notebook.run_cell(2)
    notebook.notebook.expect_output(2, "I am alice")


def _statuses(oidc: OidcProvider) -> list[Any]:
    return [one["status"] for one in oidc.token_requests()]


@pytest.mark.sweep  # the judge runs both every time, and the tutorial lets a code run out
def test_a_code_that_ran_out_or_was_denied_makes_way_at_one_click(
    judged: JudgedOpener, phone: Page, artifact: Artifact
) -> None:
    notebook = open_device_notebook(judged, DEVICE_LOGIN, QUERY)
    address = f"{notebook.oidc.issuer}/device"
    notebook.oidc.set_device_codes(lifetime=3)
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    first = code_in(widget)

    expect(widget.error).to_have_text("The code ran out before anybody entered it. Get a new one.")
    expect(widget.code).to_be_hidden()
    expect(widget.link).to_be_hidden()
    expect(widget.new_link).to_have_text("New code")
    widget.root.screenshot(path=artifact("ran-out"))
    notebook.oidc.set_device_codes(lifetime=600)
    widget.new_link.click()
    expect(widget.error).to_be_hidden()
    second = code_in(widget)
    assert second != first

    phone.goto(address)
    provider_pages.enter_code(phone, second)
    provider_pages.deny_device(phone)
    expect(widget.error).to_have_text(
        "Access was not granted. Get a new code to try again, or cancel."
    )
    widget.root.screenshot(path=artifact("denied"))
    assert notebook.notebook.is_running(1)
    widget.new_link.click()
    expect(widget.error).to_be_hidden()
    third = code_in(widget)
    assert third != second

    phone.goto(address)
    provider_pages.enter_code(phone, third)
    provider_pages.confirm_device(phone)
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


# -- after signing in ----------------------------------------------------------------------

IN_A_BOX = """\
import ipywidgets

login = AuthorizationCodeLogin(provider, client, **asked)
ipywidgets.VBox([ipywidgets.Label("Our dashboard"), login])"""
STATUS = 'print("NOW", session.get(api).status_code, session.authorized)'


def tokens_of(oidc: OidcProvider) -> dict[str, list[str]]:
    """Kind to values, in the order they were issued."""
    found: dict[str, list[str]] = {}
    for secret in oidc.secrets():
        found.setdefault(secret.kind, []).append(secret.value)
    return found


def opens_the_api(oidc: OidcProvider, token: str) -> bool:
    header = {"Authorization": f"Bearer {token}"}
    return requests.get(oidc.api, headers=header, timeout=10).ok


def test_a_widget_in_a_box_renews_signs_out_and_signs_in_again(
    judged: JudgedOpener, oidc: OidcProvider, artifact: Artifact
) -> None:
    notebook = judged(IN_A_BOX, WAIT, QUERY, STATUS)
    widget = notebook.widget(1)
    for cell in (0, 1, 2):
        notebook.notebook.run_cell(cell)
    notebook.sign_in(1)
    notebook.notebook.expect_output(2, "GOES ON")
    widget.wait_for_status("signed_in")
    expect(widget.root).to_contain_text(SIGNED_IN)
    widget.root.screenshot(path=artifact("signed-in"))

    widget.renew.click()
    expect(widget.progress).to_contain_text("The token was renewed. It is good until")
    widget.root.screenshot(path=artifact("renewed"))
    assert [one["status"] for one in oidc.token_requests("refresh_token")] == [200]
    notebook.notebook.run_cell(3)
    notebook.notebook.expect_output(3, "I am alice")
    newest = tokens_of(oidc)["access_token"][-1]
    assert len(tokens_of(oidc)["access_token"]) == 2
    assert opens_the_api(oidc, newest)

    widget.sign_out.click()
    widget.wait_for_status("signed_out")
    expect(widget.progress).to_contain_text("Judge has revoked the refresh token and access token")
    expect(widget.renew).to_be_hidden()
    expect(widget.sign_out).to_be_hidden()
    widget.root.screenshot(path=artifact("signed-out"))
    assert not opens_the_api(oidc, newest)
    notebook.notebook.run_cell(4)
    notebook.notebook.expect_output(4, "LoginRequired: Nobody is signed in with this session")

    expect(widget.new_link).to_have_text("Sign in again")
    widget.new_link.click()
    notebook.sign_in(1)
    widget.wait_for_status("signed_in")
    notebook.notebook.run_cell(2)
    notebook.notebook.run_cell(4)
    notebook.notebook.expect_output(4, "NOW 200 True")


def test_a_signed_in_login_shown_again_has_its_buttons_and_is_saved_as_a_line(
    judged: JudgedOpener, oidc: OidcProvider, artifact: Artifact
) -> None:
    notebook = judged(
        "login = AuthorizationCodeLogin(provider, client, **asked)\n" + WAIT, "login", QUERY
    )
    notebook.notebook.run_cell(0)
    notebook.notebook.run_cell(1)
    notebook.sign_in(1)
    notebook.expect_signed_in(1)

    notebook.notebook.run_cell(2)
    widget = notebook.widget(2)
    widget.wait_for_status("signed_in")
    expect(widget.renew).to_be_visible()
    expect(widget.sign_out).to_be_visible()
    notebook.page.screenshot(path=artifact("again"))
    widget.renew.click()
    expect(widget.progress).to_contain_text("The token was renewed.")
    notebook.notebook.run_cell(3)
    notebook.notebook.expect_output(3, "I am alice")
    assert len(tokens_of(oidc)["access_token"]) == 2
    (output,) = json.loads(notebook.notebook.save())["cells"][2]["outputs"]
    assert "".join(output["data"]["text/plain"]) == CLEAN_LINE  # where no widget can be shown
    assert "".join(output["data"]["text/html"]) == f"<p>{CLEAN_LINE}</p>"
