"""The widget of the password grant."""

from nb_oauth.grants import PasswordGrant
from nb_oauth.logins.login import Login


class PasswordLogin(Login):
    """Signs in with a name and a password, by the password grant (RFC 6749 §4.3).

    requests-oauthlib calls it the Legacy Application Flow. The password goes to the token endpoint
    once and is kept nowhere. RFC 9700 §2.4 says not to use it any more: use
    :class:`AuthorizationCodeLogin` or :class:`DeviceLogin` where the provider has them.

    Args:
        provider: where to sign in.
        client: your app as registered there.
        scope: what to ask for, one string or several.
        extra: further parameters of the token request, such as ``{"realm": "…"}``.
        store: where the token is kept: a ``TokenStore``, ``"file"`` or ``"keyring"``; None keeps
            it in the session.
        account: a label for one of several accounts of the same person.
        allowed_hosts: the only hosts that the token may go to, such as ``["api.example"]``; None is
            the provider's list, or any where it has none.

    Raises:
        ConfigurationError: an argument cannot work; the message says what to pass instead.
    """

    _grant_type = PasswordGrant
    _parts = ("password",)
