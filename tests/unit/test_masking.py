"""No part of a secret in text, however it is written and wherever it is cut."""

from __future__ import annotations

import html
import json
import random
import time
import traceback
from urllib.parse import quote, quote_plus, urlencode

import pytest
import requests

from nb_oauth import OAuthError
from nb_oauth.masking import MASK, excerpt, mask, with_bare_errors
from nb_oauth.session import OAuth2Session

SECRET = "S3CRET-abc.DEF_ghi~jkl"
TRICKY = [
    "s3cr+t/%:=&?#",
    'with "quotes" and \\backslashes\\',
    "with 'single' quotes",
    "with  blanks\tand\nlines",
    "ünïcödé-🔑-秘密",
    "<b>&amp;</b>",
    "••••",
    "aaaa",
]
NAMES = [
    "access_token",
    "refresh_token",
    "id_token",
    "token",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "password",
    "client_assertion",
    "assertion",
    "accessToken",
    "X-Api-Key",
    "ACCESS_TOKEN",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "form",
    [
        '{{"{0}": "{1}"}}',
        '{{"a":1,"{0}":"{1}","b":2}}',
        "{{'{0}': '{1}'}}",
        '{{"{0}" :\n "{1}"}}',
        '{{"message": "{{\\"{0}\\": \\"{1}\\"}}"}}',
        '{{"{0}": "escaped \\" {1}"}}',
        '{{"{0}": "line\n{1}"}}',
        '{{"{0}": "{1}',
        '{{"{0}": "{1}\\',
        "{0}={1}",
        "a=b&{0}={1}&c=d",
        "'{0}={1}'",
        "https://x.example/cb?{0}={1}#top",
        "https://x.example/cb#{0}={1}&state=1",
        "&amp;{0}={1}&amp;",
        "return=https%3A%2F%2Fx%3F{0}%3D{1}%26state%3D1",
        "{0}%3D{1}",
    ],
)
def test_a_value_beside_the_name_of_a_secret_is_masked(name: str, form: str) -> None:
    masked = mask(form.format(name, SECRET))
    assert SECRET not in masked
    assert not any(part in masked for part in ("S3CRET", "DEF_ghi", "jkl"))
    assert MASK in masked


@pytest.mark.parametrize(
    "text",
    ["Authorization: Bearer {}", "bearer\t{}", "Basic {}==", "'DPoP {}'", "curl -H 'a: Bearer {}'"],
)
def test_an_authorization_header_is_masked(text: str) -> None:
    assert SECRET[:6] not in mask(text.format(SECRET))


def test_a_numeric_code_is_masked() -> None:
    assert "123456" not in mask('{"code": 123456}')


def test_a_json_web_token_is_masked_wherever_it_stands() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
    for text in (token, f"got {token}!", token[:20], f"[{token[:45]}"):
        assert "eyJ" not in mask(text)


@pytest.mark.parametrize("secret", [SECRET, *TRICKY])
@pytest.mark.parametrize(
    "written",
    [
        str,
        quote,
        lambda secret: quote(secret, safe=""),
        quote_plus,
        json.dumps,
        lambda secret: json.dumps(secret, ensure_ascii=False),
        lambda secret: json.dumps(secret).replace("/", "\\/"),
        html.escape,
        lambda secret: html.escape(secret, quote=False),
        lambda secret: urlencode({"note": secret}),
    ],
)
def test_a_known_secret_is_masked_in_whatever_form_it_comes_back(
    secret: str, written: object
) -> None:
    text = written(secret)  # type: ignore[operator]
    masked = mask(f"Wrong: [{text}]", [secret])
    if secret != "••••":
        assert text.strip('"') not in masked
        assert masked.removeprefix("Wrong: [").removesuffix("]").strip('"') in {
            MASK,
            f"note={MASK}",
        }


def test_of_two_secrets_the_longer_is_masked_whole() -> None:
    assert mask("abcd-efgh", ["abcd", "abcd-efgh"]) == MASK


def test_absent_and_very_short_secrets_mask_nothing() -> None:
    assert mask("a cat sat", [None, "", "cat"]) == "a cat sat"


@pytest.mark.parametrize(
    "text",
    [
        '{"error": "invalid_grant", "error_description": "The code has expired"}',
        '{"error": {"code": 400, "status": "x"}}',
        "token_type=bearer&expires_in=60",
        'WWW-Authenticate: Bearer realm="x", error="invalid_token"',
        "Bearer token is missing. Basic authentication is not supported.",
        "status_code=400",
        "",
    ],
)
def test_what_helps_is_left(text: str) -> None:
    assert mask(text) == text


def test_masking_twice_is_masking_once() -> None:
    text = f'{{"access_token": "{SECRET}"}} code={SECRET} Bearer {SECRET}'
    assert mask(mask(text)) == mask(text)


# -- excerpts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ['{{"x": "{0}", "access_token": "{1}"}}', "x={0}&code={1}&y=2", "{0} Bearer {1} z"]
)
def test_an_excerpt_never_shows_a_part_of_a_secret_wherever_it_is_cut(form: str) -> None:
    for before in range(60):
        text = form.format("x" * before, SECRET)
        for length in range(1, 90):
            shown = excerpt(text, length)
            assert len(shown) <= length
            assert "S3" not in shown
            assert "jkl" not in shown


def test_an_excerpt_never_shows_a_part_of_a_known_secret() -> None:
    for before in range(40):
        for length in range(1, 60):
            assert "S3" not in excerpt("." * before + SECRET + ".", length, [SECRET])


def test_a_secret_with_line_breaks_is_masked_before_the_lines_are_joined() -> None:
    assert excerpt("a\nfour\n lines b", secrets=["four\n lines"]) == f"a {MASK} b"


def test_an_excerpt_of_a_short_text_is_the_text_on_one_line() -> None:
    assert excerpt(" a\n\tb ") == "a b"


def test_any_text_is_masked_without_a_secret_left_or_an_error() -> None:
    dice = random.Random(20)  # noqa: S311 - made-up texts
    pieces = [
        '"',
        "'",
        "\\",
        ":",
        "=",
        "&",
        "%3D",
        "%26",
        " ",
        "\n",
        "{",
        "}",
        "token",
        "code",
        "é",
    ]
    for _ in range(2000):
        noise = ["".join(dice.choices(pieces, k=8)) for _ in range(2)]
        text = f'{noise[0]}{{"access_token": "{SECRET}"}}{noise[1]}'
        assert SECRET not in mask(text, [SECRET])


@pytest.mark.parametrize(
    "piece", ["a", "\\", '"', '\\"', "code=", "token", "eyJ", "bearer ", '"access_token": "', "%3F"]
)
def test_a_long_answer_is_masked_in_time(piece: str) -> None:
    began = time.process_time()
    mask(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 2


# -- errors without frames -----------------------------------------------------------------


@with_bare_errors
def _refuse(secret: str) -> None:
    try:
        int(f"not a number, but {secret!r}")
    except ValueError as error:
        raise OAuthError("Sign in again.") from error


def _refuse_while_handling_another() -> None:
    try:
        {}["the caller's own"]
    except KeyError:
        _refuse("")


def test_an_error_comes_without_the_frames_within_and_so_does_what_led_to_it() -> None:
    with pytest.raises(OAuthError) as told:
        _refuse("")
    names = [frame.name for frame in traceback.extract_tb(told.value.__traceback__)]
    assert "_refuse" not in names
    assert told.value.__cause__
    assert told.value.__cause__.__traceback__ is None


def test_what_the_caller_was_handling_keeps_its_frames() -> None:
    with pytest.raises(OAuthError) as told:
        _refuse_while_handling_another()
    assert told.value.__cause__
    callers = told.value.__cause__.__context__
    assert isinstance(callers, KeyError)
    assert callers.__traceback__


@pytest.mark.parametrize("ask", ["fetch_token", "refresh_token"])
def test_an_endpoint_that_is_not_reached_leaves_no_frame_with_what_it_was_to_get(
    ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = OAuth2Session("an-app", token={"access_token": "a-token", "token_type": "Bearer"})

    def fail(*_: object, **__: object) -> None:
        raise requests.ConnectionError("nobody listens")

    monkeypatch.setattr("nb_oauth.session.OAuth2Session._send_plain", fail)
    secret = {"fetch_token": "code", "refresh_token": "refresh_token"}[ask]
    with pytest.raises(requests.ConnectionError, match="nobody listens") as error:
        getattr(session, ask)("https://as.example/token", **{secret: "s3cret-of-theirs"})
    frames = [entry.frame for entry in error.traceback[1:]]
    assert "s3cret-of-theirs" not in repr([frame.f_locals for frame in frames])
