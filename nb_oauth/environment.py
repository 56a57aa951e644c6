"""What the environment says about requests: which proxies to ask, and which authorities to trust.

requests looks this up anew for each request, and goes through every variable to do so: a third to
two thirds of what a request costs. Here it is looked up once, by requests' own functions, and again
as soon as any variable has changed. Where a system keeps its proxies elsewhere (macOS, Windows) and
the environment names none, nobody can tell whether they changed, so they are looked up as ever.

requests' other look-up, of a password in ``~/.netrc``, would put that in a token's place.
requests-oauthlib's session leaves it out; here it is left out after a redirect as well.
"""

import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

import requests
import requests.utils
from requests import sessions

_merge: Any = sessions.merge_setting

# requests sets no_proxy for a moment where a caller's proxies= has it, in whatever thread: what was
# found in that moment must not stay.
_LONGEST = 1.0  # seconds
_MOST_HOSTS = 1_000


class Settings(NamedTuple):
    """What the environment says about requests to one host."""

    proxies: Mapping[str, str]
    """Proxy addresses, by what requests knows them by: a scheme, or a scheme and a host."""
    authorities: str | None
    """The path of the certificates to trust, if any is named."""


class _Answers:
    """What was found while the environment was as it is in ``variables``."""

    def __init__(self, variables: Mapping[Any, Any]) -> None:
        self.variables = dict(variables)
        self.ends_at = time.monotonic() + _LONGEST
        self.by_host: dict[str, Settings] = {}

    def are_current(self) -> bool:
        return self.variables == _variables() and time.monotonic() < self.ends_at


class Environment:
    """What the environment says, remembered until a variable changes."""

    def __init__(self) -> None:
        self._answers = _Answers({})

    def settings_for(self, url: str) -> Settings:
        """Return what the environment says about a request to ``url``: what requests would find.

        Raises:
            ValueError: ``url`` is none.
        """
        answers = self._answers
        if not answers.are_current():
            answers = self._answers = _Answers(_variables())
        host = urlsplit(url).netloc
        known = answers.by_host.get(host)
        return _look_up(url, host, answers) if known is None else known


_environment = Environment()


def _look_up(url: str, host: str, answers: _Answers) -> Settings:
    found = Settings(
        requests.utils.get_environ_proxies(url, no_proxy=None),
        os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"),
    )
    if _can_be_remembered() and answers.are_current():  # else it changed meanwhile
        if len(answers.by_host) >= _MOST_HOSTS:
            answers.by_host.clear()
        answers.by_host[host] = found
    return found


def _variables() -> Mapping[Any, Any]:
    """Return the environment as cheaply as it can be compared with a copy.

    What ``os.environ`` keeps it in needs no decoding. A mapping that took its place (in a test) is
    compared itself.
    """
    variables: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
    return variables


def _can_be_remembered() -> bool:
    """Tell whether the variables alone decide: no system, and not the order they were set in.

    Where the environment names a proxy, no system is asked. Of two names that differ in case the
    one in lower case counts; of two odd ones, such as ``Http_Proxy``, the one that was set last.
    """
    asked: Any = vars(requests.utils)["getproxies"]
    if asked is not getproxies_environment and not getproxies_environment():
        return False
    names = [name for name in os.environ if name.lower().endswith("_proxy")]
    is_odd = any(name not in {name.lower(), name.upper()} for name in names)
    return not is_odd or len({name.lower() for name in names}) == len(names)


class EnvironmentSession(requests.Session):
    """A session that remembers what the environment says, until it says something else."""

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Return the settings of a request: its own, else the session's, else the environment's.

        What requests' method returns, only quicker; and ``proxies`` stays as it is.
        """
        if not self.trust_env or proxies is None or proxies.get("no_proxy") is not None:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        found = _environment.settings_for(url)
        if verify is True or verify is None:
            verify = found.authorities or verify
        return {
            "proxies": self._merged_proxies({**proxies, **found.proxies, **proxies}),
            "stream": _merge(stream, self.stream),
            "verify": _merge(verify, self.verify),
            "cert": _merge(cert, self.cert),
        }

    def _merged_proxies(self, proxies: dict[str, Any]) -> Mapping[str, Any]:
        if proxies or self.proxies:
            merged: Mapping[str, Any] = _merge(proxies, self.proxies)
            return merged
        return proxies

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Let go of a token where a redirect leads to another host, and keep it where it does not.

        requests does the former; in the latter it puts what ``~/.netrc`` has in its place.
        """
        requests_own: Any = super()
        headers, url = prepared_request.headers, prepared_request.url
        token = headers.get("Authorization")
        requests_own.rebuild_auth(prepared_request, response)
        if token and not requests_own.should_strip_auth(response.request.url, url):
            headers["Authorization"] = token
