"""The widget of a session that was there already, where nobody can sign in to another."""

from typing import Any

from nb_oauth.asking import AskFirst
from nb_oauth.clients import Client
from nb_oauth.exceptions import OAuthError
from nb_oauth.logins.login import Login
from nb_oauth.logins.registration import Undecided
from nb_oauth.providers import Provider


class RefusedLogin(Login):
    """Stands for the session that it is given; who asks for another is told why there is none.

    Args:
        refusal: why nobody can sign in.
        provider: whose the session is.
        client: stands for the app that is missing.
        more: as every login takes it.
    """

    _grant_type = Undecided

    def __init__(
        self,
        refusal: OAuthError,
        provider: Provider,
        client: Client,
        **more: Any,  # noqa: ANN401 - as Login
    ) -> None:
        self._refusal = refusal
        super().__init__(provider, client, **more)
        self._ask_first = self._refuse

    def _refuse(self) -> AskFirst:
        raise self._refusal
