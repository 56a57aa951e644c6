"""The authorization server: oauthlib's grants, and what the demo provider answers to them.

oauthlib knows the protocol and asks a validator about clients, people, codes and tokens:
:mod:`nb_oauth.demo.client_validation` and :mod:`nb_oauth.demo.token_validation`.

oauthlib's check for https is on its client's side (and in its metadata endpoint, which is why
:mod:`nb_oauth.demo.application` writes that document itself), so serving http on a loopback
address, as safe as https (RFC 8252 §8.3), needs no ``OAUTHLIB_INSECURE_TRANSPORT``, which would
switch the check off for the whole process.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import InvalidRequestError, Server

from nb_oauth.demo.ledger import Approval
from nb_oauth.demo.token_validation import Validator, token_lifetime

if TYPE_CHECKING:
    from oauthlib.common import Request

__all__ = ["authorization_server"]


def authorization_server(validator: Validator) -> Server:
    """Make oauthlib's server with every grant of RFC 6749 and none of the others."""
    # At DEBUG oauthlib's grants write codes and tokens to the log, which may end in a notebook.
    logging.getLogger("oauthlib.oauth2.rfc6749.grant_types").setLevel(logging.INFO)
    server = Server(validator, token_expires_in=_token_lifetime_granted)
    server.grant_types.pop("urn:ietf:params:oauth:grant-type:device_code", None)
    asks_a_person: list[Any] = [server.auth_grant, server.implicit_grant]
    for grant in asks_a_person:
        grant.custom_validators.pre_auth.append(_check_authorization_parameters)
    asks_nobody: list[Any] = [server.password_grant, server.credentials_grant]
    for grant in asks_nobody:
        grant.custom_validators.pre_token.append(_check_token_parameters)
    return server


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
