"""A provider's signing keys: asked for once, again when they change, and no more often."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import TokenError
from nb_oauth.openid.refusals import Refusal
from nb_oauth.openid.signatures import is_signed_with, read
from nb_oauth.openid.signing_keys import SigningKeys
from tests.unit.openid_stage import other_keys, public, rsa, sign, unsigned
from tests.unit.session_stage import at_once

if TYPE_CHECKING:
    from nb_oauth.openid.signatures import Signed


class Endpoint:
    """A ``jwks_uri``, and a clock that is set by hand."""

    def __init__(self, *keys: Any) -> None:
        self.body = json.dumps({"keys": [public(key) for key in keys]})
        self.status = 200
        self.asked: list[str] = []
        self.now = 1000.0
        self.error: Exception | None = None

    def ask(self, address: str) -> requests.Response:
        self.asked.append(address)
        if self.error:
            raise self.error
        response = requests.Response()
        response.status_code, response.raw = self.status, BytesIO(self.body.encode())
        return response

    def publish(self, *keys: Any) -> None:
        self.body = json.dumps({"keys": [public(key) for key in keys]})

    def keys(self) -> SigningKeys:
        return SigningKeys("https://op.example/jwks", self.ask, clock=lambda: self.now)


def by(kid: str) -> Signed:
    return read(sign({"sub": "ada"}, rsa(kid), kid=kid))


def test_keys_are_asked_for_once_an_hour() -> None:
    endpoint = Endpoint(rsa("1"))
    keys = endpoint.keys()
    for _ in range(3):
        keys.check(by("1"))
    assert endpoint.asked == ["https://op.example/jwks"]
    endpoint.now += 3600
    endpoint.publish(rsa("2"))  # the other was taken back
    with pytest.raises(Refusal, match="publishes no key"):
        keys.check(by("1"))
    assert len(endpoint.asked) == 2  # just asked: once more would bring the same


def test_an_unknown_key_is_asked_for_once_a_minute() -> None:
    endpoint = Endpoint(rsa("1"))
    keys = endpoint.keys()
    keys.check(by("1"))
    for _ in range(5):
        with pytest.raises(Refusal):
            keys.check(by("2"))
    assert len(endpoint.asked) == 2
    endpoint.publish(rsa("1"), rsa("2"))
    endpoint.now += 60
    keys.check(by("2"))
    assert len(endpoint.asked) == 3


def test_a_key_that_changed_under_its_name_is_asked_for() -> None:
    renamed = read(sign({"sub": "ada"}, rsa("2"), kid="1"))
    endpoint = Endpoint(rsa("1"))
    keys = endpoint.keys()
    keys.check(by("1"))
    endpoint.body = json.dumps({"keys": [public(rsa("2"), kid="1")]})
    keys.check(renamed)
    with pytest.raises(Refusal, match="signature"):
        keys.check(by("1"))
    assert len(endpoint.asked) == 2


def nameless(key: Any, **members: Any) -> dict[str, Any]:
    return {name: value for name, value in public(key).items() if name != "kid"} | members


@pytest.mark.parametrize("beside", [[], [nameless(other_keys()["ES256"])]])
def test_the_only_key_that_may_be_meant_needs_no_name(beside: list[Any]) -> None:
    endpoint = Endpoint()
    endpoint.body = json.dumps({"keys": [nameless(rsa("1")), *beside]})
    keys = endpoint.keys()
    keys.check(by("1"))
    with pytest.raises(Refusal, match="signature"):
        keys.check(by("2"))


@pytest.mark.parametrize(
    "published",
    [
        [nameless(rsa("1")), nameless(rsa("2"))],
        [nameless(rsa("1")), public(rsa("2"))],
        [nameless(rsa("1"), use="enc")],
        [nameless(rsa("1"), kid="")],
    ],
    ids=["two without", "another with", "for something else", "an empty one"],
)
def test_any_other_key_without_the_name_is_none(published: list[Any]) -> None:
    endpoint = Endpoint()
    endpoint.body = json.dumps({"keys": published})
    with pytest.raises(Refusal, match="publishes no key"):
        endpoint.keys().check(by("1"))


def test_many_threads_ask_once() -> None:
    endpoint = Endpoint(rsa("1"))
    keys, signed = endpoint.keys(), by("1")
    assert at_once(8, lambda: keys.check(signed)) == [None] * 8
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, "{}", "HTTP 404"),
        (200, "<html>", "no JSON Web Key Set"),
        (200, "{}", "no JSON Web Key Set"),
        (200, "[]", "no JSON Web Key Set"),
        (200, '{"keys": {}}', "no JSON Web Key Set"),
        (200, "[" * 100_000, "no JSON Web Key Set"),
        (200, '{"keys": [], "x": "' + "x" * (1 << 20) + '"}', "no JSON Web Key Set"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_something_else_is_there(status: int, body: str, words: str) -> None:
    endpoint = Endpoint()
    endpoint.status, endpoint.body = status, body
    with pytest.raises(TokenError, match=words) as caught:
        endpoint.keys().check(by("1"))
    assert caught.value.status == status


def test_after_a_failure_they_are_asked_for_anew() -> None:
    endpoint = Endpoint(rsa("1"))
    keys = endpoint.keys()
    endpoint.error = requests.ReadTimeout("…")
    with pytest.raises(requests.ReadTimeout, match=r"op\.example could not be had") as caught:
        keys.check(by("1"))
    assert isinstance(caught.value, TokenError)
    endpoint.error = None
    keys.check(by("1"))
    assert len(endpoint.asked) == 2


def test_an_authority_that_nobody_trusts_is_told_with_what_to_do() -> None:
    endpoint = Endpoint(rsa("1"))
    endpoint.error = requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] s3cret")
    with pytest.raises(TokenError, match="set REQUESTS_CA_BUNDLE") as caught:
        endpoint.keys().check(by("1"))
    assert isinstance(caught.value, requests.exceptions.SSLError)
    assert "s3cret" not in str(caught.value)


def test_no_key_makes_an_unsigned_token_good() -> None:
    """Whoever forgets to check the algorithm first is told no all the same."""
    assert not is_signed_with(read(unsigned({"sub": "ada"})), public(rsa("1")))
    assert not is_signed_with(by("1"), public(other_keys()["ES256"]))
