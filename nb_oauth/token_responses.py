"""What the token endpoint answers, read in one place (RFC 6749 §5)."""

import copy
import json
import math
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import requests
from oauthlib.oauth2 import Client as OAuthlibClient
from oauthlib.oauth2 import MissingTokenError, OAuth2Error
from oauthlib.oauth2.rfc6749.clients import AUTH_HEADER
from urllib3.exceptions import ConnectTimeoutError

from nb_oauth import tokens
from nb_oauth.exceptions import ConfigurationError, TokenError, in_terms_of
from nb_oauth.masking import excerpt
from nb_oauth.retrying import in_words, seconds_in
from nb_oauth.tokens import Scope, Token
from nb_oauth.transport import out_of_reach

if TYPE_CHECKING:
    from nb_oauth.clients import Client

AnyResponse = Any  # compliance hooks and tests hand in whatever has a text
_FIRST_FAILURE = 400
_SECRETS = (
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "password",
    "refresh_token",
)

# What to look at, by RFC 6749 §5.2. What invalid_grant means, each grant knows best;
# invalid_client, those who know how the client authenticated.
_ADVICE = {
    "invalid_scope": "Check scope: the provider's documentation lists what there is.",
    "unauthorized_client": "Check what the app is registered for: not for this grant.",
    "unsupported_grant_type": "This provider does not offer this grant.",
}


def read_token_response(  # noqa: PLR0913 - the request's side, and the answer's
    client: OAuthlibClient,
    response: AnyResponse,
    scope: Scope,
    sent: Iterable[str | None] = (),
    *,
    spaces: bool = True,
    on_client: str = "",
) -> Token:
    """Read a token response (RFC 6749 §5.1).

    Args:
        client: oauthlib's client, which knows how its provider writes a token.
        response: the answer of the token endpoint: a ``requests.Response``, or anything with a
            ``text``.
        scope: what was asked for. A token for less is a token.
        sent: secrets of the request, which a careless server may repeat in its error.
        spaces: whether the access token may have spaces inside.
        on_client: what to check where the client is refused.

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
        raise _failure(error, response, status, sent, on_client) from None
    has_token = bool(str(token.get("access_token") or "").strip())
    if not has_token or (status is not None and status >= _FIRST_FAILURE):
        raise _failure(MissingTokenError(), response, status, sent)
    if client.default_token_placement == AUTH_HEADER:
        _require_sendable(token["access_token"], status, spaces=spaces)
    learned = {name: value for name, value in vars(reader).items() if name != "token"}
    vars(client).update(learned)
    return token


def revocation_refused(response: requests.Response, sent: Iterable[str | None]) -> TokenError:
    """Return the error to raise where a revocation endpoint did not revoke (RFC 7009 §2.2.1).

    Args:
        response: what it answered.
        sent: secrets of the request, which a careless server may repeat.
    """
    try:
        members = json.loads(response.text)
    except ValueError:
        members = None
    if not isinstance(members, dict) or not isinstance(members.get("error"), str):
        status = response.status_code
        return TokenError(f"The revocation endpoint answered HTTP {status}.", status=status)
    problem = OAuth2Error(description=str(members.get("error_description") or ""))
    problem.error = members["error"]
    return refused("revocation endpoint", problem, response.status_code, sent)


def unreachable(
    error: requests.RequestException, url: str, certificate: str = "", name: str = "token endpoint"
) -> TokenError:
    """Return the error to raise where no answer came, which is requests' own as well.

    Args:
        error: what requests raised; it may quote a whole address.
        url: the endpoint, of which only host and port are said.
        certificate: which one was shown there, in words.
        name: which endpoint it is.
    """
    said = f"The {name} of {{host}} could not be reached"
    advice = f"Check the network and the {name.replace(' ', '_')}, then try again."
    if certificate:
        advice += f" It may also have refused the certificate that it was shown. {certificate}"
    return out_of_reach(TokenError, error, url, said, advice, was_sent=not _is_unsent(error))


def _is_unsent(error: requests.RequestException) -> bool:
    """Tell whether there was no connection to send anything on."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    reason = getattr(reason, "original_error", reason)  # a proxy that is not there
    return isinstance(reason, ConnectTimeoutError)


def secrets_sent(
    arguments: Mapping[str, Any], auth: object, client: "Client | None"
) -> list[str | None]:
    """Return the secrets of a token request: in its body or query, and of its client.

    Args:
        arguments: what requests was given.
        auth: how the client authenticated, as requests takes it.
        client: the app that asked, if it is known.
    """
    from nb_oauth.client_authentication import secrets_in

    payload = arguments.get("data") or arguments.get("params") or {}
    sent = [payload.get(name) for name in _SECRETS] if isinstance(payload, Mapping) else []
    return [*sent, *secrets_in(auth, client)]


def with_plain_error(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an answer with ``error`` as RFC 6749 §5.2 has it: text, or not there.

    Some send an empty one beside a token; Facebook and Google send an object.
    """
    error = members.get("error")
    if not error:
        return {name: value for name, value in members.items() if name != "error"}
    if not isinstance(error, Mapping):
        return members
    code = error.get("type") or error.get("status") or error.get("code") or "error"
    described = {"error_description": error["message"]} if error.get("message") else {}
    return {**members, "error": str(code), **described}


def _parse(client: OAuthlibClient, text: str, scope: Scope) -> Token:
    text, lifetime = _readable(text)
    try:
        token = dict(client.parse_request_body_response(text, scope=scope))  # type: ignore[arg-type]
    except Warning as changed:  # oauthlib's way to say that less, or more, was granted
        token = dict(changed.token)  # type: ignore[attr-defined]
    return token if lifetime is None else {**token, "expires_in": lifetime}


def _require_sendable(access_token: object, status: int | None, *, spaces: bool) -> None:
    try:
        tokens.sendable(access_token, spaces=spaces)
    except ConfigurationError:
        raise TokenError(
            "The token endpoint answered with an access token that no request header can hold "
            "(RFC 6750 §2.1). Check the token_endpoint.",
            status=status,
        ) from None


def _readable(text: str) -> tuple[str, int | None]:
    """Return the answer as oauthlib can read it, and its ``expires_in``.

    oauthlib refuses the whole answer for an ``expires_in`` that is no integer, takes ``true`` for
    one second and drops 0. It refuses any that has an ``error``, even an empty one.
    """
    try:
        members = json.loads(text)
    except ValueError:
        members = dict(parse_qsl(text))
    if not isinstance(members, dict):
        return text, None
    plain = with_plain_error(members)
    if plain != members:
        members, text = plain, json.dumps(plain)
    if "expires_in" not in members:
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
    error: Exception,
    response: AnyResponse,
    status: int | None,
    sent: Iterable[str | None],
    on_client: str = "",
) -> TokenError:
    rest = _rest_asked_for(response)
    if isinstance(error, MissingTokenError) or not isinstance(error, OAuth2Error):
        said = _not_a_token(response, status, sent, rest)
        return in_terms_of(TokenError, MissingTokenError(), said, status=status, retry_after=rest)
    return refused("token endpoint", error, status, sent, on_client, rest)


def _rest_asked_for(response: AnyResponse) -> float | None:
    """Return how many seconds to leave before asking again (RFC 9110 §10.2.3)."""
    headers = getattr(response, "headers", None)
    if not isinstance(headers, Mapping):
        return None
    return seconds_in(headers.get("Retry-After"), headers.get("Date"), time.time())


def refused(  # noqa: PLR0913, PLR0917 - what it said, and what to say
    endpoint: str,
    error: OAuth2Error,
    status: int | None,
    sent: Iterable[str | None],
    on_client: str = "",
    retry_after: float | None = None,
) -> TokenError:
    """Return the error to raise where an endpoint answered with one (RFC 6749 §5.2).

    Args:
        endpoint: what it is called.
        error: what it answered.
        status: the HTTP status of its answer.
        sent: secrets of the request, which a careless server may repeat.
        on_client: what to check where the client is refused.
        retry_after: seconds to leave before asking again, where it said so.
    """
    code = excerpt(str(error.error), secrets=sent)
    described = excerpt(str(error.description or ""), secrets=sent).rstrip(".")
    words = f" ({described})" if described else ""
    advice = {**_ADVICE, "invalid_client": on_client}.get(code, "")
    if retry_after:
        advice = f"{advice} Try again in {in_words(retry_after)}.".lstrip()
    said = f"The {endpoint} answered {code}{words}. {advice}".rstrip()
    details = {"error": code, "status": status, "error_description": described or None}
    return in_terms_of(TokenError, error, said, **details, retry_after=retry_after)


def _not_a_token(
    response: AnyResponse, status: int | None, sent: Iterable[str | None], rest: float | None
) -> str:
    headers = getattr(response, "headers", {})
    kind = headers.get("Content-Type", "") if hasattr(headers, "get") else ""
    what = " ".join(part for part in (f"HTTP {status}" if status else "", str(kind)) if part)
    begins = excerpt(str(response.text), secrets=sent)
    when = f"in {in_words(rest)}" if rest else "later"
    return (
        f"The token endpoint did not answer with a token ({what or 'no details'}). Its answer "
        f"begins: {begins!r}. Check the token_endpoint, or try again {when}."
    )
