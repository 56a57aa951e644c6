# ruff: noqa: ARG002, ANN401 - the signatures and the untyped values are oauthlib's
"""What oauthlib asks about people, codes and tokens, answered from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import InvalidGrantError

from nb_oauth.demo.client_validation import ClientValidator
from nb_oauth.demo.ledger import (
    CODE_LIFETIME,
    AccessToken,
    Approval,
    Code,
    Ledger,
    RefreshToken,
)
from nb_oauth.demo.parameters import token_lifetime
from nb_oauth.demo.registry import ACCOUNTS, DEVICE_CODE

if TYPE_CHECKING:
    from oauthlib.common import Request

    from nb_oauth.demo.events import Recorder

__all__ = ["Validator"]


class Validator(ClientValidator):
    """Answers oauthlib's questions about people, codes and tokens."""

    def __init__(self, ledger: Ledger, recorder: Recorder) -> None:
        super().__init__()
        self._ledger = ledger
        self._recorder = recorder

    # Codes (RFC 6749 §4.1, RFC 7636)

    def save_authorization_code(
        self,
        client_id: str,
        code: Any,
        request: Request,
        *args: object,
        **kwargs: object,
    ) -> None:
        """Bind the code to the request it answers."""
        issued = Code(
            approval=_approval(request),
            scopes=list(request.scopes or []),
            redirect_uri=request.redirect_uri or "",
            code_challenge=request.code_challenge,
            nonce=request.nonce,
            expires_at=self._ledger.clock() + CODE_LIFETIME,
        )
        self._ledger.add_code(code["code"], issued)
        self._recorder.note("Authorization code sent back with the browser")

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: object
    ) -> bool:
        """Whether the code is this client's, fresh, unused and for this redirect URI."""
        issued = self._ledger.code(code)
        if issued is None or issued.approval.client_id != client_id:
            return False
        if issued.used:
            self._revoke(issued.approval, "Authorization code used twice")
            raise InvalidGrantError("This code was used before.", request=request)
        if self._ledger.clock() >= issued.expires_at:
            raise InvalidGrantError(f"A code lasts {CODE_LIFETIME} seconds.", request=request)
        if request.redirect_uri != issued.redirect_uri:
            raise InvalidGrantError(
                "redirect_uri differs from the authorization request's.", request=request
            )
        if request.code_verifier and not issued.code_challenge:
            raise InvalidGrantError(
                "A code_verifier, but no code_challenge came before.", request=request
            )
        request.user, request.scopes = issued.approval, list(issued.scopes)
        request.nonce = issued.nonce
        return True

    def get_code_challenge(self, code: str, request: Request) -> Any:
        """The challenge that came with the authorization request, None where none came."""
        issued = self._ledger.code(code)
        return issued and issued.code_challenge

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        """The only method there is."""
        return "S256"

    def confirm_redirect_uri(self, *args: object, **kwargs: object) -> bool:
        """``validate_code`` has compared it, to answer ``invalid_grant`` (RFC 6749 §5.2)."""
        return True

    def invalidate_authorization_code(
        self, client_id: str, code: str, *args: object, **kwargs: object
    ) -> None:
        """Remember that the code was used."""
        self._ledger.spend_code(code)

    # Passwords (RFC 6749 §4.3)

    def validate_user(
        self, username: str, password: str, client: Any, request: Request, *args: object
    ) -> bool:
        """Whether name and password belong to an account."""
        account = ACCOUNTS.get(username)
        if account is None or not account.has_password(password):
            self._recorder.note("Wrong name or password at the token endpoint")
            return False
        lifetime = token_lifetime(request)
        request.user = Approval(request.client_id or "", username, lifetime)
        return True

    # Tokens (RFC 6749 §5 and §6, RFC 7009)

    def save_bearer_token(
        self,
        token: Any,
        request: Request,
        *args: object,
        **kwargs: object,
    ) -> None:
        """Keep what was issued, and spend the refresh token that it was issued for."""
        lifetime = token["expires_in"]
        approval = _approval(request)
        scopes = list(request.scopes or [])
        access = AccessToken(approval, scopes, self._ledger.clock() + lifetime)
        self._ledger.add_access_token(token["access_token"], access)
        if "refresh_token" in token:
            if request.grant_type == "refresh_token":
                # However few scopes were asked for now, all can be had again (RFC 6749 §6).
                scopes = self._ledger.spend_refresh_token(request.refresh_token or "").scopes
            self._ledger.add_refresh_token(token["refresh_token"], RefreshToken(approval, scopes))
        self._recorder.note(_issued(request, lifetime))

    def validate_refresh_token(
        self,
        refresh_token: str,
        client: Any,
        request: Request,
        *args: object,
    ) -> bool:
        """Whether the refresh token is this client's and has not been rotated (RFC 9700 §4.14)."""
        token = self._ledger.refresh_token(refresh_token)
        if token is None or token.approval.client_id != client.client_id:
            return False
        if token.used:
            self._revoke(token.approval, "Refresh token used twice")
            raise InvalidGrantError(
                "This refresh token was used before; sign in again.", request=request
            )
        request.user, request.nonce = token.approval, None
        return not token.approval.revoked

    def get_original_scopes(self, refresh_token: str, *args: object, **kwargs: object) -> list[str]:
        """The scopes that were approved."""
        token = self._ledger.refresh_token(refresh_token)
        return list(token.scopes) if token else []

    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *args: object
    ) -> None:
        """End an access token, or with a refresh token everything from that sign-in."""
        access, refresh = self._ledger.access_token(token), self._ledger.refresh_token(token)
        if access and access.approval.client_id == request.client_id:
            self._ledger.drop_access_token(token)
            self._recorder.note("Access token revoked")
        if refresh and refresh.approval.client_id == request.client_id:
            self._revoke(refresh.approval, "Refresh token revoked")

    def _revoke(self, approval: Approval, why: str) -> None:
        approval.revoked = True
        self._recorder.note(f"{why}: every token from this sign-in has ended")


def _approval(request: Request) -> Approval:
    if isinstance(request.user, Approval):
        return request.user
    # A client that acts for itself (RFC 6749 §4.4): nobody was asked.
    lifetime = token_lifetime(request)
    return Approval(request.client_id or "", None, lifetime)


def _issued(request: Request, lifetime: int) -> str:
    if request.grant_type == "refresh_token":
        return f"Token renewed for {lifetime} s; the refresh token was rotated"
    is_device = request.grant_type == DEVICE_CODE
    grant = "device code" if is_device else (request.grant_type or "implicit").replace("_", " ")
    return f"Token issued for {lifetime} s ({grant} grant)"
