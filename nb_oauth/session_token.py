"""The token that a session holds, and what was granted with it."""

import functools
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from oauthlib.oauth2 import BackendApplicationClient

from nb_oauth import tokens
from nb_oauth.exceptions import ConfigurationError, TokenError
from nb_oauth.masking import HiddenToken, with_bare_errors
from nb_oauth.session_destinations import Destinations
from nb_oauth.token_requests import DEFAULT_TIMEOUT, TokenRequests
from nb_oauth.token_responses import revocation_refused, secrets_sent
from nb_oauth.tokens import Scope, Token

_F = TypeVar("_F", bound=Callable[..., Any])

# RFC 7009 §2.2 has 200 for a token that was good no more as well; Google has this error for it,
# as its tokens end together.
_GOOD_NO_MORE = "invalid_token"
_SUCCESS = 2  # hundred and any: Reddit answers 204
_KEPT = "The session has a token for the rest. "


def not_granted(missing: Iterable[str], besides: str = "") -> str:
    """Return what to say where ``missing`` was asked for and not granted."""
    return (
        f"Not granted: {' '.join(missing)}. {besides}Requests that need it will be refused; sign "
        "in again and allow it on the provider's page."
    )


def _like(former: _F) -> Callable[[Callable[..., Any]], _F]:
    """Give a method the signature and the words of the one that it goes back to."""
    return cast("Callable[[Callable[..., Any]], _F]", functools.wraps(former))


class SessionToken(Destinations):
    """The part of a session that holds its token.

    Attributes:
        strict_scope: whether to raise, and not only to warn, where less is granted than was asked
            for. The session has the token either way.
    """

    strict_scope = False
    warns_of_scope = True
    """Whether to warn where less is granted; a login does so itself, to the cell that waits."""
    _said_to_be_missing: tuple[str, ...] = ()
    _is_asking = False

    @property
    def token(self) -> Any:
        """The token as it stands: a mapping that is replaced, never changed, on renewal."""
        return self._client.token

    @token.setter
    def token(self, value: Token) -> None:
        value = tokens.stripped(value)
        if self.provider is not None:
            tokens.sendable(value.get("access_token", ""))
        if tokens.expires_at(value) is None and tokens.seconds(value.get("expires_in")) is not None:
            value = tokens.dated(value, time.time())
        client: Any = self._client
        former = client.token and client.token.get("access_token")
        if former and former != value.get("access_token"):
            self._former_access_token = str(former)
        client._expires_at = None  # noqa: SLF001 - oauthlib would keep the end of the one before
        client.populate_token_attributes(tokens.readable(value))
        if self.provider is not None:  # else some write str(token) to a file, as theirs shows it
            value = HiddenToken(value)
        client.token = value  # last: whoever sees this token finds its attributes there

    @property
    def scope(self) -> Any:
        """What was granted, in a session that was opened and has a token; else what is asked."""
        if self.provider is not None and self.token and not self._is_asking:
            return tokens.granted_scope(self.token, self._scope)
        return self._client.scope if self._scope is None else self._scope

    @scope.setter
    def scope(self, value: Any) -> None:
        self._scope = value

    @property
    def missing_scope(self) -> list[str]:
        """What was asked for and not granted: people may tick less on the consent page."""
        return tokens.missing_scope(self.token, self._scope)

    def authorization_url(
        self, url: str, state: str | None = None, **kwargs: Any
    ) -> tuple[str, str]:
        """Return the authorization request as a URL, and its state (RFC 6749 §4.1.1).

        It asks for all that the session is to have, also where its token was granted less.

        Raises:
            InsecureTransportError: the endpoint is neither https nor on a loopback address.
        """
        self._is_asking = True
        try:
            return super().authorization_url(url, state, **kwargs)
        finally:
            self._is_asking = False

    @_like(TokenRequests.fetch_token)
    @with_bare_errors
    def fetch_token(self, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 - has that of what it wraps
        token = super().fetch_token(*args, **kwargs)
        self._tell_of_missing_scope()
        return token

    @_like(TokenRequests.token_from_fragment)
    @with_bare_errors
    def token_from_fragment(self, authorization_response: str) -> Any:  # noqa: D102 - see above
        token = super().token_from_fragment(authorization_response)
        self._tell_of_missing_scope()
        return token

    def _tell_of_missing_scope(self) -> None:
        """Warn, or raise, where less was granted than asked for, with the line that asked."""
        missing = tuple(self.missing_scope)
        asks_again = isinstance(self._client, BackendApplicationClient)
        is_known = asks_again and missing == self._said_to_be_missing
        self._said_to_be_missing = missing
        if not missing or is_known:
            return
        if self.strict_scope:
            raise TokenError(not_granted(missing, _KEPT), error="missing_scope")
        if self.warns_of_scope:
            warnings.warn(not_granted(missing), stacklevel=4)

    def may_have(self, scope: Scope) -> bool:
        """Tell whether ``scope`` was granted, also where that is under names not asked for."""
        requested = self.token.get(tokens.REQUESTED_SCOPE, self._scope)
        return tokens.may_cover(self.token, requested, scope)

    @with_bare_errors
    def revoke_token(self, token_type_hint: str, token: Token | None = None) -> None:
        """Take a token back at the provider, in a session that was opened (RFC 7009 §2.1).

        Args:
            token_type_hint: which: ``"refresh_token"`` or ``"access_token"``. The session still
                has it afterwards; :func:`nb_oauth.logout` forgets it as well.
            token: the token that has it, a mapping; None is the session's as it stands.

        Raises:
            ConfigurationError: the provider has no revocation endpoint, or the token no such
                part.
            TokenError: the endpoint refused, or could not be reached.
        """
        token = self.token if token is None else token
        if self.provider is None or not token.get(token_type_hint):
            raise ConfigurationError(f"This session has no {token_type_hint} to revoke.")
        url = self.provider.require("revocation_endpoint")
        auth, data = self._client_authentication(
            {"token": token[token_type_hint], "token_type_hint": token_type_hint}
        )
        arguments = {"data": data, "auth": auth, "timeout": DEFAULT_TIMEOUT}
        unredirected = {**arguments, "allow_redirects": False}
        response = self._send("POST", url, unredirected, "revocation endpoint")
        if response.status_code // 100 == _SUCCESS:
            return
        mine = [token.get(kind) for kind in ("access_token", "refresh_token")]
        refusal = revocation_refused(
            response, [*mine, *secrets_sent(arguments, auth, self._registered)]
        )
        if refusal.error != _GOOD_NO_MORE:
            raise refusal

    def forget_token(self) -> None:
        """Forget the token. Requests go without one from now on."""
        client: Any = self._client
        self._former_access_token = ""
        client.token = {}
        client.access_token = client.refresh_token = client._expires_at = None  # noqa: SLF001 - see above
