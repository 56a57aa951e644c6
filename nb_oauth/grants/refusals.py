"""What a token endpoint's refusal means for the person who is signing in (RFC 6749 §5.2)."""

from requests import RequestException

from nb_oauth.exceptions import TokenError

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
