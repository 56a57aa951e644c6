"""Reading the token that an implicit answer carries in its fragment (RFC 6749 §4.2.2)."""

import copy
import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit

from oauthlib.oauth2 import Client as OAuthlibClient
from oauthlib.oauth2 import MissingTokenError, OAuth2Error

from nb_oauth import tokens
from nb_oauth.exceptions import AuthorizationError, StateMismatchError, TokenError, in_terms_of
from nb_oauth.masking import excerpt
from nb_oauth.tokens import Token


def read_fragment(client: OAuthlibClient, address: str, state: str | None) -> Token:
    """Read the token in the fragment of ``address``.

    Args:
        client: oauthlib's client; it is left as it is.
        address: where the browser was sent to, https as far as oauthlib can see.
        state: what the answer must carry; None for none in particular.

    Raises:
        StateMismatchError: the answer belongs to another request; a ``ValueError`` as well.
        AuthorizationError: it is the provider's error (RFC 6749 §4.2.2.1).
        TokenError: there is no token in it that can be sent.
    """
    parts = urlsplit(address)
    members = dict(parse_qsl(parts.fragment, keep_blank_values=True))
    if state and not hmac.compare_digest(members.get("state", "").encode(), state.encode()):
        raise _mismatch()
    lifetime = tokens.seconds(members.pop("expires_in", None))  # oauthlib raises at an odd one
    readable = parts._replace(fragment=urlencode(members)).geturl()
    try:
        token = _parse(client, readable)
    except MissingTokenError:
        raise _no_token() from None
    except OAuth2Error as error:
        raise _refused(error) from None
    return token if lifetime is None else {**token, "expires_in": int(lifetime)}


def _parse(client: OAuthlibClient, address: str) -> Token:
    reader = copy.copy(client)  # an answer that is refused must leave the client with its token
    try:
        return dict(reader.parse_request_uri_response(address))
    except Warning as changed:  # oauthlib's way to say that less, or more, was granted
        return dict(changed.token)  # type: ignore[attr-defined]


def _mismatch() -> StateMismatchError:
    return in_terms_of(
        StateMismatchError,
        ValueError(),  # what requests-oauthlib raises here
        "This answer belongs to another authorization request: its state is not the one of this "
        "session. Open the newest authorization URL.",
    )


def _no_token() -> TokenError:
    return in_terms_of(
        TokenError,
        MissingTokenError(),
        "This address holds no token: an implicit answer carries it behind the #. Give the whole "
        "address that the browser ended on.",
    )


def _refused(error: OAuth2Error) -> AuthorizationError:
    code = excerpt(str(error.error))
    words = f" ({excerpt(str(error.description))})" if error.description else ""
    said = f"The provider answered {code}{words}. Open a new authorization URL to try again."
    return in_terms_of(AuthorizationError, error, said, error=code)
