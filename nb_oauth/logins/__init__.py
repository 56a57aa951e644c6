"""The …Login widgets: a grant, an attempt and the widget in one object for people.

A login is shown like any widget, alone or in a container. From then on it signs in by itself,
whether or not a cell waits for it; ``wait()``, ``await`` and ``.session`` wait.
"""

from nb_oauth.logins import words
from nb_oauth.logins.authorization_code import AuthorizationCodeLogin
from nb_oauth.logins.client_credentials import ClientCredentialsLogin
from nb_oauth.logins.client_question import (
    Chosen,
    ClientQuestion,
    can_be_asked,
    loopback_uri_at,
    no_client,
    sent_back,
)
from nb_oauth.logins.code import CodeLogin
from nb_oauth.logins.device_code import DeviceLogin
from nb_oauth.logins.implicit import ImplicitLogin
from nb_oauth.logins.login import Login
from nb_oauth.logins.password import PasswordLogin
from nb_oauth.logins.refused import RefusedLogin
from nb_oauth.logins.registration import NOBODYS, RegistrationLogin

__all__ = [
    "NOBODYS",
    "AuthorizationCodeLogin",
    "Chosen",
    "ClientCredentialsLogin",
    "ClientQuestion",
    "CodeLogin",
    "DeviceLogin",
    "ImplicitLogin",
    "Login",
    "PasswordLogin",
    "RefusedLogin",
    "RegistrationLogin",
    "can_be_asked",
    "loopback_uri_at",
    "no_client",
    "sent_back",
    "words",
]
