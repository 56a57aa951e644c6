"""Asking for a device code (RFC 8628 §3.1, §3.2)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests
from requests.adapters import HTTPAdapter

from nb_oauth import (
    Client,
    ConfigurationError,
    InsecureTransportError,
    OAuth2Session,
    Provider,
    TokenError,
)
from tests.unit.session_stage import Reply, Request, Stage, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "https://as.example/device"
GOOD = {
    "device_code": "the-device-code",
    "user_code": "WDJB-MJHT",
    "verification_uri": PAGE,
    "verification_uri_complete": f"{PAGE}?user_code=WDJB-MJHT",
    "expires_in": 300,
    "interval": 2,
}


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


class OutOfReach(HTTPAdapter):
    """A network in which nobody answers."""

    def send(self, *_: Any, **__: Any) -> Any:
        raise requests.ConnectionError


class DeviceStage(Stage):
    """Answers at ``/device`` as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []
        self.reply = reply(**GOOD)

    def answer(self, request: Request) -> Reply:
        if request.path != "/device":
            return super().answer(request)
        self.asked.append(request)
        return self.reply

    def ask(self, client: Client | None = None, **provider: Any) -> Any:
        described = Provider("Stage", token_endpoint=self.token_endpoint, **provider)
        session = OAuth2Session.open(
            described, client or Client("app"), scope="read write", grant="device_code"
        )
        session.trust_env = False
        return session.device_authorization(f"{self.issuer}/device", {"audience": "sky"})


@pytest.fixture
def stage() -> Iterator[DeviceStage]:
    with DeviceStage() as stage:
        yield stage


def test_asks_and_reads_the_answer(stage: DeviceStage) -> None:
    before = time.monotonic()
    asked = stage.ask()
    assert stage.asked[0].form == {"audience": "sky", "client_id": "app", "scope": "read write"}
    assert (asked.device_code, asked.user_code) == ("the-device-code", "WDJB-MJHT")
    assert (asked.verification_uri, asked.interval) == (PAGE, 2)
    assert asked.verification_uri_complete == f"{PAGE}?user_code=WDJB-MJHT"
    assert before + 300 <= asked.deadline <= time.monotonic() + 300
    assert "the-device-code" not in repr(asked)


def test_the_client_authenticates(stage: DeviceStage) -> None:
    stage.ask(Client("app", client_secret="s3cret"))
    assert stage.asked[0].headers["Authorization"].startswith("Basic ")
    assert stage.asked[0].form["client_id"] == "app"


def test_without_a_scope_the_provider_takes_its_own(stage: DeviceStage) -> None:
    session: Any = stage.open(Client("app"), grant="device_code")
    session.device_authorization(f"{stage.issuer}/device", {})
    assert stage.asked[0].form == {"client_id": "app"}


def test_a_challenge_goes_along_where_the_provider_takes_it(stage: DeviceStage) -> None:
    stage.ask(code_challenge_methods_supported=("plain", "S256"))
    assert stage.asked[0].form["code_challenge_method"] == "S256"
    stage.ask(code_challenge_methods_supported=("plain",))
    assert "code_challenge" not in stage.asked[1].form


@pytest.mark.parametrize("interval", [None, 0, -1, "often"])
def test_what_the_provider_leaves_out_is_as_the_rfc_has_it(
    stage: DeviceStage, interval: object
) -> None:
    stage.reply = reply(
        **{name: GOOD[name] for name in ("device_code", "user_code")},
        verification_url=PAGE,  # Google's name for it
        interval=interval,
    )
    asked = stage.ask()
    assert (asked.verification_uri, asked.verification_uri_complete) == (PAGE, None)
    assert asked.interval == 5.0
    assert asked.deadline > time.monotonic()


class GitHub(DeviceStage):
    """Answers in JSON whom asks for JSON, and form-encoded anybody else."""

    heeds = True

    def answer(self, request: Request) -> Reply:
        answered = super().answer(request)
        if self.heeds and "application/json" in request.headers.get("Accept", ""):
            return answered
        return Reply(urlencode(json.loads(answered.body)), headers=FORM)


@pytest.mark.parametrize("heeds", [True, False])
def test_github_is_asked_for_json_and_read_either_way(
    heeds: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    with GitHub() as stage:
        stage.heeds = heeds
        asked = stage.ask()
    assert stage.asked[0].headers["Accept"] == "application/json"
    assert (asked.device_code, asked.user_code) == ("the-device-code", "WDJB-MJHT")
    assert (asked.verification_uri, asked.interval) == (PAGE, 2.0)


def test_no_provider_can_have_itself_asked_without_a_pause(stage: DeviceStage) -> None:
    stage.reply = reply(**GOOD | {"interval": 0.0001})
    assert stage.ask().interval == 0.1


def test_an_error_is_said(stage: DeviceStage) -> None:
    stage.reply = reply(400, error="invalid_scope", error_description="No such thing")
    with pytest.raises(TokenError, match=r"device authorization endpoint answered invalid_scope"):
        stage.ask()


def test_an_endpoint_that_cannot_be_reached_is_called_by_its_name() -> None:
    provider = Provider("Nowhere", token_endpoint="https://as.example/token")
    session = OAuth2Session.open(provider, Client("app"), grant="device_code")
    session.mount("https://", OutOfReach())
    with pytest.raises(TokenError) as raised:
        session.device_authorization("https://as.example/device", {})
    assert str(raised.value) == (
        "The device authorization endpoint of as.example could not be reached (ConnectionError). "
        "Check the network and the device_authorization_endpoint, then try again."
    )


def test_a_refused_client_is_told_what_to_check(stage: DeviceStage) -> None:
    stage.reply = reply(401, error="invalid_client")
    client = Client("app", "s" * 32, token_endpoint_auth_method="client_secret_jwt")
    with pytest.raises(TokenError, match=r"answered invalid_client\. Check client_id") as refused:
        stage.ask(client)
    assert f"assertion_audience (sent: {stage.token_endpoint!r})" in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        Reply("<h1>Welcome</h1>"),
        Reply("[1]"),
        reply(),
        reply(**GOOD | {"user_code": ""}),
        reply(**GOOD | {"verification_uri": ""}),
    ],
    ids=["html", "list", "empty", "no code", "no page"],
)
def test_what_is_no_answer_is_shown(stage: DeviceStage, answer: Reply) -> None:
    stage.reply = answer
    with pytest.raises(TokenError, match="did not answer with a code") as refused:
        stage.ask()
    assert "the-device-code" not in str(refused.value)


def test_a_page_in_the_open_is_refused(stage: DeviceStage) -> None:
    stage.reply = reply(**GOOD | {"verification_uri": "http://as.example/device?a=b"})
    with pytest.raises(InsecureTransportError, match="another page to sign in on") as refused:
        stage.ask()
    assert "'http://as.example/device' is neither https" in str(refused.value)
    assert "token would travel" not in str(refused.value)


@pytest.mark.parametrize("shortcut", ["http://as.example/device?c=1", "", None, 5, ["https://a"]])
def test_a_shortcut_that_will_not_do_is_done_without(stage: DeviceStage, shortcut: object) -> None:
    stage.reply = reply(**GOOD | {"verification_uri_complete": shortcut})
    asked = stage.ask()
    assert (asked.verification_uri, asked.verification_uri_complete) == (PAGE, None)


def test_an_endpoint_in_the_open_is_refused() -> None:
    provider = Provider("P", token_endpoint="https://as.example/t")
    session = OAuth2Session.open(provider, Client("app"), grant="device_code")
    with pytest.raises(InsecureTransportError):
        session.device_authorization("http://as.example/device", {})


def test_a_session_of_the_constructor_asks_for_no_code() -> None:
    with pytest.raises(ConfigurationError, match="opened"):
        OAuth2Session("app").device_authorization("https://as.example/device", {})
