"""Sign in to any OAuth 2 API from a notebook cell, and get a session that keeps itself signed in.

The public names are loaded when they are first used (PEP 562), so that importing the package
costs nothing.
"""

from typing import TYPE_CHECKING

from nb_oauth.lazy_names import lazily

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nb_oauth import bridges as bridges
    from nb_oauth import data as data
    from nb_oauth import demo as demo
    from nb_oauth import providers as providers
    from nb_oauth.clients import Client
    from nb_oauth.diagnosis import doctor
    from nb_oauth.exceptions import (
        AuthorizationError,
        ConfigurationError,
        InsecureTransportError,
        LoginCancelled,
        LoginError,
        LoginPending,
        LoginRequired,
        LoginTimeout,
        OAuthError,
        PaginationError,
        StateMismatchError,
        TokenError,
        TokenExpiredError,
        TokenUpdated,
    )
    from nb_oauth.logins import (
        AuthorizationCodeLogin,
        ClientCredentialsLogin,
        DeviceLogin,
        ImplicitLogin,
        PasswordLogin,
    )
    from nb_oauth.providers import Provider
    from nb_oauth.session import OAuth2Session
    from nb_oauth.sign_in import login
    from nb_oauth.sign_out import logout, sessions
    from nb_oauth.stores import (
        FileTokenStore,
        KeyringTokenStore,
        MemoryTokenStore,
        TokenStore,
    )

_ROOMS = {
    "AuthorizationCodeLogin": "logins",
    "AuthorizationError": "exceptions",
    "Client": "clients",
    "ClientCredentialsLogin": "logins",
    "ConfigurationError": "exceptions",
    "DeviceLogin": "logins",
    "FileTokenStore": "stores",
    "ImplicitLogin": "logins",
    "KeyringTokenStore": "stores",
    "InsecureTransportError": "exceptions",
    "LoginCancelled": "exceptions",
    "LoginError": "exceptions",
    "LoginPending": "exceptions",
    "LoginRequired": "exceptions",
    "LoginTimeout": "exceptions",
    "MemoryTokenStore": "stores",
    "OAuth2Session": "session",
    "OAuthError": "exceptions",
    "PaginationError": "exceptions",
    "PasswordLogin": "logins",
    "Provider": "providers",
    "StateMismatchError": "exceptions",
    "TokenError": "exceptions",
    "TokenExpiredError": "exceptions",
    "TokenStore": "stores",
    "TokenUpdated": "exceptions",
    "doctor": "diagnosis",
    "login": "sign_in",
    "logout": "sign_out",
    "sessions": "sign_out",
}
_MODULES = ("bridges", "data", "demo", "providers")

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, {**_ROOMS, **dict.fromkeys(_MODULES, "")})

__all__ = [
    "AuthorizationCodeLogin",
    "AuthorizationError",
    "Client",
    "ClientCredentialsLogin",
    "ConfigurationError",
    "DeviceLogin",
    "FileTokenStore",
    "ImplicitLogin",
    "InsecureTransportError",
    "KeyringTokenStore",
    "LoginCancelled",
    "LoginError",
    "LoginPending",
    "LoginRequired",
    "LoginTimeout",
    "MemoryTokenStore",
    "OAuth2Session",
    "OAuthError",
    "PaginationError",
    "PasswordLogin",
    "Provider",
    "StateMismatchError",
    "TokenError",
    "TokenExpiredError",
    "TokenStore",
    "TokenUpdated",
    "doctor",
    "login",
    "logout",
    "sessions",
]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell a Jupyter server where its part of the package is: the callback page."""
    return [{"module": "nb_oauth.redirects.jupyter"}]
