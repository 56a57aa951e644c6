"""What a cell that shows the widget sends to the front end, message by message."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import zmq

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kernel.harness import KernelProcess

COMM_OPENS, DISPLAYS, BYTES = 2, 1, 16 * 1024  # the most that showing the widget may cost

LOGIN = """\
import nb_oauth
from nb_oauth import AuthorizationCodeLogin, Client, Provider

provider = Provider(
    "Example",
    authorization_endpoint="{issuer}/auth",
    token_endpoint="{issuer}/token",
)
client = Client("public", redirect_uri="http://127.0.0.1/callback")
login = AuthorizationCodeLogin(
    provider, client, scope=["openid", "offline_access", "api:read"], extra={{"prompt": "consent"}}
)
"""
NOWHERE = "https://provider.example"  # showing the widget asks the provider nothing


@dataclass(frozen=True)
class Sent:
    """One message on iopub, and how many bytes all its frames have on the wire."""

    header: dict[str, Any]
    parent: dict[str, Any]
    content: dict[str, Any]
    size: int

    @property
    def kind(self) -> str:
        return str(self.header["msg_type"])


@dataclass(frozen=True)
class Cost:
    """All that the kernel sent because of the cell, and then because of the script's ``hello``."""

    cell: list[Sent]
    hello: list[Sent]

    @property
    def counts(self) -> Counter[str]:
        return Counter(one.kind for one in self.cell + self.hello)

    @property
    def by_kind(self) -> Counter[str]:
        """Bytes of the cell's messages, by what they are.

        Those after its end are not of them: a machine so busy that it says hello late is shown
        plain HTML meanwhile.
        """
        sizes: Counter[str] = Counter()
        for one in self.cell:
            sizes[one.kind] += one.size
            if one.content.get("execution_state") == "idle":
                break
        return sizes


def show_login(kernel: KernelProcess) -> Cost:
    """Show an ``AuthorizationCodeLogin`` in a new cell, and wait until it can be used."""
    with _listening(kernel) as socket:
        cell = execute(kernel, LOGIN.format(issuer=NOWHERE) + "login")
        assert kernel.outcome(cell) == "ok"
        comm_id = model_id(kernel, cell)
        hello = say_hello(kernel, comm_id)
        view(kernel, comm_id, "waiting")
        kernel.wait_until_idle(hello)
        sent = _until(socket, kernel.said[-1]["header"]["msg_id"])
    return Cost(_caused_by(cell, sent), _caused_by(hello, sent))


def _caused_by(request: str, sent: list[Sent]) -> list[Sent]:
    return [one for one in sent if one.parent.get("msg_id") == request]


def execute(kernel: KernelProcess, code: str) -> str:
    """Run a cell as a front end does that can ask: JupyterLab, not nbclient."""
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": True,
        "stop_on_error": True,
    }
    return kernel.send("execute_request", content)


def model_id(kernel: KernelProcess, cell: str) -> str:
    """Wait until the cell shows a widget; returns the widget's model, which is its comm."""
    shown = kernel.wait_for(lambda: kernel.published(cell, "display_data"), "a widget")
    identifier: str = shown[0]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    return identifier


def view(kernel: KernelProcess, comm_id: str, status: str) -> dict[str, Any]:
    """Wait until the widget is told to show this; returns all that it shows."""
    return kernel.wait_for(lambda: _shown(kernel, comm_id, status), f"the view {status}")


def _shown(kernel: KernelProcess, comm_id: str, status: str) -> dict[str, Any] | None:
    for message in kernel.said:
        content = message["content"]
        if message["msg_type"] == "comm_msg" and content["comm_id"] == comm_id:
            told: dict[str, Any] = content["data"].get("content", {})
            if told.get("type") == "view" and told["status"] == status:
                return told
    return None


def say_hello(kernel: KernelProcess, comm_id: str) -> str:
    """Say what the widget's script says when it has begun."""
    content = {"type": "hello", "id": "hello"}
    return kernel.comm_message(comm_id, {"method": "custom", "content": content})


@contextmanager
def _listening(kernel: KernelProcess) -> Iterator[zmq.Socket[bytes]]:
    """A second socket on iopub, for the frames as they come."""
    connection = json.loads(kernel.log.with_name("connection.json").read_text(encoding="utf-8"))
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.connect(f"tcp://127.0.0.1:{connection['iopub_port']}")
        socket.subscribe(b"")
        while not socket.poll(50):  # the kernel may not know of this subscription yet
            kernel.reply(kernel.send("kernel_info_request", {}))
        yield socket


def _until(socket: zmq.Socket[bytes], message_id: str) -> list[Sent]:
    sent: list[Sent] = []
    while not sent or sent[-1].header["msg_id"] != message_id:
        assert socket.poll(8000), "iopub went silent"
        sent.append(_parse(socket.recv_multipart()))
    return sent


def _parse(frames: list[bytes]) -> Sent:
    begin = frames.index(b"<IDS|MSG>") + 2  # the signature stands between
    header, parent, _metadata, content = map(json.loads, frames[begin : begin + 4])
    return Sent(header, parent, content, sum(map(len, frames)))
