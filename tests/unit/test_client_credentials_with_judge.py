"""Client credentials at oidc-provider: a certified server takes what we send."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import Client, ClientCredentialsLogin, Provider, TokenError
from tests.browser.harness.leaks import find_secrets
from tests.polling import wait_until
from tests.providers.oidc import Secret
from tests.unit.session_stage import at_once

if TYPE_CHECKING:
    from nb_oauth import OAuth2Session
    from tests.providers.oidc import OidcProvider

pytestmark = pytest.mark.provider

PATIENCE = 20.0
GRANT = "client_credentials"
METHODS = {"service-basic": "client_secret_basic", "service-post": "client_secret_post"}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def login_at(
    oidc: OidcProvider, client_id: str = "service-basic", secret: str | None = None
) -> ClientCredentialsLogin:
    provider = Provider("Judge", issuer=oidc.issuer, token_endpoint=oidc.token_endpoint)
    client = Client(
        client_id,
        client_secret=secret or oidc.client_secrets[client_id],
        token_endpoint_auth_method=METHODS[client_id],
    )
    return ClientCredentialsLogin(provider, client, scope="api:read")


def let_token_end(oidc: OidcProvider, session: OAuth2Session) -> None:
    """Wait until the judge itself takes the session's token no longer."""
    header = {"Authorization": f"Bearer {session.token['access_token']}"}
    wait_until(
        lambda: (
            requests.get(oidc.api, headers=header, timeout=10).status_code == 401
            and time.time() > session.token["expires_at"]
        ),
        "the token ends",
    )


@pytest.mark.parametrize(
    ("client_id", "seen"), [("service-basic", "Basic"), ("service-post", "post")]
)
def test_both_ways_to_authenticate_get_a_token_with_the_scope(
    oidc: OidcProvider, client_id: str, seen: str
) -> None:
    session = login_at(oidc, client_id).wait(PATIENCE)

    assert session.get(oidc.api).json() == {"client_id": client_id, "scope": "api:read"}
    assert session.scope == ["api:read"]
    assert "refresh_token" not in session.token
    (request,) = oidc.token_requests()
    assert (request["grant_type"], request["status"]) == (GRANT, 200)
    assert (request["client_id"], request["authentication"]) == (client_id, seen)
    credentials = {"client_id", "client_secret"} if seen == "post" else set()
    assert set(request["parameters"]) == {"grant_type", "scope"} | credentials


@pytest.mark.parametrize("client_id", METHODS)
def test_sixteen_threads_on_an_ended_token_ask_once_again(
    oidc: OidcProvider, client_id: str
) -> None:
    oidc.set_access_token_ttl(2)
    session = login_at(oidc, client_id).wait(PATIENCE)
    ended = session.token["access_token"]
    let_token_end(oidc, session)
    oidc.set_access_token_ttl(3600)
    oidc.set_token_fault(delay_ms=200)  # long enough for all of them to come meanwhile

    assert at_once(16, lambda: session.get(oidc.api).status_code) == [200] * 16

    assert session.token["access_token"] != ended
    assert [one["status"] for one in oidc.token_requests(GRANT)] == [200, 200]
    assert len(oidc.token_requests()) == 2


@pytest.mark.parametrize("client_id", METHODS)
def test_a_wrong_secret_is_told_without_the_secret(oidc: OidcProvider, client_id: str) -> None:
    wrong = "not+the/secret: %41"
    kept = [Secret("wrong", wrong), Secret("right", oidc.client_secrets[client_id])]
    login = login_at(oidc, client_id, wrong)

    with pytest.raises(TokenError) as refused:
        login.wait(PATIENCE)

    assert refused.value.error == "invalid_client"
    assert refused.value.status in {400, 401}
    assert login.status == "failed"
    said = "".join(traceback.format_exception(refused.value)) + repr(refused.value) + repr(login)
    assert "invalid_client" in said
    assert find_secrets(said, kept) == []


def test_a_scope_that_the_client_may_not_have_is_refused_in_the_judge_s_words(
    oidc: OidcProvider,
) -> None:
    provider = Provider("Judge", token_endpoint=oidc.token_endpoint)
    client = Client("service-basic", client_secret=oidc.client_secrets["service-basic"])

    with pytest.raises(TokenError) as refused:
        ClientCredentialsLogin(provider, client, scope="profile").wait(PATIENCE)

    assert refused.value.error == "invalid_scope"


IMPORT = "from {package} import OAuth2Session"

# requests-oauthlib's documentation, "Backend Application Flow", with the judge's address.
SECRET_AS_ARGUMENT = """
from oauthlib.oauth2 import BackendApplicationClient
client = BackendApplicationClient(client_id=client_id)
oauth = OAuth2Session(client=client)
token = oauth.fetch_token(token_url=token_url, client_id=client_id,
        client_secret=client_secret)
"""
SECRET_IN_THE_HEADER_ONLY = """
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
auth = HTTPBasicAuth(client_id, client_secret)
client = BackendApplicationClient(client_id=client_id)
oauth = OAuth2Session(client=client)
token = oauth.fetch_token(token_url=token_url, auth=auth)
"""


@pytest.mark.parametrize("package", ["requests_oauthlib", "nb_oauth"])
@pytest.mark.parametrize("snippet", [SECRET_AS_ARGUMENT, SECRET_IN_THE_HEADER_ONLY])
def test_the_documentation_runs_with_only_the_import_changed(
    oidc: OidcProvider, snippet: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if package == "requests_oauthlib":
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # ours does without
    names: dict[str, Any] = {
        "client_id": "service-plain",
        "client_secret": oidc.client_secrets["service-plain"],
        "token_url": oidc.token_endpoint,
    }

    exec(IMPORT.format(package=package) + snippet, names)  # noqa: S102 - the text is the example

    assert names["token"]["token_type"] == "Bearer"
    assert names["oauth"].get(oidc.api).json() == {"client_id": "service-plain"}
    (request,) = oidc.token_requests()
    assert (request["grant_type"], request["status"]) == (GRANT, 200)
    assert request["authentication"] == "Basic"
    assert request["parameters"] == ["grant_type"]


SCRIPT = """
import os, sys
from nb_oauth import Client, ClientCredentialsLogin, Provider

provider = Provider("Judge", token_endpoint=os.environ["TOKEN_ENDPOINT"])
client = Client("service-basic", client_secret=os.environ["CLIENT_SECRET"])
login = ClientCredentialsLogin(provider, client, scope="api:read")
print(login.session.get(os.environ["API"]).json())
print(sorted({"ipykernel", "jupyter_client", "jupyterlab"} & set(sys.modules)))
"""


def test_a_plain_script_needs_no_jupyter(oidc: OidcProvider) -> None:
    environment = os.environ | {
        "TOKEN_ENDPOINT": oidc.token_endpoint,
        "CLIENT_SECRET": oidc.client_secrets["service-basic"],
        "API": oidc.api,
    }

    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    body, modules = ran.stdout.splitlines()
    assert body == "{'client_id': 'service-basic', 'scope': 'api:read'}"
    assert modules == "[]"
