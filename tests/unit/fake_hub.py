"""A JupyterHub that does as it is told, as far as a server of its asks it of a person's token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.unit.session_stage import Reply, Request, Stage, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from nb_oauth import OAuth2Session

API_TOKEN = "the-servers-own-token"
USER = "ada lovelace/1"
ITS_PATH = "/hub/api/users/ada%20lovelace%2F1"


def auth_state(access_token: str = "lent-1", **members: Any) -> dict[str, Any]:
    """What OAuthenticator keeps: a token without an end, unless ``members`` have one."""
    answer = {"access_token": access_token, "refresh_token": "the-hubs-own", **members}
    scope = str(members.get("scope", "read openid")).split(" ")
    kept = {name: answer.get(name) for name in ("access_token", "refresh_token", "id_token")}
    return {**kept, "scope": scope, "token_response": answer, "oauth_user": {"sub": "ada"}}


def ending_state(seconds: float, access_token: str = "lent-1", **members: Any) -> dict[str, Any]:
    """The same, of a token that ends in ``seconds``."""
    return auth_state(access_token, expires_in=3600, expires_at=time.time() + seconds, **members)


def let_end(hub: FakeHub, session: OAuth2Session) -> None:
    """The token that ``hub`` has, and ``session`` with it, has ended by now."""
    hub.states = [ending_state(-1)]
    ends_at = hub.states[0]["token_response"]["expires_at"]
    session.token = {**session.token, "expires_at": ends_at}


class FakeHub(Stage):
    """Answers with ``states``, one a request and the last one for ever; or with ``says``."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[Any] = [auth_state()]
        self.says: Callable[[Request], Reply] = self.show
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.says(request)

    def show(self, request: Request) -> Reply:
        if request.path != ITS_PATH or request.headers["Authorization"] != f"token {API_TOKEN}":
            return reply(404, status=404, message="No access to resources or resources not found")
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return reply(kind="user", name=USER, auth_state=state)

    def start_a_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the environment be that of a server that this Hub has started."""
        monkeypatch.setenv("JUPYTERHUB_API_URL", f"{self.issuer}/hub/api")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", API_TOKEN)
        monkeypatch.setenv("JUPYTERHUB_USER", USER)
