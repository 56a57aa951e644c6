"""The sessions that are compared: requests-oauthlib's, ours made like it, and one that we open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests_oauthlib

from nb_oauth import Client, OAuth2Session
from nb_oauth.oauthlib_clients import oauthlib_client

if TYPE_CHECKING:
    from nb_oauth import Provider

REDIRECT_URI = "http://127.0.0.1:50001/callback"  # nobody listens there, nor is it opened
SENT_BACK = ("authorization_code", "implicit")
APP = Client("app", redirect_uri=REDIRECT_URI)


@dataclass(frozen=True)
class Side:
    """One of the three kinds of session."""

    name: str
    kind: type[requests_oauthlib.OAuth2Session]
    is_opened: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def pkce(self) -> dict[str, str]:
        """What lets it use PKCE: a session that is opened does anyway."""
        return {} if self.is_opened else {"pkce": "S256"}

    def session(
        self,
        provider: Provider,
        token: Any = None,
        client: Client = APP,
        *,
        grant: str = "authorization_code",
        scope: Any = None,
        **arguments: Any,
    ) -> Any:
        """A session that renews itself at ``provider``, as far as its kind can.

        Args:
            provider: the authorization server.
            token: what it begins with.
            client: the app; of its secret, only a session that is opened learns.
            grant: how it earns its tokens.
            scope: what it asks for.
            arguments: further ones of ``OAuth2Session.open``, or of the constructor.
        """
        asked = {"token": token, "scope": scope, **arguments}
        if self.is_opened:
            session: Any = OAuth2Session.open(provider, client, grant=grant, **asked)
        else:
            session = self.kind(
                client=oauthlib_client(grant, client, scope),
                redirect_uri=client.redirect_uri if grant in SENT_BACK else None,
                auto_refresh_url=provider.token_endpoint,
                token_updater=lambda _: None,
                **asked,
            )
        session.trust_env = False  # asks no proxy, whatever the environment says
        return session


THEIRS = Side("theirs", requests_oauthlib.OAuth2Session)
OURS = Side("ours", OAuth2Session)
OPENED = Side("opened", OAuth2Session, is_opened=True)


def error_of(function: Any, *arguments: Any, **keywords: Any) -> Exception | None:
    """Return what the call raises, if it does."""
    try:
        function(*arguments, **keywords)
    except Exception as error:  # noqa: BLE001 - the test judges it
        return error
    return None
