"""Answers that do not sign anybody in: explained in the widget, and never the end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.harness import provider_pages
from tests.browser.harness.judged import ELSEWHERE, LOGIN, QUERY, query_of
from tests.browser.harness.leaks import find_secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import JudgedOpener

REDIRECT_URI = "https://notebook.example/callback"


def test_saying_no_at_the_provider(judged: JudgedOpener, artifact: Callable[[str], Path]) -> None:
    notebook = judged(LOGIN, QUERY)
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    tab = widget.open_sign_in_page()

    provider_pages.deny(tab)

    notebook.leave(tab, picture=artifact("loopback"))
    expect(widget.error).to_contain_text("End-User aborted interaction")
    notebook.page.screenshot(path=artifact("denied"))

    widget.ask_for_new_link()
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


def test_an_answer_with_another_state(
    judged: JudgedOpener, artifact: Callable[[str], Path]
) -> None:
    notebook = judged(LOGIN, QUERY, client=ELSEWHERE)
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    address = notebook.address_that_will_not_load(1)
    state = query_of(address)["state"]

    widget.answer(address.replace(state, "of-another-link"))

    expect(widget.error).not_to_be_empty()
    notebook.page.screenshot(path=artifact("wrong-state"))
    assert notebook.oidc.token_requests() == []
    assert notebook.notebook.is_running(1)

    widget.answer(address)
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


@pytest.mark.sweep  # tests/unit tells its state apart
def test_an_answer_to_an_older_link(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, client=ELSEWHERE)
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    older = notebook.address_that_will_not_load(1)
    first_link = widget.wait_for_link()

    assert query_of(widget.ask_for_new_link())["state"] != query_of(first_link)["state"]
    widget.answer(older)

    expect(widget.error).not_to_be_empty()
    assert notebook.oidc.token_requests() == []
    widget.answer(notebook.address_that_will_not_load(1))
    notebook.expect_signed_in(1)


def test_what_a_provider_says_is_text_and_never_html(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, client=ELSEWHERE)
    notebook.notebook.run_all()
    widget = notebook.widget(1)
    state = query_of(widget.wait_for_link())["state"]
    evil = "<img src=x onerror=console.error('run')><b>no</b>"
    answer = {"error": "access_denied", "error_description": evil, "state": state}
    answer["iss"] = notebook.oidc.issuer

    widget.answer(f"{REDIRECT_URI}?{urlencode(answer)}")

    expect(widget.error).to_contain_text("<b>no</b>")
    expect(widget.root.locator("img, b")).to_have_count(0)
    widget.ask_for_new_link()
    widget.answer(notebook.address_that_will_not_load(1))
    notebook.expect_signed_in(1)


def test_a_failing_token_endpoint_is_named_and_another_link_made(judged: JudgedOpener) -> None:
    notebook = judged(LOGIN, QUERY)
    notebook.notebook.run_all()
    first_link = notebook.widget(1).wait_for_link()
    notebook.oidc.set_token_fault("html", times=1)
    notebook.sign_in(1)

    widget = notebook.widget(1)
    expect(widget.error).to_contain_text("502")
    expect(widget.link).not_to_have_attribute("href", first_link)
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")


def test_what_no_new_code_mends_ends_the_cell_and_it_can_be_run_again(
    judged: JudgedOpener, artifact: Callable[[str], Path]
) -> None:
    notebook = judged(LOGIN, QUERY)
    notebook.notebook.run_all()
    notebook.oidc.set_token_fault("invalid_client", times=1)
    notebook.sign_in(1)

    widget = notebook.widget(1)
    widget.wait_for_status("failed")
    expect(widget.error).to_contain_text("invalid_client")
    notebook.notebook.expect_output(1, "invalid_client")
    expect(notebook.notebook.output(2)).to_have_count(0)
    notebook.page.screenshot(path=artifact("failed"))
    assert find_secrets(notebook.notebook.save(), notebook.oidc.secrets()) == []  # the traceback

    notebook.notebook.run_all()
    notebook.sign_in(1)
    notebook.expect_signed_in(1)
    notebook.notebook.expect_output(2, "I am alice")
