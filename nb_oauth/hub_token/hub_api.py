"""Asking JupyterHub's API what it keeps of the person whose server this is.

The single-user server has an API token of its own, ``JUPYTERHUB_API_TOKEN``. It goes to
``JUPYTERHUB_API_URL`` and nowhere else: through no proxy, and after no redirect. That address is
often plain http on a network of the Hub's own. It is taken as it is: the server uses it with that
very token all day, and who could read along there could ask the Hub himself.
"""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests

from nb_oauth.exceptions import TokenError
from nb_oauth.transport import out_of_reach

SCOPE = "admin:auth_state!user"
SETTING = "NB_OAUTH_HUB_PROVIDER"
"""Names the provider that the Hub signs people in by."""
NO_MORE = "invalid_grant"
"""The error code for what stays so until somebody does something (RFC 6749 §5.2)."""

_URL, _TOKEN, _USER = "JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_USER"
_SSL = ("JUPYTERHUB_SSL_CERTFILE", "JUPYTERHUB_SSL_KEYFILE", "JUPYTERHUB_SSL_CLIENT_CA")
_TIMEOUT = (5.0, 60.0)  # seconds to connect, and to renew at the provider and answer
_OK, _NOT_FOUND = 200, 404
_SIGN_IN = {401, 403}

_NO_HUB = (
    "The token is JupyterHub's to renew, and this is not a server that JupyterHub has started. "
    "Renew it in the notebook that the session comes from, and send the session once more."
)
_NOT_SHOWN = (
    "JupyterHub does not show this server what it keeps of you. Whoever runs the Hub gives the "
    f"scope {SCOPE} to both of the roles 'user' and 'server' (c.JupyterHub.load_roles in "
    "jupyterhub_config.py); then stop your server and start it anew."
)
_NOTHING_KEPT = (
    "JupyterHub keeps no auth_state of you. Whoever runs the Hub sets "
    "c.Authenticator.enable_auth_state = True, and JUPYTERHUB_CRYPT_KEY in its environment; then "
    "sign in to the Hub again."
)
_STALE = (
    "JupyterHub wants you to sign in to it again (HTTP {status}): do so on its own page, and run "
    "the cell that signs in once more."
)


def is_here() -> bool:
    """Tell whether this is a server that a Hub has started."""
    return all(map(_variable, (_URL, _TOKEN, _USER)))


def provider_setting() -> str:
    """Return the provider that an administrator says the Hub signs people in by, or nothing."""
    return _variable(SETTING).strip()


def whose() -> tuple[str, str, str]:
    """Return whose the Hub's token is here: the Hub's address, the person, and the provider."""
    return _variable(_URL), _variable(_USER), provider_setting()


def auth_state() -> Mapping[str, Any]:
    """Return the person's ``auth_state``, which the Hub brings up to date before it answers.

    Raises:
        TokenError: the Hub cannot be reached, does not show it, or has none. With the error code
            ``NO_MORE`` it will not have one by itself either. It is requests' own error as well
            where no answer came.
    """
    if not is_here():
        raise TokenError(_NO_HUB, error=NO_MORE)
    response = _ask(f"{_variable(_URL).rstrip('/')}/users/{quote(_variable(_USER), safe='')}")
    if response.status_code in _SIGN_IN:
        raise TokenError(
            _STALE.format(status=response.status_code), error=NO_MORE, status=response.status_code
        )
    model = _model(response)
    if "auth_state" not in model:
        raise TokenError(_NOT_SHOWN, error=NO_MORE, status=response.status_code)
    state = model["auth_state"]
    if not isinstance(state, Mapping) or not state:
        raise TokenError(_NOTHING_KEPT, error=NO_MORE, status=response.status_code)
    return state


def _variable(name: str) -> str:
    return os.environ.get(name, "")


def _ask(url: str) -> requests.Response:
    try:
        with requests.Session() as session:
            session.trust_env = False  # neither a proxy nor netrc
            return session.get(
                url,
                headers={
                    "Authorization": f"token {_variable(_TOKEN)}",
                    "Accept": "application/json",
                },
                timeout=_TIMEOUT,
                allow_redirects=False,
                **_internal_ssl(),
            )
    except requests.RequestException as error:
        said = "JupyterHub could not be reached at {host} for the token that it has"
        advice = "Try again in a moment; if that does not help, tell whoever runs the Hub."
        raise out_of_reach(TokenError, error, url, said, advice) from None


def _internal_ssl() -> dict[str, Any]:
    """Return whom to trust, and what to show, on a Hub with ``internal_ssl``."""
    cert, key, authority = map(_variable, _SSL)
    return {"cert": (cert, key), "verify": authority} if cert and key and authority else {}


def _model(response: requests.Response) -> Mapping[str, Any]:
    """Return what the Hub says of the person; an empty one where it shows nothing at all."""
    if response.status_code == _NOT_FOUND:
        return {}
    try:
        model = response.json() if response.status_code == _OK else None
    except ValueError:
        model = None
    if not isinstance(model, Mapping):
        raise TokenError(
            f"JupyterHub answers HTTP {response.status_code} where its API should say who you "
            "are. Try again in a moment; if that does not help, tell whoever runs the Hub.",
            status=response.status_code,
        )
    return model
