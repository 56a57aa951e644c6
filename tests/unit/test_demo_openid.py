"""OpenID Connect at the demo provider: checked with joserfc, as any client would."""

from __future__ import annotations

import subprocess
import sys
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from nb_oauth import demo
from nb_oauth.demo.metadata import METADATA_PATHS, metadata
from tests.unit.demo_visitor import FORM, Token, Visitor, came_back, text_of

if TYPE_CHECKING:
    from requests import Response

IMPLICIT = {"response_type": "id_token token", "code_challenge": None, "scope": "openid"}


def keys(visitor: Visitor) -> KeySet:
    return KeySet.import_key_set(visitor.get("/jwks").json())


def claims(visitor: Visitor, token: Token) -> dict[str, Any]:
    """What an ID token says, once its signature was checked."""
    return jwt.decode(token["id_token"], keys(visitor), ["RS256"]).claims


def user_info(visitor: Visitor, token: Token) -> Response:
    return visitor.get("/userinfo", headers=bearer(token))


def bearer(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['access_token']}"}


# ID tokens (OpenID Connect Core §2, §3.1.3.6)


def test_an_id_token_says_who_signed_in(visitor: Visitor) -> None:
    token = visitor.signed_in(scope="openid", nonce="the-nonce")
    said = claims(visitor, token)
    digest = sha256(token["access_token"].encode()).digest()[:16]
    assert said["at_hash"] == urlsafe_b64encode(digest).decode().rstrip("=")
    assert (said["iss"], said["aud"]) == (visitor.issuer, "demo-notebook")
    assert (said["sub"], said["nonce"]) == ("observer-1815", "the-nonce")
    assert said["exp"] - said["iat"] == 3600
    assert abs(said["iat"] - visitor.application.ledger.clock()) < 60
    assert 0 <= said["iat"] - said["auth_time"] < 60
    times = {"exp", "iat", "auth_time"}
    assert said.keys() == {"iss", "aud", "sub", "nonce", "at_hash", *times}


def test_it_is_signed_with_the_published_key(visitor: Visitor) -> None:
    token = visitor.signed_in(scope="openid")
    reply = visitor.get("/jwks")
    (key,) = reply.json()["keys"]
    assert reply.headers["Content-Type"] == "application/json"
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert key.keys() == {"kty", "use", "alg", "kid", "n", "e"}
    assert jwt.decode(token["id_token"], keys(visitor)).header["kid"] == key["kid"]
    head, payload, signature = token["id_token"].split(".")
    forged = f"{head}.{payload[:-4]}AAAA.{signature}"
    with pytest.raises(BadSignatureError):
        jwt.decode(forged, keys(visitor))


def test_without_a_nonce_or_without_openid_there_is_none(visitor: Visitor) -> None:
    assert "nonce" not in claims(visitor, visitor.signed_in(scope="openid"))
    assert "id_token" not in visitor.signed_in(scope="profile:read", nonce="the-nonce")


def test_the_token_request_cannot_choose_the_nonce(visitor: Visitor) -> None:
    code = visitor.answer(scope="openid", nonce="the-nonce")["code"]
    token = visitor.exchange(code, nonce="another").json()
    assert claims(visitor, token)["nonce"] == "the-nonce"


def test_what_is_told_depends_on_the_scopes(visitor: Visitor) -> None:
    said = claims(visitor, visitor.signed_in(scope="openid profile email"))
    assert (said["name"], said["preferred_username"]) == ("Ada Lovelace", "ada")
    assert (said["given_name"], said["family_name"]) == ("Ada", "Lovelace")
    assert (said["email"], said["email_verified"]) == ("ada@observatory.example", True)


def test_a_renewal_brings_another_that_tells_the_same_without_the_nonce(visitor: Visitor) -> None:
    token = visitor.signed_in(scope="openid profile", nonce="the-nonce")
    before = claims(visitor, token)
    visitor.later(seconds=100)
    renewed = visitor.renew(token, nonce="another").json()
    after = claims(visitor, renewed)
    assert "nonce" not in after
    assert after["iat"] >= before["iat"] + 100
    for name in ("iss", "sub", "aud", "auth_time", "name"):
        assert after[name] == before[name]
    assert after["at_hash"] != before["at_hash"]
    assert "id_token" not in visitor.renew(renewed, scope="profile").json()


def test_the_device_grant_brings_one(visitor: Visitor) -> None:
    device = visitor.device_code(scope="openid", nonce="the-nonce").json()
    visitor.decide(visitor.follow(device))
    said = claims(visitor, visitor.poll(device).json())
    assert (said["sub"], said["nonce"]) == ("observer-1815", "the-nonce")


def test_where_nobody_saw_a_sign_in_page_there_is_none(visitor: Visitor) -> None:
    asked = {"grant_type": "password", "username": "grace", "password": "hopper"}
    token = visitor.token(**asked, scope="openid profile").json()
    assert "id_token" not in token
    assert "id_token" not in visitor.renew(token).json()
    assert user_info(visitor, token).json()["name"] == "Grace Hopper"


def test_nobody_vouches_for_a_service(visitor: Visitor) -> None:
    auth = ("demo-service", "published-with-the-demo")
    asked = {"grant_type": "client_credentials", "client_id": None, "scope": "openid"}
    reply = visitor.token(**asked, auth=auth)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_scope")


# The implicit grant (OpenID Connect Core §3.2)


@pytest.mark.parametrize("response_type", ["id_token token", "token id_token"])
def test_the_implicit_grant_answers_with_both_in_the_fragment(
    visitor: Visitor, response_type: str
) -> None:
    asked = {**IMPLICIT, "response_type": response_type, "nonce": "the-nonce"}
    reply = visitor.decide(visitor.sign_in(visitor.authorize(**asked)))
    assert not urlsplit(reply.headers["Location"]).query
    answer = came_back(reply)
    assert (answer["state"], answer["iss"]) == ("the-state", visitor.issuer)
    assert claims(visitor, answer)["nonce"] == "the-nonce"
    assert user_info(visitor, answer).json() == {"sub": "observer-1815"}
    assert "refresh_token" not in answer


def test_a_token_alone_comes_without(visitor: Visitor) -> None:
    asked = {**IMPLICIT, "response_type": "token", "nonce": "the-nonce"}
    assert "id_token" not in visitor.answer(**asked)


@pytest.mark.parametrize(
    ("asked", "error", "explanation"),
    [
        ({}, "invalid_request", "needs a nonce"),
        ({"nonce": "x", "scope": "profile"}, "invalid_request", "needs the scope openid"),
        ({"nonce": "x", "client_id": "demo-service"}, "unauthorized_client", ""),
        ({"nonce": "x", "prompt": "none"}, "login_required", "anew"),
        ({"response_type": "id_token", "nonce": "x"}, "unsupported_response_type", ""),
    ],
)
def test_a_wrong_request_is_told_in_the_fragment(
    visitor: Visitor, asked: dict[str, Any], error: str, explanation: str
) -> None:
    reply = visitor.authorize(**{**IMPLICIT, **asked})
    assert not urlsplit(reply.headers["Location"]).query
    answer = came_back(reply)
    assert answer["error"] == error
    assert explanation in answer.get("error_description", "")


def test_prompt_none_means_nothing_without_openid(visitor: Visitor) -> None:
    assert visitor.authorize(prompt="none").status_code == 200


def test_deny_is_told_in_the_fragment(visitor: Visitor) -> None:
    page = visitor.sign_in(visitor.authorize(**IMPLICIT, nonce="x"))
    assert "Recognize you" in text_of(page)
    assert "#error=access_denied" in visitor.decide(page, "deny").headers["Location"]


# User info (OpenID Connect Core §5.3)


def test_user_info_tells_what_the_scopes_allow(visitor: Visitor) -> None:
    token = visitor.signed_in(scope="openid email")
    told = {"sub": "observer-1815", "email": "ada@observatory.example", "email_verified": True}
    assert user_info(visitor, token).json() == told
    posted = visitor.post("/userinfo", headers={**FORM, **bearer(token)})
    assert posted.json() == told


def test_user_info_needs_openid_and_a_live_token(visitor: Visitor) -> None:
    reply = user_info(visitor, visitor.signed_in(scope="profile:read"))
    assert (reply.status_code, reply.json()["error"]) == (403, "insufficient_scope")
    assert 'scope="openid"' in reply.headers["WWW-Authenticate"]
    assert user_info(visitor, {"access_token": "made-up"}).status_code == 401
    assert visitor.get("/userinfo").headers["WWW-Authenticate"] == 'Bearer realm="nb_oauth demo"'


# Discovery, and what is not to happen


def test_both_documents_say_the_same(visitor: Visitor) -> None:
    for path in METADATA_PATHS:
        assert visitor.get(path).json() == metadata(visitor.issuer)
    said = metadata(visitor.issuer)
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    assert said["response_types_supported"] == ["code", "token", "id_token token"]


def test_the_provider_value_is_what_the_documents_say() -> None:
    provider = demo.provider()
    try:
        said = metadata(provider.issuer or "")
    finally:
        demo.stop()
    for field in fields(provider):
        if field.name in said:
            value = getattr(provider, field.name)
            assert (list(value) if isinstance(value, tuple) else value) == said[field.name]
    addresses = {name for name in said if name.endswith(("_endpoint", "_uri"))}
    assert {name for name in addresses if getattr(provider, name)} == addresses


def test_the_journal_tells_of_openid(visitor: Visitor) -> None:
    visitor.get(METADATA_PATHS[1])
    token = visitor.signed_in(scope="openid")
    claims(visitor, token)
    user_info(visitor, token)
    told = [event.what for event in visitor.server.journal()]
    assert told[0] == "Metadata read"
    assert told[-4:] == [
        "ID token signed (RS256)",
        "Token issued for 3600 s (authorization code grant)",
        "Signing keys read",
        "User info told to Your notebook",
    ]
    assert token["id_token"] not in repr(visitor.server.journal())


def test_of_many_who_ask_at_once_all_see_one_key(visitor: Visitor) -> None:
    def key(_number: int) -> str:
        own = Visitor(visitor.server)
        with own.http:
            return own.get("/jwks").json()["keys"][0]["kid"]

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(key, range(6)))) == 1


def test_who_asks_for_no_openid_never_loads_joserfc() -> None:
    script = """
import sys
from nb_oauth.demo.server import DemoServer
from tests.unit.demo_visitor import Visitor
server = DemoServer()
server.serve()
visitor = Visitor(server)
visitor.renew(visitor.signed_in())
assert "joserfc" not in sys.modules
visitor.signed_in(scope="openid")
assert "joserfc" in sys.modules
visitor.http.close()
server.close()
"""
    command = [sys.executable, "-c", script]
    subprocess.run(command, check=True, timeout=60)  # noqa: S603 - our own script
