"""No secret in text: what error messages and descriptions may quote."""

import functools
import json
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast
from urllib.parse import quote, quote_plus

from oauthlib.oauth2 import OAuth2Error
from requests import RequestException

from nb_oauth.characters import clean
from nb_oauth.exceptions import OAuthError

MASK = "•••"
_F = TypeVar("_F", bound=Callable[..., Any])
_BARE = (OAuthError, OAuth2Error, RequestException)

# The members of OAuth messages that are secrets (RFC 6749, 7009, 7523, 7636, 8628), also as some
# providers spell them: accessToken, x-api-key, authorization_code.
_NAMES = (
    r"(?:[\w-]*(?:token|secret|password|passwd|assertion|verifier|api[_-]?key)"
    r"|(?:device|user|authorization)?[_-]?code)"
)
# A value may hold escaped quotes, and JSON may stand in a string of JSON: then every quote is
# escaped (group 2). A text may end in the middle of a value.
_IN_JSON = rf"((\\{{0,3}})[\"']{_NAMES}\2[\"']\s*:\s*)\2([\"'])(?:(?!\2\3)(?:\\.|.))+(?:\2\3|$)"
_NUMBER_IN_JSON = rf"([\"']{_NAMES}\\*[\"']\s*:\s*)-?\d[\d.]{{3,}}"
# In a form, a query, a fragment, or one of these inside another, with its marks percent-encoded.
_IN_FORM = rf"((?<![\w%-]){_NAMES}=)[^&\s\"'<>]+"
_IN_ENCODED_FORM = (
    rf"((?:(?<![\w%-])|(?<=%3F)|(?<=%26)|(?<=%23)){_NAMES}%3D)(?:(?!%26)[^&\s\"'<>])+"
)
_IN_HEADER = (
    r"\b((?:bearer|basic|dpop)\s+)"
    r"(?!\w+=[\"'])(?!(?:tokens?|auth(?:entication|orization)?|access|scheme|header)(?![\w.~+/=-]))"
    r"[\w.~+/-]{4,}=*"
)
_JWT = r"\beyJ[\w-]{8,}(?:\.[\w-]*)*"
# Compiled when first needed, which in most sessions is never.
_RULES = (
    (_IN_JSON, rf"\1\2\3{MASK}\2\3", re.IGNORECASE | re.DOTALL),
    (_NUMBER_IN_JSON, rf"\1{MASK}", re.IGNORECASE),
    (_IN_FORM, rf"\1{MASK}", re.IGNORECASE),
    (_IN_ENCODED_FORM, rf"\1{MASK}", re.IGNORECASE),
    (_IN_HEADER, rf"\1{MASK}", re.IGNORECASE),
    (_JWT, MASK, 0),
)
_ENCODED_AS_IT_IS = r"[A-Za-z0-9_.~-]*"
_SHORTEST_SECRET = 4


def mask(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Return ``text`` with every secret in it replaced by ``•••``.

    Args:
        text: anything that is about to be shown: an error message, the start of a response.
        secrets: values known to be secret, wherever they stand and however they are encoded;
            None and very short ones (under 4 characters, which would mask ordinary words) are
            passed over.

    Returns:
        The text without those values, and without the values that stand beside the name of a
        secret in JSON, in a form-encoded body or URL, or in an ``Authorization`` header, and
        without JSON Web Tokens (RFC 7519).
    """
    known = {form for secret in secrets if secret for form in _forms(secret)}
    # The longest first: one may be the beginning of another.
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    for pattern, replacement, flags in _RULES:
        text = re.sub(pattern, replacement, text, flags=flags)
    return text


def excerpt(text: str, length: int = 200, secrets: Iterable[str | None] = ()) -> str:
    """Return the masked beginning of ``text`` on one line, at most ``length`` characters.

    It is text alone, whoever has written it: no character of it does more than show.
    """
    line = clean(mask(text, secrets))
    return line if len(line) <= length else line[: length - 1] + "…"


def with_bare_errors(function: _F) -> _F:
    """Let errors of ours, and an interruption, leave ``function`` without the frames within.

    A traceback may be shown with the variables of every frame, by debuggers and by services that
    collect errors: they hold codes, verifiers and secrets. What an error of ours, oauthlib's or
    requests' says is enough, and whoever interrupts knows what was under way. What led to it
    within goes without its frames as well.
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it takes
        callers = sys.exc_info()[1]
        try:
            return function(*args, **kwargs)
        except (*_BARE, KeyboardInterrupt, SystemExit) as error:
            del args, kwargs
            leave_frames(error, up_to=callers)
            raise error from error.__cause__

    return cast("_F", wrapper)


def leave_frames(error: BaseException, *, up_to: BaseException | None) -> None:
    """Take the frames off an error, and off what led to it: their variables may hold secrets.

    Args:
        error: what was raised.
        up_to: what the caller was handling when he asked: that is his.
    """
    callers = {id(one) for one in _chain_of(up_to)}
    for one in _chain_of(error):
        if id(one) not in callers:
            one.__traceback__ = None


class Hidden(str):
    """A text that is not shown with what it is in, such as the headers of a request."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # whoever reads it need not have nb_oauth


class HiddenToken(dict[str, Any]):
    """A token that does not show its secrets: not in a cell, not among a frame's variables.

    A copy of it is a plain dictionary.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return mask(super().__repr__())

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


def mask_error(
    error: BaseException, secrets: Iterable[str], *, up_to: BaseException | None = None
) -> None:
    """Take ``secrets`` out of what an error says, and those that led to it or that it quotes.

    requests and urllib3 quote whole addresses, with what is in the query. What led to it goes
    without its frames: the whole request, as it is sent, is among their variables.

    Args:
        error: what was raised.
        secrets: what it may hold.
        up_to: what the caller was handling when he asked, and so leads to ``error`` as well. It is
            his, with all that led to it.
    """
    known = list(secrets)
    met = {id(one) for one in _chain_of(up_to)}
    left: list[object] = [error]
    while left:
        one = left.pop()
        if isinstance(one, BaseException) and id(one) not in met:
            met.add(id(one))
            if one is not error:
                one.__traceback__ = None
            left += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
            one.args = tuple(mask(arg, known) if isinstance(arg, str) else arg for arg in one.args)


def _chain_of(error: BaseException | None) -> list[BaseException]:
    """Return ``error`` and all that led to it."""
    chain: list[BaseException] = []
    left = [error]
    while left:
        one = left.pop()
        if one is not None and not any(one is other for other in chain):
            chain.append(one)
            left += [one.__cause__, one.__context__]
    return chain


def _forms(secret: str) -> set[str]:
    """Return the ways in which a server may repeat ``secret``: as it is, or encoded."""
    if re.fullmatch(_ENCODED_AS_IT_IS, secret):
        return {secret}
    import html

    in_json = json.dumps(secret)[1:-1]
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        in_json,
        in_json.replace("/", r"\/"),
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
    }
