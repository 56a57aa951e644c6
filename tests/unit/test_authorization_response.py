"""Reading whatever people paste into the callback box."""

from urllib.parse import urlencode

import pytest

from nb_oauth.grants.authorization_response import (
    AuthorizationRequest,
    AuthorizationResponse,
    History,
    read_response,
)
from nb_oauth.prompts import Answer, RawAnswer, Rejection
from nb_oauth.providers import Provider

REDIRECT_URI = "http://127.0.0.1:8123/callback"
STATE = "the-state-of-this-link"
CODE = "SplxlOBeZQQYbYS6WxSbIA"


def request_with(**provider: object) -> AuthorizationRequest:
    metadata = Provider(
        "Example",
        issuer="https://example.test",
        authorization_endpoint="https://example.test/authorize",
        token_endpoint="https://example.test/token",
        **provider,  # type: ignore[arg-type]
    )
    query = urlencode(
        {"response_type": "code", "client_id": "c", "state": STATE, "code_challenge": "x"}
    )
    return AuthorizationRequest(
        metadata, f"https://example.test/authorize?{query}", STATE, REDIRECT_URI
    )


def read(
    text: str, *, pasted: bool = True, history: History | None = None, **provider: object
) -> Answer[AuthorizationResponse] | Rejection:
    request = request_with(**provider)
    return read_response(RawAnswer(text, pasted), request, history or History())


def code_of(text: str, **options: object) -> str | None:
    outcome = read(text, **options)  # type: ignore[arg-type]
    assert isinstance(outcome, Answer), outcome
    return outcome.value.code


def reason_of(text: str, **options: object) -> str:
    outcome = read(text, **options)  # type: ignore[arg-type]
    assert isinstance(outcome, Rejection), outcome
    return outcome.reason


QUERY = f"code={CODE}&state={STATE}"
URL = f"{REDIRECT_URI}?{QUERY}"


@pytest.mark.parametrize(
    "text",
    [
        URL,
        f"?{QUERY}",
        QUERY,
        f"state={STATE}&code={CODE}",
        f"  {URL}\n",
        f'"{URL}"',
        f"'{URL}'",
        f"<{URL}>",
        f"“{URL}”",
        f"{URL[:40]}\n{URL[40:]}",
        f"{URL[:40]}\r\n   {URL[40:]}",
        f"{URL[:40]} {URL[40:]}",  # an <input> makes a space of a line break
        f"\ufeff{URL}\u200b",
        URL.replace("&", "&amp;"),
        f"{URL}#_=_",
        URL.removeprefix("http://"),
        f"{REDIRECT_URI}#{QUERY}",
        CODE,
        f"  `{CODE}` ",
    ],
)
def test_takes_what_people_paste(text: str) -> None:
    assert code_of(text) == CODE


def test_an_error_of_the_provider_is_an_answer() -> None:
    outcome = read(f"{REDIRECT_URI}?error=access_denied&error_description=No+way&state={STATE}")
    assert isinstance(outcome, Answer)
    assert outcome.value.error == "access_denied"
    assert "No way" in outcome.value.refusal("Example")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing in the box"),
        ("  \n ", "nothing in the box"),
        ("hello world", "neither an address nor a code"),
        ("abc", "neither an address nor a code"),
        ("lovelace", "neither an address nor a code"),  # sooner a password than a code
        ("<b>hi</b>", "neither an address nor a code"),
        ("x" * 5000, "neither an address nor a code"),
        ("where do I put this?", "neither an address nor a code"),
        ("http://[::1/cb", "neither an address nor a code"),
        ("kódy-které-nejsou", "neither an address nor a code"),
        ("https://example.test/authorize?response_type=code&client_id=c", "sign-in link itself"),
        (f"https://other.test/cb?code={CODE}&state=else", "another app"),
        (f"{REDIRECT_URI}?code={CODE}&state=else", "another sign-in"),
        (f"code={CODE}&state=else", "another sign-in"),
        (f"{REDIRECT_URI}?code={CODE}", "no state"),
        (f"code={CODE}", "no state"),
        (REDIRECT_URI, "the page has taken it away"),
        ("https://example.test/", "does not come from signing in"),
        (f"{URL}&code=another", "a parameter twice"),
        ("error=access_denied", "no state"),
        ("a=1&b=2", "does not come from signing in"),
    ],
)
def test_says_what_is_wrong_with_anything_else(text: str, words: str) -> None:
    assert words in reason_of(text)


def test_the_authorization_url_is_known_even_with_the_right_state() -> None:
    assert "sign-in link itself" in reason_of(request_with().url)


def test_brackets_that_hold_no_address_are_no_end() -> None:
    reason_of("https://[your-app]/cb?code=abcd&state=x")  # Python 3.11 and later cannot split it


def test_every_rejection_says_what_to_do() -> None:
    for text in ("", "hello world", "abc", REDIRECT_URI, f"code={CODE}"):
        assert any(word in reason_of(text) for word in ("Paste", "Open")), text


def test_a_state_from_an_older_link_is_told_apart() -> None:
    history = History()
    history.remember("the-state-of-an-older-link")
    url = f"{REDIRECT_URI}?code={CODE}&state=the-state-of-an-older-link"
    assert "older link" in reason_of(url, history=history)


@pytest.mark.parametrize("text", [CODE, URL])
def test_a_code_used_twice_is_told(text: str) -> None:
    history = History()
    history.spend(CODE)
    assert "tried already" in reason_of(text, history=history)


def test_a_bare_code_from_an_address_bar_is_decoded() -> None:
    assert code_of("4%2F0AX4xyz") == "4/0AX4xyz"


def test_a_bare_code_is_taken_from_the_box_only() -> None:
    assert "neither an address nor a code" in reason_of(CODE, pasted=False)


def test_a_bare_code_is_taken_only_with_pkce() -> None:
    request = request_with()
    plain = AuthorizationRequest(
        request.provider, "https://example.test/authorize?state=x", STATE, REDIRECT_URI
    )
    outcome = read_response(RawAnswer(CODE, pasted=True), plain, History())
    assert isinstance(outcome, Rejection)
    assert "not safe" in outcome.reason


def test_without_a_redirect_uri_it_still_says_what_to_paste() -> None:
    request = AuthorizationRequest(request_with().provider, request_with().url, STATE, None)
    outcome = read_response(RawAnswer("https://a.test/?x=1"), request, History())
    assert isinstance(outcome, Rejection)
    assert outcome.reason.endswith("after signing in.")


def test_an_answer_of_another_issuer_is_refused() -> None:  # RFC 9207 §2.4
    assert "evil.test" in reason_of(f"{URL}&iss=https%3A%2F%2Fevil.test")
    assert code_of(f"{URL}&iss=https%3A%2F%2Fexample.test") == CODE


def test_a_missing_issuer_is_refused_where_the_provider_always_names_it() -> None:
    promised = {"authorization_response_iss_parameter_supported": True}
    assert "always names itself" in reason_of(URL, **promised)


def test_an_issuer_is_not_compared_with_one_that_is_unknown() -> None:
    request = request_with()
    unknown = Provider("Example", token_endpoint="https://example.test/token")
    anonymous = AuthorizationRequest(unknown, request.url, STATE, REDIRECT_URI)
    outcome = read_response(RawAnswer(f"{URL}&iss=https%3A%2F%2Fx.test"), anonymous, History())
    assert isinstance(outcome, Answer)


def test_no_repr_holds_a_code_or_a_state() -> None:
    outcome = read(URL)
    for value in (outcome, request_with(), RawAnswer(URL), History()):
        assert CODE not in repr(value)
        assert STATE not in repr(value)


def test_a_provider_error_without_words_still_reads_well() -> None:
    refusal = AuthorizationResponse(error="server_error").refusal("Example")
    assert refusal.startswith("Example answered: server_error.")


def test_html_in_a_description_stays_text_on_one_line() -> None:
    refusal = AuthorizationResponse(error="x", error_description="<b>a</b>\n" * 200)
    assert "\n" not in refusal.refusal("Example")
    assert len(refusal.refusal("Example")) < 500


def test_the_sentence_of_a_provider_ends_once() -> None:
    refusal = AuthorizationResponse(error="access_denied", error_description="You chose Deny.")
    assert ".." not in refusal.refusal("Example")


def test_an_unknown_scope_is_the_program_s_to_change() -> None:
    refusal = AuthorizationResponse(error="invalid_scope").refusal("Example")
    assert "change scope=…, and run it again" in refusal


def test_a_refusal_of_the_provider_is_told_on_the_page_it_ends_on() -> None:
    outcome = read(f"{REDIRECT_URI}?error=access_denied&state={STATE}")
    assert isinstance(outcome, Answer)
    assert "Access was not granted" in str(outcome.remark)
    success = read(URL)
    assert isinstance(success, Answer)
    assert success.remark is None
