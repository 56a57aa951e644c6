"""A token endpoint that cannot be reached: one error that is ours and requests'."""

from __future__ import annotations

import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import LoginRequired, OAuth2Session, TokenError
from tests.free_ports import free_port
from tests.unit.session_stage import Reply, Stage, ending

if TYPE_CHECKING:
    pass

ENDPOINT = "https://ada:s3cret@as.example:8443/token?tenant=s3cret"
KINDS = [
    requests.ConnectTimeout,
    requests.ReadTimeout,
    requests.ConnectionError,
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.InvalidURL,
    requests.TooManyRedirects,
]


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{free_port()}/token"


def failing(session: OAuth2Session, error: Exception) -> Any:
    def send(request: requests.PreparedRequest, **_: Any) -> None:
        raise error

    session.send = send  # type: ignore[assignment, method-assign]
    return session


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ask", ["fetch_token", "refresh_token"])
def test_it_is_a_token_error_and_requests_own(stage: Stage, kind: Any, ask: str) -> None:
    original = kind(f"{ENDPOINT} s3cret", request=requests.Request("POST", ENDPOINT))
    session = failing(stage.open(token=ending(100)), original)
    arguments = {"code": "c0de"} if ask == "fetch_token" else {}
    with pytest.raises(TokenError) as raised:
        getattr(session, ask)(ENDPOINT, **arguments)
    error: Any = raised.value
    assert isinstance(error, kind)
    assert str(error) == (
        f"The token endpoint of as.example:8443 could not be reached ({kind.__name__}). Check the "
        "network and the token_endpoint, then try again."
    )
    assert (error.error, error.status, error.request, error.response) == (None, None, None, None)
    assert "s3cret" not in repr(error) + "".join(traceback.format_exception(error))
    assert session.token["access_token"] == "access-0"


@pytest.mark.parametrize("kind", KINDS)
def test_it_survives_a_journey_to_another_process(stage: Stage, kind: Any) -> None:
    with pytest.raises(TokenError) as raised:
        failing(stage.open(), kind("s3cret")).fetch_token(ENDPOINT, code="c")
    there: Any = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own
    assert isinstance(there, TokenError)
    assert isinstance(there, kind)
    assert (str(there), there.response) == (str(raised.value), None)


def test_a_kind_that_requests_does_not_know_is_what_it_is_derived_from(stage: Stage) -> None:
    class OfAnAdapter(requests.ConnectTimeout):
        def __init__(self, where: str, why: str) -> None:
            super().__init__(f"{where}: {why}")

    with pytest.raises(requests.ConnectTimeout, match=r"\(ConnectTimeout\)") as raised:
        failing(stage.open(), OfAnAdapter("here", "why")).fetch_token(ENDPOINT, code="c")
    assert isinstance(raised.value, TokenError)


def test_nobody_listens(stage: Stage, nowhere: str) -> None:
    with pytest.raises(TokenError, match=r"of 127\.0\.0\.1:\d+ could not be reached"):
        stage.open().fetch_token(nowhere, code="c")
    with pytest.raises(requests.ConnectionError) as raised:
        stage.classic().fetch_token(nowhere, code="c")
    assert not isinstance(raised.value, TokenError)


@pytest.mark.parametrize("left", [20, -1])
def test_an_early_renewal_may_fail_and_a_late_one_says_so(
    stage: Stage, nowhere: str, left: int
) -> None:
    session = stage.open(token=ending(left))
    session.provider = type(stage.provider)("Stage", token_endpoint=nowhere)
    if left > 0:
        assert session.get(stage.api).status_code == 200
        return
    with pytest.raises(TokenError, match="could not be reached") as raised:
        session.get(stage.api)
    assert isinstance(raised.value, requests.ConnectionError)
    assert not isinstance(raised.value, LoginRequired)
    session.provider = stage.provider
    assert session.get(stage.api).status_code == 200


def test_what_a_hook_of_the_callers_own_raises_is_left_as_it_is(stage: Stage) -> None:
    stage.at_token = lambda _: Reply("<html>", 503)
    for hook, kind in (
        (requests.Response.raise_for_status, requests.HTTPError),
        (requests.Response.json, requests.JSONDecodeError),
    ):
        session: Any = stage.open()
        session.hooks["response"] = [lambda response, hook=hook, **_: hook(response)]
        with pytest.raises(kind) as raised:
            session.fetch_token(stage.token_endpoint, code="c")
        assert not isinstance(raised.value, TokenError)
