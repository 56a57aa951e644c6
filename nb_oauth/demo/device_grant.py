"""The device authorization grant (RFC 8628): what a notebook asks; a person answers elsewhere.

:mod:`nb_oauth.demo.device_pages` has the person's half. oauthlib has a grant of that name, too,
which since 3.3 has changed with each version; this one is small, and the same with all of them.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from oauthlib.common import Request, generate_token
from oauthlib.oauth2 import InvalidClientError, InvalidGrantError, InvalidRequestError, OAuth2Error
from oauthlib.oauth2.rfc6749.grant_types.base import GrantTypeBase
from oauthlib.oauth2.rfc8628.errors import (
    AccessDenied,
    AuthorizationPendingError,
    ExpiredTokenError,
    SlowDownError,
)

from nb_oauth.demo.ledger import DeviceCode
from nb_oauth.demo.messages import NO_STORE, json_reply
from nb_oauth.demo.parameters import device_code_lifetime, polling_interval, token_lifetime
from nb_oauth.demo.registry import CLIENTS, DEVICE_CODE

if TYPE_CHECKING:
    from nb_oauth.demo.events import Recorder
    from nb_oauth.demo.ledger import Ledger
    from nb_oauth.demo.messages import Call, Reply
    from nb_oauth.demo.token_validation import Validator

__all__ = ["USER_CODE_ALPHABET", "DeviceCodeGrant"]

USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no word comes out, and no digits to be taken for letters (RFC 8628 §6.1)."""

_SLOWER = 5
"""By how many seconds ``slow_down`` lengthens the interval (RFC 8628 §3.5)."""

_TOLERANCE = 0.1
"""Seconds by which a poll may come early: the clocks of both sides tick, but not alike."""


class DeviceCodeGrant(GrantTypeBase):
    """Issues device codes, and tokens for those that somebody approved.

    Args:
        issuer: the provider's address, for the links in answers.
        validator: knows the clients.
        ledger: keeps the codes.
        recorder: writes down what happens.
    """

    def __init__(
        self, issuer: str, validator: Validator, ledger: Ledger, recorder: Recorder
    ) -> None:
        super().__init__(validator)
        self._validator = validator
        self._verification_uri = f"{issuer}/device"
        self._ledger = ledger
        self._recorder = recorder

    # The device authorization endpoint (RFC 8628 §3.1 and §3.2)

    def create_device_authorization_response(self, call: Call) -> Reply:
        """Issue a device code and the user code that goes with it.

        Raises:
            OAuth2Error: the request is wrong, or the client may not make it.
        """
        request = Request(call.target, "POST", call.body, dict(call.headers))
        self._check_authorization_request(request)
        code = self._device_code(request)
        value = generate_token(40)
        self._ledger.add_device_code(value, code)
        self._recorder.note(
            f"{CLIENTS[code.client_id].name} was given a device code, good for "
            f"{code.expires_at - self._ledger.clock():.0f} s, to ask for {' '.join(code.scopes)}"
        )
        answer = {
            "device_code": value,
            "user_code": code.user_code,
            "verification_uri": self._verification_uri,
            "verification_uri_complete": f"{self._verification_uri}?user_code={code.user_code}",
            "expires_in": device_code_lifetime(request),
            "interval": code.interval,
        }
        return json_reply(200, answer, NO_STORE)

    def _check_authorization_request(self, request: Request) -> None:
        if request.uri_query or request.duplicate_params:
            raise InvalidRequestError(
                description="Each parameter once, and all of them in the body.", request=request
            )
        request.grant_type = DEVICE_CODE
        self._authenticate(request)
        self.validate_grant_type(request)
        self.validate_scopes(request)
        if request.code_challenge and request.code_challenge_method != "S256":
            raise InvalidRequestError(
                description="Only code_challenge_method=S256 is supported.", request=request
            )

    def _device_code(self, request: Request) -> DeviceCode:
        return DeviceCode(
            client_id=request.client_id or "",
            scopes=list(request.scopes or []),
            user_code=_new_user_code(),
            code_challenge=request.code_challenge,
            nonce=request.nonce,
            token_lifetime=token_lifetime(request),
            expires_at=self._ledger.clock() + device_code_lifetime(request),
            interval=polling_interval(request),
        )

    def _authenticate(self, request: Request) -> None:
        """As at the token endpoint (RFC 6749 §3.2.1); oauthlib 3.3 has no method for it."""
        validator = self._validator
        if validator.client_authentication_required(request):
            known = validator.authenticate_client(request)
        else:
            known = validator.authenticate_client_id(request.client_id or "", request)
        if not known:
            raise InvalidClientError(request=request)

    # The token endpoint (RFC 8628 §3.4 and §3.5)

    def create_token_response(
        self,
        request: Request,
        token_handler: Any,  # noqa: ANN401 - oauthlib's
    ) -> tuple[dict[str, str], str, int]:
        """Answer a poll: with a token, or with why there is none."""
        headers = {"Content-Type": "application/json", **NO_STORE}
        try:
            self._authenticate(request)
            self.validate_grant_type(request)
            self._check_device_code(request)
        except OAuth2Error as error:
            return {**headers, **error.headers}, error.json, error.status_code
        token = token_handler.create_token(request, refresh_token=True)
        self._validator.save_token(token, request)
        return headers, json.dumps(token), 200

    def _check_device_code(self, request: Request) -> None:
        """Let pass what somebody approved, once.

        Raises:
            OAuth2Error: whatever RFC 8628 §3.5 wants to be told instead.
        """
        # oauthlib 3.3 knows no attribute of that name where the request has no such parameter.
        code = self._ledger.device_code(getattr(request, "device_code", None) or "")
        if code is None or code.client_id != request.client_id:
            raise InvalidGrantError("No such device code.", request=request)
        if not _is_verified(code.code_challenge, request.code_verifier):
            raise InvalidGrantError("code_verifier does not match.", request=request)
        if code.used:
            raise InvalidGrantError("This device code was used before.", request=request)
        if self._ledger.clock() >= code.expires_at:
            raise ExpiredTokenError("This device code has run out.", request=request)
        if code.denied:
            raise AccessDenied("You chose Deny on the consent page.", request=request)
        code.polls += 1
        if code.approval is None:
            raise self._not_yet(code, request)
        self._pass(code, request)

    def _not_yet(self, code: DeviceCode, request: Request) -> OAuth2Error:
        """What to tell a client that nobody has decided about."""
        now = self._ledger.clock()
        before, code.polled_at = code.polled_at, now
        if before is not None and now - before < code.interval - _TOLERANCE:
            code.interval += _SLOWER
            self._recorder.note(f"Asked too soon: slow_down, to every {code.interval:.0f} s")
            return SlowDownError(f"Ask every {code.interval:.0f} s.", request=request)
        if code.polls == 1:  # the others say the same, and would fill the journal
            name = CLIENTS[code.client_id].name
            self._recorder.note(
                f"{name} asks every {code.interval:.0f} s whether somebody has decided: not yet"
            )
        return AuthorizationPendingError("Nobody has decided yet.", request=request)

    def _pass(self, code: DeviceCode, request: Request) -> None:
        code.used = True
        request.user, request.scopes, request.nonce = code.approval, code.scopes, code.nonce
        self._recorder.note(f"Device code exchanged; the client had asked {code.polls} times")


def _new_user_code() -> str:
    letters = "".join(secrets.choice(USER_CODE_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _is_verified(challenge: str | None, verifier: str | None) -> bool:
    """Whether the verifier is the challenge's; without a challenge there is none (RFC 7636)."""
    if not challenge or not verifier:
        return not challenge and not verifier
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return secrets.compare_digest(digest, challenge)
