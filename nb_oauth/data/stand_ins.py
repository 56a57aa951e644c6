"""A session's own code, with something else beneath it that brings the answers.

What a session does with a request is more than anybody would write twice: its settings, where its
token may go and how it is placed, its renewal, a refused token, redirects, cookies, hooks. So it is
not written twice. A stand-in *is* the session, by its class and by all that it holds; only where
requests would hand a prepared request to an adapter, it is handed to a function.

Token requests still go the session's own way, beside the request that needs them.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from nb_oauth.connections import Connections
from nb_oauth.exceptions import ConfigurationError

Send = Callable[["Outgoing"], requests.Response]


class Outgoing(NamedTuple):
    """A request as a session would send it now.

    Args:
        request: its method, address, headers with the token, and body.
        timeout: seconds to connect, and to wait for what comes next; None for ever.
        verify: whether to look whom the server's certificate is from; or the path of the
            authorities to trust.
        cert: the client's certificate, as requests takes it.
        proxies: as requests takes them.
        has_hooks: whether the session has somebody look at the answer.
    """

    request: requests.PreparedRequest
    timeout: Any
    verify: bool | str
    cert: Any
    proxies: Mapping[str, str]
    has_hooks: bool = False


def stand_in(session: requests.Session, send: Send) -> requests.Session:
    """Return ``session`` once more, whose requests are sent by ``send``.

    It holds what the session holds, not a copy: a token that is renewed here is renewed there.
    """
    kind: Any = type(session)
    made: Any = object.__new__(_stand_in_for(kind))
    made.__dict__ = vars(session)
    made.stand_beneath(_Beneath(send))
    return cast("requests.Session", made)


def rehearsed(session: requests.Session, method: str, url: str, **kwargs: Any) -> Outgoing:
    """Return what ``session.request`` would send; its token is renewed first if need be.

    It goes without the hooks that the session has for an answer.

    Raises:
        OAuthError: see ``session.request``.
        requests.RequestException: the request cannot be made.
    """
    noted: list[Outgoing] = []

    def note(outgoing: Outgoing) -> requests.Response:
        hooks = outgoing.request.hooks
        noted.append(outgoing._replace(has_hooks=bool(hooks["response"])))
        hooks["response"] = []  # those are for an answer of the API's
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, url, outgoing.request
        return with_content(answer, b"")

    stand_in(session, note).request(method, url, **kwargs)
    return noted[0]


def with_content(answer: requests.Response, content: bytes) -> requests.Response:
    """Return ``answer`` with its body, read."""
    made: Any = answer
    made.__setstate__({**vars(answer), "_content": content})  # as one comes out of a pickle
    return answer


@functools.lru_cache(maxsize=64)
def _stand_in_for(kind: type[requests.Session]) -> type[requests.Session]:
    class StandIn(kind):  # type: ignore[misc, valid-type]
        __slots__ = ("_beneath", "_depth")  # all else is the session's

        def stand_beneath(self, adapter: BaseAdapter) -> None:
            self._beneath: BaseAdapter = adapter
            self._depth = 0

        def request(self, *args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                return super().request(*args, **kwargs)
            finally:
                self._depth -= 1

        def get_adapter(self, url: str) -> BaseAdapter:
            adapter: BaseAdapter = super().get_adapter(url)
            if self._depth > 1:  # a token request, which the one that is to be sent waits for
                return adapter
            _require_plain(adapter)
            return self._beneath

    return StandIn


def _require_plain(adapter: BaseAdapter) -> None:
    """Refuse an adapter of the caller's own, which would have done it in another way."""
    if type(adapter) not in {HTTPAdapter, Connections}:
        raise ConfigurationError(
            f"data.fetch cannot send requests by {type(adapter).__name__}, which this session has "
            "mounted. Use session.get(…) for these, or a session without it."
        )


class _Beneath(BaseAdapter):
    """What stands where an adapter would."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send

    def send(  # noqa: PLR0913, PLR0917 - requests' own signature
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        answer: Any = self._send(Outgoing(request, timeout, verify, cert, proxies or {}))
        answer.connection = self  # digest authentication asks once more by it
        return cast("requests.Response", answer)

    def close(self) -> None:
        """Nothing is open."""
