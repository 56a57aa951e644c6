"""The callback page as a service of a JupyterHub, started as a Hub starts one."""

from __future__ import annotations

import os
import re
import sys
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from nb_oauth.redirects import hub_service
from tests.polling import wait_until
from tests.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "/services/nb-oauth/"
# As `python -m` does, and ends with its standard input: it outlives no test run.
PROGRAM = """\
import os, signal, sys, threading
from runpy import run_module

def end():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end, daemon=True).start()
run_module("nb_oauth.redirects.hub_service", run_name="__main__")
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("service")
    told = {"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:0", "JUPYTERHUB_SERVICE_PREFIX": PREFIX}
    command = [sys.executable, "-c", PROGRAM]
    with ServerProcess(command, log=folder / "service.log", env={**os.environ, **told}) as process:
        yield process


def ask(service: ServerProcess, path: str) -> tuple[int, str]:
    def port() -> str | None:
        service.check_alive()
        found = re.search(r"at port (\d+), /services/nb-oauth/callback", service.read_log())
        return found and found[1]

    connection = HTTPConnection("127.0.0.1", int(wait_until(port, "it listens", seconds=30)))
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_the_page_and_the_script_are_there(service: ServerProcess) -> None:
    status, page = ask(service, f"{PREFIX}callback?code=the-c0de")
    assert (status, "the-c0de" in page) == (200, False)
    assert "history.replaceState" in page
    assert ask(service, f"{PREFIX}listen.js")[0] == 200


def test_nothing_that_is_asked_for_is_logged(service: ServerProcess) -> None:
    assert ask(service, f"{PREFIX}callback/?code=the-c0de")[0] == 404
    assert ask(service, f"{PREFIX}callback?code=the-c0de")[0] == 200
    assert "the-c0de" not in service.read_log()


@pytest.mark.parametrize("missing", ["JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_SERVICE_PREFIX"])
def test_who_starts_it_by_hand_is_told_how_a_hub_does(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:0")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", PREFIX)
    monkeypatch.delenv(missing)
    with pytest.raises(SystemExit, match=r"url=… and a command=…"):
        hub_service.main()
