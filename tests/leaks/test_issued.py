"""What demo providers issue in other programs: the tests know it, and search for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nb_oauth.demo.registry import CLIENTS
from tests.kernel.harness import KernelProcess
from tests.leaks import issued
from tests.leaks.left_behind import LeftBehind
from tests.leaks.places import STANDARD_OUTPUT
from tests.providers.oidc import Secret
from tests.terminal import PseudoTerminal
from tests.unit.demo_visitor import VERIFIER

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]
# Each grant once, by plain HTTP; says which token it got by which.
EVERY_GRANT = """
import json
from nb_oauth.demo.server import DemoServer
from tests.unit.demo_visitor import Visitor

server = DemoServer()
server.serve()
visitor = Visitor(server)
coded = visitor.signed_in(scope="openid observations:read")
renewed = visitor.renew(coded).json()
implicit = visitor.answer(response_type="token", code_challenge=None, code_challenge_method=None)
device = visitor.device_code().json()
visitor.decide(visitor.follow(device))
polled = visitor.poll(device).json()
grant = {"grant_type": "client_credentials", "client_id": None}
service = visitor.token(auth=("demo-service", "published-with-the-demo"), **grant).json()
rubbish = visitor.post("/token", {"grant_type": "x"}, headers={"Authorization": "Basic x"})
assert rubbish.status_code < 500
print(json.dumps([coded, renewed, implicit, device, polled, service]))
"""


def in_a_terminal(folder: Path) -> str:
    with PseudoTerminal([sys.executable, "-c", EVERY_GRANT], folder) as terminal:
        return terminal.end()


def in_a_kernel(folder: Path) -> str:
    with KernelProcess(sys.executable, folder) as kernel:
        return kernel.run(EVERY_GRANT)


def run_every_grant() -> list[dict[str, str]]:
    command = [sys.executable, "-c", EVERY_GRANT]
    ran = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own
    answered: list[dict[str, str]] = json.loads(ran.stdout)
    return answered


def test_every_kind_is_known_that_another_program_issued() -> None:
    begun = issued.mark()
    answers = run_every_grant()
    known = issued.secrets(begun)

    expected = {
        Secret(kind, answer[kind])
        for answer in answers
        for kind in ("access_token", "refresh_token", "id_token", "device_code", "user_code")
        if kind in answer
    }
    assert len(expected) == 12
    assert expected <= set(known)
    assert Secret("code_verifier", VERIFIER) in known
    assert Secret("client_secret", CLIENTS["demo-service"].client_secret or "") in known
    assert {"code", "state"} <= {one.kind for one in known}
    assert issued.secrets(issued.mark()) == []


@pytest.mark.kernel
@pytest.mark.parametrize("run", [in_a_terminal, in_a_kernel])
def test_so_it_is_where_a_path_is_set(run: Callable[[Path], str], tmp_path: Path) -> None:
    with issued.noted_in(tmp_path / "secrets"):  # for it shows them all
        token = json.loads(run(tmp_path))[0]["access_token"]
        assert Secret("access_token", token) in issued.secrets(0)


def test_a_test_searches_for_what_was_issued_since_it_began(tmp_path: Path) -> None:
    with issued.noted_in(tmp_path / "secrets"):  # this test itself must find nothing
        before = run_every_grant()[0]["access_token"]
        left = LeftBehind()
        assert not left.has_secrets
        since = run_every_grant()[0]["access_token"]
        assert left.has_secrets
        left.leave(STANDARD_OUTPUT, f"{before} and {since}")
        left.search([])
    assert left.found == [f"{STANDARD_OUTPUT.name}, all of it: access_token, as it is"]
