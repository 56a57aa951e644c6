"""JupyterHub as who looks after the tokens of a session."""

import time
from dataclasses import dataclass

from nb_oauth import tokens
from nb_oauth.exceptions import TokenError
from nb_oauth.hub_token import hub_api
from nb_oauth.hub_token.auth_state import ends_sometime, token_in
from nb_oauth.masking import HiddenToken, with_bare_errors
from nb_oauth.tokens import Token

_SOON = "temporarily_unavailable"
_MOMENT = tokens.LEEWAY

_ANOTHERS = (
    "The token is not this server's to renew: it came from another JupyterHub, or is another "
    "person's, or another provider's. Renew it in the notebook that the session comes from, "
    "and send the session once more; or call login() here."
)
_NOT_YET = "JupyterHub renews the token at its end, and has no newer one yet."
_NO_OTHER = (
    "JupyterHub has no other token. Where an API refuses this one, sign in to the Hub again, on "
    "its own page."
)
# The Hub looks at a token once in auth_refresh_age, and gets another where that has ended.
_STILL_ENDED = (
    "JupyterHub still has a token that has ended. It looks for that only once in "
    "auth_refresh_age (5 min by default): try again later, or let whoever runs the Hub set "
    "c.Authenticator.auth_refresh_age = 10 in jupyterhub_config.py. If it stays so, sign in to "
    "the Hub again, on its own page."
)


@dataclass(frozen=True)
class JupyterHub:
    """Lends the token that the Hub has of the person, and the next one.

    It holds no secret: what the Hub is asked with is looked up in the environment each time. So it
    can go to another process, and lends there as well where that is of the same Hub, person and
    provider; elsewhere it lends nothing, since a session goes on to send what it is lent.

    Args:
        of: whose tokens they are, as :func:`hub_api.whose` says at ``login()``.
        name: what people call it.
    """

    of: tuple[str, str, str]
    name: str = "JupyterHub"

    @with_bare_errors  # whose frames hold the Hub's refresh token
    def lend(self, former: Token, *, is_refused: bool = False) -> Token:
        """Return the token that the Hub has now.

        Many providers take a token for some seconds after its end, and the Hub gets another only
        once they do not. So one that has ended, and that the Hub stands by, serves for another
        moment: an API that refuses it will say so.

        Args:
            former: the one that will do no longer.
            is_refused: whether an API has refused it; else it has come near its end.

        Raises:
            TokenError: the Hub has none, or none but ``former``; or this is not the server of
                whom the tokens are.
        """
        if hub_api.is_here() and self.of != hub_api.whose():
            raise TokenError(_ANOTHERS, error=hub_api.NO_MORE)
        state = hub_api.auth_state()
        token, now = token_in(state), time.time()
        if _is_newer(token, former):
            return token
        left = (tokens.expires_at(token) or now) - now
        if left > 0:
            said, rest = _NO_OTHER if is_refused else _NOT_YET, min(left, _MOMENT)
            raise TokenError(said, error=_SOON, retry_after=rest)
        if not ends_sometime(state):
            raise TokenError(_NO_OTHER)
        if is_refused:
            raise TokenError(_STILL_ENDED, error=_SOON)
        return HiddenToken(token, expires_at=now + _MOMENT, expires_in=_MOMENT)


def _is_newer(token: Token, former: Token) -> bool:
    if token["access_token"] != former.get("access_token"):
        return True
    end, known = tokens.expires_at(token), tokens.expires_at(former)
    return end is not None and known is not None and end > known
