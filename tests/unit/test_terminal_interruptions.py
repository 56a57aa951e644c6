"""Ctrl-C, Ctrl-Z and a terminal that goes away, at real pseudo-terminals, while one is asked."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.polling import wait_until
from tests.terminal import PseudoTerminal, python

if TYPE_CHECKING:
    from pathlib import Path

SETUP = """\
from nb_oauth import *

at = "http://127.0.0.1:9"
provider = Provider(
    "Example", authorization_endpoint=f"{at}/authorize", token_endpoint=f"{at}/token"
)
by_name = PasswordLogin(provider, Client("app"))
by_paste = AuthorizationCodeLogin(
    provider, Client("app", redirect_uri="https://notebook.example/callback")
)
"""
PASTE = r"ends on \(it does not show\): "
# What the interpreter does when Ctrl-C comes while the terminal's thread is being started.
INTERRUPTED_START = """\
import threading
start = threading.Thread.start

def interrupted(thread):
    start(thread)
    if thread.name == "nb_oauth terminal":
        raise KeyboardInterrupt

threading.Thread.start = interrupted
try:
    by_paste.wait()
except KeyboardInterrupt:
    print("nb_oauth terminal" in [one.name for one in threading.enumerate()])
"""
WATCHED = """\
import pathlib, threading, time

def is_asking():
    return "nb_oauth terminal" in [one.name for one in threading.enumerate()]

def watch():
    for wanted, seen in ((True, "asked"), (False, "free")):
        while is_asking() is not wanted:
            time.sleep(0.01)
        pathlib.Path(seen).touch()

threading.Thread(target=watch, daemon=True).start()
"""
HUNG_UP = """\
import pathlib, signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
try:
    {login}.wait()
except OAuthError as error:
    pathlib.Path("ended").write_text(type(error).__name__)
"""
DEVICE = """\
from nb_oauth.surfaces import Event, Status, View
from nb_oauth.surfaces.terminal import Terminal
import pathlib, queue, signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
events = queue.SimpleQueue()
with Terminal(events.put) as terminal:
    terminal.show(View(Status.WORKING, "Sign in", progress="Waiting for you."))
    pathlib.Path("waits").touch()
    while not pathlib.Path("gone").exists():
        pass
    terminal.show(View(Status.WORKING, "Sign in", progress="Still waiting."))
    pathlib.Path("ended").write_text(type(events.get(timeout=20)).__name__)
"""


def test_ctrl_c_while_it_begins_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with PseudoTerminal(python(SETUP + INTERRUPTED_START), tmp_path) as terminal:
        assert terminal.end() == "False\n"
        assert terminal.settings_now() == terminal.settings


def test_ctrl_c_at_an_await_of_ipython_gives_the_keyboard_back(tmp_path: Path) -> None:
    file = tmp_path / "setup.py"
    own = "Client, AuthorizationCodeLogin, PasswordLogin, Provider"
    file.write_text(SETUP.replace("*", own) + WATCHED)  # IPython would take no names of a star
    command = [sys.executable, "-m", "IPython", "--no-banner", "--no-confirm-exit", "-i", str(file)]
    env = {"IPYTHONDIR": str(tmp_path)}
    with PseudoTerminal(command, tmp_path, env, all_of_it=True) as terminal:
        terminal.wait_for(r"In \[1\]: ")
        terminal.type("session = await by_paste\r")
        terminal.wait_for(PASTE)
        wait_until((tmp_path / "asked").exists, "somebody who watches the asking")
        terminal.press_control("c")
        terminal.wait_for(r"KeyboardInterrupt(?s:.*)In \[2\]: ")
        wait_until((tmp_path / "free").exists, "an end of the asking")
        terminal.type("print(6 * 7)\r")
        terminal.wait_for(r"\n42")
        terminal.type("exit\r")
        terminal.end()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is the shell that lets typing show")
def test_a_password_is_hidden_again_after_a_stop(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(SETUP + "by_name.wait()\n")
    command = ["bash", "--norc", "--noprofile", "-i"]
    with PseudoTerminal(command, tmp_path, {"PS1": "ready> "}, all_of_it=True) as terminal:
        terminal.wait_for("ready> ")
        terminal.type(f"{sys.executable} {file}\n")
        terminal.wait_for("Name: ")
        terminal.type("analyst\n")
        terminal.wait_for(r"Password \(it does not show\): ")
        terminal.press_control("z")
        terminal.wait_for(r"Stopped(?s:.*)ready> ")
        terminal.type("fg\n")
        terminal.wait_for(r"program\.py\s*\Z")
        wait_until(lambda: not terminal.shows_typing, "a terminal that shows nothing")
        terminal.type("not-to-be-seen\n")
        terminal.wait_for("could not be reached")
        terminal.press_control("c")
        terminal.wait_for(r"KeyboardInterrupt(?s:.*)ready> ")
        assert "not-to-be-seen" not in terminal.shown
        terminal.type("exit\n")
        terminal.end()


@pytest.mark.parametrize("login", ["by_name", "by_paste"])
def test_a_terminal_that_goes_away_ends_the_wait(tmp_path: Path, login: str) -> None:
    with PseudoTerminal(python(SETUP + HUNG_UP.format(login=login)), tmp_path) as terminal:
        terminal.wait_for(r"Name: |" + PASTE)
        terminal.hang_up()
        ended = tmp_path / "ended"
        wait_until(ended.exists, "an end of the wait")
        terminal.process.wait(20)
        assert ended.read_text() == "LoginCancelled"


def test_nor_does_a_device_code_wait_at_a_terminal_that_has_gone(tmp_path: Path) -> None:
    with PseudoTerminal(python(DEVICE), tmp_path) as terminal:
        wait_until((tmp_path / "waits").exists, "a view that is shown")
        terminal.hang_up()
        (tmp_path / "gone").touch()
        terminal.process.wait(20)
        assert (tmp_path / "ended").read_text() == "Cancelled"


def test_what_a_kernel_has_started_asks_nobody(tmp_path: Path) -> None:
    code = "from nb_oauth import place; print(place.here().name)"
    for env, where in (({}, "TERMINAL"), ({"JPY_PARENT_PID": str(os.getpid())}, "ELSEWHERE")):
        with PseudoTerminal(python(code), tmp_path, env) as terminal:
            assert terminal.end() == f"{where}\n"
