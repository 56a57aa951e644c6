"""The device grant, driven by hand: no server, no widget, no clock."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from nb_oauth.exceptions import ConfigurationError, TokenError, in_terms_of
from nb_oauth.grants import DeviceAuthorization, DeviceCodeGrant
from nb_oauth.prompts import Answer, Pause, ShowCode
from nb_oauth.providers import Provider

PROVIDER = Provider(
    "Example",
    device_authorization_endpoint="https://example.test/device",
    token_endpoint="https://example.test/token",
)
TOKEN = {"access_token": "t"}
STILL_GOOD, OVER = Answer(True), Answer(False)
PENDING = TokenError("not yet", error="authorization_pending", status=400)
SLOW_DOWN = TokenError("slower", error="slow_down", status=400)
OUT_OF_ORDER = TokenError("out of order", status=503)


class Session:
    """Gives one device code, and answers as it is told to."""

    redirect_uri = None

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.polled: list[tuple[str, str | None]] = []

    def device_authorization(self, url: str, extra: Mapping[str, str]) -> DeviceAuthorization:
        self.asked.append((url, extra))
        return DeviceAuthorization(
            device_code="the-device-code",
            user_code="ABCD-EFGH",
            verification_uri="https://example.test/enter",
            verification_uri_complete="https://example.test/enter?code=ABCD-EFGH",
            deadline=600.0,
            interval=5.0,
        )

    def fetch_token(
        self, token_url: str, code: str | None = None, *, device_code: str | None = None
    ) -> dict[str, str]:
        assert code is None
        self.polled.append((token_url, device_code))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def flow_of(*outcomes: Any) -> Any:
    return DeviceCodeGrant(PROVIDER).flow(Session(*outcomes))  # type: ignore[arg-type]


def test_shows_the_code_asks_after_each_pause_and_returns_the_token() -> None:
    session = Session(PENDING, TOKEN)
    flow = DeviceCodeGrant(PROVIDER, {"audience": "api"}).flow(session)  # type: ignore[arg-type]
    shown = ShowCode(
        code="ABCD-EFGH",
        url="https://example.test/enter",
        complete_url="https://example.test/enter?code=ABCD-EFGH",
        deadline=600.0,
        pause=5.0,
    )
    assert next(flow) == shown
    assert session.polled == []  # not before the first pause is over
    assert flow.send(STILL_GOOD) == shown
    with pytest.raises(StopIteration) as done:
        flow.send(STILL_GOOD)
    assert done.value.value == TOKEN
    assert session.asked == [("https://example.test/device", {"audience": "api"})]
    assert session.polled == [("https://example.test/token", "the-device-code")] * 2


def pauses_after(*errors: TokenError) -> list[float]:
    flow = flow_of(*errors)
    next(flow)
    return [flow.send(STILL_GOOD).pause for _ in errors]


def test_slow_down_means_five_seconds_more_for_good() -> None:
    assert pauses_after(SLOW_DOWN, PENDING, SLOW_DOWN, PENDING) == [10.0, 10.0, 15.0, 15.0]


@pytest.mark.parametrize(
    "error",
    [
        OUT_OF_ORDER,
        TokenError("no", error="server_error", status=500),
        TokenError("no", error="server_error", status=400),
        TokenError("no", error="temporarily_unavailable", status=400),
        TokenError("too many", status=429),
        TokenError("too slow", status=408),
        in_terms_of(TokenError, requests.ConnectionError(), "out of reach"),
    ],
)
def test_an_endpoint_that_is_out_of_order_is_asked_less_and_less_often(error: TokenError) -> None:
    assert pauses_after(*[error] * 5) == [10.0, 20.0, 40.0, 60.0, 60.0]


def test_who_comes_through_after_all_gets_the_token() -> None:
    flow = flow_of(OUT_OF_ORDER, PENDING, SLOW_DOWN, TOKEN)
    next(flow)
    for _ in range(3):
        assert flow.send(STILL_GOOD).code == "ABCD-EFGH"
    with pytest.raises(StopIteration) as done:
        flow.send(STILL_GOOD)
    assert done.value.value == TOKEN


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("access_denied", "Access was not granted. Get a new code"),
        ("authorization_declined", "Access was not granted. Get a new code"),
        ("expired_token", "The code ran out"),
        ("invalid_grant", "knows this code no more"),
        ("bad_verification_code", "knows this code no more"),
        ("incorrect_device_code", "knows this code no more"),
    ],
)
def test_what_ends_the_code_is_explained_and_waits_for_a_new_one(code: str, words: str) -> None:
    flow = flow_of(TokenError("no", error=code, status=400))
    next(flow)
    prompt = flow.send(STILL_GOOD)
    assert isinstance(prompt, Pause)
    assert words in prompt.rejection.reason


def test_a_code_that_ran_out_is_not_asked_for_again() -> None:
    session = Session()
    flow = DeviceCodeGrant(PROVIDER).flow(session)  # type: ignore[arg-type]
    next(flow)
    prompt = flow.send(OVER)
    assert isinstance(prompt, Pause)
    assert "The code ran out" in prompt.rejection.reason
    assert session.polled == []


@pytest.mark.parametrize(
    "error",
    [
        TokenError("no", error="invalid_client", status=401),
        TokenError("no", error="invalid_client", status=429),
        TokenError("no", error="unsupported_grant_type", status=400),
        TokenError("a page that is no token", status=200),
    ],
)
def test_what_no_new_code_mends_ends_the_flow(error: TokenError) -> None:
    flow = flow_of(error)
    next(flow)
    with pytest.raises(TokenError):
        flow.send(STILL_GOOD)


def test_codes_are_in_no_repr() -> None:
    asked = Session().device_authorization("https://example.test/device", {})
    assert "the-device-code" not in repr((asked, next(flow_of())))
    assert "ABCD-EFGH" not in repr((asked, next(flow_of())))


@pytest.mark.parametrize("name", ["client_id", "scope", "code_challenge"])
def test_extra_cannot_replace_what_is_sent_already(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        DeviceCodeGrant(PROVIDER, {name: "mine"})


@pytest.mark.parametrize("missing", ["device_authorization_endpoint", "token_endpoint"])
def test_a_provider_without_the_endpoints_is_refused_at_once(missing: str) -> None:
    endpoints = {
        "device_authorization_endpoint": "https://example.test/device",
        "token_endpoint": "https://example.test/token",
    }
    del endpoints[missing]
    with pytest.raises(ConfigurationError, match=missing):
        DeviceCodeGrant(Provider("Example", **endpoints))  # type: ignore[arg-type]
