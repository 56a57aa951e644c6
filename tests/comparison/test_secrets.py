"""What a session gives away: rows 16 and 18."""

from __future__ import annotations

import logging
import pickle
import traceback
import warnings
from typing import Any

import pytest

from nb_oauth import Client
from tests.comparison.rows import row
from tests.comparison.sides import OPENED, REDIRECT_URI, THEIRS, Side, error_of
from tests.unit.session_stage import Stage, ending, reply

CLIENT = Client("app", "the-client-secret", redirect_uri=REDIRECT_URI)


def keep_nothing(token: Any) -> None:
    """A ``token_updater`` that can be pickled."""


@row(16, "^it cannot be pickled: ")
def test_a_session_can_be_pickled_without_what_is_worth_stealing(side: Side, stage: Stage) -> None:
    session = side.session(stage.provider, ending(3000), CLIENT)
    session.token_updater = keep_nothing
    try:
        pickled = pickle.dumps(session)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        pytest.fail(f"it cannot be pickled: {error}")
    for secret in (b"refresh-0", b"the-client-secret"):
        assert secret not in pickled
    if side is OPENED:
        session.pickles_secret = True
        assert b"the-client-secret" in pickle.dumps(session), "even if asked for"
    copy = pickle.loads(pickled)  # noqa: S301 - made above
    assert copy.get(stage.api).ok
    assert stage.sent_tokens == ["Bearer access-0"]


SECRETS = ("code", "code_verifier", "refresh_token", "client_secret")


def secrets_on_the_wire(stage: Stage) -> dict[str, str]:
    """What each secret is called, by its value."""
    forms = [one.form for one in stage.token_requests]
    sent = {form[name]: name for form in forms for name in SECRETS if form.get(name)}
    basic = [one.headers.get("Authorization", "") for one in stage.token_requests]
    pairs = {value.removeprefix("Basic "): "client_secret" for value in basic if value}
    return {**sent, **pairs, "access-1": "access_token", "access-2": "access_token"}


@row(18, "^shows access_token, client_secret, code, code_verifier, refresh_token in its log$")
def test_no_secret_is_in_a_log_or_in_words(
    side: Side, stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    if side is THEIRS:  # as where no session of ours is alive, which masks what theirs says as well
        monkeypatch.setattr(logging.Logger, "filter", lambda *_: True)
    session = side.session(stage.provider, client=CLIENT, **side.pkce)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        _, state = session.authorization_url(f"{stage.issuer}/authorize")
        answer = f"{REDIRECT_URI}?code=the-authorization-code&state={state}"
        how = {} if side is OPENED else {"client_secret": CLIENT.client_secret}
        session.fetch_token(stage.token_endpoint, authorization_response=answer, **how)
        session.token = {**session.token, "expires_at": 1}
        session.get(stage.api)
        stage.at_token = lambda _: reply(400, error="invalid_grant", hint="refresh-2")
        refused = error_of(session.refresh_token, stage.token_endpoint)
    assert refused is not None
    secrets = secrets_on_the_wire(stage)
    assert {"the-authorization-code", "refresh-1", "refresh-2"} <= secrets.keys()
    told = "".join(traceback.format_exception(refused)) + repr(session) + str(session)
    told += " ".join(str(one.message) for one in warned)
    assert not [name for secret, name in secrets.items() if secret in told]
    shown = {name for secret, name in secrets.items() if secret in caplog.text}
    assert not shown, f"shows {', '.join(sorted(shown))} in its log"
    assert state not in caplog.text
