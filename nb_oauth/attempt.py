"""One sign-in under way.

An attempt drives a grant in a thread of its own, and so to its end whether or not a cell waits.
Widgets and listeners only put what they got into its inbox. Whoever waits, waits for its future.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from nb_oauth import asking, place
from nb_oauth.asking import (
    PREPARING,
    AskFirst,
    BeginAgainError,
    Inbox,
    Reported,
    TakenOver,
    as_shown,
)
from nb_oauth.exceptions import LoginCancelled, OAuthError
from nb_oauth.grants import Flow, Grant, GrantSession
from nb_oauth.prompts import (
    Answer,
    AskPage,
    Credentials,
    Delivered,
    Page,
    Prompt,
    RawAnswer,
    Rejection,
)
from nb_oauth.redirects.catching import TAKEN_OVER, Catcher
from nb_oauth.session import OAuth2Session
from nb_oauth.surfaces import Status, Surface, View
from nb_oauth.surfaces.contract import UNDER_WAY

_logger = logging.getLogger(__name__)
_Outcome = TypeVar("_Outcome")


class Attempt:
    """Signs in once.

    Args:
        grant: how the token is earned.
        open_session: opens a session with the redirect URI that it is given.
        redirect_uri: where the provider is to send people back to; None where nobody is sent.
        surface: who shows what the person is to do.
        provider_name: what people call the provider.
        scope: what is asked for, to show it.
        tell_first: is told of the session before anybody who waits for it.
        remarks: what to know about this way of signing in, a line each.
        ask_first: asks what has to be known before anything can be opened; what comes of it
            takes the place of ``grant``, ``redirect_uri`` and ``remarks``.

    Attributes:
        future: the session that came of it, or why none did.
    """

    def __init__(  # noqa: PLR0913 - what a sign-in is made of
        self,
        *,
        grant: Grant,
        open_session: Callable[[str | None], OAuth2Session],
        redirect_uri: str | None,
        surface: Surface,
        provider_name: str,
        scope: tuple[str, ...],
        tell_first: Callable[[OAuth2Session], object],
        remarks: tuple[str, ...] = (),
        ask_first: Callable[[], AskFirst] | None = None,
    ) -> None:
        self.future: Future[OAuth2Session] = Future()
        self._flow: Callable[[GrantSession], Flow] = grant.flow
        self._open_session = open_session
        self._redirect_uri = redirect_uri
        self._surface = surface
        self._provider_name = provider_name
        self._scope = scope
        self._remarks = self._given = remarks
        self._tell_first = tell_first
        self._ask_first = ask_first
        self._inbox: Inbox[Reported | TakenOver] = Inbox()
        self._catcher = Catcher(self.deliver, self._lose_listener)
        self._page: Page | None = None
        self._knows_page = False
        self._verdicts = asking.Verdicts()
        self._thread: threading.Thread | None = None
        self._shown = View(Status.PREPARING, "", scope)
        self._is_over = False

    def start(self) -> None:
        """Begin, in a thread of the attempt's own."""
        # The context of the cell: what is shown goes to the cell that asked.
        run = place.context_here().run
        self._thread = threading.Thread(
            target=run, args=(self._run,), name="nb_oauth attempt", daemon=True
        )
        self._thread.start()

    @property
    def waits_for_itself(self) -> bool:
        """Whether waiting here would never end: an observer runs in the attempt's own thread."""
        return threading.current_thread() is self._thread and not self.future.done()

    def put(self, event: Reported) -> None:
        """Take what a person did. Returns at once; may be called from any thread."""
        self._inbox.put(event)
        if self._is_over:
            self._turn_away_the_late()

    def deliver(self, address: str) -> "Future[str | None]":
        """Take an address that the browser was sent to, from any thread.

        Returns:
            The future of why it is no answer, or of None if it is one.
        """
        delivered = Delivered(RawAnswer(address))
        self.put(delivered)
        return delivered.verdict

    @property
    def has_succeeded(self) -> bool:
        """Whether a session came of it."""
        return self.future.done() and self.future.exception() is None

    @property
    def has_failed(self) -> bool:
        """Whether it is over without a session."""
        return self.future.done() and self.future.exception() is not None

    # -- in the attempt's thread -----------------------------------------------------------

    def _run(self) -> None:
        try:
            with contextlib.ExitStack() as while_under_way:
                session = self._sign_in(while_under_way)
            self.succeed_with(session)
        except asking.SignedInElsewhereError as other:
            self.succeed_with(other.session)
        except LoginCancelled as error:
            self._end(error, Status.CANCELLED, progress="Cancelled.")
        except BaseException as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
            self._end(error, Status.FAILED, error=asking.words_of(error))

    def succeed_with(self, session: OAuth2Session) -> None:
        """End with ``session``, also where nothing has begun: nobody had to be asked."""
        done, renews = f"Signed in to {self._provider_name}.", session.account.renews
        try:
            self._tell_first(session)
        finally:
            self._end(session, Status.SIGNED_IN, progress=done, can_renew=renews)

    def _end(self, outcome: OAuth2Session | BaseException, status: Status, **details: Any) -> None:  # noqa: ANN401 - the fields of a View
        """Show how it ended, tell who waits, then tell who only watches (and may wait in turn)."""
        try:
            with self._surface.observers_later():
                self._show(status, **details)
                self._resolve(outcome)
        except Exception:  # an observer's own
            _logger.exception("A function that observes a login failed")
        finally:
            if not self.future.done():
                self._resolve(outcome)
            self._is_over = True
            self._turn_away_the_late()

    def _resolve(self, outcome: OAuth2Session | BaseException) -> None:
        if isinstance(outcome, BaseException):
            if not isinstance(outcome, OAuthError):
                _logger.debug("A sign-in ended in an error of the program", exc_info=outcome)
            self.future.set_exception(asking.without_frames(outcome))
        else:
            self.future.set_result(outcome)

    def _turn_away_the_late(self) -> None:
        """Keep nothing that came late, and tell every browser that waits for a verdict."""
        for event in self._inbox.remaining():
            if isinstance(event, Delivered):
                event.verdict.set_result("This sign-in is over already.")

    def _sign_in(self, while_under_way: contextlib.ExitStack) -> OAuth2Session:
        self._show(Status.PREPARING, progress=PREPARING)
        while_under_way.callback(self._catcher.close)
        session: OAuth2Session | None = None
        while True:
            with contextlib.suppress(BeginAgainError):
                # What a person has answered may be what is wrong.
                if session is None or self._ask_first is not None:
                    session = self._open()
                session.redirect_uri = self._catcher.catch(self._redirect_uri)
                self._follow(self._flow(session))
                return session

    def _open(self) -> OAuth2Session:
        if self._ask_first is not None:
            self._catcher.catch(self._redirect_uri)  # the page may be asked whether it reaches this
            means = self._follow(self._ask_first())
            self._flow, self._redirect_uri, self._remarks = means[:3]
            self._catcher.asks_page = self._catcher.asks_page and means.page_decides
        return self._open_session(self._redirect_uri)

    def _lose_listener(self) -> None:
        """Take notice, in the thread of a newer sign-in, that it listens in our place."""
        self._inbox.put(TakenOver())

    def _follow(self, flow: Generator[Prompt, Answer[Any], _Outcome]) -> _Outcome:
        with contextlib.closing(flow):
            try:
                prompt = next(flow)
                while True:  # no name refers to a password while it waits
                    prompt = flow.send(self._ask(prompt))
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def _ask(self, prompt: Prompt) -> Answer[Any]:
        """Show ``prompt`` until it is answered (a wrong answer is explained, and no end)."""
        if isinstance(prompt, AskPage):
            return self._ask_page(prompt)
        rejection = asking.rejection_of(prompt)
        self._inbox.drop(Credentials)  # of a double click: they were not meant for this prompt
        while True:
            details = as_shown(
                prompt,
                self._provider_name,
                self._catcher.notice,
                comes_back=self._catcher.comes_back,
            )
            if rejection is not None:
                details["error"] = rejection.reason
            self._show(Status.WAITING, **details)
            outcome = self._outcome(prompt)
            if isinstance(outcome, Answer):
                if progress := asking.after(prompt):
                    self._show(Status.WORKING, progress=progress)
                return outcome
            rejection = outcome

    def _ask_page(self, prompt: AskPage) -> Answer[Page | None]:
        """Ask the person's page what it can do, the first time; after that one knows."""
        self._catcher.asks_page = True
        if not self._knows_page:
            self._show(Status.PREPARING, progress=PREPARING)
            self._outcome(prompt)
            self._knows_page = True
        return Answer(self._catcher.to_go_by(self._page))

    def _learn(self, page: Page, prompt: Prompt) -> Answer[Any] | None:
        """Take what a page says, perhaps another than the one before: begin again if it matters."""
        is_as_expected = page == (self._page or Page(reaches_kernel=True))
        self._page = page
        if self._catcher.asks_page and asking.names_way_back(prompt) and not is_as_expected:
            raise BeginAgainError
        remark = self._catcher.remark_on(page)
        if remark is not None and self._ask_first is None:
            self._say(remark)
        return Answer(page) if isinstance(prompt, AskPage) else None

    def _say(self, remark: str) -> None:
        """Show, beside all that is shown, what there is to say of the redirect URI."""
        self._remarks = (*self._given, remark)
        self._send(replace(self._shown, remarks=self._remarks))

    def _outcome(self, prompt: Prompt) -> Answer[Any] | Rejection:
        """Wait for what answers ``prompt``, well or badly."""
        while True:
            event = self._inbox.next_for(prompt)
            asking.stop_for(event)
            if isinstance(event, TakenOver):
                self._catcher.lose()
                return Rejection(TAKEN_OVER)
            outcome = event if isinstance(event, Answer) else self._judge(event, prompt)
            if outcome is not None:
                return outcome

    def _judge(self, event: Reported, prompt: Prompt) -> Answer[Any] | Rejection | None:
        if isinstance(event, Page):
            return self._learn(event, prompt)
        if isinstance(event, Delivered):
            return self._verdicts.on(event, prompt)
        return asking.judge(prompt, event)

    def _show(self, status: Status, **details: Any) -> None:  # noqa: ANN401 - the fields of a View
        heading = f"Sign in to {self._provider_name}"
        probe = self._catcher.probe if status in UNDER_WAY else None
        view = View(status, heading, self._scope, remarks=self._remarks, probe=probe, **details)
        if view.code is None or view != self._shown:  # it is asked for again and again
            self._send(view)

    def _send(self, view: View) -> None:
        self._shown = view
        try:
            self._surface.show(view)
        except Exception:  # a front end that went away is no reason to lose a token
            _logger.exception("A sign-in could not be shown, or a function that observes it failed")
