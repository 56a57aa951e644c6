"""The widget for a sign-in whose app nobody has named: it asks for that first."""

import logging
from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from nb_oauth.asking import AskFirst, Means
from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.grants import Flow, GrantSession
from nb_oauth.logins import words
from nb_oauth.logins.client_question import Answered, Chosen, ClientQuestion
from nb_oauth.logins.login import Login
from nb_oauth.logins.page_question import ask_way, has_page
from nb_oauth.prompts import Answer, Prompt
from nb_oauth.providers import Provider

_logger = logging.getLogger(__name__)
NOBODYS = Client("not registered yet")
"""Stands for the app until somebody has named one."""


class Undecided:
    """Stands for the grant until it is known what the app can do."""

    name: ClassVar[str] = "undecided"
    asks_a_person: ClassVar[bool] = True
    sends_back: ClassVar[bool] = False
    advice: ClassVar[str] = ""

    def __init__(self, provider: Provider, extra: Mapping[str, str] | None = None) -> None:  # noqa: ARG002 - as every grant
        self.token_extra: Mapping[str, str] = {}

    def flow(self, session: GrantSession) -> Flow:
        """Be there, as of every grant: another takes its place first."""
        raise NotImplementedError


class RegistrationLogin(Login):
    """Asks for the app, and goes on with the grant that is best with it, in the same card.

    An answer counts once somebody has signed in by it: until then one can begin again and give
    another.

    Args:
        question: what to ask.
        provider: where to sign in.
        client: stands for the app until it is named.
        more: as every login takes it.

    Attributes:
        chosen: how somebody signs in, once that is known.
        is_kept: whether the app is in ``clients.toml`` now.
    """

    _grant_type = Undecided
    _parts = ("registration", "code", "password")

    def __init__(
        self,
        question: ClientQuestion,
        provider: Provider,
        client: Client = NOBODYS,
        **more: Any,  # noqa: ANN401 - as Login
    ) -> None:
        self.chosen: Chosen | None = None
        self.is_kept = False
        self._question = question
        self._is_to_be_kept = self._has_worked = False
        self._why = ""
        super().__init__(provider, client, **more)
        self._ask_first = self._ask

    def _ask(self) -> AskFirst:
        if self.chosen is None or not self._has_worked:
            question = yield from self._question_here()
            answered: Answered = (yield question.prompt()).value
            self.chosen, self._is_to_be_kept = answered.chosen, answered.keep
        chosen = self.chosen
        self._client, self._grant = chosen.client, chosen.grant
        why = self._why if chosen.redirect_uri else ""
        remarks = (*words.remarks_on(chosen.grant, chosen.client), chosen.remark, why)
        return Means(
            self._flow, chosen.redirect_uri, tuple(filter(None, remarks)), page_decides=False
        )

    def _question_here(self) -> Generator[Prompt, Answer[Any], ClientQuestion]:
        """Return the question with the redirect URI in it that will be used where the person is."""
        question = self._question
        if question.redirect_uri is None or not (question.is_for_page and has_page()):
            return question
        way = yield from ask_way(question.redirect_uri)
        self._why = way.remark
        return replace(question, redirect_uri=way.redirect_uri)

    def _redirect_uri(self) -> str | None:
        return self._question.redirect_uri

    def _flow(self, session: GrantSession) -> Flow:
        token = yield from self._grant.flow(session)
        self._settle()  # before anybody hears of the session: a script may end with that
        return token

    def _settle(self) -> None:
        """Take the answer for the right one, now that somebody has signed in by it."""
        self._has_worked = True
        if not (self._is_to_be_kept and self.chosen):
            return
        try:
            self._question.keep(self.chosen.client)
        except (ConfigurationError, OSError) as error:  # the sign-in is worth more
            _logger.warning("The app's ID could not be kept for next time: %s", error)
        else:
            self.is_kept = True
