"""Somebody signs in, reads what is asked, and allows or denies it.

Whoever comes from an app (:mod:`nb_oauth.demo.authorization_request`) or with a user code
(:mod:`nb_oauth.demo.device_pages`) takes the same steps, each one page: name and password; what
is asked; the decision. Between the steps a *visit* remembers the question. Its ticket is in the
page's form and nowhere else, so no other page can post in a person's name, and no cookie is
needed, which on a loopback address every other port, the notebook's included, would be sent as
well.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from nb_oauth.demo import pages
from nb_oauth.demo.ledger import Approval
from nb_oauth.demo.registry import ACCOUNTS, SCOPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nb_oauth.demo.events import Recorder
    from nb_oauth.demo.ledger import Ledger
    from nb_oauth.demo.messages import Call, Reply
    from nb_oauth.demo.registry import Account

__all__ = ["UNKNOWN_CODE", "Question", "SignIn", "Visit", "asked_for", "out_of_date"]

UNKNOWN_CODE = "No app waits for this code. Compare it with the one that you were shown."
"""What is said of a user code that was never given out, or was forgotten since."""

_VISIT_LIFETIME = 600


class Question(Protocol):
    """What a person is asked to allow."""

    @property
    def client_id(self) -> str:
        """The app that asks."""

    @property
    def client_name(self) -> str:
        """Its name as people read it."""

    @property
    def scopes(self) -> Sequence[str]:
        """What it asks for."""

    @property
    def token_lifetime(self) -> int:
        """For how many seconds its access tokens are to last."""

    def consent_page(self, ticket: str, account: Account) -> Reply:
        """The page with Allow and Deny."""

    def decide(self, approval: Approval | None) -> Reply:
        """What follows Allow, or with None what follows Deny."""


@dataclass
class Visit:
    """One person on the way through the pages.

    Attributes:
        question: what they are asked; None until a user code tells.
        expires_at: until when the page can be used.
        user_code: one that came with a link and belongs to no question.
        account: who they are, once they signed in.
        auth_time: when they did, in seconds since the epoch.
        outcome: the answer to their decision.
    """

    question: Question | None
    expires_at: float
    user_code: str = ""
    account: Account | None = None
    auth_time: float = 0.0
    outcome: Reply | None = None

    @property
    def client_name(self) -> str:
        """Who they sign in for."""
        return self.question.client_name if self.question else "the app that shows you a code"


class SignIn:
    """Shows the pages that every visitor sees, and answers their forms.

    Args:
        ledger: lends its lock and its clock.
        recorder: writes down what happens.
    """

    def __init__(self, ledger: Ledger, recorder: Recorder) -> None:
        self._ledger = ledger
        self._recorder = recorder
        self._visits: dict[str, Visit] = {}

    def begin(self, question: Question | None, user_code: str = "") -> Reply:
        """Show the sign-in page to somebody who just came.

        Args:
            question: what they will be asked, if that is known.
            user_code: one that came with their link and belongs to no question.
        """
        visit = Visit(question, self._ledger.clock() + _VISIT_LIFETIME, user_code)
        ticket = secrets.token_urlsafe(24)
        with self._ledger.lock:
            now = self._ledger.clock()
            self._visits = {k: v for k, v in self._visits.items() if v.expires_at > now}
            self._visits[ticket] = visit
        return pages.sign_in(ticket, visit.client_name)

    def check_password(self, call: Call) -> Reply:
        """``POST /sign-in``: name and password; then what is asked for."""
        ticket = call.form_value("ticket")
        visit = self.visit(ticket)
        if visit is None:
            return out_of_date()
        username = call.form_value("username").strip()
        account = ACCOUNTS.get(username)
        if account is None or not account.has_password(call.form_value("password")):
            self._recorder.note("Wrong name or password on the sign-in page")
            return pages.sign_in(ticket, visit.client_name, username, failed=True)
        visit.account, visit.auth_time = account, self._ledger.clock()
        self._recorder.note(f"{account.name} signed in")
        if visit.question is None:
            problem = UNKNOWN_CODE if visit.user_code else ""
            return pages.user_code(ticket, account.name, visit.user_code, problem)
        return visit.question.consent_page(ticket, account)

    def decide(self, call: Call) -> Reply:
        """``POST /decision``: what the question does with a yes or a no.

        A second click on the same page gets the same answer: nothing is issued twice.
        """
        visit = self.visit(call.form_value("ticket"))
        if visit is None or visit.account is None or visit.question is None:
            return out_of_date()
        with self._ledger.lock:
            if visit.outcome is None:
                allowed = call.form_value("decision") == "allow"
                approval = _approval(visit.question, visit.account, visit.auth_time)
                visit.outcome = visit.question.decide(approval if allowed else None)
            return visit.outcome

    def visit(self, ticket: str) -> Visit | None:
        """The visit that a page's form belongs to; None where it is over."""
        with self._ledger.lock:
            visit = self._visits.get(ticket)
            return visit if visit and visit.expires_at > self._ledger.clock() else None


def _approval(question: Question, account: Account, auth_time: float) -> Approval:
    return Approval(question.client_id, account.username, question.token_lifetime, auth_time)


def asked_for(question: Question) -> list[tuple[str, str]]:
    """Each scope that is asked for, and what it means in plain words."""
    return [(scope, SCOPES[scope]) for scope in question.scopes]


def out_of_date() -> Reply:
    """The page for a form whose visit is over, or that came from elsewhere."""
    return pages.problem(
        400, "This page is out of date", "Go back to your notebook and open a new sign-in link."
    )
