"""The further parameters that a caller may add to a request."""

from collections.abc import Mapping
from types import MappingProxyType

from nb_oauth.exceptions import ConfigurationError

# What the session itself puts into the request: overriding one would undo its protection.
_OURS = {
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "request",  # RFC 9101: would replace all of the above
    "request_uri",
    "response_mode",  # the answer must come where it is looked for
    "response_type",
    "scope",
    "state",
    "url",
}


_OF_TOKEN_REQUESTS = {
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code_verifier",
    "grant_type",
    "password",
    "scope",
    "username",
}
NOTHING: Mapping[str, str] = MappingProxyType({})
"""No further parameters."""


def checked_token_extra(extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return a copy of ``extra``, for a token request.

    Raises:
        ConfigurationError: it names a parameter that the session sends itself.
    """
    return _checked(extra, _OF_TOKEN_REQUESTS)


def checked_extra(extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return a copy of ``extra``, for an authorization request.

    Raises:
        ConfigurationError: it names a parameter that the session sends itself.
    """
    return _checked(extra, _OURS)


def _checked(extra: Mapping[str, str] | None, ours: set[str]) -> dict[str, str]:
    checked = dict(extra or {})
    if clash := sorted(ours & checked.keys()):
        raise ConfigurationError(
            f"extra={{…}} must not hold {', '.join(clash)}: that is sent already, from the "
            "arguments of the same name or made anew for each sign-in."
        )
    return checked
