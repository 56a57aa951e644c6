"""Python for browsers: no threads and no sockets, and one line that says so."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.kernel import environments

pytestmark = pytest.mark.sweep

HERE = Path(__file__).parent
# What cannot sign in, and how each fails; and what needs nobody, and works.
PROGRAM = """\
import json, sys, threading
import nb_oauth
from nb_oauth import AuthorizationCodeLogin, Client, OAuth2Session, Provider, demo

provider = Provider(
    "Example", authorization_endpoint="https://as.example/a", token_endpoint="https://as.example/t"
)
session = OAuth2Session.open(provider, Client("app"), token={"access_token": "a-token"})

def outcome(function):
    try:
        return repr(function())
    except BaseException as error:
        render = getattr(error, "_render_traceback_", None)
        return render() if render else type(error).__name__

print(json.dumps({
    "platform": sys.platform,
    "a thread": outcome(threading.Thread(target=print).start),
    "login, by name": outcome(lambda: nb_oauth.login("github", client=Client("app"))),
    "login, without waiting": outcome(lambda: nb_oauth.login("demo", wait=False)),
    "a widget": outcome(lambda: AuthorizationCodeLogin(provider, Client("app"))),
    "the demo": outcome(demo.start),
    "the doctor": outcome(nb_oauth.doctor),
    "a session": outcome(lambda: session),
    "another client": outcome(lambda: session.fresh_access_token()),
    "signing out": outcome(lambda: nb_oauth.logout(session)),
}))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    program = tmp_path_factory.mktemp("pyodide") / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    where = [str(environments.REPOSITORY), sysconfig.get_path("purelib")]
    script, package = HERE / "in_pyodide.mjs", environments.pyodide()
    done = subprocess.run(  # noqa: S603 - our own
        ["node", str(script), str(package), str(program), *where],  # noqa: S607 - the one on the path
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_it_is_pyodide_without_threads(outcomes: dict[str, Any]) -> None:
    assert (outcomes["platform"], outcomes["a thread"]) == ("emscripten", "RuntimeError")


@pytest.mark.parametrize(
    "what", ["login, by name", "login, without waiting", "a widget", "the demo"]
)
def test_signing_in_fails_at_once_in_one_line(outcomes: dict[str, Any], what: str) -> None:
    (line,) = outcomes[what]
    assert line.startswith("LoginRequired: Nobody can sign in here: Python runs in the browser's")
    assert "Run this with a kernel on a computer" in line


def test_the_doctor_says_the_same(outcomes: dict[str, Any]) -> None:
    assert "nobody: Python runs in the browser's page" in outcomes["the doctor"]
    assert "Run this with a kernel on a computer" in outcomes["the doctor"]


def test_a_token_that_somebody_has_makes_a_session_all_the_same(outcomes: dict[str, Any]) -> None:
    assert outcomes["a session"].startswith("<OAuth2Session: Signed in to Example")
    assert outcomes["another client"] == "'a-token'"
    assert "Signed out of Example" in outcomes["signing out"]
