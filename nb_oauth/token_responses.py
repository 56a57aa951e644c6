"""What the token endpoint answers, read in one place (RFC 6749 §5)."""

import copy
import json
import math
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from oauthlib.oauth2 import Client as OAuthlibClient
from oauthlib.oauth2 import MissingTokenError, OAuth2Error

from nb_oauth import tokens
from nb_oauth.exceptions import TokenError, in_terms_of
from nb_oauth.masking import excerpt
from nb_oauth.tokens import Scope, Token

AnyResponse = Any  # compliance hooks and tests hand in whatever has a text
_FIRST_FAILURE = 400


def read_token_response(
    client: OAuthlibClient, response: AnyResponse, scope: Scope, sent: Iterable[str | None] = ()
) -> Token:
    """Read a token response (RFC 6749 §5.1).

    Args:
        client: oauthlib's client, which knows how its provider writes a token.
        response: the answer of the token endpoint: a ``requests.Response``, or anything with a
            ``text``.
        scope: what was asked for. A token for less is a token.
        sent: secrets of the request, which a careless server may repeat in its error.

    Raises:
        TokenError: the answer is an error (RFC 6749 §5.2), or no answer to a token request.
    """
    status = getattr(response, "status_code", None)
    status = status if isinstance(status, int) else None
    # Read by a copy: an answer that is refused below must leave the client with its token.
    reader = copy.copy(client)
    try:
        token = _parse(reader, response.text, scope)
    except (OAuth2Error, ValueError, TypeError, AttributeError) as error:
        raise _failure(error, response, status, sent) from None
    if not token.get("access_token") or (status is not None and status >= _FIRST_FAILURE):
        raise _failure(MissingTokenError(), response, status, sent)
    learned = {name: value for name, value in vars(reader).items() if name != "token"}
    vars(client).update(learned)
    return token


def _parse(client: OAuthlibClient, text: str, scope: Scope) -> Token:
    text, lifetime = _with_readable_lifetime(text)
    try:
        token = dict(client.parse_request_body_response(text, scope=scope))  # type: ignore[arg-type]
    except Warning as changed:  # oauthlib's way to say that less, or more, was granted
        token = dict(changed.token)  # type: ignore[attr-defined]
    return token if lifetime is None else {**token, "expires_in": lifetime}


def _with_readable_lifetime(text: str) -> tuple[str, int | None]:
    """Return the answer as oauthlib can read it, and its ``expires_in``.

    oauthlib refuses the whole answer for an ``expires_in`` that is no integer, takes ``true`` for
    one second and drops 0.
    """
    try:
        members = json.loads(text)
    except ValueError:
        members = dict(parse_qsl(text))
    if not isinstance(members, dict) or "expires_in" not in members:
        return text, None
    given = members.pop("expires_in")
    lifetime = tokens.seconds(given)
    if lifetime is None:
        return json.dumps(members), None
    whole = math.floor(lifetime)
    if str(given) == str(whole):
        return text, whole
    return json.dumps({**members, "expires_in": whole}), whole


def _failure(
    error: Exception, response: AnyResponse, status: int | None, sent: Iterable[str | None]
) -> TokenError:
    if isinstance(error, MissingTokenError) or not isinstance(error, OAuth2Error):
        said = _not_a_token(response, status, sent)
        return in_terms_of(TokenError, MissingTokenError(), said, status=status)
    code = excerpt(str(error.error), secrets=sent)  # RFC 6749 §5.2
    words = f" ({excerpt(str(error.description), secrets=sent)})" if error.description else ""
    said = f"The token endpoint answered {code}{words}."
    return in_terms_of(TokenError, error, said, error=code, status=status)


def _not_a_token(response: AnyResponse, status: int | None, sent: Iterable[str | None]) -> str:
    headers = getattr(response, "headers", {})
    kind = headers.get("Content-Type", "") if hasattr(headers, "get") else ""
    what = " ".join(part for part in (f"HTTP {status}" if status else "", str(kind)) if part)
    begins = excerpt(str(response.text), secrets=sent)
    return (
        f"The token endpoint did not answer with a token ({what or 'no details'}). Its answer "
        f"begins: {begins!r}. Check the token_endpoint, or try again later."
    )
