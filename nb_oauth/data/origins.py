"""Where pages may lead, and where a token may go with them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from requests.cookies import RequestsCookieJar

from nb_oauth.exceptions import ConfigurationError, PaginationError

if TYPE_CHECKING:
    import requests

__all__ = ["Origins"]

_PORTS = {"http": 80, "https": 443}
_TELLS_NOTHING = frozenset(
    ("accept", "accept-encoding", "accept-language", "connection", "content-type", "user-agent")
)


class Origins:
    """The origins (RFC 6454) that the pages of one run may come from.

    Args:
        url: the first page's address; its origin is the only one that a token goes to, but for
            hosts that a session of ours has among its ``allowed_hosts``.
        allowed: further origins, such as ``"https://eu.api.example"``, or addresses there.

    Raises:
        ConfigurationError: one of them is no origin.
    """

    def __init__(self, url: str, allowed: Iterable[str] = ()) -> None:
        given = (allowed,) if isinstance(allowed, str) else tuple(allowed)
        self._home = _origin(url)
        self._further = {_further(each) for each in given}

    def checked(self, url: str) -> str:
        """Return the address of a page, once it is known that pages may lead there.

        A server behind a proxy may write ``http`` where it is reached by https: that is mended.

        Raises:
            PaginationError: they may not.
        """
        scheme, host, port = origin = _origin(url)
        if origin == self._home or origin in self._further:
            return url
        if scheme == "http" and ("https", host, 443 if port == 80 else port) == self._home:  # noqa: PLR2004 - http's own
            return urlsplit(url)._replace(scheme="https", netloc=_netloc(url)).geturl()
        where = f"{scheme}://{_netloc(url)}"
        raise PaginationError(
            f"The next page is at another origin, {where}. If that is where it ought to be, say "
            f'allowed_origins=["{where}"].'
        )

    def arguments(
        self, session: "requests.Session", url: str, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what ``session.request`` is given for ``url``: elsewhere, nothing that is secret.

        Args:
            session: any of requests'.
            url: a page's address.
            given: what it is given at home.
        """
        if _origin(url) == self._home or _may_have_the_token(session, url):
            return dict(given)
        headers = {**session.headers, **(given.get("headers") or {})}
        withheld = dict.fromkeys(name for name in headers if name.lower() not in _TELLS_NOTHING)
        anonymous = {
            **given,
            "headers": {**(given.get("headers") or {}), **withheld, "Authorization": None},
            "params": dict.fromkeys(cast("Iterable[str]", session.params)),
            "auth": _as_it_is,
        }
        anonymous.pop("cookies", None)
        return {**anonymous, **({"withhold_token": True} if _is_ours(session) else {})}


def _origin(url: str) -> tuple[str, str, int | None]:
    address = urlsplit(url)
    scheme = address.scheme.lower()
    if "\\" in address.netloc:  # ends the host for urllib3, which connects, and not for urlsplit
        return scheme, "", None
    try:
        return scheme, address.hostname or "", address.port or _PORTS.get(scheme)
    except ValueError:  # a port that is none
        return scheme, "", None


def _further(origin: str) -> tuple[str, str, int | None]:
    found = _origin(origin)
    if not found[1] or found[0] not in _PORTS:
        raise ConfigurationError(
            f"{origin!r} in allowed_origins is no origin: write it as "
            '"https://api.example", or "https://api.example:8443".'
        )
    return found


def _netloc(url: str) -> str:
    """Return host and port as they are shown: without a name and password, and no usual port."""
    scheme, host, port = _origin(url)
    name = f"[{host}]" if ":" in host else host
    return name if port in {None, _PORTS.get(scheme)} else f"{name}:{port}"


def _is_ours(session: "requests.Session") -> bool:
    from nb_oauth.session import OAuth2Session

    return isinstance(session, OAuth2Session)


def _may_have_the_token(session: "requests.Session", url: str) -> bool:
    """Tell whether a session of ours has been told that its token may go there."""
    if not _is_ours(session) or session.allowed_hosts is None:  # type: ignore[attr-defined]
        return False
    try:
        session.require_allowed(url)  # type: ignore[attr-defined]
    except ConfigurationError:
        return False
    return True


def _as_it_is(request: "requests.PreparedRequest") -> "requests.PreparedRequest":
    """Stand for an ``auth`` that adds nothing; None would be the session's, or that of a netrc.

    A cookie that was set by hand, as ``session.cookies["name"]``, names no host, and so would go to
    any: it is taken off. One that a host has set goes to that host alone.
    """
    own = RequestsCookieJar()
    for each in vars(request)["_cookies"] or ():  # what its header was made of
        if each.domain:
            own.set_cookie(each)
    request.headers.pop("Cookie", None)
    request.prepare_cookies(own)
    return request
