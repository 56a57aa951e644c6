"""An authorization server and an API in a process of their own, whose tokens live for seconds.

The token endpoint rotates (RFC 6749 §6): each refresh token is good once. The API takes the access
tokens that have not ended, and no other. Started by ``python -m``; it ends with its standard input.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sys
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests

from nb_oauth import Client, OAuth2Session, Provider, tokens
from tests import tools
from tests.polling import wait_until
from tests.server_process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path


class ShortLived(ServerProcess):
    """The server, as a test sees it."""

    def __init__(self, log: Path) -> None:
        command = [sys.executable, "-m", "tests.unit.short_lived_tokens"]
        super().__init__(command, log=log, env=tools.unmeasured())
        self._http = requests.Session()
        self._http.trust_env = False

    def __exit__(self, *error: object) -> None:
        self._http.close()
        super().__exit__(*error)

    @property
    def issuer(self) -> str:
        line = wait_until(lambda: self.read_log().partition("\n")[0], "the server says where it is")
        return line.strip()

    def open(self, life: float = 3600, **arguments: Any) -> OAuth2Session:
        """A session that has just signed in, for tokens that live so many seconds; all is new."""
        return open_at(self.issuer, life, **arguments)

    def urls(self, count: int) -> list[str]:
        return [f"{self.issuer}/records/{number}" for number in range(count)]

    def tell(self, what: str, **members: Any) -> Any:
        """Have it do one of what is in ``Server.told``; returns what it says."""
        return self._http.post(f"{self.issuer}/{what}", data=members).json()

    def secrets(self) -> list[str]:
        """What may be nowhere but in the notebook."""
        seen = self.tell("seen")
        return [seen["client_secret"], *seen["refresh_tokens"]]

    def count(self, what: str) -> int:
        counted: int = self.tell("seen")[what]
        return counted


def open_at(issuer: str, life: float, **arguments: Any) -> OAuth2Session:
    provider = Provider("Observatory", token_endpoint=f"{issuer}/token")
    one = secrets.token_hex(16)  # of every test: workers remember what went wrong with a sign-in
    client = Client(f"app-{one}", client_secret=f"client-secret-{one}")
    session = OAuth2Session.open(provider, client, token={}, **arguments)
    session.trust_env = False
    sign_in(session, issuer, life)
    return session


def sign_in(session: OAuth2Session, issuer: str, life: float) -> None:
    """Have the server begin anew, with a first token for that session."""
    client, now = session._registered, time.time()
    assert client is not None
    told = {"life": life, "client_id": client.client_id, "client_secret": client.client_secret}
    answer = session.post(f"{issuer}/begin", told, withhold_token=True)
    session._keep(tokens.dated(answer.json(), now))


class Server:
    """What the process does.

    Attributes:
        refreshes: how many tokens were renewed.
        turned_away: how many times the token endpoint was asked while out of order.
        spent: how many times a refresh token came that is good no more.
        refused: how many requests came to the API with a token that is.
        requests: how many came there.
        busiest: how many of them came within one second.
        connections: how many were opened since it began.
    """

    def __init__(self) -> None:
        self._begin(3600, "", "")

    def _begin(self, life: float, client_id: str, client_secret: str) -> None:
        self._life, self.client_id, self.client_secret = life, client_id, client_secret
        self._ends: dict[str, float] = {}
        self.refresh_tokens: list[str] = []
        self.refreshes = self.spent = self.turned_away = self.requests = self.refused = 0
        self.connections = self.busiest = 0
        self._last_second: deque[float] = deque()
        self._token_answers = self._api_answers = 200

    def tokens(self) -> dict[str, Any]:
        access, refresh = f"access-{secrets.token_hex(16)}", f"refresh-{secrets.token_hex(16)}"
        self._ends[access] = time.time() + self._life
        self.refresh_tokens.append(refresh)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": self._life,
        }

    def at_token_endpoint(self, headers: dict[str, str], body: str) -> tuple[int, Any]:
        form = dict(parse_qsl(body))
        shown = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if headers.get("authorization") != f"Basic {shown}":
            return 401, {"error": "invalid_client"}
        if self._token_answers != 200:
            self.turned_away += 1
            return self._token_answers, {}
        if form.get("refresh_token") != self.refresh_tokens[-1]:
            self.spent += 1
            return 400, {"error": "invalid_grant"}
        self.refreshes += 1
        return 200, self.tokens()

    def at_api(self, headers: dict[str, str], path: str) -> tuple[int, Any]:
        self.requests += 1
        self._last_second.append(now := time.monotonic())
        while self._last_second[0] < now - 1:
            self._last_second.popleft()
        self.busiest = max(self.busiest, len(self._last_second))
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if self._api_answers == 401 or self._ends.get(token, 0.0) <= time.time():
            self.refused += 1
            return 401, {"error": "invalid_token"}
        number = path.rpartition("/")[2]
        return (200, {"number": int(number)}) if number.isdigit() else (404, {})

    def told(self, what: str, form: dict[str, str]) -> dict[str, Any]:
        """Do what a test asks for."""
        if what == "/begin":
            self._begin(float(form["life"]), form["client_id"], form["client_secret"])
            return self.tokens()
        if what == "/revoke":  # the access tokens
            self._ends.clear()
        if what == "/keep":
            self._ends = {form["only"]: self._ends[form["only"]]}
        if what == "/answer":
            self._token_answers = int(form.get("token", 200))
            self._api_answers = int(form.get("api", 200))
        return {name: one for name, one in vars(self).items() if not name.startswith("_")}

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, Any]:
        if path == "/token":
            return self.at_token_endpoint(headers, body)
        if method == "POST":
            return 200, self.told(path, dict(parse_qsl(body)))
        return self.at_api(headers, path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").strip().split("\r\n")
                headers = {name.lower(): one for name, _, one in (x.partition(": ") for x in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = first.split(" ")
                if target == "/slow":
                    self.requests += 1
                    await reader.read()
                status, said = self.answer(method, urlsplit(target).path, headers, body.decode())
                writer.write(_as_http(status, said))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _as_http(status: int, said: Any) -> bytes:
    content = json.dumps(said).encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        "Cache-Control: no-store",
        f"Content-Length: {len(content)}",
    ]
    if status == 401:
        head.append('WWW-Authenticate: Bearer error="invalid_token"')
    return "\r\n".join([*head, "", ""]).encode() + content


async def main() -> None:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
