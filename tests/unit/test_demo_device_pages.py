"""The demo provider's verification page, where a person types or confirms a user code."""

from __future__ import annotations

import pytest

from tests.unit.demo_visitor import Token, Visitor, text_of


@pytest.fixture
def device(visitor: Visitor) -> Token:
    return visitor.device_code().json()


def test_the_page_asks_who_it_is_before_it_asks_for_a_code(visitor: Visitor) -> None:
    page = visitor.get("/device")
    assert "the app that shows you a code" in text_of(page)
    reply = visitor.type_code(page, "BBBB-BBBB")
    assert (reply.status_code, "out of date" in reply.text) == (400, True)
    assert visitor.decide(page).status_code == 400


def test_nobody_decides_before_a_code_is_known(visitor: Visitor) -> None:
    page = visitor.sign_in(visitor.get("/device"))
    assert "out of date" in visitor.decide(page).text


@pytest.mark.parametrize("form", [{}, {"ticket": "made-up"}])
def test_a_form_from_elsewhere_is_refused(visitor: Visitor, form: dict[str, str]) -> None:
    reply = visitor.post("/device", {**form, "user_code": "BBBB-BBBB"})
    assert (reply.status_code, "out of date" in reply.text) == (400, True)


def test_a_mistyped_code_is_explained_and_can_be_typed_again(
    visitor: Visitor, device: Token
) -> None:
    page = visitor.sign_in(visitor.get("/device"))
    again = visitor.type_code(page, '"><b>BBBB')
    assert again.status_code == 400
    assert "No app waits for this code" in text_of(again)
    assert 'aria-describedby="error"' in again.text
    assert "&quot;&gt;&lt;b&gt;BBBB" in again.text
    assert "Allow access?" in visitor.type_code(again, device["user_code"]).text


def test_a_link_with_a_code_that_nobody_knows_asks_for_another(visitor: Visitor) -> None:
    page = visitor.sign_in(visitor.get("/device?user_code=BBBB-BBBB"))
    assert "No app waits for this code" in text_of(page)
    assert 'value="BBBB-BBBB"' in page.text


def test_a_code_that_ran_out_is_of_no_use_at_any_step(visitor: Visitor, device: Token) -> None:
    consent, typing = visitor.follow(device), visitor.sign_in(visitor.get("/device"))
    visitor.later(seconds=300)
    link = device["verification_uri_complete"].removeprefix(visitor.issuer)
    for reply in (
        visitor.decide(consent),
        visitor.type_code(typing, device["user_code"]),
        visitor.get(link),
    ):
        assert reply.status_code == 400
        assert "This code has run out" in text_of(reply)
    assert "allowed" not in repr(visitor.server.journal())


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_code_is_decided_once(visitor: Visitor, device: Token, decision: str) -> None:
    first, second = visitor.follow(device), visitor.follow(device)
    done = visitor.decide(first, decision)
    assert visitor.decide(first, "deny").text == done.text
    assert "used already" in text_of(visitor.decide(second))
    polled = visitor.poll(device)
    assert (polled.status_code == 200) == (decision == "allow")


def test_the_pages_lead_nowhere_else(visitor: Visitor, device: Token) -> None:
    policy = visitor.follow(device).headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self'")


def test_the_journal_tells_the_device_flow_without_its_codes(
    visitor: Visitor, device: Token
) -> None:
    for seconds in (1, 1, 0):
        visitor.poll(device)
        visitor.later(seconds)
    visitor.poll(device)
    visitor.decide(visitor.type_code(visitor.sign_in(visitor.get("/device")), device["user_code"]))
    visitor.type_code(visitor.sign_in(visitor.get("/device?user_code=x")), "y")
    visitor.poll(device)
    assert [event.what for event in visitor.server.journal()] == [
        "Your notebook was given a device code, good for 300 s, to ask for observations:read",
        "Your notebook asks every 1 s whether somebody has decided: not yet",
        "Asked too soon: slow_down, to every 6 s",
        "Verification page opened",
        "Ada Lovelace signed in",
        "Your notebook was allowed observations:read",
        "Verification page opened, with the code in the link",
        "Ada Lovelace signed in",
        "A code was typed that cannot be used",
        "Device code exchanged; the client had asked 5 times",
        "Token issued for 3600 s (device code grant)",
    ]
    told = repr(visitor.server.journal()) + repr(visitor.application.ledger.device_code(""))
    code = visitor.application.ledger.device_code(device["device_code"])
    assert device["device_code"] not in told + repr(code)
    assert device["user_code"] not in told + repr(code)
