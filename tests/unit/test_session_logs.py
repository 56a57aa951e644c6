"""No secret in any log, whatever is logged: ours, requests-oauthlib's, oauthlib's and urllib3's."""

from __future__ import annotations

import copy
import gc
import importlib
import inspect
import json
import logging
import logging.config
import pickle
import pkgutil
import pprint
import re
import sys
import threading
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import oauthlib
import pytest
import requests
import requests_oauthlib
import urllib3
from oauthlib.common import Request as OAuthlibRequest
from oauthlib.oauth2 import MobileApplicationClient, WebApplicationClient
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from nb_oauth import Client, OAuth2Session, OAuthError, log_masking
from nb_oauth.masking import MASK, Hidden, mask_error
from tests.unit.session_stage import Request, Stage, let_theirs_use_http, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKENS = {
    "access_token": "secret-access+/=",
    "refresh_token": "secret-refresh+/=",
    "id_token": "secret-id",
    "token_type": "bearer",
}
CLIENT = Client(
    "app", client_secret="secret-of-the-client", redirect_uri="http://127.0.0.1/callback"
)
CODE = "secret-" + "code"  # no line of code shows it
NOWHERE = "http://127.0.0.1:1"  # where nobody listens


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        stage.at_token = lambda _: reply(200, **TOKENS, expires_in=3600)
        yield stage


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """No session of another test is alive."""
    others = dict(log_masking._alive)
    log_masking._alive.clear()
    for name in log_masking.LOGGERS:
        logging.getLogger(name).removeFilter(log_masking._masking)
    yield
    log_masking._alive.update({one: what for one, what in others.items() if what[0]() is not None})
    if log_masking._alive:
        log_masking._install()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(1)
    return caplog


def shown(log: pytest.LogCaptureFixture) -> str:
    """All that there is in the records, also what no formatter makes text of."""
    formatter = logging.Formatter()
    return "\n".join(
        f"{record.name} {formatter.format(record)} {record.args!r} {record.msg!r}"
        for record in log.records
    )


def use(stage: Stage, session: Any) -> None:
    """What requests-oauthlib's session has in common with ours."""
    session.authorization_url(f"{stage.issuer}/authorize")
    secret = CLIENT.client_secret
    session.fetch_token(stage.token_endpoint, code="secret-code", client_secret=secret)
    session.fetch_token(stage.token_endpoint, code="secret-code", method="GET")
    session.get(stage.api)
    session.get(stage.api, params={"access_token": "secret-in-query"})
    session.refresh_token(stage.token_endpoint)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(OAuth2Session, id="ours"),
        pytest.param(
            requests_oauthlib.OAuth2Session,
            id="theirs",
            marks=pytest.mark.xfail(strict=True, reason="row 18 of what requests-oauthlib does"),
        ),
    ],
)
@pytest.mark.parametrize("placement", ["auth_header", "query"])
def test_a_classic_session(
    stage: Stage,
    kind: type,
    placement: str,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_theirs_use_http(monkeypatch, kind)
    use(
        stage,
        stage.classic(
            kind,
            client=WebApplicationClient("app", default_token_placement=placement),  # type: ignore[arg-type]
            pkce="S256",
        ),
    )
    assert "secret-" not in shown(log)
    assert '"POST /token HTTP/1.1" 200' in shown(log)


def test_theirs_beside_ours(
    stage: Stage, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    ours = stage.open(CLIENT)
    use(stage, stage.classic(requests_oauthlib.OAuth2Session))
    assert "secret-" not in shown(log)
    assert f"'access_token': '{MASK}'" in shown(log)
    assert not ours.authorized


def test_an_opened_session(stage: Stage, log: pytest.LogCaptureFixture) -> None:
    session = stage.open(CLIENT, scope="a")
    session.authorization_url(f"{stage.issuer}/authorize")
    assert session._code_verifier
    verifier = str(session._code_verifier)
    session.fetch_token(stage.token_endpoint, code="secret-code")
    session.get(stage.api, params={"api_key": "secret-in-query"})
    session.renew()

    def refuse(request: Request) -> Any:
        return reply(400, error="invalid_grant", error_description=str(request.form))

    stage.at_token = refuse
    for ask in (session.renew, lambda: session.fetch_token(stage.token_endpoint, code="secret-2")):
        with pytest.raises(OAuthError):
            ask()
    assert "secret-" not in shown(log)
    assert verifier not in shown(log)


def test_an_implicit_answer(log: pytest.LogCaptureFixture) -> None:
    session = OAuth2Session(client=MobileApplicationClient("app"))
    _, state = session.authorization_url("https://as.example/authorize")
    session.token_from_fragment(
        f"https://app.example/#access_token=secret-token&token_type=bearer&state={state}"
    )
    assert "secret-" not in shown(log)


def test_a_token_at_an_odd_place(stage: Stage, log: pytest.LogCaptureFixture) -> None:
    """Known by its value where no name gives it away."""
    session = stage.open(CLIENT, token=TOKENS)
    session.get(f"{stage.issuer}/bot/{TOKENS['access_token']}/me?x={TOKENS['id_token']}")
    session.get(f"{stage.issuer}/{CLIENT.client_secret}")
    assert "secret-" not in shown(log)


def test_a_verifier_that_somebody_logs(stage: Stage, log: pytest.LogCaptureFixture) -> None:
    session = stage.open(CLIENT)
    session.authorization_url(f"{stage.issuer}/authorize")
    POOL.debug("%s", session._code_verifier)
    assert log.messages == [MASK]


def test_an_authorization_request_that_the_session_sends(
    stage: Stage, log: pytest.LogCaptureFixture
) -> None:
    session = OAuth2Session(client=MobileApplicationClient("app"))
    url, state = session.authorization_url(f"{stage.issuer}/authorize")
    session.get(url)
    assert f'"GET /authorize?response_type=token&client_id=app&state={MASK} HTTP' in shown(log)
    assert state not in shown(log)


def test_urllib3_that_tries_again(stage: Stage, log: pytest.LogCaptureFixture) -> None:
    session = stage.classic(
        OAuth2Session,
        client=WebApplicationClient("app", default_token_placement="query"),
        token=TOKENS,
    )
    session.mount("http://", HTTPAdapter(max_retries=Retry(1)))
    with pytest.raises(requests.ConnectionError):
        session.get(f"{NOWHERE}/data")
    assert "secret-" not in shown(log)
    assert "Retrying" in shown(log)


# -- the filter itself -----------------------------------------------------------------------------


class Holder:
    """Who has a secret."""


def watched(*secrets: str) -> Holder:
    holder = Holder()
    log_masking.watch(holder, lambda _: secrets)
    return holder


POOL = logging.getLogger("urllib3.connectionpool")


def test_it_is_there_while_a_session_is(log: pytest.LogCaptureFixture) -> None:
    assert not POOL.filters
    one, other = OAuth2Session("app"), OAuth2Session("app")
    for name in log_masking.LOGGERS:
        assert len(logging.getLogger(name).filters) == 1, name
    del one
    gc.collect()
    assert len(POOL.filters) == 1
    del other
    gc.collect()
    for name in log_masking.LOGGERS:
        assert not logging.getLogger(name).filters, name
    POOL.debug("code=%s", "as-it-is")
    assert "as-it-is" in shown(log)


def _writes(module: Any) -> set[str]:
    """The names of the loggers to which it writes."""
    loggers = [(name, one) for name, one in vars(module).items() if isinstance(one, logging.Logger)]
    source = inspect.getsource(module) if loggers else ""
    level = "(debug|info|warning|error|exception|log)"
    return {one.name for name, one in loggers if re.search(rf"\b{name}\.{level}\(", source)}


@pytest.mark.parametrize("package", [oauthlib, requests_oauthlib, requests, urllib3])
def test_every_logger_is_known_that_could_write_a_secret(package: Any) -> None:
    """But those of OAuth 1, and of what runs only in a browser or with pyOpenSSL."""
    found: set[str] = set()
    for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not re.search("oauth1|emscripten|contrib|http2", one.name):
            found |= _writes(importlib.import_module(one.name))
    assert found <= set(log_masking.LOGGERS)


def test_a_request_that_oauthlib_refuses_is_logged_without_its_token(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """oauthlib shows whole requests once somebody has called ``set_debug``."""
    monkeypatch.setattr(oauthlib, "_DEBUG", True)
    request = OAuthlibRequest("https://api.example/?code=secret-code", body="password=secret-p")
    userinfo = logging.getLogger("oauthlib.openid.connect.core.endpoints.userinfo")
    holder = watched("nothing")
    userinfo.debug("Userinfo access valid for %r.", request)
    assert "secret-" not in shown(log)
    del holder
    gc.collect()
    userinfo.debug("Userinfo access valid for %r.", request)
    assert "secret-code" in shown(log)


def test_what_holds_no_secret_is_as_it_was(log: pytest.LogCaptureFixture) -> None:
    holder = watched("a-secret")
    POOL.debug("%s: %d %%", "kept", 7)
    assert [(one.msg, one.args) for one in log.records] == [("%s: %d %%", ("kept", 7))]
    del holder


def test_what_is_masked_is_formatted_once(log: pytest.LogCaptureFixture) -> None:
    holder = watched("a-secret")
    POOL.debug("%s is 100%%s", "a-secret")
    assert log.messages == [f"{MASK} is 100%s"]
    del holder


def test_an_argument_that_no_text_shows(log: pytest.LogCaptureFixture) -> None:
    holder = watched("a-secret")
    POOL.debug("%(shown)s", {"shown": "x", "other": "a-secret"})
    assert "a-secret" not in shown(log)
    assert log.messages == ["x"]
    del holder


class Unspeakable:
    """Fails to become text."""

    def __repr__(self) -> str:
        raise RuntimeError("a-secret")


@pytest.mark.parametrize(
    ("text", "arguments"), [("%d", ("a-secret",)), ("%s", (Unspeakable(),)), ("%s%s", ("one",))]
)
def test_a_line_that_cannot_be_formatted(
    text: str,
    arguments: tuple[Any, ...],
    log: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """logging would say so on standard error, and show the arguments."""
    holder = watched("a-secret")
    POOL.debug(text, *arguments)
    assert log.messages == ["(a line that could not be looked through for secrets)"]
    assert not capsys.readouterr().err
    del holder


def test_a_session_that_is_being_made(log: pytest.LogCaptureFixture) -> None:
    session = OAuth2Session.__new__(OAuth2Session)
    POOL.debug("a line")
    assert log.messages == ["a line"]
    del session


def test_secrets_that_cannot_be_had(log: pytest.LogCaptureFixture) -> None:
    def fail(_: object) -> list[str]:
        raise RuntimeError

    holder = Holder()
    log_masking.watch(holder, fail)
    POOL.debug("a line")
    assert log.messages == ["(a line that could not be looked through for secrets)"]


def test_a_traceback_in_a_log(log: pytest.LogCaptureFixture) -> None:
    holder = watched("a-secret")
    for message in ("a-secret", "nothing"):
        POOL.warning("It failed", exc_info=ValueError(message))
    assert "a-secret" not in log.text
    assert f"ValueError: {MASK}" in log.text
    assert log.records[1].exc_info
    del holder


class Alike(OAuth2Session):
    """All are equal."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return True


def test_equal_sessions_are_all_looked_after(log: pytest.LogCaptureFixture) -> None:
    sessions = [Alike("app", token={"access_token": f"the-token-of-{n}"}) for n in range(2)]
    POOL.debug("the-token-of-0 the-token-of-1")
    assert log.messages == [f"{MASK} {MASK}"]
    del sessions


def test_it_outlives_a_configuration() -> None:
    session = OAuth2Session("app")
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"all": {}},
            "loggers": {"urllib3.connectionpool": {"level": "NOTSET", "filters": ["all"]}},
        }
    )
    try:
        assert any(type(one).__module__ == log_masking.__name__ for one in POOL.filters)
        POOL.filters.clear()
        another = OAuth2Session("app")
        assert POOL.filters
        del another
    finally:
        for one in list(POOL.filters):
            if type(one).__module__ != log_masking.__name__:
                POOL.removeFilter(one)
    del session


def test_a_session_made_while_the_last_one_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    last = watched()
    made: list[Holder] = []
    remove = logging.Logger.removeFilter

    def remove_late(self: logging.Logger, one: Any) -> None:
        if not made:
            made.append(watched())
        remove(self, one)

    monkeypatch.setattr(logging.Logger, "removeFilter", remove_late)
    del last
    gc.collect()
    monkeypatch.undo()
    assert all(logging.getLogger(name).filters for name in log_masking.LOGGERS)
    made.clear()


def test_sessions_come_and_go_in_many_threads(log: pytest.LogCaptureFixture) -> None:
    keeper = OAuth2Session("app")
    errors: list[Any] = []

    def come_and_go() -> None:
        for _ in range(200):
            OAuth2Session("app")
            POOL.debug("code=x")

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    former, threading.excepthook = threading.excepthook, errors.append
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
        threading.excepthook = former
    assert not errors
    assert set(log.messages) == {f"code={MASK}"}
    assert len(POOL.filters) == 1
    del keeper


# -- what is shown of a token, and of an error -----------------------------------------------------


def test_a_token_shows_no_secret(stage: Stage) -> None:
    session = OAuth2Session.open(stage.provider, CLIENT, token={**TOKENS, "scope": "read"})
    token = session.token
    assert "secret-" not in repr(token) + str(token) + f"{token}" + pprint.pformat(token)
    assert "'scope': 'read'" in repr(token)
    assert token == {**TOKENS, "scope": "read"}
    assert json.loads(json.dumps(token)) == token
    for copied in (copy.copy(token), copy.deepcopy(token), pickle.loads(pickle.dumps(token))):  # noqa: S301 - our own
        assert type(copied) is dict
        assert copied == token


def test_a_classic_token_is_shown_as_theirs_is() -> None:
    """Programs write it to files so."""
    assert "secret-access" in str(OAuth2Session("app", token=TOKENS).token)


def test_a_hidden_text_is_a_text() -> None:
    text = Hidden("secret-text")
    assert (text, str(text), f"{text}") == ("secret-text",) * 3
    assert "secret-" not in repr({"Authorization": text})
    assert type(pickle.loads(pickle.dumps(text))) is str  # noqa: S301 - our own


@pytest.mark.parametrize("placement", ["auth_header", "query", "body"])
@pytest.mark.parametrize("is_opened", [True, False])
def test_an_error_of_requests_shows_no_token(
    stage: Stage,
    placement: str,
    is_opened: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    session = (
        stage.open(CLIENT, token=TOKENS)
        if is_opened
        else stage.classic(OAuth2Session, token=TOKENS)
    )
    session._client.default_token_placement = placement
    with pytest.raises(requests.ConnectionError) as failed:
        session.post(NOWHERE, params={"code": CODE})
    assert "Max retries exceeded" in str(failed.value)
    text = "".join(traceback.format_exception(failed.value))
    assert "secret-" not in text
    assert "secret-" not in repr(failed.value)


def test_no_error_is_masked_twice() -> None:
    inner, outer = ValueError("a-secret", 1), ValueError("nothing")
    inner.__context__, outer.__cause__ = outer, inner
    mask_error(outer, ["a-secret"])
    assert (inner.args, outer.args) == ((MASK, 1), ("nothing",))


def test_the_header_of_a_request_is_not_shown(stage: Stage) -> None:
    response = stage.open(CLIENT, token=TOKENS).get(stage.api)
    headers = response.request.headers
    assert stage.sent_tokens == [f"Bearer {TOKENS['access_token']}"]
    assert headers["Authorization"] == f"Bearer {TOKENS['access_token']}"
    assert "secret-" not in repr(headers)


@pytest.mark.parametrize("ask", ["renew", "refresh_token"])
def test_an_error_of_a_renewal_shows_no_variable_that_is_secret(stage: Stage, ask: str) -> None:
    stage.at_token = lambda _: reply(400, error="invalid_grant")
    session = stage.open(CLIENT, token=TOKENS)
    with pytest.raises(OAuthError) as failed:
        getattr(session, ask)(*[stage.token_endpoint] * (ask == "refresh_token"))
    shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "secret-" not in "".join(shown.format())


def test_an_error_of_a_request_shows_no_variable_that_is_secret(stage: Stage) -> None:
    """As debuggers and services that collect errors do."""
    session = stage.open(CLIENT, token=TOKENS)
    with pytest.raises(requests.ConnectionError) as failed:
        session.get(NOWHERE)
    shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "secret-" not in "".join(shown.format())


def test_a_device_code_and_a_revocation(stage: Stage, log: pytest.LogCaptureFixture) -> None:
    provider = replace(
        stage.provider,
        device_authorization_endpoint=f"{stage.issuer}/token",
        revocation_endpoint=stage.token_endpoint,
        code_challenge_methods_supported=("S256",),
    )
    session = OAuth2Session.open(provider, CLIENT, grant="device_code")
    session.trust_env = False
    stage.at_token = lambda _: reply(
        device_code="secret-device-code",
        user_code="secret-user-code",
        verification_uri="https://as.example/device",
        verification_uri_complete="https://as.example/device?user_code=secret-user-code",
    )
    asked = session.device_authorization(stage.token_endpoint, {})
    verifier = str(session._code_verifier)
    stage.at_token = lambda _: reply(200, **TOKENS)
    session.fetch_token(stage.token_endpoint, device_code=asked.device_code)
    stage.at_token = lambda _: reply()
    session.revoke_token("refresh_token")
    assert len(stage.token_requests) == 3
    assert stage.token_requests[1].form["code_verifier"] == verifier
    assert "secret-" not in shown(log)
    assert verifier not in shown(log)
