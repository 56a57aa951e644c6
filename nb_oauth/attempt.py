"""One sign-in under way.

An attempt drives a grant in a thread of its own, so that it comes to its end whether or not a
cell waits for it. Widgets and listeners only put what they got into its inbox. Whoever waits,
waits for its future.
"""

import contextlib
import contextvars
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from nb_oauth.exceptions import LoginCancelled
from nb_oauth.grants import Flow, Grant
from nb_oauth.prompts import Answer, OpenPage, RawAnswer, Rejection
from nb_oauth.redirects import LoopbackRedirect, is_loopback_redirect
from nb_oauth.session import OAuth2Session
from nb_oauth.surfaces import Cancelled, NewLinkWanted, Status, Surface, View

_logger = logging.getLogger(__name__)

_NOTICE = (
    "If the page won't load after you have signed in, copy its address here. "
    "The address, its query or the code alone: all will do."
)


@dataclass(frozen=True)
class _Delivered:
    """What the browser brought, and who wants to know what it came to."""

    answer: RawAnswer
    verdict: "Future[str | None]" = field(repr=False)


Incoming = RawAnswer | Cancelled | NewLinkWanted | _Delivered


class _BeginAgainError(Exception):
    """The person asked for a new link."""


class Attempt:
    """Signs in once.

    Args:
        grant: how the token is earned.
        open_session: opens a session with the redirect URI that it is given.
        redirect_uri: where the provider is to send people back to.
        surface: who shows what the person is to do.
        provider_name: what people call the provider.
        scope: what is asked for, to show it.

    Attributes:
        future: the session that came of it, or why none did.
    """

    def __init__(  # noqa: PLR0913 - what a sign-in is made of
        self,
        *,
        grant: Grant,
        open_session: Callable[[str], OAuth2Session],
        redirect_uri: str,
        surface: Surface,
        provider_name: str,
        scope: tuple[str, ...],
    ) -> None:
        self.future: Future[OAuth2Session] = Future()
        self._grant = grant
        self._open_session = open_session
        self._redirect_uri = redirect_uri
        self._surface = surface
        self._provider_name = provider_name
        self._scope = scope
        self._inbox: queue.SimpleQueue[Incoming] = queue.SimpleQueue()
        self._notice = _NOTICE

    def start(self) -> None:
        """Begin, in a thread of the attempt's own."""
        # The context of the cell: what is shown goes to the cell that asked.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(
            target=run, args=(self._run,), name="nb_oauth attempt", daemon=True
        )
        self._thread.start()

    def join(self, timeout: float) -> None:
        """Wait, ``timeout`` seconds at most, until all is over: nothing listens any more."""
        self._thread.join(timeout)

    def put(self, event: RawAnswer | Cancelled | NewLinkWanted) -> None:
        """Take what a person did. Returns at once; may be called from any thread."""
        self._inbox.put(event)

    def deliver(self, address: str) -> "Future[str | None]":
        """Take an address that the browser was sent to, from any thread.

        Returns:
            The future of why it is no answer, or of None if it is one.
        """
        verdict: Future[str | None] = Future()
        self._inbox.put(_Delivered(RawAnswer(address), verdict))
        return verdict

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
        # The listener closes last: whoever waits should not wait for that.
        with contextlib.ExitStack() as until_over:
            try:
                session = self._sign_in(until_over)
            except LoginCancelled as error:
                self._show(Status.CANCELLED, progress="Cancelled.")
                self.future.set_exception(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
                self._show(Status.FAILED, error=str(error) or type(error).__name__)
                self.future.set_exception(error)
            else:
                self._show(Status.SIGNED_IN, progress=f"Signed in to {self._provider_name}.")
                self.future.set_result(session)

    def _sign_in(self, until_over: contextlib.ExitStack) -> OAuth2Session:
        self._show(Status.PREPARING, progress="Preparing the link…")
        session = self._open_session(self._catch_redirect(until_over))
        while True:
            flow = self._grant.flow(session)
            try:
                self._follow(flow)
            except _BeginAgainError:
                flow.close()
            else:
                return session

    def _catch_redirect(self, until_over: contextlib.ExitStack) -> str:
        """Listen for the redirect where that is possible; return the URI to be sent back to."""
        if not is_loopback_redirect(self._redirect_uri):
            return self._redirect_uri
        try:
            listener = LoopbackRedirect(self._redirect_uri, self.deliver)
        except OSError:
            self._notice = (
                f"Another program listens at {self._redirect_uri}, so the answer cannot come back "
                "by itself: after you have signed in, copy the address of the page here."
            )
            return self._redirect_uri
        until_over.callback(listener.close)
        return listener.redirect_uri

    def _follow(self, flow: Flow) -> None:
        try:
            prompt = next(flow)
            while True:
                answer = self._ask(prompt)
                self._show(Status.WORKING, progress="Fetching the token…")
                prompt = flow.send(answer)
        except StopIteration:
            return

    def _ask(self, prompt: OpenPage[Any]) -> Answer[Any]:
        """Show ``prompt`` until it is answered (a wrong answer is explained, and no end)."""
        rejection = prompt.rejection
        while True:
            self._show(
                Status.WAITING,
                link=prompt.url,
                notice=self._notice,
                progress=f"Waiting for you to sign in to {self._provider_name}…",
                error=rejection.reason if rejection else None,
                box=True,
            )
            outcome = self._judge(self._inbox.get(), prompt)
            if isinstance(outcome, Answer):
                return outcome
            rejection = outcome

    def _judge(self, event: Incoming, prompt: OpenPage[Any]) -> Answer[Any] | Rejection:
        if isinstance(event, Cancelled):
            raise LoginCancelled("Signing in was cancelled. Run the cell again to sign in.")
        if isinstance(event, NewLinkWanted):
            raise _BeginAgainError
        raw = event.answer if isinstance(event, _Delivered) else event
        outcome = prompt.accept(raw)
        if isinstance(event, _Delivered):
            event.verdict.set_result(outcome.reason if isinstance(outcome, Rejection) else None)
        return outcome

    def _show(self, status: Status, **details: Any) -> None:  # noqa: ANN401 - the fields of a View
        view = View(status, f"Sign in to {self._provider_name}", self._scope, **details)
        try:
            self._surface.show(view)
        except Exception:  # a front end that went away is no reason to lose a token
            _logger.exception("nb_oauth could not show how the sign-in stands")
