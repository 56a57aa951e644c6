"""The widget of the implicit grant."""

from nb_oauth.grants import ImplicitGrant
from nb_oauth.logins.login import Login


class ImplicitLogin(Login):
    """Signs in by the implicit grant (RFC 6749 §4.2).

    requests-oauthlib calls it the Mobile Application Flow. The token comes in the address itself,
    and nothing renews it. With scope ``openid`` an ID token is asked for as well
    (``response_type=id_token token``, OpenID Connect Core §3.2). RFC 9700 §2.1.2 advises against
    it: use :class:`AuthorizationCodeLogin` where the provider has it.

    Args:
        provider: where to sign in.
        client: your app as registered there. A loopback ``redirect_uri`` comes back by itself, and
            so does the callback page of a Jupyter server; without one, whichever the person's page
            allows is used. With any other the person copies the address into the box.
        scope: what to ask for, one string or several.
        extra: further authorization parameters.
        store: where the token is kept: a ``TokenStore``, ``"file"`` or ``"keyring"``; None keeps
            it in the session.
        account: a label for one of several accounts of the same person.
        allowed_hosts: the only hosts that the token may go to, such as ``["api.example"]``; None is
            the provider's list, or any where it has none.

    Raises:
        ConfigurationError: an argument cannot work; the message says what to pass instead.
    """

    _grant_type = ImplicitGrant
