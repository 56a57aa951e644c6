"""The further parameters that a caller may add to an authorization request."""

from collections.abc import Mapping

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


def checked_extra(extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return a copy of ``extra``.

    Raises:
        ConfigurationError: it names a parameter that the session sends itself.
    """
    checked = dict(extra or {})
    if clash := sorted(_OURS & checked.keys()):
        raise ConfigurationError(
            f"extra={{…}} must not hold {', '.join(clash)}: that is sent already, from the "
            "arguments of the same name or made anew for each sign-in."
        )
    return checked
