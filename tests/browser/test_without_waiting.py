"""Voilà and marimo, where no cell can wait: real servers, and a person who signs in on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.harness.front_end_page import FrontEndPage
from tests.browser.harness.front_ends import Marimo, Voila
from tests.browser.harness.judged import (
    ELSEWHERE,
    SIGNED_IN,
    address_that_will_not_load,
    sign_in_by,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.conftest import Visit

    Artifact = Callable[[str], Path]

pytestmark = pytest.mark.timeout(300)  # the first has to install them

LINE = (
    "No cell can wait here: nb_oauth.login(…, wait=False).on_signed_in(function) calls "
    "function(session) as soon as somebody has signed in."
)
NOBODY = "Nobody has signed in yet, so there is no session.get."
LOGIN = "session = nb_oauth.login(provider, client=client, **asked)"
ASK = "session.get(api).json()"


def as_app(folder: Path, cells: list[str]) -> Marimo:
    return Marimo(folder, cells, mode="run")


def as_author(folder: Path, cells: list[str]) -> Marimo:
    return Marimo(folder, cells, mode="edit")


# -- Voilà -----------------------------------------------------------------------------------------

GREETING = """\
import ipywidgets
greeting = ipywidgets.HTML("Nobody yet.")
greeting"""
CALLED = """\
def greet(session):
    greeting.value = "I am " + session.get(api).json()["sub"]

nb_oauth.login(provider, client=client, **asked, wait=False).on_signed_in(greet)"""
BUTTON = """\
answer = ipywidgets.HTML()
button = ipywidgets.Button(description="Ask")
button.on_click(lambda _: setattr(answer, "value", "asked: " + session.get(api).json()["sub"]))
ipywidgets.VBox([button, answer])"""
AT_ONCE = "from nb_oauth.surfaces import widget; widget._APPEARS_WITHIN = 0"


def test_a_voila_page_is_shown_and_goes_on_by_itself(visit: Visit, artifact: Artifact) -> None:
    page = visit(Voila, AT_ONCE, LOGIN, GREETING, CALLED, BUTTON, ASK)
    widget = page.widget()
    widget.wait_for_link()
    page.expect_text(LINE)
    page.expect_text("Nobody yet.")
    page.expect_text(NOBODY)
    page.page.screenshot(path=artifact("before"), full_page=True)
    sign_in_by(widget)
    widget.wait_for_status("signed_in")
    page.expect_text("I am alice")
    page.page.get_by_role("button", name="Ask").click()
    page.expect_text("asked: alice")
    expect(page.widget(1).progress).to_have_text(SIGNED_IN)


@pytest.mark.sweep
def test_what_is_pasted_into_a_voila_page(visit: Visit) -> None:
    page = visit(Voila, GREETING, CALLED, client=ELSEWHERE)
    widget = page.widget()
    address = address_that_will_not_load(widget)
    widget.answer("https://notebook.example/callback?error=nonsense")
    expect(widget.error).not_to_be_empty()
    widget.answer(address)
    page.expect_text("I am alice")


@pytest.mark.sweep
def test_a_voila_page_where_somebody_cancels_and_then_signs_in(visit: Visit) -> None:
    page = visit(Voila, GREETING, CALLED)
    widget = page.widget()
    widget.wait_for_link()
    widget.cancel.click()
    widget.wait_for_status("cancelled")
    widget.new_link.click()
    sign_in_by(widget)
    page.expect_text("I am alice")


# -- marimo ----------------------------------------------------------------------------------------

STATE = """\
import marimo as mo
get_session, set_session = mo.state(None)"""
SET = """\
login = nb_oauth.login(provider, client=client, **asked, wait=False)
login.on_signed_in(set_session)
login"""
READ = """\
mine = get_session()
mo.md("Nobody yet." if mine is None else "I am " + mine.get(api).json()["sub"])"""


def test_a_marimo_app_goes_on_by_itself_for_each_visitor_apart(
    visit: Visit, context: BrowserContext, artifact: Artifact
) -> None:
    page = visit(as_app, STATE, LOGIN, SET, READ)
    widget = page.widget()
    widget.wait_for_link()
    page.expect_text(LINE)
    page.expect_text("Nobody yet.")
    page.page.screenshot(path=artifact("before"), full_page=True)
    sign_in_by(widget)
    page.expect_text("I am alice")
    expect(page.widget(1).progress).to_have_text(SIGNED_IN)

    assert context.browser is not None
    other = context.browser.new_context()
    second = FrontEndPage(other.new_page(), page.front_end)
    second.open()
    widget = second.widget()
    second.expect_text("Nobody yet.")  # one process serves both
    sign_in_by(widget, name="bob")
    second.expect_text("I am bob")
    page.expect_text("I am alice")
    other.close()


def as_forgetful_app(folder: Path, cells: list[str]) -> Marimo:
    return Marimo(folder, cells, mode="run", forgets_after=1)


CLOCK = """\
every_second = mo.ui.refresh(default_interval=1)
every_second"""
THREADS = """\
import threading
every_second
names = [one.name for one in threading.enumerate() if "nb_oauth" in one.name]
mo.md("Threads: " + ", ".join(sorted(names)) + ".")"""


@pytest.mark.sweep
def test_a_marimo_visitor_who_leaves_takes_everything_along(
    visit: Visit, context: BrowserContext
) -> None:
    page = visit(as_forgetful_app, STATE, CLOCK, THREADS, SET, READ)
    sign_in_by(page.widget())
    page.expect_text("I am alice")
    page.expect_text("Threads: .")
    leaver = FrontEndPage(context.new_page(), page.front_end)
    leaver.open()
    leaver.widget().wait_for_status("waiting")
    page.page.bring_to_front()
    page.expect_text("Threads: nb_oauth attempt, nb_oauth loopback.")  # one process serves both
    leaver.page.close()
    page.expect_text("Threads: .")


@pytest.mark.sweep
def test_a_marimo_notebook_whose_author_runs_the_cell_again(
    visit: Visit, artifact: Artifact
) -> None:
    page = visit(as_author, LOGIN, ASK)
    first = page.widget().wait_for_link()
    page.expect_text(f"{LINE} Or run this cell again after that.")
    page.expect_text(NOBODY)
    page.page.screenshot(path=artifact("before"))
    page.run_again(1)
    widget = page.widget()
    expect(widget.link).not_to_have_attribute("href", first)
    sign_in_by(widget)
    widget.wait_for_status("signed_in")
    page.run_again(1)
    page.expect_text("Signed in to Judge. Run this cell to sign in as yourself.")
    page.expect_text("alice")


@pytest.mark.sweep
def test_what_is_pasted_into_a_marimo_app(visit: Visit) -> None:
    page = visit(as_app, STATE, SET, READ, client=ELSEWHERE)
    widget = page.widget()
    address = address_that_will_not_load(widget)
    widget.answer("https://notebook.example/callback?error=nonsense")
    expect(widget.error).not_to_be_empty()
    widget.answer(address)
    page.expect_text("I am alice")


@pytest.mark.sweep
def test_a_marimo_app_where_somebody_cancels_and_then_signs_in(visit: Visit) -> None:
    page = visit(as_app, STATE, SET, READ)
    widget = page.widget()
    widget.wait_for_link()
    widget.cancel.click()
    widget.wait_for_status("cancelled")
    widget.new_link.click()
    sign_in_by(widget)
    page.expect_text("I am alice")
