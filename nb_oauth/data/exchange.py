"""What a session would answer, by aiohttp: one event loop instead of a thread for each request.

How to send a request is learnt from the session once for each host, and for at most a second: for
the next ones only the address is new. An answer that calls for more, such as a redirect or a token
that was refused, goes back to the session's own code, in a thread of its own.
"""

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import requests
from requests.auth import HTTPBasicAuth
from requests.cookies import extract_cookies_to_jar
from requests.sessions import merge_setting

from nb_oauth.attachment import is_repeatable
from nb_oauth.data.politeness import Done, Outcome, Policy, politely
from nb_oauth.data.stand_ins import Outgoing, rehearsed, stand_in
from nb_oauth.data.transport import How, Transport
from nb_oauth.session_copies import leave_alone

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

_take_cookies: Any = extract_cookies_to_jar
_merge: Any = merge_setting
_LONGEST = 1.0  # seconds; as long as a change of the session's settings may go unnoticed
_MOST_PATTERNS = 1_000
_UNAUTHORIZED = 401
_STEPS = ("request", "prepare_request", "send")
_WELL_KNOWN = {"nb_oauth", "requests", "requests_oauthlib"}

# No escapes, and no segments that begin with a dot: these are written otherwise.
_CLEAN = re.compile(r"(?!\.)(?:[\w~:@,=+-]|\.|/(?!\.))*(?:\?[\w~:@,=+&./-]+)?", re.ASCII)

_T = TypeVar("_T")


class Call(NamedTuple):
    """A request as a session takes it.

    Args:
        method: the HTTP method.
        url: where it goes.
        arguments: the rest, as ``session.request`` takes it.
    """

    method: str
    url: str
    arguments: dict[str, Any]


class Terms(NamedTuple):
    """How to ask: see :func:`nb_oauth.data.politeness.send`."""

    rate: str | None
    retry: Policy
    concurrency: int


class Exchange:
    """Answers for calls, in one event loop; an asynchronous context manager.

    Args:
        session: whose requests they are.
        terms: how to ask.
    """

    def __init__(self, session: requests.Session, terms: Terms) -> None:
        self._session, self._terms = session, terms
        self._patterns: dict[tuple[str, str], _Pattern] = {}

    async def __aenter__(self) -> "Self":
        self._loop, self._is_over = asyncio.get_running_loop(), False
        self._renewing, self._sending = asyncio.Lock(), set[asyncio.Task[Any]]()
        self._threads = ThreadPoolExecutor(self._terms.concurrency + 1, "nb_oauth fetch")
        self._transport = await Transport().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        for sending in self._sending:
            sending.cancel()
        await asyncio.to_thread(self._threads.shutdown)
        await self._transport.__aexit__()

    async def outcome(self, call: Call) -> Outcome:
        """Ask politely, and return what came of it in the end."""
        try:
            return await self._outcome(call)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is to know
            return error

    async def _outcome(self, call: Call) -> Outcome:
        rate, retry, _ = self._terms
        if not is_repeatable(call.arguments.get("data"), call.arguments.get("files")):
            retry = None
        steps = politely(self._session, call.method, call.url, rate=rate, retry=retry)
        step = next(steps)
        while not isinstance(step, Done):
            if step is None:
                step = steps.send(await self._asked(call))
            else:
                await asyncio.sleep(step)
                step = next(steps)
        return step.outcome

    async def _asked(self, call: Call) -> Outcome:
        try:
            return await self._answer(call)
        except requests.RequestException as error:
            return error

    async def _answer(self, call: Call) -> requests.Response:
        if _has_ways_of_its_own(self._session):
            return await self._in_thread(lambda: self._by_session(call))
        pattern = await self._pattern(call)
        request, has_hooks = pattern.request_to(call.url), pattern.outgoing.has_hooks
        how = pattern.how
        if request is None:
            outgoing = await self._rehearsed(call)
            how, request = How(outgoing), outgoing.request
        answer = await self._transport.send_as(how, request)
        if answer.status_code == _UNAUTHORIZED or answer.is_redirect or has_hooks:
            answer = await self._in_thread(lambda: self._by_session(call, answer))
        elif "Set-Cookie" in answer.headers:
            _take_cookies(self._session.cookies, request, answer.raw)
        return answer

    # -- what the session says -------------------------------------------------------------

    async def _pattern(self, call: Call) -> "_Pattern":
        origin = _origin(call.url)
        known = self._patterns.get((call.method, origin))
        if known is not None and known.arguments is call.arguments and known.holds(self._session):
            return known
        outgoing = await self._rehearsed(call)
        if len(self._patterns) >= _MOST_PATTERNS:
            self._patterns.clear()
        made = self._patterns[call.method, origin] = _Pattern(self._session, call, outgoing)
        return made

    async def _rehearsed(self, call: Call) -> Outgoing:
        """Return what the session would send; where it renews its token first, others wait."""

        def rehearse() -> Outgoing:
            return rehearsed(self._session, call.method, call.url, **call.arguments)

        if not _is_due(self._session):
            return rehearse()
        async with self._renewing:
            return await self._in_thread(rehearse)

    def _by_session(self, call: Call, *first: requests.Response) -> requests.Response:
        """Return what the session makes of an answer, and of all that it asks for then."""
        known = list(first)

        def send(outgoing: Outgoing) -> requests.Response:
            if known and _is_the_same(known[0].request, outgoing.request):
                return known.pop()
            known.clear()
            sent = asyncio.run_coroutine_threadsafe(self._sent(outgoing), self._loop)
            return sent.result()

        there = stand_in(self._session, send)
        return there.request(call.method, call.url, **call.arguments)

    async def _sent(self, outgoing: Outgoing) -> requests.Response:
        if self._is_over:
            raise asyncio.CancelledError
        task: Any = asyncio.current_task()
        self._sending.add(task)
        try:
            return await self._transport.send(outgoing)
        finally:
            self._sending.discard(task)

    async def _in_thread(self, function: "Callable[[], _T]") -> _T:
        return await self._loop.run_in_executor(self._threads, function)


class _Pattern:
    """How a session sends requests to one host, as long as that is so."""

    def __init__(self, session: requests.Session, call: Call, outgoing: Outgoing) -> None:
        self.outgoing, self.arguments, self.how = outgoing, call.arguments, How(outgoing)
        self._token, self._was_due = _token(session), _is_due(session)
        self._cookies = len(session.cookies)
        self._ends_at = time.monotonic() + _LONGEST
        merged = _merge(call.arguments.get("params"), session.params)
        self._params, self._origin = merged or "", _origin(call.url) + "/"
        self._is_plain = True
        alike = self.request_to(call.url)
        hooks = getattr(session, "compliance_hook", {}).get("protected_request")
        auth = call.arguments.get("auth") or session.auth
        jars = (session.cookies, call.arguments.get("cookies") or ())
        has_cookies = "Cookie" in outgoing.request.headers or any(map(_is_for_a_path, jars))
        self._is_plain = (
            not (hooks or has_cookies or self._has_adapter_below(session))
            and _is_constant(auth)
            and alike is not None
            and alike.url == outgoing.request.url
        )

    def holds(self, session: requests.Session) -> bool:
        """Tell whether nothing has changed, as far as that is known."""
        return (
            self._token is _token(session)
            and self._cookies == len(session.cookies)
            and time.monotonic() < self._ends_at
            and (self._was_due or not _is_due(session))
        )

    def request_to(self, url: str) -> requests.PreparedRequest | None:
        """Return the request to ``url``; None where the session has to be asked for each."""
        if not self._is_plain:
            return None
        request = requests.PreparedRequest()
        vars(request).update(vars(self.outgoing.request))  # what copy() does copies the headers
        if self._is_clean(url):
            request.url = url
        else:
            request.prepare_url(url, self._params)
        return request

    def _has_adapter_below(self, session: requests.Session) -> bool:
        origin = self._origin.lower()
        return any(prefix.lower().startswith(origin) for prefix in session.adapters)

    def _is_clean(self, url: str) -> bool:
        """Tell whether requests would leave ``url`` as it is, which it takes a while to find out.

        What stands before the path is as in the one that was rehearsed.
        """
        rest = url[len(self._origin) :]
        return (
            not self._params
            and url.startswith(self._origin)
            and str(self.outgoing.request.url).startswith(self._origin)
            and _CLEAN.fullmatch(rest) is not None
        )


def _is_constant(auth: object) -> bool:
    """Tell whether requests' ``auth`` adds the same to each request to a host, or nothing.

    Our session has a function that adds nothing, to keep ``~/.netrc`` away.
    """
    return auth is None or auth is leave_alone or isinstance(auth, tuple | HTTPBasicAuth)


def _is_for_a_path(jar: object) -> bool:
    """Tell whether a cookie of a jar may go to one address of a host, and not to the next."""
    return isinstance(jar, CookieJar) and any(each.path != "/" for each in jar)


def _has_ways_of_its_own(session: requests.Session) -> bool:
    """Tell whether somebody else's code has a say in each request, or in each answer.

    Then neither may be learnt from another: it may sign addresses, complete or cache them. Nor may
    it be shown an answer that is none.
    """
    return not vars(session).keys().isdisjoint(_STEPS) or _is_of_others(type(session))


def _is_of_others(kind: type[requests.Session]) -> bool:
    made = (getattr(kind, name).__module__ for name in _STEPS)
    return any(each.partition(".")[0] not in _WELL_KNOWN for each in made)


def _origin(url: str) -> str:
    """Return what stands before the path, whatever that is."""
    return "/".join(url.split("/", 3)[:3])


def _token(session: requests.Session) -> object:
    return getattr(session, "token", None)


def _is_due(session: requests.Session) -> bool:
    return bool(getattr(session, "is_due", False))


def _is_the_same(one: requests.PreparedRequest, other: requests.PreparedRequest) -> bool:
    """Tell whether an answer to ``one`` is one to ``other``: a token may have come in between."""
    name = "Authorization"
    return (one.method, one.url, one.headers.get(name)) == (
        other.method,
        other.url,
        other.headers.get(name),
    )
