"""The authorization server: oauthlib's grants, and what the demo provider answers to them.

oauthlib knows the protocol and asks a validator about clients, people, codes and tokens:
:mod:`nb_oauth.demo.client_validation` and :mod:`nb_oauth.demo.token_validation`.

oauthlib's check for https is on its client's side (and in its metadata endpoint, which is why
:mod:`nb_oauth.demo.metadata` writes that document itself), so serving http on a loopback
address, as safe as https (RFC 8252 §8.3), needs no ``OAUTHLIB_INSECURE_TRANSPORT``, which would
switch the check off for the whole process.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    ImplicitGrant,
    InvalidRequestError,
    RefreshTokenGrant,
    ResourceOwnerPasswordCredentialsGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.errors import LoginRequired

from nb_oauth.demo.ledger import Approval
from nb_oauth.demo.parameters import token_lifetime
from nb_oauth.demo.registry import DEVICE_CODE

if TYPE_CHECKING:
    from oauthlib.common import Request

    from nb_oauth.demo.device_grant import DeviceCodeGrant
    from nb_oauth.demo.openid import OpenID
    from nb_oauth.demo.token_validation import Validator

__all__ = ["AuthorizationServer"]


class AuthorizationServer(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):
    """Every grant of RFC 6749, the device grant, and ID tokens for those who ask for them.

    Args:
        validator: answers oauthlib's questions.
        device_grant: answers the device grant's polls.
        openid: signs ID tokens.
    """

    def __init__(self, validator: Validator, device_grant: DeviceCodeGrant, openid: OpenID) -> None:
        # At DEBUG oauthlib's grants write codes and tokens to the log, which may end in a notebook.
        logging.getLogger("oauthlib.oauth2.rfc6749.grant_types").setLevel(logging.INFO)
        # The stubs know neither the grants' hooks nor that a token type is no name.
        tokens: Any = _Tokens(validator, openid)
        code: Any = AuthorizationCodeGrant(validator)
        implicit: Any = ImplicitGrant(validator)
        implicit.response_types = ["token", "id_token"]  # "id_token token" is told by its words
        for grant in (code, implicit):
            grant.custom_validators.pre_auth.append(_check_authorization_parameters)
            grant.custom_validators.post_auth.append(_check_openid_parameters)
        password: Any = ResourceOwnerPasswordCredentialsGrant(validator)
        credentials: Any = ClientCredentialsGrant(validator)
        for grant in (password, credentials):
            grant.custom_validators.pre_token.append(_check_token_parameters)
        kinds = ("token", "id_token token", "token id_token")
        responses = {"code": code, **dict.fromkeys(kinds, implicit)}
        AuthorizationEndpoint.__init__(self, "code", tokens, responses)
        grants = {
            "authorization_code": code,
            "password": password,
            "client_credentials": credentials,
            "refresh_token": RefreshTokenGrant(validator),
            DEVICE_CODE: device_grant,
        }
        TokenEndpoint.__init__(self, "authorization_code", tokens, grants)
        RevocationEndpoint.__init__(self, validator)


class _Tokens(BearerToken):
    """Token responses, with an ID token where one was asked for and a person signed in."""

    __slots__ = ("_openid",)

    def __init__(self, validator: Validator, openid: OpenID) -> None:
        super().__init__(validator, expires_in=_token_lifetime_granted)
        self._openid = openid

    def create_token(self, request: Request, refresh_token: bool = False, **keywords: Any) -> Any:  # noqa: ANN401, FBT001, FBT002 - oauthlib's
        token: Any = super().create_token(request, refresh_token=refresh_token, **keywords)
        approval = _for_id_token(request)
        if approval is not None:
            token["id_token"] = self._openid.id_token(
                approval, list(request.scopes or []), token["access_token"], request.nonce
            )
        return token


def _for_id_token(request: Request) -> Approval | None:
    """Who an ID token is to speak of; None where there is to be none.

    The password grant shows nobody a sign-in page, and OpenID Connect does not know it.
    """
    approval: object = request.user
    if not isinstance(approval, Approval) or approval.auth_time is None:
        return None
    wanted = "openid" in (request.scopes or []) and request.response_type != "token"
    return approval if wanted else None


def _token_lifetime_granted(request: Request) -> int:
    if isinstance(request.user, Approval):
        return request.user.token_lifetime
    return token_lifetime(request)


def _check_token_parameters(request: Request) -> None:
    token_lifetime(request)


def _check_authorization_parameters(request: Request) -> dict[str, object]:
    """Refuse what oauthlib would let pass: plain PKCE, a token in a query, an odd lifetime."""
    _check_token_parameters(request)
    if request.code_challenge and request.code_challenge_method != "S256":
        raise InvalidRequestError(
            description="Only code_challenge_method=S256 is supported.", request=request
        )
    if request.response_mode:
        raise InvalidRequestError(description="response_mode is not supported.", request=request)
    return {}


def _check_openid_parameters(request: Request) -> dict[str, object]:
    """What OpenID Connect wants on top (Core §3.1.2.1, §3.2.2.1)."""
    scopes = request.scopes or []
    if "id_token" in (request.response_type or "").split():
        if "openid" not in scopes:
            raise InvalidRequestError(
                description="An ID token needs the scope openid.", request=request
            )
        if not request.nonce:
            raise InvalidRequestError(
                description="An ID token in the implicit grant needs a nonce.", request=request
            )
    if "openid" in scopes and request.prompt == "none":
        raise LoginRequired(description="Everybody signs in anew here.", request=request)
    return {}
