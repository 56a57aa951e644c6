"""The authorization endpoint: an app sends somebody here, and gets them back with an answer."""

from __future__ import annotations

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
from nb_oauth.demo.messages import see_other
from nb_oauth.demo.parameters import token_lifetime
from nb_oauth.demo.registry import CLIENTS
from nb_oauth.demo.sign_in import asked_for

if TYPE_CHECKING:
    from nb_oauth.demo.authorization import AuthorizationServer
    from nb_oauth.demo.events import Recorder
    from nb_oauth.demo.ledger import Approval
    from nb_oauth.demo.messages import Call, Reply
    from nb_oauth.demo.registry import Account
    from nb_oauth.demo.sign_in import SignIn

__all__ = ["AuthorizationRequests"]


class AuthorizationRequests:
    """Checks what apps ask, and takes the answers back to them.

    Args:
        issuer: the provider's address; goes back as ``iss`` (RFC 9207).
        server: oauthlib's endpoints.
        sign_in: shows the pages.
        recorder: writes down what happens.
    """

    def __init__(
        self, issuer: str, server: AuthorizationServer, sign_in: SignIn, recorder: Recorder
    ) -> None:
        self._issuer = issuer
        self._server = server
        self._sign_in = sign_in
        self._recorder = recorder

    def authorize(self, call: Call) -> Reply:
        """``GET /authorize``: check the request (RFC 6749 §4.1.1, §4.2.1), show the sign-in page.

        A request whose client or redirect URI is wrong is explained and never redirected
        (§4.1.2.1); any other mistake goes back to the client.
        """
        try:
            scopes, info = self._server.validate_authorization_request(
                call.target, headers=dict(call.headers)
            )
        except FatalClientError as error:
            return self._refuse(error)
        except OAuth2Error as error:
            return see_other(self._error_location(error, error))
        except ValueError:
            return pages.problem(400, "This link is damaged", "Its parameters cannot be read.")
        question = _AppAsks(self, call, info["request"], scopes)
        self._recorder.note(
            f"{question.client_name} asks for {' '.join(scopes)}: sign-in page shown"
        )
        return self._sign_in.begin(question)

    def allow(self, call: Call, scopes: list[str], approval: Approval) -> Reply:
        """Send somebody back with a code or a token (RFC 6749 §4.1.2, §4.2.2)."""
        name = CLIENTS[approval.client_id].name
        self._recorder.note(f"{name} was allowed {' '.join(scopes)}")
        headers, _body, _status = self._server.create_authorization_response(
            call.target,
            headers=dict(call.headers),
            scopes=scopes,
            credentials={"user": approval},
        )
        return see_other(self._with_issuer(headers["Location"]))

    def deny(self, request: Any) -> Reply:  # noqa: ANN401 - oauthlib's
        """Send somebody back with ``access_denied``."""
        self._recorder.note(f"{CLIENTS[request.client_id].name} was denied")
        denied = AccessDeniedError("You chose Deny on the consent page.", state=request.state)
        return see_other(self._error_location(denied, request))

    def _error_location(self, error: OAuth2Error, request: Any) -> str:  # noqa: ANN401 - a request, or an error that carries its fields
        """Where an app's request is answered with an error (RFC 6749 §4.1.2.1, §4.2.2.1)."""
        described = [(name, str(value)) for name, value in error.twotuples]
        fragment = _is_implicit(request)
        location = add_params_to_uri(request.redirect_uri, described, fragment=fragment)
        return self._with_issuer(location)

    def _with_issuer(self, location: str) -> str:
        issuer = [("iss", self._issuer)]
        return add_params_to_uri(location, issuer, fragment="#" in location)

    def _refuse(self, error: FatalClientError) -> Reply:
        self._recorder.note(f"Authorization request refused: {error.error}")
        return pages.problem(400, "This app made a mistake", _explanation(error))


@dataclass(frozen=True)
class _AppAsks:
    """An app's request, checked, as the question that a person decides."""

    requests: AuthorizationRequests
    call: Call
    request: Any
    scopes: list[str]

    @property
    def client_id(self) -> str:
        return str(self.request.client_id)

    @property
    def client_name(self) -> str:
        return CLIENTS[self.client_id].name

    @property
    def token_lifetime(self) -> int:
        return token_lifetime(self.request)

    def consent_page(self, ticket: str, account: Account) -> Reply:
        origin = _origin(self.request.redirect_uri)
        return pages.consent(ticket, self.client_name, account.name, asked_for(self), origin)

    def decide(self, approval: Approval | None) -> Reply:
        if approval is None:
            return self.requests.deny(self.request)
        return self.requests.allow(self.call, self.scopes, approval)


def _is_implicit(request: Any) -> bool:  # noqa: ANN401 - a request, or an error that carries its fields
    """Whether the answer goes into the fragment (RFC 6749 §4.2.2)."""
    return not {"token", "id_token"}.isdisjoint((request.response_type or "").split())


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
