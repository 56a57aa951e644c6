"""Your app as it is registered with a provider."""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote_plus, unquote_plus, urlsplit

from requests.auth import AuthBase, HTTPBasicAuth

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.transport import is_loopback

_METHODS = ("none", "client_secret_basic", "client_secret_post")

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d+(?:[/?]|$))\S+", re.IGNORECASE)  # not host:80


@dataclass(frozen=True)
class Client:
    """Your app as it is registered with a provider (RFC 6749 §2, RFC 7591 §2).

    Args:
        client_id: the identifier the provider gave your app. It is no secret.
        client_secret: the secret it gave, where it gave one. Never shown by ``repr``.
        redirect_uri: where the provider sends people back to, exactly as registered. A
            loopback address (``http://127.0.0.1/callback``) comes back by itself; without a
            port a free one is taken (RFC 8252 §7.3). None means just that.
        token_endpoint_auth_method: how the app authenticates: ``"none"``,
            ``"client_secret_basic"`` or ``"client_secret_post"``. None chooses: ``"none"``
            without a secret, else the first of basic and post that the provider names.

    Raises:
        ConfigurationError: an argument is missing, unknown, or contradicts another.
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    token_endpoint_auth_method: str | None = None

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ConfigurationError("Client(…) needs the client_id the provider gave your app.")
        method = self.token_endpoint_auth_method
        if method is not None and method not in _METHODS:
            raise ConfigurationError(
                f"token_endpoint_auth_method={method!r} is not one of {', '.join(_METHODS)}."
            )
        if method in _METHODS[1:] and self.client_secret is None:
            raise ConfigurationError(f"token_endpoint_auth_method={method!r} needs client_secret=…")
        if self.redirect_uri is not None:
            require_redirect_uri(self.redirect_uri)


def require_redirect_uri(redirect_uri: str) -> None:
    """Refuse what no provider can send people back to (RFC 6749 §3.1.2).

    Raises:
        ConfigurationError: it is not an absolute URI, it has a fragment, its port is none, or it
            is http and not on a loopback address.
    """
    try:
        parts = urlsplit(redirect_uri)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(
            f"redirect_uri={redirect_uri!r} is no address ({error}). Give it exactly as registered."
        ) from None
    whole = bool(parts.hostname) or parts.scheme not in {"http", "https"}
    if not (whole and _ABSOLUTE.fullmatch(redirect_uri)):
        raise ConfigurationError(
            f"redirect_uri={redirect_uri!r} is no absolute URI. Give it in full, exactly as "
            "registered, such as 'https://app.example/callback' or 'http://127.0.0.1/callback'."
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigurationError(
            f"redirect_uri={redirect_uri!r} is neither https nor on a loopback address: the code "
            "would come back in the open. Register an https address, or http://127.0.0.1/callback."
        )
    if "#" in redirect_uri:
        raise ConfigurationError(
            f"redirect_uri={redirect_uri!r} has a fragment, which RFC 6749 §3.1.2 forbids: leave "
            "out everything from the # on."
        )


@dataclass(frozen=True)
class ClientAuthentication:
    """What a token request carries to say which client sends it (RFC 6749 §2.3)."""

    auth: AuthBase | None
    parameters: dict[str, str] = field(repr=False)


def authenticate(client: Client, supported: tuple[str, ...] | None = None) -> ClientAuthentication:
    """Say how ``client`` authenticates in a token request (RFC 6749 §2.3.1).

    Args:
        client: who asks.
        supported: the provider's ``token_endpoint_auth_methods_supported``, if known.
    """
    method = _method(client, supported)
    if method == "client_secret_basic":
        # Identifier and secret are form-urlencoded before they are put together.
        user, password = quote_plus(client.client_id), quote_plus(client.client_secret or "")
        return ClientAuthentication(HTTPBasicAuth(user, password), {})
    parameters = {"client_id": client.client_id}
    if method == "client_secret_post" and client.client_secret is not None:
        parameters["client_secret"] = client.client_secret
    return ClientAuthentication(None, parameters)


def secrets_in(auth: object, client: Client | None) -> list[str | None]:
    """Return what must not be shown of how a token request was authenticated.

    Args:
        auth: as requests takes it: a pair of user and password, or an ``AuthBase``.
        client: the app that asked, if it is known; its secret may be in ``auth``, form-urlencoded.
    """
    basic = HTTPBasicAuth(*auth) if isinstance(auth, tuple) else auth
    password = getattr(basic, "password", None)
    secrets = [client.client_secret] if client else []
    if not isinstance(password, str):
        return secrets
    pair = f"{getattr(basic, 'username', '')}:{password}".encode()
    return [*secrets, password, unquote_plus(password), b64encode(pair).decode()]


def _method(client: Client, supported: tuple[str, ...] | None) -> str:
    if client.token_endpoint_auth_method is not None:
        return client.token_endpoint_auth_method
    if client.client_secret is None:
        return "none"
    # RFC 8414 §2: basic is the default where the provider names none.
    offered = supported or ("client_secret_basic",)
    return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
