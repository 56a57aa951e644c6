"""The authorization endpoint: somebody signs in, reads what is asked, and allows or denies it.

Three steps, each one page: the request is checked and the sign-in page shown; name and password
are checked and the consent page shown; the decision goes back with the browser. Between the
steps a *visit* remembers the request. Its ticket is in the page's form and nowhere else, so no
other page can post in a person's name, and no cookie is needed, which on a loopback address
every other port, the notebook's included, would be sent as well.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import AccessDeniedError, OAuth2Error
from oauthlib.oauth2.rfc6749.errors import (
    FatalClientError,
    InvalidClientIdError,
    InvalidRedirectURIError,
    MismatchingRedirectURIError,
    MissingClientIdError,
    MissingRedirectURIError,
)

from nb_oauth.demo import pages
from nb_oauth.demo.ledger import Approval
from nb_oauth.demo.messages import see_other
from nb_oauth.demo.registry import ACCOUNTS, CLIENTS, SCOPES
from nb_oauth.demo.token_validation import token_lifetime

if TYPE_CHECKING:
    from oauthlib.oauth2 import Server

    from nb_oauth.demo.events import Recorder
    from nb_oauth.demo.ledger import Ledger
    from nb_oauth.demo.messages import Call, Reply

__all__ = ["SignIn"]

_VISIT_LIFETIME = 600


@dataclass
class _Visit:
    """One person on the way through the pages."""

    target: str
    request: Any
    scopes: list[str]
    expires_at: float
    username: str | None = None
    outcome: str | None = None

    @property
    def client_name(self) -> str:
        return CLIENTS[self.request.client_id].name


class SignIn:
    """Answers the authorization endpoint and the forms of its pages.

    Args:
        issuer: the provider's address; goes back as ``iss`` (RFC 9207).
        server: oauthlib's server.
        ledger: lends its lock and its clock.
        recorder: writes down what happens.
    """

    def __init__(self, issuer: str, server: Server, ledger: Ledger, recorder: Recorder) -> None:
        self._issuer = issuer
        self._server = server
        self._ledger = ledger
        self._recorder = recorder
        self._visits: dict[str, _Visit] = {}

    def authorize(self, call: Call) -> Reply:
        """``GET /authorize``: check the request (RFC 6749 §4.1.1, §4.2.1), show the sign-in page.

        A request whose client or redirect URI is wrong is explained and never redirected
        (§4.1.2.1); any other mistake goes back to the client.
        """
        try:
            scopes, info = self._server.validate_authorization_request(call.target)
        except FatalClientError as error:
            return self._refuse(error)
        except OAuth2Error as error:
            return see_other(self._error_location(error, error))
        except ValueError:
            return pages.problem(400, "This link is damaged", "Its parameters cannot be read.")
        visit = _Visit(call.target, info["request"], scopes, self._ledger.clock() + _VISIT_LIFETIME)
        ticket = self._remember(visit)
        self._recorder.note(f"{visit.client_name} asks for {' '.join(scopes)}: sign-in page shown")
        return pages.sign_in(ticket, visit.client_name)

    def check_password(self, call: Call) -> Reply:
        """``POST /sign-in``: name and password; then what is asked for."""
        ticket = call.form_value("ticket")
        visit = self._visit(ticket)
        if visit is None:
            return _out_of_date()
        username = call.form_value("username").strip()
        account = ACCOUNTS.get(username)
        if account is None or not account.has_password(call.form_value("password")):
            self._recorder.note("Wrong name or password on the sign-in page")
            return pages.sign_in(ticket, visit.client_name, username, failed=True)
        visit.username = username
        self._recorder.note(f"{account.name} signed in")
        asked = [(scope, SCOPES[scope]) for scope in visit.scopes]
        origin = _origin(visit.request.redirect_uri)
        return pages.consent(ticket, visit.client_name, account.name, asked, origin)

    def decide(self, call: Call) -> Reply:
        """``POST /decision``: back to the client with a code, a token or ``access_denied``.

        A second click on the same page gets the same answer: nothing is issued twice.
        """
        visit = self._visit(call.form_value("ticket"))
        if visit is None or visit.username is None:
            return _out_of_date()
        with self._ledger.lock:
            if visit.outcome is None:
                decide = self._allow if call.form_value("decision") == "allow" else self._deny
                visit.outcome = decide(visit)
        return see_other(visit.outcome)

    def _allow(self, visit: _Visit) -> str:
        self._recorder.note(f"{visit.client_name} was allowed {' '.join(visit.scopes)}")
        lifetime = token_lifetime(visit.request)
        approval = Approval(visit.request.client_id, visit.username, lifetime)
        headers, _body, _status = self._server.create_authorization_response(
            visit.target, scopes=visit.scopes, credentials={"user": approval}
        )
        return self._with_issuer(headers["Location"], visit.request)

    def _deny(self, visit: _Visit) -> str:
        self._recorder.note(f"{visit.client_name} was denied")
        denied = AccessDeniedError("You chose Deny on the consent page.", state=visit.request.state)
        return self._error_location(denied, visit.request)

    def _error_location(self, error: OAuth2Error, request: Any) -> str:  # noqa: ANN401 - a request, or an error that carries its fields
        described = [(name, str(value)) for name, value in error.twotuples]
        fragment = _is_implicit(request)
        location = add_params_to_uri(request.redirect_uri, described, fragment=fragment)
        return self._with_issuer(location, request)

    def _with_issuer(self, location: str, request: Any) -> str:  # noqa: ANN401 - the same
        issuer = [("iss", self._issuer)]
        return add_params_to_uri(location, issuer, fragment=_is_implicit(request))

    def _refuse(self, error: FatalClientError) -> Reply:
        self._recorder.note(f"Authorization request refused: {error.error}")
        return pages.problem(400, "This app made a mistake", _explanation(error))

    def _remember(self, visit: _Visit) -> str:
        ticket = secrets.token_urlsafe(24)
        with self._ledger.lock:
            now = self._ledger.clock()
            self._visits = {k: v for k, v in self._visits.items() if v.expires_at > now}
            self._visits[ticket] = visit
        return ticket

    def _visit(self, ticket: str) -> _Visit | None:
        with self._ledger.lock:
            visit = self._visits.get(ticket)
            return visit if visit and visit.expires_at > self._ledger.clock() else None


def _is_implicit(request: Any) -> bool:  # noqa: ANN401 - a request, or an error that carries its fields
    return bool(request.response_type == "token")


def _origin(uri: str) -> str:
    """The origin of a redirect URI as a CSP source; CSP cannot spell IPv6 addresses."""
    parts = urlsplit(uri)
    return "http:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"


def _explanation(error: FatalClientError) -> str:
    """What is wrong with the link, for whoever wrote the app."""
    if isinstance(error, InvalidClientIdError | MissingClientIdError):
        return f"Its client_id is not known here. Known are: {', '.join(CLIENTS)}."
    if isinstance(error, MissingRedirectURIError):
        return "It names no redirect_uri. Any address on this machine will do."
    if isinstance(error, MismatchingRedirectURIError | InvalidRedirectURIError):
        return (
            "Its redirect_uri leads away from this machine. The demo sends people back to "
            "addresses such as http://127.0.0.1:8000/callback only."
        )
    return f"The link it made cannot be used: {error.description}"


def _out_of_date() -> Reply:
    return pages.problem(
        400, "This page is out of date", "Go back to your notebook and open a new sign-in link."
    )
