"""The widget of the device authorization grant."""

from collections.abc import Mapping

from nb_oauth.clients import Client
from nb_oauth.grants import DeviceCodeGrant
from nb_oauth.logins.login import Login
from nb_oauth.providers import Provider
from nb_oauth.stores import TokenStore
from nb_oauth.tokens import Scope


class DeviceLogin(Login):
    """Signs in with a code that is entered on any device (RFC 8628).

    Nothing has to come back to this machine, so it works wherever the kernel runs: the widget shows
    the code, the page to enter it on, and a QR code of both.

    Args:
        provider: where to sign in.
        client: your app as registered there.
        scope: what to ask for, one string or several.
        extra: further parameters of the device authorization request.
        store: where the token is kept; None keeps it in the session.
        account: a label for one of several accounts of the same person.

    Raises:
        ConfigurationError: an argument cannot work; the message says what to pass instead.
    """

    _parts = ("code",)

    def __init__(  # noqa: PLR0913 - each a thing the person may want to say
        self,
        provider: Provider,
        client: Client,
        *,
        scope: Scope = None,
        extra: Mapping[str, str] | None = None,
        store: TokenStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(DeviceCodeGrant(provider, extra), provider, client, scope, store, account)
