"""How a token is earned: one file a grant.

A grant reads like the requests-oauthlib documentation with ``input()`` replaced by ``yield``: it
asks the person by yielding a prompt, and the provider through the session it is given. It knows
no widget, kernel, clock or file.
"""

from typing import TYPE_CHECKING

from nb_oauth.lazy_names import lazily

if TYPE_CHECKING:
    from nb_oauth.grants.authorization_code import AuthorizationCodeGrant
    from nb_oauth.grants.client_credentials import ClientCredentialsGrant
    from nb_oauth.grants.contract import DeviceAuthorization, Flow, Grant, GrantSession
    from nb_oauth.grants.device_code import DeviceCodeGrant
    from nb_oauth.grants.implicit import ImplicitGrant
    from nb_oauth.grants.password import PasswordGrant

__all__ = [
    "AuthorizationCodeGrant",
    "ClientCredentialsGrant",
    "DeviceAuthorization",
    "DeviceCodeGrant",
    "Flow",
    "Grant",
    "GrantSession",
    "ImplicitGrant",
    "PasswordGrant",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "AuthorizationCodeGrant": "authorization_code",
            "ClientCredentialsGrant": "client_credentials",
            "DeviceAuthorization": "contract",
            "DeviceCodeGrant": "device_code",
            "Flow": "contract",
            "Grant": "contract",
            "GrantSession": "contract",
            "ImplicitGrant": "implicit",
            "PasswordGrant": "password",
        },
    )
