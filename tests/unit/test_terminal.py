"""Signing in at a terminal: real programs in real pseudo-terminals, at the judge."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.flows_by_place import (
    CLIENT_CREDENTIALS,
    CODE,
    DEVICE,
    IMPLICIT,
    IMPLICIT_ID_TOKEN,
    PASSWORD,
    TERMINAL,
    signs_in,
)
from tests.leaks.logs import LOG_FILE, LOGGING
from tests.leaks.places import COMMAND_LINES, ENVIRONMENTS
from tests.providers.visitor import Visitor
from tests.terminal import PseudoTerminal, python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.leaks.left_behind import LeftBehind
    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.provider

PROGRAM = (
    LOGGING
    + """\
import nb_oauth
from nb_oauth import *

provider = Provider(
    "Judge",
    issuer="{oidc.issuer}",
    authorization_endpoint="{oidc.authorization_endpoint}",
    token_endpoint="{oidc.token_endpoint}",
    device_authorization_endpoint="{oidc.device_authorization_endpoint}",
    jwks_uri="{oidc.jwks_uri}",
)
api = "{oidc.api}"

def login(client, scope="api:read", grant=None, **more):
    client = Client(client, **more)
    return nb_oauth.login(provider, client=client, scope=scope, grant=grant)

"""
)
QUERY = 'print("I am", session.get(api).json()["sub"])'
BY_CODE = f'session = login("public", "openid api:read", "authorization_code")\n{QUERY}'
BY_PASTING = (
    'session = login("elsewhere", "openid api:read", "authorization_code", '
    f'redirect_uri="https://notebook.example/callback")\n{QUERY}'
)
BY_DEVICE = f'session = login("device", "openid api:read")\n{QUERY}'
BY_PASSWORD = f'session = login("password", "api:read", "password")\n{QUERY}'
BY_IMPLICIT = f'session = login("implicit", "{{scope}}", "implicit")\n{QUERY}'
BY_IMPLICIT_PASTING = (
    'session = login("implicit-elsewhere", "api:read", "implicit", '
    f'redirect_uri="https://notebook.example/callback")\n{QUERY}'
)
AS_THE_APP = """\
session = nb_oauth.login(provider, scope="api:read", grant="client_credentials")
print("I am", session.get(api).json()["client_id"])"""

LINK = r"\n(http://\S+/auth\?\S+)\n"
USER_CODE = r"\nEnter (\S+)\n"
MAY_PASTE = r"or wait \(it does not show\): "
MUST_PASTE = r"ends on \(it does not show\): "
ESCAPE = "\x1b"


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as visitor:
        yield visitor


@pytest.fixture
def run(oidc: OidcProvider, tmp_path: Path) -> Iterator[Callable[..., PseudoTerminal]]:
    """Runs a program in a terminal; afterwards the terminal is as it was."""
    oidc.set_device_codes(interval=0.2)
    begun: list[PseudoTerminal] = []
    home = tmp_path / "home"
    home.mkdir()

    def begin(code: str, **env: str) -> PseudoTerminal:
        program = PROGRAM.format(oidc=oidc) + code
        terminal = PseudoTerminal(python(program), home, env)
        begun.append(terminal.__enter__())
        return terminal

    yield begin
    try:
        for terminal in begun:
            terminal.end()
            assert terminal.settings_now() == terminal.settings
    finally:
        for terminal in begun:
            terminal.__exit__()


@signs_in(CODE, TERMINAL, "link")
def test_the_browser_brings_the_code(
    run: Callable[..., PseudoTerminal], visitor: Visitor, oidc: OidcProvider, tmp_path: Path
) -> None:
    terminal = run(BY_CODE)
    link = terminal.wait_for(LINK)[1]
    terminal.wait_for(MAY_PASTE)
    assert not terminal.shows_typing
    assert "You can close this tab" in visitor.come_back(visitor.answer(link))
    assert terminal.end() == "I am alice\n"  # and nothing else
    assert terminal.text.endswith("Fetching the token…\nSigned in to Judge.\n")
    assert terminal.text.count(link) == terminal.text.count("Open this page") == 1
    kinds = {one.kind for one in oidc.secrets()}
    assert {"code", "code_verifier", "access_token"} <= kinds  # else the search finds nothing
    log = (tmp_path / "home" / LOG_FILE).read_text(encoding="utf-8")
    assert re.search("^DEBUG:urllib3.*POST /token", log, re.MULTILINE)


def test_a_browser_opens_where_there_is_one(
    run: Callable[..., PseudoTerminal], visitor: Visitor, left_behind: LeftBehind, tmp_path: Path
) -> None:
    opened, browser, variables = (tmp_path / one for one in ("opened", "browser", "variables"))
    browser.write_text(f'#!/bin/sh\necho "$*" >> "{opened}"\nenv >> "{variables}"\n')
    browser.chmod(0o700)
    terminal = run(BY_CODE, BROWSER=str(browser))
    link = terminal.wait_for(LINK)[1]
    terminal.wait_for(MAY_PASTE)
    assert "If your browser does not open it, open this page to sign in:" in terminal.text
    denied = visitor.answer(link, deny=True)
    visitor.come_back(denied)
    terminal.wait_for(rf"(?s){MAY_PASTE}.*{MAY_PASTE}")
    another = terminal.wait_for(LINK)[1]
    assert another != link
    visitor.come_back(visitor.answer(another))
    assert terminal.end() == "I am alice\n"
    assert opened.read_text().splitlines() == [link]  # the other one it would open unasked for
    left_behind.leave(COMMAND_LINES, opened.read_text())
    left_behind.leave(ENVIRONMENTS, variables.read_text())


def test_consent_that_is_denied_is_said_with_another_link(
    run: Callable[..., PseudoTerminal], visitor: Visitor
) -> None:
    terminal = run(BY_CODE)
    visitor.come_back(visitor.answer(terminal.wait_for(LINK)[1], deny=True))
    found = terminal.wait_for(rf"(?s)access_denied.*{LINK}.*{MAY_PASTE}")
    visitor.come_back(visitor.answer(found[1]))
    assert terminal.end() == "I am alice\n"


@signs_in(CODE, TERMINAL, "pasted address, which does not show")
def test_an_address_is_pasted_and_rubbish_explained(
    run: Callable[..., PseudoTerminal], visitor: Visitor
) -> None:
    terminal = run(BY_PASTING)
    link = terminal.wait_for(LINK)[1]
    terminal.wait_for(MUST_PASTE)
    terminal.type("rub\x7f\x15what is this?\n")
    terminal.wait_for(rf"(?s){MUST_PASTE}.*{MUST_PASTE}")
    answer = visitor.answer(link)
    # Longer than a line that a terminal edits itself may be, and marked as a paste.
    long = answer.replace("?", f"?more={'x' * 6000}&")
    terminal.type(f"{ESCAPE}[200~{long}{ESCAPE}[201~\n")
    assert terminal.end() == "I am alice\n"
    assert "what is this" not in terminal.shown
    assert answer not in terminal.shown
    assert "xxx" not in terminal.shown


def test_what_is_pasted_too_late_goes_to_no_shell(
    run: Callable[..., PseudoTerminal], visitor: Visitor
) -> None:
    held = "import sys, select\nprint(select.select([sys.stdin], [], [], 0)[0])"
    terminal = run(f"{BY_CODE}\n{held}")
    link = terminal.wait_for(LINK)[1]
    terminal.wait_for(MAY_PASTE)
    answer = visitor.answer(link)
    terminal.type(answer)  # without Enter
    visitor.come_back(answer)
    assert terminal.end() == "I am alice\n[]\n"


@signs_in(DEVICE, TERMINAL, "code and picture of it")
def test_a_device_code_is_shown_with_a_picture_of_it(
    run: Callable[..., PseudoTerminal], visitor: Visitor, oidc: OidcProvider
) -> None:
    terminal = run(BY_DEVICE)  # nobody named the grant: there is no browser
    code = terminal.wait_for(USER_CODE)[1]
    terminal.wait_for("Waiting for you")
    assert "Device code: no browser can be opened on this machine." in terminal.text
    assert f"{oidc.issuer}/device\n" in terminal.text
    assert f"{oidc.issuer}/device?user_code={code}\n" in terminal.text
    assert "█▀" in terminal.text
    assert "Success" in visitor.enter_code(f"{oidc.issuer}/device", code)
    assert terminal.end() == "I am alice\n"


def test_after_a_code_that_was_refused_there_is_another(
    run: Callable[..., PseudoTerminal], visitor: Visitor, oidc: OidcProvider
) -> None:
    terminal = run(BY_DEVICE)
    first = terminal.wait_for(USER_CODE)[1]
    visitor.enter_code(f"{oidc.issuer}/device", first, deny=True)
    terminal.wait_for("Access was not granted")
    terminal.wait_for("Press Enter to begin anew")
    terminal.type("\n")
    second = terminal.wait_for(rf"(?s)Press Enter.*{USER_CODE}")[1]
    assert second != first
    visitor.enter_code(f"{oidc.issuer}/device", second)
    assert terminal.end() == "I am alice\n"


def test_a_terminal_that_shows_no_pictures_shows_the_address(
    run: Callable[..., PseudoTerminal], visitor: Visitor, oidc: OidcProvider
) -> None:
    terminal = run(BY_DEVICE, PYTHONIOENCODING="ascii:backslashreplace", TERM="dumb")
    code = terminal.wait_for(USER_CODE)[1]
    assert "Open this page on any device:" in terminal.text
    visitor.enter_code(f"{oidc.issuer}/device", code)
    assert terminal.end() == "I am alice\n"
    assert ESCAPE not in terminal.shown
    assert "█" not in terminal.shown


@signs_in(PASSWORD, TERMINAL, "name, and password, which does not show")
def test_name_and_password_are_typed(
    run: Callable[..., PseudoTerminal], oidc: OidcProvider
) -> None:
    terminal = run(BY_PASSWORD)
    for password in ("wrong", oidc.passwords["analyst"]):
        terminal.wait_for("Name: $")
        terminal.type("analyst\n")
        terminal.wait_for(r"Password \(it does not show\): $")
        assert not terminal.shows_typing
        terminal.type(f"{password}\n")
    assert terminal.end() == "I am analyst\n"
    assert "Wrong name or password." in terminal.text
    assert "Name: analyst\n" in terminal.text
    assert "wrong\n" not in terminal.text


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param("api:read", marks=signs_in(IMPLICIT, TERMINAL, "link")),
        pytest.param("openid api:read", marks=signs_in(IMPLICIT_ID_TOKEN, TERMINAL, "link")),
    ],
)
def test_the_page_of_the_listener_brings_a_token_in_the_fragment(
    run: Callable[..., PseudoTerminal], visitor: Visitor, oidc: OidcProvider, scope: str
) -> None:
    terminal = run(BY_IMPLICIT.format(scope=scope))
    link = terminal.wait_for(LINK)[1]
    address = visitor.answer(link)
    assert "access_token=" in address.partition("#")[2]
    assert "You can close this tab" in visitor.come_back(address)
    assert terminal.end() == "I am alice\n"
    assert ("id_token" in {one.kind for one in oidc.secrets()}) == ("openid" in scope)


@signs_in(IMPLICIT, TERMINAL, "pasted address, which does not show")
def test_an_address_with_a_token_in_its_fragment_is_pasted(
    run: Callable[..., PseudoTerminal], visitor: Visitor
) -> None:
    terminal = run(BY_IMPLICIT_PASTING)
    link = terminal.wait_for(LINK)[1]
    terminal.wait_for(MUST_PASTE)
    assert not terminal.shows_typing
    terminal.type(f"{visitor.answer(link)}\n")
    assert terminal.end() == "I am alice\n"


@signs_in(CLIENT_CREDENTIALS, TERMINAL, "ID and secret in variables")
def test_an_app_whose_secret_is_in_a_variable_signs_in_with_nothing_to_type(
    run: Callable[..., PseudoTerminal], oidc: OidcProvider
) -> None:
    terminal = run(
        AS_THE_APP,
        NB_OAUTH_JUDGE_CLIENT_ID="service-basic",
        NB_OAUTH_JUDGE_CLIENT_SECRET=oidc.client_secrets["service-basic"],
        NB_OAUTH_JUDGE_TOKEN_ENDPOINT=oidc.token_endpoint,
    )
    assert terminal.end() == "I am service-basic\n"
    assert "type" not in terminal.text.lower()


@signs_in(CLIENT_CREDENTIALS, TERMINAL, "ID, and secret, which does not show")
def test_an_app_whose_secret_is_nowhere_is_asked_for_it(
    run: Callable[..., PseudoTerminal], oidc: OidcProvider
) -> None:
    terminal = run(AS_THE_APP)
    terminal.wait_for("Client ID: $")
    terminal.type("service-basic\n")
    terminal.wait_for(r"\(it does not show\): $")
    assert not terminal.shows_typing
    terminal.type(f"{oidc.client_secrets['service-basic']}\n")
    terminal.wait_for("for next time\\? y/n: $")
    terminal.type("n\n")
    assert terminal.end() == "I am service-basic\n"


def test_an_app_is_asked_for_where_nobody_has_named_one(
    run: Callable[..., PseudoTerminal], visitor: Visitor
) -> None:
    terminal = run(
        "session = nb_oauth.login(provider, scope='openid api:read', grant='authorization_code')\n"
        f"{QUERY}"
    )
    terminal.wait_for("Client ID: $")
    assert "Register an app with the provider, with the redirect URI" in terminal.text
    terminal.type("public\n")
    terminal.wait_for(r"or Enter where there is none \(it does not show\): $")
    terminal.type("\n")
    terminal.wait_for("for next time\\? y/n: $")
    terminal.type("n\n")
    visitor.come_back(visitor.answer(terminal.wait_for(LINK)[1]))
    assert terminal.end() == "I am alice\n"


def test_control_c_cancels(run: Callable[..., PseudoTerminal]) -> None:
    terminal = run(
        "try:\n    login('public', 'openid', 'authorization_code')\n"
        "except KeyboardInterrupt as error:\n    print('ended:', error)\n"
        "import threading\nprint([one.name for one in threading.enumerate()])"
    )
    terminal.wait_for(MAY_PASTE)
    terminal.press_control("c")
    out = terminal.end()
    assert out.startswith("ended: Signing in was cancelled.\n")
    assert "nb_oauth terminal" not in out
    assert terminal.text.count("Cancelled.") == 1
    assert terminal.text.endswith("\nCancelled.\n")
    assert "Traceback" not in terminal.text


def test_control_d_cancels(run: Callable[..., PseudoTerminal]) -> None:
    terminal = run(BY_PASSWORD)
    terminal.wait_for("Name: $")
    terminal.press_control("d")
    terminal.end()
    assert terminal.text.rstrip().endswith(
        "LoginCancelled: Signing in was cancelled. Run it again to sign in."
    )


def test_a_wait_that_ended_can_be_taken_up_again(
    run: Callable[..., PseudoTerminal], visitor: Visitor
) -> None:
    terminal = run(
        "asked = AuthorizationCodeLogin(provider, Client('public'), scope='openid api:read')\n"
        "try:\n    asked.wait(3)\nexcept LoginTimeout as error:\n    print(error)\n"
        f"session = asked.wait()\n{QUERY}"
    )
    terminal.wait_for(rf"(?s){LINK}.*{LINK}")  # said again
    links = set(re.findall(LINK, terminal.text))
    assert len(links) == 1  # the very same
    visitor.come_back(visitor.answer(links.pop()))
    out = terminal.end()
    assert out == (
        "Nobody answered in 3 s. Call it once more in this process to go on with this "
        "very sign-in.\nI am alice\n"
    )


def test_a_program_of_coroutines_awaits(
    run: Callable[..., PseudoTerminal], visitor: Visitor
) -> None:
    terminal = run(
        "import asyncio\n"
        "async def sign_in():\n"
        "    return await AuthorizationCodeLogin(\n"
        "        provider, Client('public'), scope='openid api:read')\n"
        f"session = asyncio.run(sign_in())\n{QUERY}"
    )
    visitor.come_back(visitor.answer(terminal.wait_for(LINK)[1]))
    assert terminal.end() == "I am alice\n"


def test_ipython_without_a_kernel(visitor: Visitor, oidc: OidcProvider, tmp_path: Path) -> None:
    file = tmp_path / "setup.py"
    own = PROGRAM.format(oidc=oidc).replace("*\n", "Client, DeviceLogin, Provider\n")
    file.write_text(own)  # IPython would take no names of a star
    options = ["--no-banner", "--no-confirm-exit", "--simple-prompt", "-i", str(file)]
    command = [sys.executable, "-m", "IPython", *options]
    env = {"IPYTHONDIR": str(tmp_path)}
    with PseudoTerminal(command, tmp_path, env, all_of_it=True) as terminal:
        terminal.wait_for(r"In \[1\]: ")
        terminal.type("DeviceLogin(provider, Client('device'))\n")
        terminal.wait_for(r"<DeviceLogin: preparing>: call its wait\(\) to sign in here\.")
        terminal.wait_for(r"In \[2\]: ")
        terminal.type("session = login('elsewhere', 'openid api:read', 'authorization_code', ")
        terminal.type("redirect_uri='https://notebook.example/callback')\n")
        link = terminal.wait_for(LINK)[1]
        terminal.wait_for(MUST_PASTE)
        answer = visitor.answer(link)
        terminal.type(f"{answer}\n")
        terminal.wait_for(r"(?s)Signed in to Judge\..*In \[3\]: ")
        terminal.type(f"{QUERY}\n")
        terminal.wait_for("I am alice")
        terminal.type("exit\n")
        terminal.end()
        assert answer not in terminal.shown
    history = (tmp_path / "profile_default" / "history.sqlite").read_bytes()
    assert answer.encode() not in history
    assert b"session = login" in history
