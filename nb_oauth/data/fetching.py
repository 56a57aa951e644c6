"""Many requests at once, over a few connections: with the session's token and by its rules."""

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, overload

import requests

from nb_oauth.data.exchange import Call, Terms
from nb_oauth.data.politeness import POLICY, Outcome, Policy, as_policy
from nb_oauth.data.rates import require_rate
from nb_oauth.data.results import Address, Results
from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    from distributed import Client

_OF_A_REQUEST = ("headers", "files", "data", "json", "params", "auth", "cookies", "hooks")


@overload
def fetch(
    session: requests.Session,
    urls: Iterable[Address],
    *,
    concurrency: int = ...,
    ordered: bool = ...,
    on_error: Literal["raise"] = ...,
    rate: str | None = ...,
    retry: Policy = ...,
    progress: bool | None = ...,
    client: "Client | None" = ...,
    method: str = ...,
    **kwargs: Any,
) -> Results[requests.Response]: ...


@overload
def fetch(
    session: requests.Session,
    urls: Iterable[Address],
    *,
    concurrency: int = ...,
    ordered: bool = ...,
    on_error: Literal["return"],
    rate: str | None = ...,
    retry: Policy = ...,
    progress: bool | None = ...,
    client: "Client | None" = ...,
    method: str = ...,
    **kwargs: Any,
) -> Results[Outcome]: ...


def fetch(  # noqa: PLR0913 - each a thing that may be wanted otherwise
    session: requests.Session,
    urls: Iterable[Address],
    *,
    concurrency: int = 16,
    ordered: bool = True,
    on_error: Literal["raise", "return"] = "raise",
    rate: str | None = None,
    retry: Policy = POLICY,
    progress: bool | None = None,
    client: "Client | None" = None,
    method: str = "GET",
    **kwargs: Any,
) -> Results[Any]:
    """Send many requests, some at a time, and hand over the answers.

    ::

        for response in data.fetch(session, urls):
            rows.append(response.json())

    Each goes as ``session.request`` would send it, with the token, the settings and by the rules of
    the session, and comes back as a ``requests.Response`` that is read to its end. Where the token
    has to be renewed on the way, that is done once for all.

    Args:
        session: a session that is signed in; any other requests session will do as well.
        urls: addresses, or ``requests.Request`` objects where more than the address differs. They
            may come from a generator without an end: they are taken as they are needed.
        concurrency: how many requests are under way at a time.
        ordered: whether answers come in the order of ``urls``; else as they arrive.
        on_error: ``"raise"`` ends with an error at the first request that fails: one without an
            answer, or with a status of 400 or more. ``"return"`` hands over the answer, or the
            error that there is instead.
        rate: how many requests to send in what time, such as ``"10/s"``; all sessions of one
            provider keep it together.
        retry: how often to ask again at most where a request failed and that may help, or urllib3's
            policy for it; None never does.
        progress: whether to show a bar; None for where somebody watches.
        client: Dask's client of a cluster whose workers are to send them; ``concurrency`` then
            counts for each of them, and ``rate`` for all together. See
            :mod:`nb_oauth.data.cluster`.
        method: the HTTP method.
        kwargs: what else ``session.request`` takes, the same for all: ``params``, ``headers``,
            ``timeout`` and others.

    Returns:
        The answers, to go through, in a coroutine as well: see :class:`Results`.

    Raises:
        ConfigurationError: an argument cannot work. The following are raised later on, by what
            hands over the answers:
        requests.HTTPError: an answer has a status of 400 or more.
        requests.RequestException: no answer came.
        OAuthError: see ``session.request``.
    """
    if rate is not None:
        require_rate(rate)
    _require_sense(concurrency, on_error, kwargs)
    return Results(
        session,
        urls,
        functools.partial(_as_call, method, kwargs),
        Terms(rate, as_policy(retry), concurrency),
        ordered=ordered,
        returns_errors=on_error == "return",
        show=progress,
        client=client,
    )


def _require_sense(concurrency: int, on_error: str, arguments: dict[str, Any]) -> None:
    if concurrency < 1:
        raise ConfigurationError(f"concurrency={concurrency} will not do: at least 1.")
    if on_error not in {"raise", "return"}:
        raise ConfigurationError(f"on_error={on_error!r} will not do: 'raise' or 'return'.")
    if arguments.get("stream"):
        raise ConfigurationError(
            "data.fetch reads each answer to its end. For a large download use "
            "session.get(…, stream=True)."
        )


def _as_call(method: str, arguments: dict[str, Any], address: Address) -> Call:
    if not isinstance(address, requests.Request):
        return Call(method, str(address), arguments)
    own = {name: given for name in _OF_A_REQUEST if (given := getattr(address, name))}
    return Call(address.method or method, address.url, {**arguments, **own})
