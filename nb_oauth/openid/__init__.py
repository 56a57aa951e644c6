"""What OpenID Connect adds to a token: who signed in, and the checks that make that sure.

``authentication.py`` remembers what a sign-in was asked for, ``claims.py`` compares an ID token
with it, ``signatures.py`` and ``signing_keys.py`` tell whether the provider signed it,
``userinfo.py`` reads what else the provider says. They say what is wrong with a ``Refusal``;
``session_openid.py`` puts them together.
"""
