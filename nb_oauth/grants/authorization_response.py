"""Reading the answer to an authorization request, whatever way it was brought (RFC 6749 §4.1.2).

People paste whole addresses, only their query, or a bare code; with quotes, spaces and line
breaks around; and now and then something else altogether. Each is told apart here, and what is no
answer is explained in words that say what to do next.
"""

import hmac
import re
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from nb_oauth.grants.authorization_messages import (
    AuthorizationRequest,
    AuthorizationResponse,
    History,
)
from nb_oauth.masking import excerpt
from nb_oauth.prompts import Answer, RawAnswer, Rejection

_WRAPPING = "\"'`<>()[]{}“”‘’«»,;\ufeff\u200b\u2060 \t"
_CODE = re.compile(r"[A-Za-z0-9._~+/=%:|!*$@-]{4,2048}")
_WORD = re.compile(r"[a-z]{1,15}")  # sooner a word, or a password, than a code
_FIRST_NAMES = ("access_token=", "code=", "error=", "id_token=", "iss=", "state=", "token_type=")


def read_response(
    raw: RawAnswer, request: AuthorizationRequest, history: History
) -> Answer[AuthorizationResponse] | Rejection:
    """Judge whether ``raw`` answers ``request``.

    Args:
        raw: what was pasted, or the address the browser was sent to.
        request: the request under way.
        history: what the same login used before.

    Returns:
        The provider's response, once its state (RFC 6749 §10.12) and issuer (RFC 9207 §2.4) are
        right; a bare code, if a person pasted it and PKCE binds it to this request; else why not.
    """
    text = _unwrap(raw.text)
    if not text:
        return Rejection(f"There is nothing in the box. {_what_to_paste(request)}")
    if _split(text) is None:
        return Rejection(
            f"This is neither an address nor a {request.wanted}. {_what_to_paste(request)}"
        )
    parameters = _parameters(text, request)
    if parameters is None:
        return _read_bare_code(text, raw, request, history)
    return _read_parameters(text, parameters, request, history)


def _unwrap(text: str) -> str:
    """Take away what people and terminals put around an address, and breaks inside it."""
    text = text.replace("&amp;", "&").strip().strip(_WRAPPING)
    # No address holds white space. A text without parameters is no address, and keeps it.
    return "".join(text.split()) if "=" in text else text


def _parameters(text: str, request: AuthorizationRequest) -> dict[str, list[str]] | None:
    """Return the parameters of an address or a query; None if ``text`` looks like neither."""
    if " " in text:
        return None
    if request.brings == "access_token" and "#" in text:
        return parse_qs(text.partition("#")[2], keep_blank_values=True)
    before, mark, query = text.partition("?")
    if not mark:
        if "://" in text:
            query = urlsplit(text).fragment
        elif text.startswith(_FIRST_NAMES) or "&" in text:
            query = before
        else:
            return None
    return parse_qs(query.partition("#")[0], keep_blank_values=True)


def _read_bare_code(
    text: str, raw: RawAnswer, request: AuthorizationRequest, history: History
) -> Answer[AuthorizationResponse] | Rejection:
    looks_like_one = _CODE.fullmatch(text) and not _WORD.fullmatch(text)
    if not looks_like_one or not raw.pasted:
        return Rejection(
            f"This is neither an address nor a {request.wanted}. {_what_to_paste(request)}"
        )
    if not request.has_challenge:
        return Rejection(
            f"A {request.wanted} alone is not safe to take here. {_what_to_paste(request)}"
        )
    code = unquote(text)  # an address bar shows the slash of a code such as 4/0AX as %2F
    if history.is_spent(code):
        return _spent(request)
    return Answer(AuthorizationResponse(code=code, bare=True))


def _read_parameters(
    text: str,
    parameters: dict[str, list[str]],
    request: AuthorizationRequest,
    history: History,
) -> Answer[AuthorizationResponse] | Rejection:
    rejection = (
        _not_an_answer(text, parameters, request)
        or _already_used(parameters, request, history)
        or _wrong_state(text, parameters, request, history)
        or _wrong_issuer(parameters, request)
    )
    if rejection is not None:
        return rejection
    response = AuthorizationResponse(
        code=_first(parameters, request.brings),
        error=_first(parameters, "error"),
        error_description=_first(parameters, "error_description"),
        address=_whole(text, request),
    )
    remark = None if response.error is None else response.refusal(request.provider.name)
    return Answer(response, remark)


def _not_an_answer(
    text: str, parameters: dict[str, list[str]], request: AuthorizationRequest
) -> Rejection | None:
    if {"response_type", "client_id"} <= parameters.keys():
        return Rejection(
            "This is the sign-in link itself. Open it, sign in there, and paste the address of "
            "the page you end on."
        )
    if any(len(values) > 1 for values in parameters.values()):  # RFC 6749 §3.1
        return Rejection(f"This address holds a parameter twice. {_what_to_paste(request)}")
    if not (_first(parameters, request.brings) or _first(parameters, "error")):
        return Rejection(_no_code(text, request))
    return None


def _no_code(text: str, request: AuthorizationRequest) -> str:
    if _same_place(text, request.redirect_uri):
        return (
            f"This address holds no {request.wanted}: the page has taken it away, or it was cut "
            "off. Open the sign-in page again."
        )
    return (
        f"This address does not come from signing in: it holds no {request.wanted}. "
        f"{_what_to_paste(request)}"
    )


def _already_used(
    parameters: dict[str, list[str]], request: AuthorizationRequest, history: History
) -> Rejection | None:
    code = _first(parameters, request.brings)
    return _spent(request) if code and history.is_spent(code) else None


def _wrong_state(
    text: str,
    parameters: dict[str, list[str]],
    request: AuthorizationRequest,
    history: History,
) -> Rejection | None:
    """Compare the state, in constant time (RFC 6749 §10.12)."""
    state = _first(parameters, "state") or ""
    if hmac.compare_digest(state.encode(), request.state.encode()):
        return None
    if history.knows(state):
        return Rejection("This answer belongs to an older link. Open the newest one and sign in.")
    if "://" in text and not _same_place(text, request.redirect_uri):
        return Rejection(f"This address belongs to another app. {_what_to_paste(request)}")
    if not state:
        return Rejection(f"This address holds no state, or was cut off. {_what_to_paste(request)}")
    return Rejection(
        "This answer belongs to another sign-in (its state is not the one of this link). Open "
        "the link shown here and sign in."
    )


def _wrong_issuer(
    parameters: dict[str, list[str]], request: AuthorizationRequest
) -> Rejection | None:
    """Refuse an answer of another authorization server (RFC 9207 §2.4)."""
    provider, issuer = request.provider, _first(parameters, "iss")
    if issuer is None:
        if request.brings_id_token and _first(parameters, "id_token"):
            return None  # that names its issuer itself, and is checked before the token is kept
        missing = provider.authorization_response_iss_parameter_supported
        words = f"{provider.name} always names itself in its answers, and this one does not."
        return Rejection(f"{words} Open the link shown here and sign in.") if missing else None
    if provider.issuer is None or issuer == provider.issuer:
        return None
    return Rejection(
        f"This answer comes from {excerpt(issuer)}, not from {provider.name}. It was not used. "
        "Open the link shown here and sign in."
    )


def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:  # brackets that hold no IPv6 address
        return None


def _same_place(text: str, redirect_uri: str | None) -> bool:
    if redirect_uri is None:
        return False
    here, there = urlsplit(text), urlsplit(redirect_uri)
    return (here.scheme, here.netloc, here.path) == (there.scheme, there.netloc, there.path)


def _whole(text: str, request: AuthorizationRequest) -> str:
    """Return the whole address of an answer that may have been pasted as its parameters alone."""
    fragment = text.partition("#")[2] or text.rpartition("?")[2]
    return f"{request.redirect_uri or ''}#{fragment}"


def _what_to_paste(request: AuthorizationRequest) -> str:
    place = f": it begins with {request.redirect_uri}" if request.redirect_uri else ""
    return f"Paste the address of the page that you end on after signing in{place}."


def _spent(request: AuthorizationRequest) -> Rejection:
    what = request.wanted
    return Rejection(
        f"This {what} was tried already, and a {what} works once here. Open the sign-in page again "
        "for another."
    )


def _first(parameters: dict[str, list[str]], name: str) -> str | None:
    values = parameters.get(name)
    return values[0] if values else None
