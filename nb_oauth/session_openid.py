"""The part of a session that knows who signed in (OpenID Connect Core 1.0)."""

from nb_oauth.session_token import SessionToken


class OpenIDSession(SessionToken):
    """The part of a session that knows who signed in."""
