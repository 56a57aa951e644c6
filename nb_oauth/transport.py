"""Where a secret may travel: over https, or over loopback on this machine (RFC 8252 §7.3, §8.3)."""

import functools
import ipaddress
import re
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import requests

from nb_oauth.exceptions import InsecureTransportError, OAuthError, in_terms_of

_E = TypeVar("_E", bound=OAuthError)
_OTHERWISE = "a token would travel in the open. Use the https address of this server."
_ADVICE_ON_TRUST = (
    "Its certificate is from nobody that is trusted here. For a company's own authority, set "
    "REQUESTS_CA_BUNDLE (or the verify of a session) to the path of its certificate."
)


def is_loopback(host: str | None) -> bool:
    """Tell whether ``host`` names this machine: ``localhost``, ``127.0.0.0/8`` or ``::1``."""
    if host is None:
        return False
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_secure(url: str) -> bool:
    """Tell whether ``url`` is https, or http to a loopback address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return _is_secure(parts.scheme, parts.netloc)


@functools.lru_cache(maxsize=256)  # asked several times a request
def _is_secure(scheme: str, netloc: str) -> bool:
    if "\\" in netloc:  # ends the host for urllib3, which connects, and not for urlsplit
        return False
    host = SplitResult(scheme, netloc, "", "", "").hostname
    if scheme == "https":
        return bool(host)
    return scheme == "http" and is_loopback(host)


def is_loopback_http(url: str) -> bool:
    """Tell whether ``url`` is http to a loopback address: safe only while it stays here."""
    return url[:5].lower() == "http:" and is_secure(url)


class DirectLoopback(requests.Session):
    """A session that never asks a proxy for http on a loopback address.

    A proxy would get everything in clear text, over the network, for an address that it cannot
    reach: its loopback is another machine's. So no proxy is asked, whether it is named by the
    environment, by ``session.proxies`` or by ``proxies=``. Other addresses keep theirs.
    """

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        """Send ``request``: every one comes by here, those that follow a redirect too."""
        url = request.url or ""
        if is_loopback_http(url):
            proxies = kwargs.setdefault("proxies", self.proxies)  # else requests asks for more
            if proxies:
                # The most specific key wins; the others are for where a redirect leads.
                kwargs["proxies"] = {**proxies, f"http://{urlsplit(url).hostname}": None}
            request.headers.pop("Proxy-Authorization", None)  # requests adds it at a redirect
        return super().send(request, **kwargs)


def require_secure(url: str, otherwise: str = _OTHERWISE) -> None:
    """Refuse a URL over which a secret would travel in the open.

    Args:
        url: where something is to go.
        otherwise: what comes of it, and what to do instead.

    Raises:
        InsecureTransportError: ``url`` is neither https nor loopback http, or no whole address.
    """
    if is_secure(url):
        return
    place = repr(_without_secrets(url))
    if not re.match(r"\s*[a-z][a-z\d+.-]*://", url, re.IGNORECASE):
        raise InsecureTransportError(f"{place} is no whole address: one begins with https://host/.")
    raise InsecureTransportError(f"{place} is neither https nor a loopback address, so {otherwise}")


def out_of_reach(
    ours: type[_E],
    error: requests.RequestException,
    url: str,
    said: str,
    advice: str,
    **details: object,
) -> _E:
    """Return the error to raise where no answer came, which is requests' own as well.

    Args:
        ours: the class of it.
        error: what requests raised; it may quote a whole address.
        url: what was asked, of which only host and port are said.
        said: what that means, with ``{host}`` in it.
        advice: what to do next, unless the certificate of the server is not trusted.
        details: what else ``ours`` takes.
    """
    kinds = (
        kind for kind in type(error).__mro__ if kind.__module__ == requests.exceptions.__name__
    )
    kind: type[requests.RequestException] = next(kinds)
    what = said.format(host=urlsplit(url).netloc.rpartition("@")[2])
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        advice = _ADVICE_ON_TRUST
    return in_terms_of(ours, kind(), f"{what} ({kind.__name__}). {advice}", **details)


def as_https(url: str) -> str:
    """Return ``url`` with ``https`` in place of loopback ``http``, for oauthlib's eyes only.

    oauthlib refuses every http URL unless a process-wide environment variable opens all of
    them. Loopback http is as safe as https (RFC 8252 §8.3), so the URLs checked here are
    passed to it in this form; nothing is ever sent to the returned address.
    """
    require_secure(url)
    return "https" + url[4:] if url[:5].lower() == "http:" else url


def with_scheme_of(url: str, made: str) -> str:
    """Return ``made``, which oauthlib built on ``as_https(url)``, with the scheme of ``url``."""
    return url.partition(":")[0] + ":" + made.partition(":")[2]


def _without_secrets(url: str) -> str:
    """Return ``url`` without user, password, query and fragment."""
    place = url.partition("#")[0].partition("?")[0]
    scheme, mark, rest = place.partition("://")
    authority, slash, path = rest.partition("/")
    return scheme + mark + authority.rpartition("@")[2] + slash + path
