"""Reading the answer to an authorization request, whatever way it was brought (RFC 6749 §4.1.2).

People paste whole addresses, only their query, or a bare code; with quotes, spaces and line
breaks around; and now and then something else altogether. Each is told apart here, and what is no
answer is explained in words that say what to do next.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, parse_qsl, unquote, urlsplit

from nb_oauth.masking import excerpt
from nb_oauth.prompts import Answer, RawAnswer, Rejection
from nb_oauth.providers import Provider

_WRAPPING = "\"'`<>()[]{}“”‘’«»,;\ufeff\u200b\u2060 \t"
_CODE = re.compile(r"[A-Za-z0-9._~+/=%:|!*$@-]{4,2048}")
_WORD = re.compile(r"[a-z]{1,15}")  # sooner a word, or a password, than a code
_ADVICE = {  # by RFC 6749 §4.1.2.1
    "access_denied": "Access was not granted: open the sign-in page again, or cancel.",
    "invalid_scope": "It does not know all of the scope: change scope=… and run the cell again.",
    "unauthorized_client": "Check what the app is registered for with the provider.",
}
_OTHER_ADVICE = "Open the sign-in page again; if it stays so, check how the app is set up."


@dataclass(frozen=True)
class AuthorizationRequest:
    """What one authorization request was, so that only its own answer is taken for one."""

    provider: Provider
    url: str = field(repr=False)
    state: str = field(repr=False)
    redirect_uri: str | None

    @property
    def has_challenge(self) -> bool:
        """Whether a PKCE challenge went along (RFC 7636 §4.3)."""
        return "code_challenge" in dict(parse_qsl(urlsplit(self.url).query))


@dataclass(frozen=True)
class AuthorizationResponse:
    """What the provider answered: a code, or an error (RFC 6749 §4.1.2)."""

    code: str | None = field(default=None, repr=False)
    error: str | None = None
    error_description: str | None = None
    bare: bool = False
    """Whether it was a code alone, with no state."""

    def refusal(self, provider_name: str) -> str:
        """Say what the provider's error means for the person (RFC 6749 §4.1.2.1)."""
        words = f" – {excerpt(self.error_description)}" if self.error_description else ""
        said = f"{provider_name} answered: {excerpt(self.error or '')}{words}".rstrip(". ")
        return f"{said}. {_ADVICE.get(self.error or '', _OTHER_ADVICE)}"


class History:
    """The requests and codes that one login used before, to know them when seen again."""

    def __init__(self) -> None:
        self._states: set[str] = set()
        self._codes: set[bytes] = set()

    def remember(self, state: str) -> None:
        """Note that a link with this ``state`` was made."""
        self._states.add(state)

    def spend(self, code: str | None) -> None:
        """Note that ``code`` was sent to the token endpoint (only its digest is kept)."""
        self._codes.add(_digest(code))

    def knows(self, state: str) -> bool:
        """Tell whether ``state`` belongs to a link of the same login, the newest or an older."""
        return state in self._states

    def is_spent(self, code: str | None) -> bool:
        """Tell whether ``code`` was sent to the token endpoint before."""
        return _digest(code) in self._codes


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
        return Rejection(f"This is neither an address nor a code. {_what_to_paste(request)}")
    parameters = _parameters(text)
    if parameters is None:
        return _read_bare_code(text, raw, request, history)
    return _read_parameters(text, parameters, request, history)


def _unwrap(text: str) -> str:
    """Take away what people and terminals put around an address, and breaks inside it."""
    text = text.replace("&amp;", "&").strip().strip(_WRAPPING)
    # No address holds white space. A text without parameters is no address, and keeps it.
    return "".join(text.split()) if "=" in text else text


def _parameters(text: str) -> dict[str, list[str]] | None:
    """Return the parameters of an address or a query; None if ``text`` looks like neither."""
    if " " in text:
        return None
    before, mark, query = text.partition("?")
    if not mark:
        if "://" in text:
            query = urlsplit(text).fragment
        elif text.startswith(("code=", "state=", "error=", "iss=")) or "&" in text:
            query = before
        else:
            return None
    return parse_qs(query.partition("#")[0], keep_blank_values=True)


def _read_bare_code(
    text: str, raw: RawAnswer, request: AuthorizationRequest, history: History
) -> Answer[AuthorizationResponse] | Rejection:
    looks_like_one = _CODE.fullmatch(text) and not _WORD.fullmatch(text)
    if not looks_like_one or not raw.pasted:
        return Rejection(f"This is neither an address nor a code. {_what_to_paste(request)}")
    if not request.has_challenge:
        return Rejection(f"A code alone is not safe to take here. {_what_to_paste(request)}")
    code = unquote(text)  # an address bar shows the slash of a code such as 4/0AX as %2F
    if history.is_spent(code):
        return _spent()
    return Answer(AuthorizationResponse(code=code, bare=True))


def _read_parameters(
    text: str,
    parameters: dict[str, list[str]],
    request: AuthorizationRequest,
    history: History,
) -> Answer[AuthorizationResponse] | Rejection:
    rejection = (
        _not_an_answer(text, parameters, request)
        or _already_used(parameters, history)
        or _wrong_state(text, parameters, request, history)
        or _wrong_issuer(parameters, request)
    )
    if rejection is not None:
        return rejection
    response = AuthorizationResponse(
        code=_first(parameters, "code"),
        error=_first(parameters, "error"),
        error_description=_first(parameters, "error_description"),
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
    if not (_first(parameters, "code") or _first(parameters, "error")):
        return Rejection(_no_code(text, request))
    return None


def _no_code(text: str, request: AuthorizationRequest) -> str:
    if _same_place(text, request.redirect_uri):
        return (
            "This address holds no code: the page has taken it away, or it was cut off. Open "
            "the sign-in page again."
        )
    return (
        f"This address does not come from signing in: it holds no code. {_what_to_paste(request)}"
    )


def _already_used(parameters: dict[str, list[str]], history: History) -> Rejection | None:
    code = _first(parameters, "code")
    return _spent() if code and history.is_spent(code) else None


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


def _what_to_paste(request: AuthorizationRequest) -> str:
    place = f": it begins with {request.redirect_uri}" if request.redirect_uri else ""
    return f"Paste the address of the page that you end on after signing in{place}."


def _spent() -> Rejection:
    return Rejection(
        "This code was tried already, and a code works once. Open the sign-in page again for "
        "another."
    )


def _first(parameters: dict[str, list[str]], name: str) -> str | None:
    values = parameters.get(name)
    return values[0] if values else None


def _digest(code: str | None) -> bytes:
    return hashlib.sha256((code or "").encode()).digest()
