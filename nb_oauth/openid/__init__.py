"""What OpenID Connect adds to a token: who signed in, and the checks that make that sure.

``authentication.py`` remembers what a sign-in was asked for, ``claims.py`` compares an ID token
with it, ``signatures.py`` and ``signing_keys.py`` tell whether the provider signed it,
``userinfo.py`` reads what else the provider says. They say what is wrong with a ``Refusal``;
``session_openid.py`` puts them together. Each is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from nb_oauth.lazy_names import lazily

if TYPE_CHECKING:
    from nb_oauth.openid import authentication as authentication
    from nb_oauth.openid import claims as claims
    from nb_oauth.openid import refusals as refusals
    from nb_oauth.openid import signatures as signatures
    from nb_oauth.openid import signing_keys as signing_keys
    from nb_oauth.openid import userinfo as userinfo

_MODULES = (
    "authentication",
    "claims",
    "refusals",
    "signatures",
    "signing_keys",
    "userinfo",
)

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, dict.fromkeys(_MODULES, ""))
