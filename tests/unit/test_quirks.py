"""What single providers do otherwise: a server that does it, and the rule that it takes."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests_oauthlib.compliance_fixes

from nb_oauth import Client, ConfigurationError, OAuth2Session, Provider, TokenError, quirks
from nb_oauth.providers import known_provider
from tests.unit.session_stage import Reply, Request, Stage, reply

if TYPE_CHECKING:
    from collections.abc import Callable

APP = Client("app", redirect_uri="http://127.0.0.1/callback")


def opened(stage: Stage, *names: str, **arguments: Any) -> OAuth2Session:
    provider = replace(stage.provider, quirks=names)
    session = OAuth2Session.open(provider, APP, **arguments)
    session.trust_env, session._pause = False, stage.pauses.append
    return session


def sent(session: OAuth2Session) -> dict[str, str]:
    """The parameters of an authorization request."""
    assert session.provider is not None
    url, _ = session.authorization_url(session.provider.require("authorization_endpoint"))
    return {name: " | ".join(values) for name, values in parse_qs(urlsplit(url).query).items()}


def exchanged(session: OAuth2Session) -> dict[str, Any]:
    """The token that a code is worth."""
    assert session.provider is not None
    sent(session)
    return dict(session.fetch_token(session.provider.require("token_endpoint"), code="a-code"))


# -- the names ---------------------------------------------------------------------------------


def test_a_rule_that_does_not_exist_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        ConfigurationError, match=r"quirks=\['typo'\]: .*comma_separated_scope, ebay"
    ):
        Provider("E", quirks=("slack_user", "typo"))
    wrong: Any = "slack_user"
    with pytest.raises(ConfigurationError, match="quirks must be several names"):
        Provider("E", quirks=wrong)


def test_a_session_that_was_not_opened_keeps_to_none() -> None:
    session = OAuth2Session("app")
    assert quirks.AUTHORIZATION_REQUEST not in session.compliance_hook
    with pytest.raises(ConfigurationError, match="there is no such rule"):
        quirks.apply(session, ["typo"])


def test_no_rule_puts_a_token_into_a_request(stage: Stage) -> None:
    for name in quirks.names():
        session = opened(stage, name, token={"access_token": "a-token"})
        assert not session.compliance_hook["protected_request"]
    theirs = set(dir(requests_oauthlib.compliance_fixes))
    assert theirs >= quirks._THEIRS
    assert quirks._THEIRS.isdisjoint({"slack_compliance_fix", "instagram_compliance_fix"})


def test_copies_and_pickles_keep_to_the_rules_once(stage: Stage) -> None:
    session = opened(stage, "slack_user", scope=["users:read", "chat:write"])
    session.token = {"access_token": "a-token"}
    for twin in (copy.copy(session), copy.deepcopy(session), pickle.loads(pickle.dumps(session))):  # noqa: S301 - our own
        assert sent(twin)["user_scope"] == "users:read,chat:write"
        assert {kind: len(hooks) for kind, hooks in twin.compliance_hook.items() if hooks} == {
            "authorization_request": 1,
            "access_token_response": 1,
            "refresh_token_response": 1,
        }


# -- a scope with commas -----------------------------------------------------------------------


def test_scope_values_are_asked_for_with_commas(stage: Stage) -> None:
    scope = ["read", "activity:read_all"]
    parameters = sent(opened(stage, "comma_separated_scope", scope=scope))
    assert parameters["scope"] == "read,activity:read_all"
    plain = sent(opened(stage, scope=scope))
    assert plain["scope"] == "read activity:read_all"
    assert set(parameters) == set(plain)


def test_everything_else_of_the_request_stays_as_it_is(stage: Stage) -> None:
    session = opened(stage, "comma_separated_scope", scope="read write")
    extra = {"prompt": "a b", "hint": "a+b&c=d"}
    url, state = session.authorization_url(f"{stage.issuer}/authorize?tenant=x&blank=", **extra)
    parameters = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert {name: parameters[name] for name in extra} == {
        name: [one] for name, one in extra.items()
    }
    assert (parameters["tenant"], parameters["blank"]) == (["x"], [""])
    assert parameters["state"] == [state]
    assert url.startswith(f"{stage.issuer}/authorize?")


def test_what_was_granted_with_commas_counts(stage: Stage) -> None:
    stage.at_token = lambda _: reply(access_token="a-token", scope="read,activity:read_all")
    session = opened(stage, "comma_separated_scope", scope=["read", "activity:read_all"])
    exchanged(session)
    assert session.scope == ["read", "activity:read_all"]
    assert session.may_have("activity:read_all")
    assert session.missing_scope == []


# -- Slack -------------------------------------------------------------------------------------

SLACK: dict[str, Any] = {
    "ok": True,
    "app_id": "A1",
    "authed_user": {
        "id": "U1",
        "scope": "users:read,chat:write",
        "access_token": "xoxp-the-person",
        "token_type": "user",
    },
    "team": {"id": "T1"},
}


def test_the_person_s_token_is_found_beside_the_app_s(stage: Stage) -> None:
    stage.at_token = lambda _: reply(**SLACK)
    scope = ["users:read", "chat:write"]
    with pytest.raises(TokenError):
        exchanged(opened(stage, scope=scope))
    session = opened(stage, "slack_user", scope=scope)
    parameters = sent(session)
    assert parameters["user_scope"] == "users:read,chat:write"
    assert "scope" not in parameters
    token = exchanged(session)
    assert (token["access_token"], token["id"], token["team"]) == (
        "xoxp-the-person",
        "U1",
        {"id": "T1"},
    )
    assert "authed_user" not in token
    assert session.scope == scope
    session.get(stage.api)
    assert stage.sent_tokens == ["Bearer xoxp-the-person"]


def test_the_person_s_token_comes_before_the_bot_s(stage: Stage) -> None:
    both = {**SLACK, "access_token": "xoxb-bot", "refresh_token": "bot-r", "expires_in": 60}
    stage.at_token = lambda _: reply(**both)
    token = exchanged(opened(stage, "slack_user"))
    assert token["access_token"] == "xoxp-the-person"
    assert "refresh_token" not in token
    assert "expires_at" not in token


def test_a_rotating_token_of_the_person_s_is_renewed(stage: Stage) -> None:
    user = {**SLACK["authed_user"], "refresh_token": "r-1", "expires_in": 43200}
    answers = [
        reply(**{**SLACK, "authed_user": user}),
        reply(ok=True, access_token="xoxp-2", refresh_token="r-2", expires_in=43200),
    ]
    stage.at_token = lambda _: answers.pop(0)
    session = opened(stage, "slack_user", scope="users:read")
    exchanged(session)
    session.renew()
    assert stage.token_requests[1].form["refresh_token"] == "r-1"
    assert (session.token["access_token"], session.token["refresh_token"]) == ("xoxp-2", "r-2")


@pytest.mark.parametrize(
    "answer",
    [
        reply(ok=False, error="invalid_code"),
        reply(ok=False, error="invalid_code", authed_user={}),
        reply(ok=False, error="invalid_code", authed_user="U1"),
        reply(ok=False, error="invalid_code", authed_user=None),
    ],
    ids=lambda answer: answer.body,
)
def test_a_refusal_with_http_200_is_one(stage: Stage, answer: Reply) -> None:
    stage.at_token = lambda _: answer
    with pytest.raises(TokenError, match="answered invalid_code"):
        exchanged(opened(stage, "slack_user"))


@pytest.mark.parametrize("body", ["<h1>Bad gateway</h1>", "[]", "5", ""])
@pytest.mark.parametrize("name", quirks.names())
def test_an_answer_of_another_kind_is_told_as_without_the_rule(
    stage: Stage, name: str, body: str
) -> None:
    stage.at_token = lambda _: Reply(body, 400, {"Content-Type": "text/html"})
    told = []
    for names in ((name,), ()):
        with pytest.raises(TokenError) as refused:
            exchanged(opened(stage, *names))
        told.append(str(refused.value))
    assert told[0] == told[1]


# -- the fixes of requests-oauthlib ------------------------------------------------------------


def fitbit(_: Request) -> Reply:
    return reply(401, errors=[{"errorType": "invalid_client", "message": "no"}], success=False)


def plentymarkets(_: Request) -> Reply:
    return reply(accessToken="a-token", tokenType="Bearer", expiresIn=3600)


@pytest.mark.parametrize(
    ("name", "answer", "without", "comes_of_it"),
    [
        ("fitbit", fitbit, "did not answer with a token", "answered invalid_client"),
        ("plentymarkets", plentymarkets, "did not answer with a token", "a-token"),
    ],
)
def test_a_fix_of_requests_oauthlib_mends_an_answer(
    stage: Stage,
    name: str,
    answer: Callable[[Request], Reply],
    without: str,
    comes_of_it: str,
) -> None:
    stage.at_token = answer

    def outcome(*names: str) -> str:
        try:
            return str(exchanged(opened(stage, *names))["access_token"])
        except TokenError as error:
            return str(error)

    assert without in outcome()
    assert comes_of_it in outcome(f"{name}_compliance_fix")


def test_a_fix_mends_a_renewal_too(stage: Stage) -> None:
    stage.at_token = fitbit
    token = {"access_token": "a", "refresh_token": "r", "token_type": "Bearer"}
    session = opened(stage, "fitbit_compliance_fix", token=token)
    with pytest.raises(TokenError) as refused:
        session.renew()
    assert refused.value.error == "invalid_client"


def test_an_answer_that_a_fix_stumbles_over_half_way_is_left_as_it_was(stage: Stage) -> None:
    stage.at_token = lambda _: reply(errors=[], access_token="a-token")
    assert exchanged(opened(stage, "fitbit_compliance_fix"))["access_token"] == "a-token"


# -- the providers that need them --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameter", "other"),
    [("strava", "scope", "user_scope"), ("slack", "user_scope", "scope")],
)
def test_a_known_provider_has_its_rule(name: str, parameter: str, other: str) -> None:
    session = OAuth2Session.open(known_provider(name).provider, APP, scope=["a:read", "b:read"])
    parameters = sent(session)
    assert parameters[parameter] == "a:read,b:read"
    assert other not in parameters


def test_no_document_sets_a_rule(stage: Stage) -> None:
    from nb_oauth.providers.metadata import METADATA
    from nb_oauth.providers.metadata_document import read_document
    from nb_oauth.providers.well_known import place_of

    document = json.loads(
        json.dumps({"issuer": stage.issuer, "quirks": ["slack_user"], "api_hosts": ["*"]})
    )
    assert read_document(document, METADATA, place_of(stage.issuer), "there") == {
        "issuer": stage.issuer
    }
