"""Every flow at the judge where nobody sits: one notebook, run by papermill as by night."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import requests

from nb_oauth import Client, FileTokenStore, OAuth2Session
from nb_oauth.variables import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TOKEN_ENDPOINT, variable
from tests.flows_by_place import (
    CLIENT_CREDENTIALS,
    CODE,
    DEVICE,
    IMPLICIT,
    IMPLICIT_ID_TOKEN,
    PASSWORD,
    UNATTENDED,
    signs_in,
)
from tests.leaks.logs import LOG_FILE, LOGGING
from tests.leaks.places import FILES, KINDS, LOG, SAVED_NOTEBOOK
from tests.leaks.processes import Processes
from tests.polling import wait_until
from tests.providers.visitor import PATIENCE, Visitor, authorize, new_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbformat import NotebookNode

    from tests.leaks.left_behind import LeftBehind
    from tests.providers.oidc import OidcProvider, Secret

pytestmark = pytest.mark.kernel

JUDGE = "Judge"
SERVICE = "service-basic"
A_NIGHT = 90  # seconds, of which it needs five

BEFORE = (
    LOGGING
    + """\
import nb_oauth
from nb_oauth import Client, LoginRequired, Provider

provider = Provider(
    "Judge",
    issuer="{oidc.issuer}",
    authorization_endpoint="{oidc.authorization_endpoint}",
    token_endpoint="{oidc.token_endpoint}",
    device_authorization_endpoint="{oidc.device_authorization_endpoint}",
    jwks_uri="{oidc.jwks_uri}",
)
api = "{oidc.api}"
"""
)
AS_A_PERSON = """\
session = nb_oauth.login(
    provider, client=Client({client!r}), scope={scope!r}, grant={grant!r}, account={account!r}
)
print(session.get(api).json()["sub"], session.authorized)
session"""
WITH_NOTHING = """\
try:
    nb_oauth.login(provider, client=Client({client!r}), grant={grant!r}, account="nobody")
except LoginRequired as error:
    print(error)"""
AS_THE_APP = """\
session = nb_oauth.login(provider, scope="api:read", grant="client_credentials")
print(session.get(api).json()["client_id"], session.authorized)
session"""


@dataclass(frozen=True)
class Flow:
    """A sign-in of a person, and what of it is there by night."""

    name: str
    client: str
    scope: str
    grant: str
    token: Callable[[OidcProvider], dict[str, Any]]
    person: str = "alice"

    @property
    def account(self) -> str:
        return self.name.replace(":", "")

    def cells(self) -> Iterator[NotebookNode]:
        for kind, code in (("with", AS_A_PERSON), ("without", WITH_NOTHING)):
            yield nbformat.v4.new_code_cell(
                code.format(**vars(self), account=self.account), id=_id(kind, self.name)
            )


def _id(kind: str, flow: str) -> str:
    return f"{kind}-{flow.replace(': ', '-').replace(' ', '-')}"


def _of_the_token_endpoint(oidc: OidcProvider, **asked: str) -> dict[str, Any]:
    answer = requests.post(oidc.token_endpoint, asked, timeout=PATIENCE)
    assert answer.ok, answer.text
    return dict(answer.json())


def _password(oidc: OidcProvider) -> dict[str, Any]:
    typed = {"username": "analyst", "password": oidc.passwords["analyst"]}
    asked = {"grant_type": "password", "client_id": "password", "scope": "api:read"}
    return _of_the_token_endpoint(oidc, **asked, **typed)


def _device(oidc: OidcProvider) -> dict[str, Any]:
    asked = {"client_id": "device", "scope": "openid api:read"}
    shown = requests.post(oidc.device_authorization_endpoint, asked, timeout=PATIENCE).json()
    with Visitor() as visitor:
        visitor.enter_code(shown["verification_uri"], shown["user_code"])
    grant_type = "urn:ietf:params:oauth:grant-type:device_code"
    code = shown["device_code"]
    return _of_the_token_endpoint(oidc, grant_type=grant_type, client_id="device", device_code=code)


def _implicit(oidc: OidcProvider, **asked: str) -> dict[str, Any]:
    token = authorize(oidc, "implicit", **asked, code_challenge="", code_challenge_method="")
    assert "access_token" in token, token
    return dict(token)


def _implicit_token(oidc: OidcProvider) -> dict[str, Any]:
    return _implicit(oidc, scope="api:read", response_type="token")


def _implicit_id_token(oidc: OidcProvider) -> dict[str, Any]:
    asked = {"scope": "openid api:read", "response_type": "id_token token"}
    return _implicit(oidc, **asked, nonce="the-nonce")


BY_VARIABLE = (
    Flow(CODE, "public", "openid api:read", "authorization_code", new_token),
    Flow(PASSWORD, "password", "api:read", "password", _password, "analyst"),
    Flow(DEVICE, "device", "openid api:read", "device_code", _device),
)
STORED = (
    Flow(IMPLICIT, "implicit", "api:read", "implicit", _implicit_token),
    Flow(IMPLICIT_ID_TOKEN, "implicit", "openid api:read", "implicit", _implicit_id_token),
)


@dataclass
class Night:
    """What was given to one run of papermill, what it said, and what it left."""

    folder: Path
    variables: dict[str, str]
    said: str
    secrets: list[Secret]
    processes: Processes

    @property
    def saved(self) -> Path:
        return self.folder / "tonight.ipynb"

    @property
    def store(self) -> Path:
        """Where tokens are, that nobody else may read."""
        return self.folder / "nb_oauth" / "tokens"

    def printed(self, kind: str, flow: str) -> str:
        cells = nbformat.read(self.saved, as_version=4).cells
        cell = next(one for one in cells if one.id == _id(kind, flow))
        return "".join(one.text for one in cell.outputs if one.output_type == "stream")


@pytest.fixture(scope="module")
def night(oidc_server: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> Night:
    oidc_server.reset()
    oidc_server.set_device_codes(interval=0.01)
    folder = tmp_path_factory.mktemp("night")
    variables = {
        variable(JUDGE, TOKEN_ENDPOINT): oidc_server.token_endpoint,
        variable(JUDGE, CLIENT_ID): SERVICE,
        variable(JUDGE, CLIENT_SECRET): oidc_server.client_secrets[SERVICE],
        **{
            variable(JUDGE, REFRESH_TOKEN, one.account): one.token(oidc_server)["refresh_token"]
            for one in BY_VARIABLE
        },
    }
    for one in STORED:
        _store(one, oidc_server, folder)
    run, processes, said = _by_papermill(_notebook(oidc_server, folder), variables)
    assert run == 0, said[-3000:]
    return Night(folder, variables, said, oidc_server.secrets(), processes)


def _store(flow: Flow, oidc: OidcProvider, folder: Path) -> None:
    """What ``store="file"`` keeps where somebody signs in on this machine."""
    OAuth2Session.open(
        oidc.provider("jwks_uri"),
        Client(flow.client),
        scope=flow.scope,
        token=flow.token(oidc),
        store=FileTokenStore(folder / "nb_oauth" / "tokens"),
        account=flow.account,
        grant=flow.grant,
    )


def _notebook(oidc: OidcProvider, folder: Path) -> Path:
    cells = [
        nbformat.v4.new_code_cell(BEFORE.format(oidc=oidc), id="before"),
        *(cell for flow in (*BY_VARIABLE, *STORED) for cell in flow.cells()),
        nbformat.v4.new_code_cell(AS_THE_APP, id=_id("with", CLIENT_CREDENTIALS)),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "nightly.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def _by_papermill(notebook: Path, variables: dict[str, str]) -> tuple[int, Processes, str]:
    folder = notebook.parent
    log = folder / "papermill.log"
    typed = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-level", "DEBUG"]
    typed += ["--cwd", str(folder), str(notebook), str(folder / "tonight.ipynb")]
    kept = {name: one for name, one in os.environ.items() if not name.startswith("NB_OAUTH_")}
    own = ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "TMPDIR", "XDG_CACHE_HOME")
    home = {name: str(folder) for name in (*own, "XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    with log.open("wb") as file:
        run = subprocess.Popen(  # noqa: S603 - our own
            typed, env=kept | home | variables, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
        processes = Processes(run.pid, given=variables)

        def has_ended() -> bool:
            processes.look_now_and_then()
            return run.poll() is not None

        try:
            wait_until(has_ended, "papermill comes to the end", seconds=A_NIGHT)
        finally:
            run.kill()
            run.wait()
    return run.returncode, processes, log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "flow",
    [
        *(
            pytest.param(one, marks=signs_in(one.name, UNATTENDED, "refresh token in a variable"))
            for one in BY_VARIABLE
        ),
        *(
            pytest.param(one, marks=signs_in(one.name, UNATTENDED, "stored token, until it ends"))
            for one in STORED
        ),
    ],
    ids=lambda flow: flow.account,
)
def test_a_person_who_signed_in_by_day_is_signed_in_by_night(night: Night, flow: Flow) -> None:
    assert night.printed("with", flow.name) == f"{flow.person} True\n"


@signs_in(CLIENT_CREDENTIALS, UNATTENDED, "ID and secret in variables")
def test_an_app_signs_in_with_its_secret_in_a_variable(night: Night) -> None:
    assert night.printed("with", CLIENT_CREDENTIALS) == f"{SERVICE} True\n"


@pytest.mark.parametrize("flow", [*BY_VARIABLE, *STORED], ids=lambda flow: flow.account)
def test_without_any_of_it_nobody_is_asked_and_the_variable_is_named(
    night: Night, flow: Flow
) -> None:
    told = night.printed("without", flow.name)
    assert told.startswith("Somebody must sign in to Judge, and nobody can be asked here")
    assert "Set NB_OAUTH_JUDGE__NOBODY_REFRESH_TOKEN: `nb-oauth login Judge" in told


def test_what_it_leaves_holds_no_secret(night: Night, left_behind: LeftBehind) -> None:
    for secret in night.secrets:
        left_behind.made(secret.kind, secret.value)
    assert {secret.kind for secret in night.secrets} == set(KINDS)
    log = night.folder / LOG_FILE
    logged = log.read_text(encoding="utf-8")
    assert "DEBUG:urllib3" in logged
    assert "msg_type: stream\ncontent: {" in night.said
    left_behind.leave(SAVED_NOTEBOOK, night.saved.read_text(encoding="utf-8"))
    left_behind.leave(LOG, night.said, "what papermill says")
    left_behind.leave(LOG, logged, "what is logged in the kernel")
    night.processes.leave(left_behind)
    left_behind.leave_files(FILES, night.folder, apart_from=[night.saved, log, night.store])
