"""The widget of the client credentials grant, with nothing to click."""

from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.grants import ClientCredentialsGrant
from nb_oauth.logins.login import Login


class ClientCredentialsLogin(Login):
    """Signs an app in as itself, by the client credentials grant (RFC 6749 §4.4).

    requests-oauthlib calls it the Backend Application Flow. There is nothing to click, so it works
    where nobody sits as well; the session renews by asking again.

    Args:
        provider: where to ask for a token.
        client: the app as registered there, with its secret, private key or certificate.
        scope: what to ask for, one string or several.
        extra: further parameters of the token request, such as ``{"audience": "…"}``.
        store: where the token is kept: a ``TokenStore``, ``"file"`` or ``"keyring"``; None keeps
            it in the session.
        account: a label for one of several registrations.
        allowed_hosts: the only hosts that the token may go to, such as ``["api.example"]``; None is
            the provider's list, or any where it has none.

    Raises:
        ConfigurationError: an argument cannot work; the message says what to pass instead.
    """

    _grant_type = ClientCredentialsGrant

    @classmethod
    def _check(cls, client: Client) -> None:
        if not client.is_confidential:
            raise ConfigurationError(
                f"{cls.__name__} needs Client(client_id, client_secret=…), or one with "
                "private_key=… or cert=…: it is all that an app has to show for itself."
            )
