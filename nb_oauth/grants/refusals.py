"""What a refusal means for the person who is signing in (RFC 6749 §4.1.2.1 and §5.2)."""

from requests import RequestException

from nb_oauth.exceptions import AuthorizationError, TokenError
from nb_oauth.grants.authorization_messages import AuthorizationResponse
from nb_oauth.prompts import Rejection

_OUT_OF_ORDER = 500  # HTTP statuses from here on
_LATER = {408, 429}  # HTTP: the request took too long, or there were too many
_NOT_NOW = {"server_error", "temporarily_unavailable"}  # RFC 6749 §4.1.2.1
# What the token endpoint says when another code would fare no better: RFC 6749 §5.2, and GitHub.
_BEYOND_REPAIR = {
    "incorrect_client_credentials",
    "invalid_client",
    "invalid_id_token",
    "invalid_request",
    "invalid_scope",
    "missing_id_token",
    "redirect_uri_mismatch",
    "unauthorized_client",
    "unsupported_grant_type",
}
# What the authorization endpoint says when another link would fare no better: RFC 6749 §4.1.2.1.
_FINAL = {"invalid_scope", "unauthorized_client", "unsupported_response_type"}


def rejection_of(response: AuthorizationResponse, provider_name: str) -> Rejection:
    """Return why an error is no reason to give up: the person may decide otherwise, or try later.

    Raises:
        AuthorizationError: it is one, since another link would ask for the same.
    """
    said = response.refusal(provider_name)
    if response.error in _FINAL:
        raise AuthorizationError(said, error=response.error)
    return Rejection(said)


def is_beyond_repair(error: TokenError) -> bool:
    """Tell whether another try would fare no better.

    Without an error code it would if the endpoint was out of reach or out of order, and would
    not if it answered with something that is no token.
    """
    if error.error is not None:
        return error.error in _BEYOND_REPAIR
    return not is_out_of_order(error)


def is_out_of_order(error: TokenError) -> bool:
    """Tell whether the endpoint was out of reach, had too much to do, or failed by itself."""
    if isinstance(error, RequestException) or (error.status or 0) >= _OUT_OF_ORDER:
        return True
    return error.error in _NOT_NOW or (error.error is None and error.status in _LATER)
