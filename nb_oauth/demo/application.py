"""Which address answers what: the provider's endpoints, its pages and its API in one place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oauthlib.oauth2 import OAuth2Error

from nb_oauth.demo import pages
from nb_oauth.demo.api import Api
from nb_oauth.demo.authorization import AuthorizationServer
from nb_oauth.demo.authorization_request import AuthorizationRequests
from nb_oauth.demo.bearer import Bearers
from nb_oauth.demo.device_grant import DeviceCodeGrant
from nb_oauth.demo.device_pages import DevicePages
from nb_oauth.demo.events import Recorder
from nb_oauth.demo.ledger import Ledger
from nb_oauth.demo.messages import NO_STORE, Reply, json_reply
from nb_oauth.demo.metadata import METADATA_PATHS, metadata
from nb_oauth.demo.openid import OpenID, UserInfo
from nb_oauth.demo.sign_in import SignIn
from nb_oauth.demo.token_validation import Validator

if TYPE_CHECKING:
    from collections.abc import Callable

    from nb_oauth.demo.messages import Call

__all__ = ["Application"]

_OK, _UNAUTHORIZED = 200, 401
_NOT_YET = {"authorization_pending", "slow_down"}


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
        validator = Validator(self.ledger, self.recorder)
        openid = OpenID(issuer, self.ledger, self.recorder)
        self._devices = DeviceCodeGrant(issuer, validator, self.ledger, self.recorder)
        self._server = AuthorizationServer(validator, self._devices, openid)
        bearers = Bearers(self.ledger, self.recorder)
        self._api = Api(issuer, bearers, self.ledger)
        user_info = UserInfo(bearers, self.recorder).answer
        self._routes: dict[str, dict[str, Callable[[Call], Reply]]] = {
            "/": {"GET": lambda _call: pages.index(issuer)},
            **{path: {"GET": self._metadata} for path in METADATA_PATHS},
            "/jwks": {"GET": openid.keys},
            "/journal": {"GET": self._journal},
            "/userinfo": {"GET": user_info, "POST": user_info},
            "/token": {"POST": self._token},
            "/device_authorization": {"POST": self._device_authorization},
            "/revoke": {"POST": self._revoke},
            **self._page_routes(),
        }

    def _page_routes(self) -> dict[str, dict[str, Callable[[Call], Reply]]]:
        """The addresses that a person's browser comes to."""
        sign_in = SignIn(self.ledger, self.recorder)
        requests = AuthorizationRequests(self.issuer, self._server, sign_in, self.recorder)
        device = DevicePages(self.ledger, sign_in, self.recorder)
        return {
            "/authorize": {"GET": requests.authorize},
            "/device": {"GET": device.open, "POST": device.check_user_code},
            "/sign-in": {"POST": sign_in.check_password},
            "/decision": {"POST": sign_in.decide},
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
        self.recorder.note("Metadata read")
        return json_reply(200, metadata(self.issuer))

    def _journal(self, _call: Call) -> Reply:
        """What happened until now, for a tutorial in another process; there is no secret in it."""
        events = [vars(event) for event in self.recorder.journal()]
        return json_reply(200, {"events": events})

    def _token(self, call: Call) -> Reply:
        """The token endpoint (RFC 6749 §3.2)."""
        reply = self._under_lock(lambda: self._from_oauthlib(call, "create_token_response"))
        error = "" if reply.status == _OK else json.loads(reply.body)["error"]
        if error and error not in _NOT_YET:
            self.recorder.note(f"Token request refused: {error}")
        return reply

    def _device_authorization(self, call: Call) -> Reply:
        """The device authorization endpoint (RFC 8628 §3.1)."""
        return self._under_lock(lambda: self._devices.create_device_authorization_response(call))

    def _revoke(self, call: Call) -> Reply:
        """The revocation endpoint (RFC 7009 §2)."""
        return self._under_lock(lambda: self._from_oauthlib(call, "create_revocation_response"))

    def _under_lock(self, respond: Callable[[], Reply]) -> Reply:
        """Answer an app.

        The lock spans looking and writing: of two requests with one refresh token or one code,
        the second finds it used.
        """
        try:
            with self.ledger.lock:
                return _challenged(respond())
        except OAuth2Error as error:
            return _challenged(json_reply(error.status_code, dict(error.twotuples), NO_STORE))
        except ValueError:
            problem = {
                "error": "invalid_request",
                "error_description": "The request cannot be read.",
            }
            return json_reply(400, problem, NO_STORE)

    def _from_oauthlib(self, call: Call, method: str) -> Reply:
        respond = getattr(self._server, method)
        headers, body, status = respond(call.target, "POST", call.body, dict(call.headers))
        kept = {name: value for name, value in headers.items() if name != "Content-Type"}
        return Reply(status, (body or "").encode(), "application/json", kept)


def _challenged(reply: Reply) -> Reply:
    """Name the scheme that a client may authenticate with (RFC 6749 §5.2); oauthlib says Bearer."""
    if reply.status != _UNAUTHORIZED:
        return reply
    challenge = {"WWW-Authenticate": 'Basic realm="nb_oauth demo"'}
    return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, **challenge})


def _not_found() -> Reply:
    return pages.problem(404, "Nothing here", "This address belongs to no page of the demo.")
