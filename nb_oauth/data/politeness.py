"""Asking as an API wants to be asked: no faster than it says, and again where that helps.

* An answer that turns requests away for now (429, or 503 with ``Retry-After``) is heeded by every
  request of this process to that host. Afterwards they go one after the other, the quicker the
  more of them were let through: those who all waited do not all come back at once.
* After a 5xx, and where the connection failed, a request is sent again after a pause, each about
  twice the one before. Only methods that may be repeated are (RFC 9110 §9.2.2), unless told
  otherwise, and bodies that can be.
* Where a rate is given, all sessions of one provider keep it together.

What to repeat, how often and when is a policy of urllib3's, whose ``Retry`` people know from
requests' adapters. Like a grant, a request says by ``yield`` what it wants done, so that a thread
and an event loop do the same.
"""

import random
import time
from collections.abc import Generator, Hashable
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError
from urllib3.response import HTTPResponse
from urllib3.util import Retry

from nb_oauth.attachment import is_repeatable
from nb_oauth.data.hosts import host_of
from nb_oauth.data.rates import pace_of
from nb_oauth.exceptions import OAuthError
from nb_oauth.retrying import seconds_in

POLICY = Retry(
    total=5,
    status_forcelist=(429, 500, 502, 503, 504),
    backoff_factor=0.5,
    backoff_jitter=1.0,
    backoff_max=60.0,
    retry_after_max=300,
)
"""What is asked again unless told otherwise: five times, within about half a minute.

An API that asks to be left alone for longer than ``retry_after_max`` seconds is not waited for: its
answer stands.
"""

Policy = Retry | int | None
Outcome = requests.Response | Exception
"""What came of a request: an answer, or an error of requests'."""

_FIRST_REFUSAL = 400
_TOO_MANY, _CLOSED = 429, 503  # RFC 6585 §4, RFC 9110 §15.6.4
_FAILED = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
_HOPELESS = (requests.exceptions.SSLError, OAuthError)  # as for a session, which asks again itself
_sleep, _clock = time.sleep, time.monotonic


class Done(NamedTuple):
    """The last step of a request.

    Attributes:
        outcome: what came of it in the end.
    """

    outcome: Outcome

    def answer(self) -> requests.Response:
        """Return the answer, or raise why there is none."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


Steps = Generator[float | Done | None, Outcome | None, None]


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    rate: str | None = None,
    retry: Policy = POLICY,
    **kwargs: Any,  # noqa: ANN401 - as requests takes them
) -> requests.Response:
    """Send a request politely, and return the answer, whatever its status.

    Args:
        session: a session that is signed in.
        method: the HTTP method.
        url: an https address, or http on a loopback address.
        rate: how many requests to send in what time, such as ``"10/s"``; all sessions of one
            provider keep it together.
        retry: how often to ask again at most, or urllib3's policy for it; None never does.
        kwargs: the rest, as ``session.request`` takes it.

    Raises:
        ConfigurationError: ``rate`` is none.
        OAuthError: see ``session.request``.
        requests.RequestException: no answer came, in the end.
    """
    if not is_repeatable(kwargs.get("data"), kwargs.get("files")):
        retry = None
    steps = politely(session, method, url, rate=rate, retry=retry)
    step = next(steps)
    while not isinstance(step, Done):
        if step is None:
            step = steps.send(_outcome(session, method, url, kwargs))
        else:
            _sleep(step)
            step = next(steps)
    return step.answer()


def _outcome(session: requests.Session, method: str, url: str, kwargs: dict[str, Any]) -> Outcome:
    try:
        return session.request(method, url, **kwargs)
    except requests.RequestException as error:
        return error


def politely(
    session: requests.Session,
    method: str,
    url: str,
    *,
    rate: str | None = None,
    retry: Policy = POLICY,
) -> Steps:
    """Say step by step what is to be done for one request.

    Args:
        session: whose request it is.
        method: the HTTP method.
        url: where it goes.
        rate: see :func:`send`.
        retry: see :func:`send`.

    Yields:
        Seconds to wait; or None, to send the request and be sent its outcome; at last
        :class:`Done`.
    """
    host, policy = host_of(url), as_policy(retry)
    while True:
        if rate is not None and (wait := pace_of(_audience(session, url)).reserve(rate)):
            yield wait
        while wait := host.wait(_clock()):
            yield wait
        sent_at = _clock()
        outcome = cast("Outcome", (yield None))
        if isinstance(outcome, requests.Response) and outcome.status_code < _FIRST_REFUSAL:
            break
        further = _further(policy, method, outcome)
        pause, is_closed = _pause(further or policy, outcome), _closes(outcome)
        if pause > policy.retry_after_max:
            break
        if is_closed:
            host.close(pause, sent_at, _clock())
        if further is None:
            break
        if isinstance(outcome, requests.Response):
            outcome.close()
        if not is_closed:  # else this request waits with all others
            yield pause
        policy = further
    yield Done(outcome)


def as_policy(retry: Policy) -> Retry:
    """Return what to repeat, and when.

    Args:
        retry: a policy; or how often to ask again as :data:`POLICY` does; None for never.
    """
    return retry if isinstance(retry, Retry) else POLICY.new(total=int(retry or 0))


def _audience(session: requests.Session, url: str) -> Hashable:
    """Return what all sessions of one provider have in common."""
    provider = getattr(session, "provider", None)
    if provider is None:
        return urlsplit(url).netloc
    return str(provider.issuer or provider.token_endpoint or provider.name)


def _closes(outcome: Outcome) -> bool:
    """Tell whether an answer turns away not this request alone, but any for a while."""
    if not isinstance(outcome, requests.Response):
        return False
    is_closed = outcome.status_code == _CLOSED and "Retry-After" in outcome.headers
    return is_closed or outcome.status_code == _TOO_MANY


def _further(policy: Retry, method: str, outcome: Outcome) -> Retry | None:
    """Return what is left of ``policy`` where by that the request is sent again."""
    if policy.allowed_methods and method.upper() not in policy.allowed_methods:
        return None
    try:
        if isinstance(outcome, requests.Response):
            return _further_after_answer(policy, method, outcome)
        if isinstance(outcome, _HOPELESS) or not isinstance(outcome, _FAILED):
            return None
        is_unsent = isinstance(outcome, requests.ConnectTimeout)
        error = ConnectTimeoutError() if is_unsent else ProtocolError()
        return policy.increment(method, error=error)
    except HTTPError:  # it was sent often enough
        return None


def _further_after_answer(policy: Retry, method: str, answer: requests.Response) -> Retry | None:
    if not policy.is_retry(method, answer.status_code, "Retry-After" in answer.headers):
        return None
    return policy.increment(method, response=HTTPResponse(status=answer.status_code))


def _pause(policy: Retry, outcome: Outcome) -> float:
    """Return the seconds to wait: as many as the API says, else twice as many as before.

    After the first failure urllib3 asks again at once. Here that is up to a first pause later:
    requests that failed together should not come back together.
    """
    if isinstance(outcome, requests.Response) and policy.respect_retry_after_header:
        headers = outcome.headers
        asked_for = seconds_in(headers.get("Retry-After"), headers.get("Date"), time.time())
        if asked_for is not None:
            return asked_for
    first = random.uniform(0, policy.backoff_factor)  # noqa: S311 - nothing is kept secret by it
    return policy.get_backoff_time() or first
