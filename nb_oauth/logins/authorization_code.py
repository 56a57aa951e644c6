"""The widget of the authorization code grant."""

from nb_oauth.grants import AuthorizationCodeGrant
from nb_oauth.logins.login import Login


class AuthorizationCodeLogin(Login):
    """Signs in by the authorization code grant, with PKCE S256 (RFC 6749 §4.1, RFC 7636).

    requests-oauthlib calls it the Web Application Flow. It is the one to use wherever a provider
    has it.

    Args:
        provider: where to sign in.
        client: your app as registered there. A loopback ``redirect_uri`` comes back by itself, and
            so does the callback page of a Jupyter server; without one, whichever the person's page
            allows is used. With any other the person copies the address into the box.
        scope: what to ask for, one string or several.
        extra: further authorization parameters, such as ``{"access_type": "offline"}``.
        store: where the token is kept: a ``TokenStore``, ``"file"`` or ``"keyring"``; None keeps
            it in the session.
        account: a label for one of several accounts of the same person.
        allowed_hosts: the only hosts that the token may go to, such as ``["api.example"]``; None is
            the provider's list, or any where it has none.

    Raises:
        ConfigurationError: an argument cannot work; the message says what to pass instead.
    """

    _grant_type = AuthorizationCodeGrant
