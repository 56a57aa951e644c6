"""The person's half of the device grant (RFC 8628 §3.3): which code, and whether to allow it.

:mod:`nb_oauth.demo.device_grant` has the client's half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_oauth.demo import pages
from nb_oauth.demo.device_grant import USER_CODE_ALPHABET
from nb_oauth.demo.registry import CLIENTS
from nb_oauth.demo.sign_in import UNKNOWN_CODE, asked_for, out_of_date

if TYPE_CHECKING:
    from nb_oauth.demo.events import Recorder
    from nb_oauth.demo.ledger import Approval, DeviceCode, Ledger
    from nb_oauth.demo.messages import Call, Reply
    from nb_oauth.demo.registry import Account
    from nb_oauth.demo.sign_in import SignIn

__all__ = ["DevicePages"]


class DevicePages:
    """Answers the verification page and its form.

    Args:
        ledger: keeps the codes.
        sign_in: shows the pages before and after.
        recorder: writes down what happens.
    """

    def __init__(self, ledger: Ledger, sign_in: SignIn, recorder: Recorder) -> None:
        self._ledger = ledger
        self._sign_in = sign_in
        self._recorder = recorder

    def open(self, call: Call) -> Reply:
        """``GET /device``: the verification page; the code may be in the link (§3.3.1)."""
        typed = call.query_value("user_code")
        code = self._ledger.device_code_shown_as(_as_shown(typed))
        self._recorder.note(
            "Verification page opened, with the code in the link"
            if typed
            else "Verification page opened"
        )
        if code is None:
            return self._sign_in.begin(None, typed)
        problem = self._problem(code)
        return _run_out(problem) if problem else self._sign_in.begin(_DeviceAsks(self, code))

    def check_user_code(self, call: Call) -> Reply:
        """``POST /device``: the code that somebody typed who has signed in."""
        ticket = call.form_value("ticket")
        visit = self._sign_in.visit(ticket)
        if visit is None or visit.account is None:
            return out_of_date()
        typed = call.form_value("user_code")
        code = self._ledger.device_code_shown_as(_as_shown(typed))
        problem = self._problem(code) if code else UNKNOWN_CODE
        if code is None or problem:
            self._recorder.note("A code was typed that cannot be used")
            return pages.user_code(ticket, visit.account.name, typed, problem)
        visit.question = _DeviceAsks(self, code)
        return visit.question.consent_page(ticket, visit.account)

    def decide(self, code: DeviceCode, approval: Approval | None) -> Reply:
        """Let the code's next poll be answered with what a person decided.

        Args:
            code: the device code.
            approval: None to deny it.
        """
        problem = self._problem(code)
        if problem:
            return _run_out(problem)
        code.approval, code.denied = approval, approval is None
        name, allowed = CLIENTS[code.client_id].name, approval is not None
        self._recorder.note(
            f"{name} was allowed {' '.join(code.scopes)}" if allowed else f"{name} was denied"
        )
        return pages.decided(name, allowed=allowed)

    def _problem(self, code: DeviceCode) -> str:
        """Why nobody can decide about this code any more; empty where somebody can."""
        if self._ledger.clock() >= code.expires_at:
            return "This code has run out. Ask for a new one where you found it."
        if code.is_decided:
            return "This code was used already. Ask for a new one where you found it."
        return ""


@dataclass(frozen=True)
class _DeviceAsks:
    """A device code as the question that a person decides."""

    pages: DevicePages
    code: DeviceCode

    @property
    def client_id(self) -> str:
        return self.code.client_id

    @property
    def client_name(self) -> str:
        return CLIENTS[self.client_id].name

    @property
    def scopes(self) -> list[str]:
        return self.code.scopes

    @property
    def token_lifetime(self) -> int:
        return self.code.token_lifetime

    def consent_page(self, ticket: str, account: Account) -> Reply:
        return pages.consent_to_device(
            ticket, self.client_name, account.name, asked_for(self), self.code.user_code
        )

    def decide(self, approval: Approval | None) -> Reply:
        return self.pages.decide(self.code, approval)


def _as_shown(typed: str) -> str:
    """A user code however it was typed: in small letters, without the dash (RFC 8628 §6.1)."""
    letters = "".join(letter for letter in typed.upper() if letter in USER_CODE_ALPHABET)
    return f"{letters[:4]}-{letters[4:]}"


def _run_out(problem: str) -> Reply:
    return pages.problem(400, "This code is of no use", problem)
