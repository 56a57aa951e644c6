"""Who may read: the Bearer token of a request, and the challenge where it does not suffice.

The API and the user info endpoint ask the same (RFC 6750).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb_oauth.demo.messages import json_reply

if TYPE_CHECKING:
    from nb_oauth.demo.events import Recorder
    from nb_oauth.demo.ledger import AccessToken, Ledger
    from nb_oauth.demo.messages import Call, Reply

__all__ = ["Bearers", "Refusal", "error_body"]


class Refusal(Exception):  # noqa: N818 - becomes an HTTP response, never a traceback
    """A request that is answered with an error.

    Attributes:
        reply: the answer.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Bearers:
    """Looks at the access tokens that requests bring.

    Args:
        ledger: knows which tokens are live.
        recorder: writes down what was refused and why.
    """

    def __init__(self, ledger: Ledger, recorder: Recorder) -> None:
        self._ledger = ledger
        self._recorder = recorder

    def authorize(self, call: Call, scope: str) -> AccessToken:
        """Return the live token of the request, if it covers the scope.

        Raises:
            Refusal: 401 or 403 with the challenge of RFC 6750 §3.
        """
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refusal(_challenge(401, "", "This needs an access token."))
        token = self._ledger.access_token(value.strip())
        if token is None or not self._ledger.is_live(token):
            self._recorder.note(f"API refused an ended or unknown token: {call.path}")
            raise Refusal(_challenge(401, "invalid_token", _why_not_live(token)))
        if scope not in token.scopes:
            self._recorder.note(f"API refused a token without {scope}: {call.path}")
            text = f"This needs the scope {scope}."
            raise Refusal(_challenge(403, "insufficient_scope", text, scope))
        return token


def error_body(code: str, description: str) -> dict[str, str]:
    """An error as RFC 6749 §5.2 spells it."""
    return {"error": code, "error_description": description}


def _challenge(status: int, code: str, description: str, scope: str = "") -> Reply:
    """A refusal as RFC 6750 §3 wants it: without a code where no token came."""
    fields = {"realm": "nb_oauth demo"}
    if code:
        fields |= {"error": code, "error_description": description}
    if scope:
        fields["scope"] = scope
    header = "Bearer " + ", ".join(f'{name}="{value}"' for name, value in fields.items())
    body = error_body(code or "token_required", description)
    return json_reply(status, body, {"WWW-Authenticate": header})


def _why_not_live(token: AccessToken | None) -> str:
    if token is None:
        return "The provider knows no such access token, or it was revoked."
    if token.approval.revoked:
        return "The access token was revoked."
    return "The access token has expired."
