"""The part of a session that knows who signed in (OpenID Connect Core 1.0).

In a session that was opened and asks for the scope ``openid``, an ID token is looked at before the
token that it came with is kept. joserfc is loaded when there is one to look at, and not before.
"""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import requests
from oauthlib.oauth2 import MobileApplicationClient, WebApplicationClient

from nb_oauth import openid
from nb_oauth.exceptions import ConfigurationError, TokenError
from nb_oauth.session_token import SessionToken
from nb_oauth.token_requests import DEFAULT_TIMEOUT
from nb_oauth.tokens import Token

if TYPE_CHECKING:
    from nb_oauth.openid.authentication import AuthenticationRequest
    from nb_oauth.openid.claims import Claims
    from nb_oauth.openid.signatures import Signed
    from nb_oauth.openid.signing_keys import SigningKeys
    from nb_oauth.providers import Provider

_NO_CLAIMS: Mapping[str, Any] = MappingProxyType({})

# While a token is renewed: what the ID token before it claimed. None at any other time.
_former: ContextVar["Claims | None"] = ContextVar("nb_oauth_former_claims", default=None)


class OpenIDSession(SessionToken):
    """The part of a session that knows who signed in."""

    _asked_for: "AuthenticationRequest | None" = None
    """What the authorization request under way asks an ID token to answer, if anything."""
    _signing_keys: "SigningKeys | None" = None

    # -- who signed in ---------------------------------------------------------------------

    @property
    def id_claims(self) -> Mapping[str, Any]:
        """What the ID token says of the person who signed in, such as ``id_claims["sub"]``.

        A read-only mapping. It is empty where nobody vouches for anything: in a session made by
        the constructor, one that does not ask for ``openid``, or one without an ID token.

        Its signature and times were checked when it came. One out of a store is as good as the
        access token beside it; here only issuer and audience are looked at once more, so that a
        token from elsewhere tells nothing.
        """
        id_token = self.token.get("id_token")
        if self.provider is None or not self._asks_who or not id_token:
            return _NO_CLAIMS
        try:
            claims = openid.signatures.read(id_token).claims
            openid.claims.check_identity(claims, self.provider.issuer, str(self.client_id))
        except openid.refusals.Refusal:
            return _NO_CLAIMS
        return MappingProxyType(claims)

    def userinfo(self) -> dict[str, Any]:
        """Ask the provider who signed in (OpenID Connect Core §5.3).

        The access token goes along, renewed first if its end is near.

        Returns:
            What it says, such as ``{"sub": …, "name": …, "email": …}``.

        Raises:
            ConfigurationError: the session was not opened for a provider, or that has no
                userinfo endpoint.
            TokenError: the endpoint refused, or its answer is about somebody else than the ID
                token (§5.3.2), or is not the provider's.
            RequestException: it could not be reached.
        """
        if self.provider is None:
            raise ConfigurationError("userinfo() needs a session that was opened.")
        url = self._address(self.provider.require("userinfo_endpoint"))
        accept = {"Accept": "application/json, application/jwt"}
        response = self.get(url, headers=accept, stream=True, allow_redirects=False)
        with response, openid.refusals.refused("userinfo", "invalid_userinfo"):
            answer = openid.userinfo.read_userinfo(response, [self.token.get("access_token")])
            said = answer if isinstance(answer, dict) else self._verified(answer, self.provider)
            openid.userinfo.check_same_person(said, self.id_claims)
        return said

    def _verified(self, answer: "Signed", provider: "Provider") -> dict[str, Any]:
        self._check_algorithm(answer, provider)
        me = str(self.client_id)
        openid.userinfo.check_signed_userinfo(answer.claims, provider.issuer, me)
        self._check_signature(answer, provider)
        return answer.claims

    # -- the request -----------------------------------------------------------------------

    @property
    def _asks_who(self) -> bool:
        return "openid" in self.requested_scope

    def authorization_url(
        self, url: str, state: str | None = None, **kwargs: Any
    ) -> tuple[str, str]:
        """Return the authorization request as a URL, and its state (RFC 6749 §4.1.1).

        In a session that was opened and asks for ``openid``, a fresh ``nonce`` goes along, unless
        the caller gives one; the ID token must repeat it (OpenID Connect Core §3.1.2.1).

        Raises:
            ConfigurationError: an ID token would come through the browser, and the provider has
                no ``issuer`` or ``jwks_uri`` to verify it with.
            InsecureTransportError: the endpoint is neither https nor on a loopback address.
        """
        if self.provider is None or not self._asks_who:
            return super().authorization_url(url, state, **kwargs)
        kwargs["nonce"] = kwargs.get("nonce") or openid.authentication.new_nonce()
        made, state = super().authorization_url(url, state, **kwargs)
        self._asked_for = openid.authentication.AuthenticationRequest.sent_as(made)
        if self._asked_for.brings_id_token:
            openid.authentication.require_verifiable(self.provider)
        return made, state

    def _forget_request(self) -> None:
        super()._forget_request()
        self._asked_for = None

    # -- the answer ------------------------------------------------------------------------

    def refresh_token(self, *args: Any, **kwargs: Any) -> Any:
        """Renew the token with its refresh token (RFC 6749 §6).

        Takes what requests-oauthlib's method takes. An ID token that comes along must be about
        the same person as the one before (OpenID Connect Core §12.2); where none comes, that one
        stays.

        Returns:
            The new token, with the refresh token used if the provider sent no new one.

        Raises:
            InsecureTransportError: the endpoint is neither https nor on a loopback address.
            TokenError: the endpoint refused, or did not answer with a token, or its ID token is
                not good; the token that the session had before is still there.
            ValueError: there is no ``token_url``.
        """
        reset = _former.set(self.id_claims)
        try:
            return super().refresh_token(*args, **kwargs)
        finally:
            _former.reset(reset)

    def _completed(
        self, token: Token, asked_at: float, refresh_token: str | None
    ) -> dict[str, Any]:
        complete = super()._completed(token, asked_at, refresh_token)
        kept = self.token.get("id_token")
        if self.provider is not None and refresh_token and kept and not complete.get("id_token"):
            complete["id_token"] = kept
        return complete

    def _check(self, token: Token) -> None:
        """Refuse a token whose ID token is missing, or not the answer to what was asked.

        Raises:
            ConfigurationError: the ID token came through the browser, and the provider has no
                ``issuer`` or ``jwks_uri`` to verify it with.
            TokenError: the ID token failed a check, or the provider's keys could not be had.
        """
        super()._check(token)
        if self.provider is None or not self._asks_who:
            return
        former = _former.get()
        id_token = token.get("id_token")
        if former is not None and id_token == self.token.get("id_token"):
            return  # nothing new is said of anybody
        if id_token:
            with openid.refusals.refused("ID token", "invalid_id_token"):
                self._check_id_token(id_token, token, self.provider, former)
        elif former is None and self._must_say_who:
            raise TokenError(
                f"{self.provider.name} sent no ID token, although openid was asked for (OpenID "
                "Connect Core §3.1.3.3). Leave openid out of scope if this provider does not "
                "have OpenID Connect.",
                error="missing_id_token",
            )

    @property
    def _must_say_who(self) -> bool:
        """Whether this is a flow in which OpenID Connect requires an ID token."""
        by_code = isinstance(self._client, WebApplicationClient)
        asked = self._asked_for
        return by_code or (asked is not None and asked.brings_id_token)

    def _check_id_token(
        self, id_token: object, token: Token, provider: "Provider", former: "Claims | None"
    ) -> None:
        """Check an ID token (OpenID Connect Core §3.1.3.7, §3.2.2.11, §12.2).

        What costs nothing comes first, so that keys are asked for only where the rest is right.
        """
        checks = openid.claims
        by_browser = isinstance(self._client, MobileApplicationClient)
        if by_browser:
            openid.authentication.require_verifiable(provider)
        signed, now = openid.signatures.read(id_token), time.time()
        self._check_algorithm(signed, provider)
        checks.check_identity(signed.claims, provider.issuer, str(self.client_id))
        checks.check_times(signed.claims, now)
        if former is not None:
            checks.check_renewal(signed.claims, former)
        elif by_browser or isinstance(self._client, WebApplicationClient):
            asked = self._asked_for or openid.authentication.AuthenticationRequest()
            checks.check_nonce(signed.claims, asked.nonce)
            checks.check_authentication_age(signed.claims, asked.max_age, now)
        checks.check_access_token(
            signed.claims, signed.algorithm, token.get("access_token"), required=by_browser
        )
        self._check_signature(signed, provider, spare=former is not None)

    def _check_algorithm(self, signed: "Signed", provider: "Provider") -> None:
        offered = provider.id_token_signing_alg_values_supported
        openid.signatures.check_algorithm(signed, offered, has_secret=bool(self._secret))

    @property
    def _secret(self) -> str | None:
        return self._registered.client_secret if self._registered else None

    def _check_signature(
        self, signed: "Signed", provider: "Provider", *, spare: bool = False
    ) -> None:
        """Check that the provider signed what it sent.

        What comes straight from an endpoint of the provider, over TLS or loopback, needs no
        signature to be known as the provider's: OpenID Connect Core §3.1.3.7 (item 6) lets TLS
        stand in for it. So a provider described by hand without ``jwks_uri`` will do, and so does
        a renewal while its keys are out of reach: to throw its answer away would throw away the
        refresh token in it as well, and with that the sign-in. What comes through the browser
        never gets here without ``jwks_uri``: ``require_verifiable``.

        Args:
            signed: what it sent.
            provider: who should have signed it.
            spare: whether it will do if the keys cannot be had now.

        Raises:
            Refusal: the provider did not sign it.
            TokenError: the keys could not be had.
        """
        if self._secret and openid.signatures.takes_secret(signed):
            if not openid.signatures.is_signed_with_secret(signed, self._secret):
                raise openid.refusals.Refusal(
                    "it is not signed with the client_secret. Check client_secret."
                )
        elif provider.jwks_uri is not None:
            try:
                self._keys_of(provider.jwks_uri).check(signed)
            except TokenError:
                if not spare:
                    raise

    def _keys_of(self, jwks_uri: str) -> "SigningKeys":
        if self._signing_keys is None or self._signing_keys.address != jwks_uri:
            self._signing_keys = openid.signing_keys.SigningKeys(jwks_uri, self._ask_for_keys)
        return self._signing_keys

    def _ask_for_keys(self, jwks_uri: str) -> requests.Response:
        """Ask for what everybody may read, so with nothing that says who asks."""
        accept = "application/jwk-set+json, application/json"
        headers: dict[str, Any] = {"Accept": accept, "Authorization": None}
        return self.request(
            "GET",
            jwks_uri,
            headers=headers,
            auth=lambda request: request,  # else requests takes the session's own, or netrc's
            withhold_token=True,
            stream=True,
            allow_redirects=False,
            timeout=DEFAULT_TIMEOUT,
        )
