"""The token in an ``auth_state``, as OAuthenticator and those like it keep it.

``access_token``, ``scope``, and the whole answer of the token endpoint as ``token_response``. Of
these only what a request needs is taken: no refresh token, and no ID token.
"""

from collections.abc import Mapping
from typing import Any

from nb_oauth import tokens
from nb_oauth.exceptions import ConfigurationError, TokenError
from nb_oauth.hub_token.hub_api import NO_MORE
from nb_oauth.masking import HiddenToken
from nb_oauth.token_requests import kind_of
from nb_oauth.tokens import Token

AuthState = Mapping[str, Any]

_NOTHING = (
    "JupyterHub's auth_state of you has no access_token that can be sent. Whoever runs the Hub "
    "takes an authenticator that keeps one there, such as OAuthenticator's; then sign in to the "
    "Hub again."
)


def token_in(state: AuthState) -> Token:
    """Return the token in ``state``.

    Raises:
        TokenError: there is none, or it is of a kind that cannot be sent.
    """
    answer = _answer(state)
    access_token = state.get("access_token") or answer.get("access_token")
    token: dict[str, Any] = {
        "access_token": _sendable(access_token),
        "token_type": kind_of(answer),
        "scope": " ".join(_scope(state, answer)),
        tokens.REQUESTED_SCOPE: "",  # nobody knows what the Hub asked for
    }
    end = _end(state, answer)
    if end is not None:
        token |= {"expires_at": end, "expires_in": answer.get("expires_in")}
    return HiddenToken(token)


def ends_sometime(state: AuthState) -> bool:
    """Tell whether the token in ``state`` has an end, known or not."""
    answer = _answer(state)
    return _end(state, answer) is not None or tokens.seconds(answer.get("expires_in")) is not None


def _sendable(access_token: object) -> str:
    try:
        if isinstance(access_token, str) and access_token:
            return tokens.sendable(access_token)
    except ConfigurationError:
        pass
    raise TokenError(_NOTHING, error=NO_MORE)


def _answer(state: AuthState) -> AuthState:
    answer = state.get("token_response")
    return answer if isinstance(answer, Mapping) else {}


def _scope(state: AuthState, answer: AuthState) -> list[str]:
    for scope in (state.get("scope"), answer.get("scope")):
        try:
            found = [value for value in tokens.scope_list(scope) if value]
        except ConfigurationError:  # whatever an authenticator put there
            continue
        if found:
            return found
    return []


def _end(state: AuthState, answer: AuthState) -> float | None:
    """Return when the token ends, in seconds since the epoch; None where that is not said.

    ``expires_in`` counts from when the Hub got the token, which it does not say. An ID token that
    came along does: it was issued with it.
    """
    said = tokens.expires_at(state) or tokens.expires_at(answer)
    lifetime, issued = tokens.seconds(answer.get("expires_in")), _issued_at(answer)
    if said is None and lifetime is not None and issued is not None:
        return issued + lifetime
    return said


def _issued_at(answer: AuthState) -> float | None:
    id_token = answer.get("id_token")
    if not isinstance(id_token, str):
        return None
    from nb_oauth.openid.refusals import Refusal
    from nb_oauth.openid.signatures import read

    try:
        return tokens.seconds(read(id_token).claims.get("iat"))
    except Refusal:
        return None
