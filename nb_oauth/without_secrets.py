"""What of a session's values may leave its process: all but what gets further tokens.

An access token may: whoever is sent a session is to ask the API with it. A refresh token, a
client's secret or key, and what belongs to one authorization request stay where they are.
"""

import copy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oauthlib.common import generate_token
from oauthlib.oauth2 import Client as OAuthlibClient
from requests.auth import HTTPBasicAuth

from nb_oauth.tokens import Token

if TYPE_CHECKING:
    from nb_oauth.clients import Client

# Of a token's members, as providers spell them: refresh_token, refreshToken, client_secret, …
_SECRET_MEMBERS = ("refreshtoken", "secret", "password", "verifier")

# Of oauthlib's clients. Whatever else one has stays: subclasses keep all kinds of secrets.
_PLAIN = (
    "client_id",
    "default_token_placement",
    "token_type",
    "access_token",
    "scope",
    "redirect_url",
    "response_type",
)
# With these an app shows who it is by no secret of a text, or by none at all.
_WITHOUT_SECRET = ("none", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")


def bare_token(token: Token) -> dict[str, Any]:
    """Return ``token`` without what could renew it, also where a provider nests tokens (Slack)."""
    return {name: _bare(value) for name, value in token.items() if not _is_secret(name)}


def lendable_token(token: Token) -> dict[str, Any]:
    """Return ``token`` with what asking an API takes, and without who signed in (the ID token)."""
    return {name: value for name, value in bare_token(token).items() if name != "id_token"}


def _bare(value: object) -> object:
    if isinstance(value, Mapping):
        return bare_token(value)
    return [_bare(one) for one in value] if isinstance(value, list | tuple) else value


def _is_secret(name: object) -> bool:
    spelled = str(name).lower().replace("_", "").replace("-", "")
    return any(secret in spelled for secret in _SECRET_MEMBERS)


def bare_client(client: "Client") -> "Client":
    """Return ``client`` without secret and key. A path stays: a file does not travel with it.

    Nothing is checked: a copy need not be one that ``Client(…)`` would take.
    """
    bare = copy.copy(client)
    object.__setattr__(bare, "client_secret", None)
    if not isinstance(client.private_key, Path):
        object.__setattr__(bare, "private_key", None)
    return bare


def can_do_without(client: "Client") -> bool:
    """Tell whether what :func:`bare_client` leaves of ``client`` can still show that it is it."""
    has_key_in_text = client.private_key is not None and not isinstance(client.private_key, Path)
    needs_secret = client.token_endpoint_auth_method not in {None, *_WITHOUT_SECRET} or (
        client.token_endpoint_auth_method is None and client.private_key is None
    )
    return not has_key_in_text and not (needs_secret and client.client_secret is not None)


def bare_oauthlib_client(client: OAuthlibClient) -> OAuthlibClient:
    """Return one of the same kind that says the same of itself, and holds no token or secret.

    The access token stays: requests-oauthlib lets it be set on its own.
    """
    bare: Any = object.__new__(type(client))
    for name, value in vars(client).items():
        if name in _PLAIN:
            setattr(bare, name, value)
        elif not callable(value):  # of a method put there by hand, the class has the original
            setattr(bare, name, None)
    bare.token, bare.state_generator = {}, generate_token
    made: OAuthlibClient = bare
    return made


def is_of_client(auth: object, client_id: object, secret: object) -> bool:
    """Tell whether ``auth``, as requests takes it, shows a client rather than somebody else."""
    pair = HTTPBasicAuth(*auth) if isinstance(auth, tuple) else auth
    password = getattr(pair, "password", None)
    if password is None:
        return False
    return password == secret or getattr(pair, "username", None) == client_id


def how_to_send_another() -> str:
    """Return what to do where a session was sent from, if its copy cannot go on without that."""
    renew = "renew the token there and send the session once more."
    if "distributed" not in sys.modules:
        return renew
    return f"{renew} In a Dask cluster one of nb_oauth.data.on_cluster(session, client) goes on."
