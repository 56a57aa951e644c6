"""oauthlib's client for each grant: it knows what to send (RFC 6749 §4)."""

from typing import TYPE_CHECKING

from oauthlib.oauth2 import (
    BackendApplicationClient,
    DeviceClient,
    LegacyApplicationClient,
    MobileApplicationClient,
    WebApplicationClient,
)
from oauthlib.oauth2 import Client as OAuthlibClient

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.tokens import Scope, scope_list

if TYPE_CHECKING:
    from nb_oauth.clients import Client

_KINDS: dict[str, type[OAuthlibClient]] = {
    "authorization_code": WebApplicationClient,
    "client_credentials": BackendApplicationClient,
    "device_code": DeviceClient,
    "implicit": MobileApplicationClient,
    "password": LegacyApplicationClient,
}
_ASKED_IN_TOKEN_REQUEST = ("client_credentials", "password")


def oauthlib_client(grant: str, client: "Client", scope: Scope) -> OAuthlibClient:
    """Return oauthlib's client for ``grant``.

    Args:
        grant: how tokens are earned, such as ``"authorization_code"``.
        client: your app as registered.
        scope: what to ask for. Only some grants ask in the token request.

    Raises:
        ConfigurationError: there is no such grant.
    """
    if grant not in _KINDS:
        raise ConfigurationError(f"grant={grant!r} is not one of {', '.join(sorted(_KINDS))}.")
    asked = scope_list(scope)
    sent = " ".join(asked) if grant in _ASKED_IN_TOKEN_REQUEST else ""
    made = _KINDS[grant](client.client_id, scope=sent or None)
    if isinstance(made, MobileApplicationClient) and "openid" in asked:
        made.response_type = "id_token token"  # OpenID Connect Core §3.2.2.1
    return made
