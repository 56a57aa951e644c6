from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.unit.demo_visitor import REDIRECT_URI, Visitor, came_back, text_of, ticket


def test_a_person_signs_in_and_allows_what_the_page_says_in_plain_words(visitor: Visitor) -> None:
    page = visitor.authorize()
    assert page.status_code == 200
    assert "ada with the password lovelace" in text_of(page)
    consent = visitor.sign_in(page)
    assert "Your notebook asks you, Ada Lovelace" in text_of(consent)
    assert "Read the observatory’s star measurements" in text_of(consent)
    answer = came_back(visitor.decide(consent))
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("the-state", visitor.issuer)


def test_there_are_two_people_and_the_pages_name_both(visitor: Visitor) -> None:
    page = visitor.authorize()
    for told in (text_of(page), text_of(visitor.get("/"))):
        assert "ada with the password lovelace, or as grace with the password hopper" in told
    again = visitor.sign_in(page, "grace", "lovelace")
    assert "Try grace and hopper" in text_of(again)
    assert "asks you, Grace Hopper" in text_of(visitor.sign_in(again, "grace", "hopper"))


def test_the_page_is_filled_in_so_that_one_click_suffices(visitor: Visitor) -> None:
    page = visitor.authorize().text
    assert 'value="ada"' in page
    assert 'value="lovelace"' in page


def test_an_answer_without_a_state_holds_none(visitor: Visitor) -> None:
    assert visitor.answer(state=None).keys() == {"code", "iss"}


def test_a_wrong_password_is_explained_and_can_be_typed_again(visitor: Visitor) -> None:
    page = visitor.authorize()
    again = visitor.sign_in(page, password="byron")
    assert again.status_code == 400
    assert "don’t belong together. Try ada and lovelace" in text_of(again)
    assert "byron" not in again.text
    assert "Allow access?" in visitor.sign_in(again).text


def test_an_unknown_name_is_kept_in_the_form_and_escaped(visitor: Visitor) -> None:
    page = visitor.sign_in(visitor.authorize(), username='"><script>x')
    assert "<script" not in page.text
    assert "&quot;&gt;&lt;script&gt;x" in page.text


def test_nobody_decides_before_signing_in(visitor: Visitor) -> None:
    page = visitor.authorize()
    reply = visitor.decide(page)
    assert reply.status_code == 400
    assert "out of date" in reply.text


def test_a_wrong_password_does_not_sign_anybody_in(visitor: Visitor) -> None:
    page = visitor.sign_in(visitor.authorize(), password="byron")
    assert visitor.decide(page).status_code == 400


def test_deny_says_so_to_the_app(visitor: Visitor) -> None:
    answer = visitor.answer("deny")
    assert answer["error"] == "access_denied"
    assert "Deny" in answer["error_description"]
    assert (answer["state"], answer["iss"]) == ("the-state", visitor.issuer)
    assert "code" not in answer


def test_whatever_is_not_allow_denies(visitor: Visitor) -> None:
    assert visitor.answer("perhaps")["error"] == "access_denied"


@pytest.mark.parametrize("path", ["/sign-in", "/decision"])
@pytest.mark.parametrize("form", [{}, {"ticket": "made-up"}])
def test_a_form_from_elsewhere_is_refused(
    visitor: Visitor, path: str, form: dict[str, str]
) -> None:
    sent = {**form, "username": "ada", "password": "lovelace", "decision": "allow"}
    reply = visitor.post(path, sent)
    assert reply.status_code == 400
    assert "out of date" in reply.text
    assert "Location" not in reply.headers


def test_a_page_left_open_too_long_is_out_of_date(visitor: Visitor) -> None:
    page = visitor.authorize()
    visitor.later(seconds=601)
    assert visitor.sign_in(page).status_code == 400


def test_a_double_click_on_allow_gets_the_same_answer_and_issues_nothing_more(
    visitor: Visitor,
) -> None:
    page = visitor.sign_in(visitor.authorize())
    first, second, third = (visitor.decide(page, d) for d in ("allow", "allow", "deny"))
    assert first.headers["Location"] == second.headers["Location"] == third.headers["Location"]


@pytest.mark.parametrize(
    ("parameters", "explanation"),
    [
        ({"client_id": None}, "client_id is not known"),
        ({"client_id": "<b>who</b>"}, "client_id is not known"),
        ({"redirect_uri": None}, "names no redirect_uri"),
        ({"redirect_uri": "callback"}, "leads away"),
        ({"redirect_uri": "https://evil.example/callback"}, "leads away"),
        ({"redirect_uri": "https://127.0.0.1/callback"}, "leads away"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, "leads away"),
        ({"redirect_uri": "http://127.0.0.1@evil.example/"}, "leads away"),
        ({"redirect_uri": "http://user@127.0.0.1/"}, "leads away"),
        ({"redirect_uri": "http://10.0.0.1/"}, "leads away"),
        ({"redirect_uri": "http://127.0.0.1/#fragment"}, "leads away"),
        ({"redirect_uri": "http://127.0.0.1:99999/"}, "leads away"),
        ({"state": ["one", "two"]}, "Duplicate state"),
    ],
)
def test_a_wrong_client_or_redirect_uri_is_explained_and_never_redirected(
    visitor: Visitor, parameters: dict[str, Any], explanation: str
) -> None:
    reply = visitor.authorize(**parameters)
    assert reply.status_code == 400
    assert explanation in text_of(reply)
    assert "<b>" not in reply.text
    assert "Location" not in reply.headers


@pytest.mark.parametrize(
    "redirect_uri", ["http://localhost/", "http://[::1]:8/x", "http://127.9.9.9:1/"]
)
def test_every_loopback_address_and_port_is_a_redirect_uri(
    visitor: Visitor, redirect_uri: str
) -> None:
    assert visitor.authorize(redirect_uri=redirect_uri).status_code == 200


def test_a_damaged_link_is_explained(visitor: Visitor) -> None:
    status, page = visitor.raw("GET", "/authorize?state=%ZZ")
    assert status == 400
    assert "cannot be read" in page


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unauthorized_client"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"token_lifetime": "0"}, "invalid_request"),
        ({"token_lifetime": "86401"}, "invalid_request"),
        ({"token_lifetime": "long"}, "invalid_request"),
        ({"client_id": "demo-service", "response_type": "token"}, "unauthorized_client"),
    ],
)
def test_other_mistakes_go_back_to_the_app(
    visitor: Visitor, parameters: dict[str, Any], error: str
) -> None:
    reply = visitor.authorize(**parameters)
    assert reply.status_code == 303
    answer = came_back(reply)
    assert (answer["error"], answer["iss"]) == (error, visitor.issuer)
    assert answer["state"] == "the-state"


def test_an_implicit_sign_in_answers_in_the_fragment(visitor: Visitor) -> None:
    page = visitor.sign_in(visitor.authorize(response_type="token", token_lifetime="30"))
    reply = visitor.decide(page)
    assert not urlsplit(reply.headers["Location"]).query
    answer = came_back(reply)
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", "30")
    assert "refresh_token" not in answer
    assert visitor.api("/me", answer).json()["name"] == "Ada Lovelace"


def test_an_implicit_error_answers_in_the_fragment_too(visitor: Visitor) -> None:
    reply = visitor.authorize(response_type="token", scope="everything")
    assert not urlsplit(reply.headers["Location"]).query
    assert came_back(reply)["error"] == "invalid_scope"
    page = visitor.sign_in(visitor.authorize(response_type="token"))
    assert "#error=access_denied" in visitor.decide(page, "deny").headers["Location"]


def test_without_a_scope_the_observations_are_asked_for(visitor: Visitor) -> None:
    assert visitor.signed_in(scope=None)["scope"] == "observations:read"


def test_the_pages_allow_no_script_no_frame_and_forms_only_to_themselves(visitor: Visitor) -> None:
    page = visitor.authorize()
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert policy.endswith("form-action 'self'")
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "Set-Cookie" not in page.headers


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [(REDIRECT_URI, "http://127.0.0.1:49152"), ("http://[::1]:8/x", "http:")],
)
def test_the_consent_form_may_lead_back_to_the_app(
    visitor: Visitor, redirect_uri: str, origin: str
) -> None:
    consent = visitor.sign_in(visitor.authorize(redirect_uri=redirect_uri))
    policy = consent.headers["Content-Security-Policy"]
    assert policy.endswith(f"form-action 'self' {origin}")


def test_every_ticket_is_its_own(visitor: Visitor) -> None:
    assert ticket(visitor.authorize()) != ticket(visitor.authorize())
