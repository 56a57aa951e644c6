"""The token that a session holds, and what was granted with it."""

import time
from typing import Any

from nb_oauth import tokens
from nb_oauth.token_requests import TokenRequests
from nb_oauth.tokens import Scope, Token


class SessionToken(TokenRequests):
    """The part of a session that holds its token."""

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
        client._expires_at = None  # noqa: SLF001 - oauthlib would keep the end of the one before
        client.populate_token_attributes(tokens.readable(value))
        client.token = value  # last: whoever sees this token finds its attributes there

    @property
    def scope(self) -> Any:
        """What was granted, in a session that was opened and has a token; else what is asked."""
        if self.provider is not None and self.token:
            return tokens.granted_scope(self.token, self._scope)
        return self._client.scope if self._scope is None else self._scope

    @scope.setter
    def scope(self, value: Any) -> None:
        self._scope = value

    @property
    def requested_scope(self) -> list[str]:
        """What this session asks for."""
        return tokens.scope_list(self._scope)

    @property
    def missing_scope(self) -> list[str]:
        """What was asked for and not granted: people may tick less on the consent page."""
        granted = tokens.granted_scope(self.token, self._scope)
        return [value for value in self.requested_scope if value not in granted]

    def may_have(self, scope: Scope) -> bool:
        """Tell whether ``scope`` was granted, also where that is under names not asked for."""
        return tokens.may_cover(self.token, self._scope, scope)
