"""A real JupyterHub behind its real proxy, on loopback, and somebody in front of it."""

from __future__ import annotations

import json
import secrets
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import websocket

from tests import tools
from tests.free_ports import free_ports
from tests.hub import environments
from tests.polling import wait_until
from tests.providers.visitor import PATIENCE, Visitor
from tests.server_process import Server, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tests.providers.oidc import OidcProvider

FOLDER = Path(__file__).parent
PROXY = FOLDER / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
SAID = "HUB_OF_THE_TESTS"  # the variable by which its configuration is told what it is to be
STARTS_WITHIN = 60  # seconds
ANSWERS_WITHIN = 90  # seconds; the Hub may be waited for twice


class Hub(Server):
    """A JupyterHub that signs people in by the judge; see ``jupyterhub_config.py``.

    Args:
        version: of JupyterHub.
        folder: where all its files are.
        oidc: the judge.
        base_url: the path that all of it is below.
        has_service: whether it has the callback page that serves everybody.
    """

    def __init__(
        self,
        version: str,
        folder: Path,
        oidc: OidcProvider,
        *,
        base_url: str = "/",
        has_service: bool = True,
    ) -> None:
        if not PROXY.exists():
            tools.missing("configurable-http-proxy", "npm ci --prefix tests/hub")
        node = tools.find("node", remedy="install Node.js 20 or later")
        self.api_token = secrets.token_hex(16)
        port, hub_port, proxy_port, service_port = free_ports(4)
        self.origin = f"http://127.0.0.1:{port}"
        self.address = self.origin + base_url.rstrip("/")
        self.has_service = has_service
        self._folder = folder
        said = {
            "origin": self.origin,
            "address": self.address,
            "base_url": base_url,
            "hub_port": hub_port,
            "proxy_port": proxy_port,
            "service_port": service_port if has_service else None,
            "proxy": [node, str(PROXY)],
            "folder": str(folder),
            "issuer": oidc.issuer,
            "client_secret": oidc.client_secrets["hub"],
            "api_token": self.api_token,
            "environment": self._kernels(),
            "enabled": str(environments.REPOSITORY / "jupyter-config"),
            "package": str(environments.REPOSITORY),
        }
        env = {
            **tools.unmeasured(),
            SAID: json.dumps(said),
            "JUPYTERHUB_CRYPT_KEY": secrets.token_hex(32),
        }
        env.pop("PYTHONPATH", None)
        config = str(FOLDER / "jupyterhub_config.py")
        command = [str(environments.python(version)), str(FOLDER / "hub_process.py")]
        self._process = ServerProcess(
            [*command, "--config", config], log=folder / "hub.log", env=env, cwd=folder
        )
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"token {self.api_token}"

    def _kernels(self) -> dict[str, str]:
        """Let every server start kernels on the tests' own interpreter, with nb_oauth in it."""
        data = self._folder / "jupyter"
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        env = {"PYTHONPATH": str(environments.REPOSITORY), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        described = {"argv": argv, "display_name": "tests", "language": "python", "env": env}
        spec = data / "kernels" / "python3"  # JupyterLab's own choice
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(json.dumps(described))
        (data / "labextensions").mkdir()
        for name in ("anywidget", "@jupyter-widgets"):
            installed = Path(sys.prefix, "share", "jupyter", "labextensions", name)
            (data / "labextensions" / name).symlink_to(installed)
        return {
            "JUPYTER_PATH": str(data),
            "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
        }

    def _wait_until_ready(self) -> None:
        wait_until(self._answers, "JupyterHub answers", seconds=STARTS_WITHIN)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()
        super().__exit__(kind, error, traceback)

    def _answers(self) -> bool:
        self._process.check_alive()
        with suppress(requests.ConnectionError):
            return self._http.get(f"{self.address}/hub/api/", timeout=PATIENCE).ok
        return False

    @property
    def pid(self) -> int:
        return self._process.pid

    def home(self, name: str) -> Path:
        """The home folder of ``name``, which comes with the server."""
        return self._folder / "homes" / name

    def read_log(self) -> str:
        return self._process.read_log()

    def sign_in(self, name: str) -> None:
        """Sign in to the Hub as ``name``, at the judge's pages."""
        with Visitor(name) as visitor:
            page = visitor.open(f"{self.address}/hub/oauth_login", "about:")
            while page.url.startswith("http://localhost"):
                page = visitor.submit(page, "about:")
            assert page.url.startswith(self.origin), page.url

    def start_server(self, name: str) -> None:
        """Start the server of ``name``, and wait until it answers."""
        answer = self._http.post(self._api(f"users/{name}/server"), timeout=STARTS_WITHIN)
        assert answer.status_code in {201, 202}, answer.text
        wait_until(lambda: self._is_ready(name), f"the server of {name}", seconds=STARTS_WITHIN)

    def stop_server(self, name: str) -> None:
        """Stop the server of ``name``, and wait until it is gone."""
        answer = self._http.delete(self._api(f"users/{name}/server"), timeout=STARTS_WITHIN)
        assert answer.status_code in {202, 204}, answer.text
        model = self._api(f"users/{name}")
        wait_until(
            lambda: not self._http.get(model, timeout=PATIENCE).json()["servers"],
            f"the server of {name} ends",
            seconds=STARTS_WITHIN,
        )

    def _is_ready(self, name: str) -> bool:
        model = self._http.get(self._api(f"users/{name}"), timeout=PATIENCE).json()
        assert model["servers"], self.read_log()[-4000:]
        return bool(model["servers"][""]["ready"])

    def kernel(self, name: str) -> Kernel:
        """Start a kernel in the server of ``name``."""
        address = f"{self.address}/user/{name}/api/kernels"
        answer = self._http.post(address, json={"name": "python3"}, timeout=PATIENCE)
        assert answer.ok, answer.text
        channels = f"{address}/{answer.json()['id']}/channels".replace("http", "ws", 1)
        return Kernel(channels, self.api_token)

    def _api(self, path: str) -> str:
        return f"{self.address}/hub/api/{path}"


class Kernel:
    """A kernel in somebody's server, reached through the proxy as a front end reaches it."""

    def __init__(self, channels: str, token: str) -> None:
        headers = {"Authorization": f"token {token}"}
        self._socket = websocket.create_connection(
            channels, header=headers, timeout=ANSWERS_WITHIN, http_no_proxy=["127.0.0.1"]
        )
        self.said: list[dict[str, Any]] = []

    def close(self) -> None:
        self._socket.close()

    def execute(self, code: str) -> str:
        """Begin to run a cell of a front end that takes input, and return the request's ID."""
        request = uuid.uuid4().hex
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": True}
        header = {"msg_id": request, "msg_type": "execute_request", "username": "", "session": "s"}
        message = {"header": {**header, "version": "5.3", "date": ""}, "parent_header": {}}
        self._socket.send(
            json.dumps({**message, "metadata": {}, "content": content, "channel": "shell"})
        )
        return request

    def wait_for(
        self, request: str, is_meant: Callable[[dict[str, Any]], bool], what: str
    ) -> dict[str, Any]:
        """Return the content of the first message of a cell that is meant; the rest is kept."""
        deadline, seen = time.monotonic() + ANSWERS_WITHIN, 0
        while True:
            for message in self.said[seen:]:
                if message["parent_header"]["msg_id"] == request and is_meant(message):
                    content: dict[str, Any] = message["content"]
                    return content
            seen = len(self.said)
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.said}"
            self._read()

    def _read(self) -> None:
        opcode, frame = self._socket.recv_data_frame(control_frame=True)  # pings as well
        if opcode == websocket.ABNF.OPCODE_TEXT:
            message = json.loads(frame.data)
            if message["parent_header"]:
                self.said.append(message)

    def reply(self, request: str) -> dict[str, Any]:
        """Wait for the end of a cell; what it printed has come by then, and its reply as well."""
        self.wait_for(request, _is_idle, "idle")  # of two sockets: in whatever order
        return self.wait_for(request, lambda one: one["msg_type"] == "execute_reply", "a reply")

    def finish(self, request: str) -> str:
        """Wait for the end of a cell, which must succeed, and return what it printed."""
        reply = self.reply(request)
        assert reply["status"] == "ok", reply
        return self.printed(request)

    def printed(self, request: str, name: str = "stdout") -> str:
        return "".join(
            one["content"]["text"]
            for one in self.said
            if one["msg_type"] == "stream"
            and one["parent_header"]["msg_id"] == request
            and one["content"]["name"] == name
        )

    def run(self, code: str) -> str:
        return self.finish(self.execute(code))


def _is_idle(message: dict[str, Any]) -> bool:
    return message["content"].get("execution_state") == "idle"
