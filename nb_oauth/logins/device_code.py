"""The widget of the device authorization grant."""

from nb_oauth.grants import DeviceCodeGrant
from nb_oauth.logins.login import Login


class DeviceLogin(Login):
    """Signs in with a code that is entered on any device (RFC 8628).

    Nothing has to come back to this machine, so it works wherever the kernel runs: the widget shows
    the code, the page to enter it on, and a QR code of both.

    Args:
        provider: where to sign in.
        client: your app as registered there.
        scope: what to ask for, one string or several.
        extra: further parameters of the device authorization request.
        store: where the token is kept: a ``TokenStore``, ``"file"`` or ``"keyring"``; None keeps
            it in the session.
        account: a label for one of several accounts of the same person.
        allowed_hosts: the only hosts that the token may go to, such as ``["api.example"]``; None is
            the provider's list, or any where it has none.

    Raises:
        ConfigurationError: an argument cannot work; the message says what to pass instead.
    """

    _grant_type = DeviceCodeGrant
    _parts = ("code",)
