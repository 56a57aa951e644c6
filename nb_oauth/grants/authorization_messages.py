"""An authorization request, the answer to it, and those that came before (RFC 6749 §4.1, §4.2)."""

import hashlib
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from nb_oauth.masking import excerpt
from nb_oauth.providers import Provider

_ADVICE = {  # by RFC 6749 §4.1.2.1
    "access_denied": "Access was not granted: open the sign-in page again, or cancel.",
    "invalid_scope": (
        "It does not know all of the scope, or does not give it to this app: change scope=…, and "
        "run it again."
    ),
    "unauthorized_client": (
        "The app is not registered for this: change that with the provider, or take another "
        "grant=…, and run it again."
    ),
    "unsupported_response_type": "Take another grant=…, and run it again.",
}
_OTHER_ADVICE = "Open the sign-in page again; if it stays so, check how the app is set up."


@dataclass(frozen=True)
class AuthorizationRequest:
    """What one authorization request was, so that only its own answer is taken for one."""

    provider: Provider
    url: str = field(repr=False)
    state: str = field(repr=False)
    redirect_uri: str | None
    brings: str = "code"
    """The parameter of a good answer: ``code``, or ``access_token`` in the implicit grant."""

    @property
    def wanted(self) -> str:
        """What the person is to bring, in a word."""
        return self.brings.rpartition("_")[2]

    @property
    def has_challenge(self) -> bool:
        """Whether a PKCE challenge went along (RFC 7636 §4.3)."""
        return "code_challenge" in self._parameters

    @property
    def brings_id_token(self) -> bool:
        """Whether a good answer carries an ID token (OpenID Connect Core §3.2.2.5)."""
        return "id_token" in self._parameters.get("response_type", "").split()

    @property
    def _parameters(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))


@dataclass(frozen=True)
class AuthorizationResponse:
    """What the provider answered: a code, a token or an error (RFC 6749 §4.1.2, §4.2.2)."""

    code: str | None = field(default=None, repr=False)
    """The code, or in the implicit grant the access token."""
    error: str | None = None
    error_description: str | None = None
    bare: bool = False
    """Whether it was a code alone, with no state."""
    address: str = field(default="", repr=False)
    """The whole address, where the session is to read it."""

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


def _digest(code: str | None) -> bytes:
    return hashlib.sha256((code or "").encode()).digest()
