"""What every …Login widget does."""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from nb_oauth import place, waiting
from nb_oauth.allowed_hosts import checked_hosts
from nb_oauth.asking import AskFirst
from nb_oauth.attempt import Attempt
from nb_oauth.clients import Client
from nb_oauth.exceptions import LoginError
from nb_oauth.grants import Grant
from nb_oauth.logins import words
from nb_oauth.logins.account_actions import AccountActions
from nb_oauth.logins.outcome import Outcome, is_spent
from nb_oauth.logins.page_question import question_of_page
from nb_oauth.place import Place
from nb_oauth.providers import Provider
from nb_oauth.redirects.ways import ANY_LOOPBACK_PORT
from nb_oauth.session import OAuth2Session
from nb_oauth.stores import TokenStore, token_store
from nb_oauth.surfaces import (
    Appeared,
    Cancelled,
    Event,
    NewLinkWanted,
    RenewWanted,
    SignOutWanted,
    nobody,
)
from nb_oauth.surfaces.output import Outputs
from nb_oauth.surfaces.plain_text import say_how_to_begin
from nb_oauth.surfaces.widget import LoginWidget
from nb_oauth.tokens import Scope, scope_list


class Login(Outcome, LoginWidget):
    """What every …Login widget does. Make one of its subclasses.

    Attributes:
        remarks: what the widget says of this way of signing in, a line each.
        go_on: what to do after signing in, where a cell did not wait to the end.
    """

    go_on: str = waiting.USE_SESSION

    _grant_type: ClassVar[type[Grant]]
    """How it signs in; a subclass names it."""

    loopback_uri: str = ANY_LOOPBACK_PORT
    """Which loopback redirect URI the provider takes, for an app that does not say its own."""

    _ask_first: Callable[[], AskFirst] | None = None  # asks what it must know to have a grant

    def __init__(  # noqa: PLR0913 - each a thing the person may want to say
        self,
        provider: Provider,
        client: Client,
        *,
        scope: Scope = None,
        extra: Mapping[str, str] | None = None,
        store: TokenStore | str | None = None,
        account: str | None = None,
        allowed_hosts: Iterable[str] | None = None,
    ) -> None:
        words.check_place()
        self._grant = grant = self.grant_for(provider, client, extra or {})
        self._provider = provider
        self._client = client
        self._scope = tuple(scope_list(scope))
        self._store = token_store(store)
        self._account = account
        self._allowed_hosts = None if allowed_hosts is None else checked_hosts(allowed_hosts)
        self.remarks = words.remarks_on(grant, client)
        self._name = words.name_of(provider, account)
        self._actions = AccountActions(self, self._name)
        self._told: Attempt | None = None
        outputs = Outputs(provider.name, invites=grant.asks_a_person)
        is_beside = words.is_beside_kernel(provider)
        Outcome.__init__(self)
        LoginWidget.__init__(self, self._take, outputs, beside_kernel=is_beside)

    @classmethod
    def grant_for(cls, provider: Provider, client: Client, extra: Mapping[str, str]) -> Grant:
        """Return the grant, for a client that this way of signing in is for."""
        cls._check(client)
        return cls._grant_type(provider, extra)

    @classmethod
    def _check(cls, client: Client) -> None:
        """Refuse a client that this way of signing in is not for."""

    # -- for people ------------------------------------------------------------------------

    def wait(
        self, timeout: float | None = None, *, keep_tasks_running: bool = False
    ) -> OAuth2Session:
        """Wait in the running cell until somebody has signed in.

        The widget is shown here if it is not shown anywhere yet. "Run All" waits with the cell.

        Args:
            timeout: seconds to wait at most; None waits as long as it takes.
            keep_tasks_running: let your own asyncio tasks go on meanwhile (nest-asyncio2).

        Returns:
            The session.

        Raises:
            ConfigurationError: ``timeout`` is no number of seconds.
            LoginCancelled: the person pressed Cancel.
            LoginTimeout: nobody signed in within ``timeout``; the widget still works.
            LoginRequired: nobody can be asked here.
            LoginPending: this kernel cannot wait in a cell; sign in, and run the cell again.
            AuthorizationError: the provider refuses what is asked for, such as its scope.
            TokenError: the provider's token endpoint refused.
        """
        words.check_timeout(timeout)
        attempt = self._attempt_to_wait_for()
        future = attempt.future
        try:
            with self._asking(attempt):
                session = waiting.wait(
                    future,
                    timeout,
                    keep_tasks_running=keep_tasks_running,
                    needs_messages=self.asks_a_person,
                    go_on=self.go_on,
                )
        except KeyboardInterrupt:
            raise words.interrupted_at(place.here(), self.go_on) from None
        finally:
            self._note_told(attempt)
        words.warn_of_missing_scope(session, stacklevel=3)
        return session

    def __await__(self) -> Generator[Any, None, OAuth2Session]:
        """Wait as :meth:`wait` does, in a cell with top-level ``await``."""
        return self._wait_async().__await__()

    async def _wait_async(self) -> OAuth2Session:
        attempt = self._attempt_to_wait_for()
        try:
            with self._asking(attempt):
                session = await waiting.wait_async(
                    attempt.future, needs_messages=self.asks_a_person, go_on=self.go_on
                )
        finally:
            self._note_told(attempt)
        words.warn_of_missing_scope(session, stacklevel=3)
        return session

    @property
    def session(self) -> OAuth2Session:
        """The session; waits for it if need be."""
        return self.wait()

    # -- the attempt -----------------------------------------------------------------------

    @property
    def asks_a_person(self) -> bool:
        """Whether somebody has to click or type."""
        return self._grant.asks_a_person

    def display(self) -> None:
        """Show the widget in the output of the running cell. From then on one can sign in."""
        self._refuse_if_closed()
        if self.asks_a_person and place.here() is Place.TERMINAL:
            say_how_to_begin(self)
            return
        super().display()  # first: one with nothing to click may be over at once
        somebody_is_there = place.here().shows_widgets
        if self._attempt is None and (somebody_is_there or not self.asks_a_person):
            self._begin()

    def settle_with(self, session: OAuth2Session) -> None:
        """Be done: somebody has signed in without being asked here, or need not be asked."""
        with self._beginning:
            if self.is_under_way and self._attempt is not None:
                self._attempt.put(session)  # who waits for it goes on with this session
                return
            attempt = self._attempt = self._new_attempt()
        attempt.succeed_with(session)

    def cancel(self) -> None:
        """Cancel the sign-in under way, as the Cancel button does; who waits is told.

        Once the person's answer is being exchanged for a token it is too late for that.
        """
        if self._attempt is not None:
            self._attempt.put(Cancelled())

    def close(self) -> None:
        """Close the widget for good. A sign-in under way is cancelled."""
        self.cancel()
        super().close()

    def _refuse_if_closed(self) -> None:
        if self.is_closed:
            raise LoginError("This login was closed. Make a new one, or run login(…) again.")

    def _attempt_to_wait_for(self) -> Attempt:
        self._refuse_if_closed()
        attempt = self._attempt
        # A failure is told once; a session that has ended meanwhile is of no use to anybody.
        is_old = attempt is not None and (attempt is self._told or attempt.has_succeeded)
        if attempt is None or (is_old and is_spent(attempt)):
            self._refuse_where_nobody_is()
            attempt = self._begin()
        if attempt.waits_for_itself:
            raise LoginError(
                "A function that observes the status cannot wait for the session: it is what the "
                "session waits for. Use on_signed_in(function)."
            )
        if self.asks_a_person and not attempt.future.done():
            self._refuse_where_nobody_is()
            self.ensure_visible()
        return attempt

    def _asking(self, attempt: Attempt) -> AbstractContextManager[None]:
        """While entered, somebody is asked where no widget can be seen."""
        asks = self.asks_a_person and not attempt.future.done()
        return self.asking() if asks else nullcontext()

    def _refuse_where_nobody_is(self) -> None:
        where = place.here()
        if self.asks_a_person and not where.is_attended:
            nobody.refuse(self._provider.name, where)

    def _begin(self) -> Attempt:
        """Return the attempt under way, or a new one."""
        with self._beginning:
            if self._attempt is None or is_spent(self._attempt):
                attempt = self._new_attempt()
                attempt.start()
                self._attempt = attempt
            return self._attempt

    def _new_attempt(self) -> Attempt:
        attempt = Attempt(
            grant=self._grant,
            open_session=self._open_session,
            redirect_uri=self._redirect_uri(),
            surface=self,
            provider_name=self._name,
            scope=self._scope,
            remarks=self.remarks,
            ask_first=self._ask_first
            or question_of_page(self._grant, self._client, self.remarks, self.loopback_uri),
            tell_first=self._tell_first,
        )
        attempt.future.add_done_callback(self._tell_followers)
        return attempt

    def _redirect_uri(self) -> str | None:
        """Return where people are sent back to, as far as that is known before anybody is asked."""
        return words.redirect_uri_of(self._grant, self._client, self.loopback_uri)

    def _open_session(self, redirect_uri: str | None) -> OAuth2Session:
        session = OAuth2Session.open(
            self._provider,
            self._client,
            scope=self._scope,
            store=self._store,
            account=self._account,
            grant=self._grant.name,
            extra=self._grant.token_extra,
            redirect_uri=redirect_uri,
            token={},  # a former one would narrow what is asked for to what it was granted
            allowed_hosts=self._allowed_hosts,
        )
        session.warns_of_scope = False  # who waits is warned, in his cell
        return session

    def _note_told(self, attempt: Attempt) -> None:
        """Note that somebody was told what came of ``attempt``: the next wait begins anew."""
        if attempt.future.done():
            self._told = attempt

    def _take(self, event: Event) -> None:
        """Take what a person did. It runs in the kernel's message handler: it only passes on."""
        if isinstance(event, Appeared | NewLinkWanted) and not self.is_under_way:
            if isinstance(event, NewLinkWanted) or self._attempt is None:
                self._begin()
        elif isinstance(event, RenewWanted | SignOutWanted):
            if self.is_done and self._attempt is not None:
                self._actions.begin(event, self._attempt.future.result())
        elif self._attempt is not None and not isinstance(event, Appeared):
            self._attempt.put(event)
