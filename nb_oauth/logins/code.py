"""The widget for a sign-in by whichever code the person's page allows."""

from typing import Any

from nb_oauth.asking import AskFirst, Means
from nb_oauth.attempt import Attempt
from nb_oauth.clients import Client
from nb_oauth.logins import words
from nb_oauth.logins.authorization_code import AuthorizationCodeLogin
from nb_oauth.logins.client_question import Chosen
from nb_oauth.logins.page_question import ask_way
from nb_oauth.providers import Provider

_INSTEAD = 'To paste the address instead: grant="authorization_code".'


class CodeLogin(AuthorizationCodeLogin):
    """Signs in by an authorization code where a browser can bring it back, else by a device code.

    Args:
        code: how to sign in by the former.
        device: how by the latter.
        provider: where to sign in.
        client: your app.
        more: as every login takes it.

    Attributes:
        chosen: how somebody signs in.
    """

    _parts = ("code",)

    def __init__(
        self,
        code: Chosen,
        device: Chosen,
        provider: Provider,
        client: Client,
        **more: Any,  # noqa: ANN401 - as Login
    ) -> None:
        self.chosen = code
        self._code, self._device = code, device
        super().__init__(provider, client, **more)
        self._ask_first = self._ask

    def _new_attempt(self) -> Attempt:
        self._use(self._code)  # another page may be there by now
        return super()._new_attempt()

    def _use(self, chosen: Chosen) -> None:
        self.chosen = chosen
        self._client, self._grant = chosen.client, chosen.grant

    def _ask(self) -> AskFirst:
        way = yield from ask_way(self.loopback_uri)
        self._use(self._code if way.comes_by_itself else self._device)
        flow = self._grant.flow
        if way.comes_by_itself:
            return Means(flow, way.redirect_uri, (*self.remarks, *filter(None, [way.remark])))
        advice = words.remarks_on(self._grant, self._client)
        return Means(flow, None, (*advice, f"By a device code. {way.remark} {_INSTEAD}"))
