"""Which address answers what: the provider's endpoints, its pages and its API in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oauthlib.oauth2 import OAuth2Error

from nb_oauth.demo import pages
from nb_oauth.demo.api import Api
from nb_oauth.demo.authorization import authorization_server
from nb_oauth.demo.events import Recorder
from nb_oauth.demo.ledger import Ledger
from nb_oauth.demo.messages import Reply, json_reply
from nb_oauth.demo.registry import SCOPES
from nb_oauth.demo.sign_in import SignIn
from nb_oauth.demo.token_validation import Validator

if TYPE_CHECKING:
    from collections.abc import Callable

    from nb_oauth.demo.messages import Call

__all__ = ["Application"]

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Application:
    """Answers every request to the demo provider.

    Args:
        issuer: its address, such as ``"http://127.0.0.1:50123"``.

    Attributes:
        ledger: what was issued.
        recorder: what happened.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.ledger = Ledger()
        self.recorder = Recorder()
        self._server = authorization_server(Validator(self.ledger, self.recorder))
        sign_in = SignIn(issuer, self._server, self.ledger, self.recorder)
        self._api = Api(issuer, self.ledger, self.recorder)
        self._routes: dict[str, dict[str, Callable[[Call], Reply]]] = {
            "/": {"GET": lambda _call: pages.index(issuer)},
            "/.well-known/oauth-authorization-server": {"GET": self._metadata},
            "/authorize": {"GET": sign_in.authorize},
            "/sign-in": {"POST": sign_in.check_password},
            "/decision": {"POST": sign_in.decide},
            "/token": {"POST": self._token},
            "/revoke": {"POST": self._revoke},
        }

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        if call.path == "/api" or call.path.startswith("/api/"):
            return self._api.answer(call)
        if call.path.startswith("/static/") and call.method == "GET":
            file = pages.static(call.path.removeprefix("/static/"))
            return file or _not_found()
        methods = self._routes.get(call.path)
        if methods is None:
            return _not_found()
        if call.method not in methods:
            return Reply(405, b"Not that way.", headers={"Allow": ", ".join(methods)})
        return methods[call.method](call)

    def _metadata(self, _call: Call) -> Reply:
        """What this provider can do (RFC 8414 §3.2)."""
        issuer = self.issuer
        methods = ["none", "client_secret_basic", "client_secret_post"]
        document = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "revocation_endpoint": f"{issuer}/revoke",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code", "token"],
            "response_modes_supported": ["query", "fragment"],
            "grant_types_supported": [
                "authorization_code",
                "implicit",
                "password",
                "client_credentials",
                "refresh_token",
            ],
            "token_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": methods,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "service_documentation": f"{issuer}/",
        }
        return json_reply(200, document)

    def _token(self, call: Call) -> Reply:
        """The token endpoint (RFC 6749 §3.2).

        The lock spans looking and writing: of two requests with one refresh token or one code,
        the second finds it used.
        """
        try:
            with self.ledger.lock:
                headers, body, status = self._server.create_token_response(
                    call.target, "POST", call.body, dict(call.headers)
                )
        except OAuth2Error as error:
            return json_reply(error.status_code, dict(error.twotuples), _NO_STORE)
        except ValueError:
            return _unreadable()
        if status == 401:  # noqa: PLR2004 - how a failed client authentication is answered
            # RFC 6749 §5.2 names the scheme that the client may use; oauthlib says Bearer.
            headers["WWW-Authenticate"] = 'Basic realm="nb_oauth demo"'
        if status != 200:  # noqa: PLR2004 - OK
            self.recorder.note("Token request refused")
        return _from_oauthlib(headers, body, status)

    def _revoke(self, call: Call) -> Reply:
        """The revocation endpoint (RFC 7009 §2)."""
        try:
            with self.ledger.lock:
                headers, body, status = self._server.create_revocation_response(
                    call.target, "POST", call.body, dict(call.headers)
                )
        except ValueError:
            return _unreadable()
        return _from_oauthlib(headers, body, status)


def _from_oauthlib(headers: dict[str, str], body: str | None, status: int) -> Reply:
    kept = {name: value for name, value in headers.items() if name != "Content-Type"}
    return Reply(status, (body or "").encode(), "application/json", kept)


def _unreadable() -> Reply:
    problem = {"error": "invalid_request", "error_description": "The request cannot be read."}
    return json_reply(400, problem, _NO_STORE)


def _not_found() -> Reply:
    return pages.problem(404, "Nothing here", "This address belongs to no page of the demo.")
