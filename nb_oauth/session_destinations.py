"""The part of a session that knows where its token may go.

Everywhere it goes over https, or to a loopback address. A session may be told the hosts besides.
Where a redirect leads to another host, port or scheme the token stays behind, wherever in the
request it was.
"""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from nb_oauth import attachment, log_masking
from nb_oauth.device_authorization import DeviceRequests
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.masking import mask_error
from nb_oauth.transport import require_secure

if TYPE_CHECKING:
    from typing_extensions import Self

    from nb_oauth.allowed_hosts import AllowedHosts
    from nb_oauth.providers import Provider

_FORM = "application/x-www-form-urlencoded"
_LONG_ENOUGH = 8  # characters; shorter ones, in tests, may be part of any word


class Destinations(DeviceRequests):
    """The part of a session that knows where its token may go."""

    _given_hosts: "AllowedHosts | None" = None
    _hosts_of: "tuple[Provider, AllowedHosts] | None" = None
    """What the provider's own list comes to, and whose it is."""
    _former_access_token: str = ""
    """The one before, which a request under way may have been sent with."""

    @property
    def allowed_hosts(self) -> tuple[str, ...] | None:
        """The hosts that the token may go to, as they were given; None for any.

        Set it to a list such as ``["api.example", "*.example.org", "localhost:8443"]``: a host
        alone is meant with any port, ``"*.example.org"`` is every host below, ``"*"`` every host.
        It outranks the provider's own list (``Provider.api_hosts``), which None brings back. The
        provider's own endpoints are always among them.
        """
        if self._given_hosts is not None:
            return self._given_hosts.given
        return self.provider.api_hosts if self.provider else None

    @allowed_hosts.setter
    def allowed_hosts(self, hosts: Iterable[str] | None) -> None:
        provider = self.provider
        endpoints = () if provider is None else _endpoints(provider)
        self._given_hosts = None if hosts is None else _read(hosts, endpoints)

    def require_allowed(self, url: str) -> None:
        """Refuse an address that the token may not go to; for whoever sends it by other means.

        Args:
            url: where a request with the token is to go.

        Raises:
            InsecureTransportError: it is neither https nor on a loopback address.
            ConfigurationError: its host is not among ``allowed_hosts``.
        """
        require_secure(url)
        if not self._may_have_token(url):
            raise _not_allowed(url, self.allowed_hosts or ())

    def _may_have_token(self, url: str) -> bool:
        hosts = self._hosts
        return hosts is None or hosts.has(url)

    @property
    def _hosts(self) -> "AllowedHosts | None":
        provider = self.provider
        if self._given_hosts is not None or provider is None or provider.api_hosts is None:
            return self._given_hosts
        if self._hosts_of is None or self._hosts_of[0] is not provider:
            self._hosts_of = provider, _read(provider.api_hosts, _endpoints(provider))
        return self._hosts_of[1]

    # -- a request -------------------------------------------------------------------------

    def _require_destination(
        self, url: str, headers: Any, auth: object, *, withhold_token: bool
    ) -> None:
        """Refuse a request that would take the token where it may not go."""
        require_secure(url)
        hosts = self._hosts
        if hosts is None or withhold_token or hosts.has(url):
            return
        if attachment.is_wanted(self._client, headers, auth):  # else a hook may: see _protected
            raise _not_allowed(url, self.allowed_hosts or ())

    @property
    def _protecting(self) -> set[Any]:
        return self.compliance_hook["protected_request"]

    def _protected(self, url: str, headers: Any, data: Any) -> tuple[str, Any, Any]:
        """Return a request as the caller's hooks would have it, if it may still go there."""
        for hook in self._protecting:
            url, headers, data = hook(url, headers, data)
        if self._protecting:
            self.require_allowed(url)
        return url, headers, data

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send ``request``; an error of requests' quotes no token, wherever in it that is."""
        callers = sys.exc_info()[1]
        try:
            return super().send(request, **kwargs)
        except requests.RequestException as error:
            mask_error(error, self._secrets_held(), up_to=callers)
            raise

    # -- a redirect ------------------------------------------------------------------------

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Leave the token behind where a redirect leads elsewhere, as requests does its header.

        requests looks at ``Authorization`` only. A provider, or a hook of the caller's, may want
        the token in another header, in the query or in a form, which 307 and 308 have sent again.
        """
        here, there = str(response.request.url), str(prepared_request.url)
        should_strip: Callable[[str, str], bool] = self.should_strip_auth
        # From where no token may go, there is none to leave behind: what there is is the caller's.
        is_led_out = self._may_have_token(here) and not self._may_have_token(there)
        if should_strip(here, there) or is_led_out:
            leave_behind(prepared_request, self._tokens_sent)
        super().rebuild_auth(prepared_request, response)

    @property
    def _tokens_sent(self) -> set[str]:
        token, client = self.token, self._client
        sent = (token.get("access_token"), token.get("refresh_token"), client.access_token)
        return {str(one) for one in (*sent, self._former_access_token) if one}

    # -- a log -----------------------------------------------------------------------------

    def __new__(cls, *_: Any, **__: Any) -> "Self":
        """Make a session, by its constructor or as a copy, whose secrets no log shows."""
        session = super().__new__(cls)
        log_masking.watch(session, cls._secrets_held)
        return session

    def _secrets_held(self) -> list[str]:
        """Return the tokens, the client's secret, and state and verifier of what is under way."""
        if "_client" not in vars(self):  # it is being made
            return []
        secret = self._registered.client_secret if self._registered else None
        others = (self.token.get("id_token"), secret, self._state, self._code_verifier)
        return [*self._tokens_sent, *(str(one) for one in others if one)]


def leave_behind(request: requests.PreparedRequest, secrets: set[str]) -> None:
    """Take ``secrets`` out of a request: its headers, its query and the form in its body."""
    request.headers.pop("Authorization", None)
    for name in [name for name, value in request.headers.items() if _holds(value, secrets)]:
        del request.headers[name]
    url = str(request.url)
    query = urlsplit(url).query
    left = _without(query, secrets)
    if left != query:
        request.url = urlsplit(url)._replace(query=left).geturl()
    _leave_out_of_body(request, secrets)


def _leave_out_of_body(request: requests.PreparedRequest, secrets: set[str]) -> None:
    body = request.body
    if not isinstance(body, str | bytes):  # a stream of the caller's, which no token was put into
        return
    text = body if isinstance(body, str) else body.decode("latin-1")
    # oauthlib, which puts the token into a form, does not say that it is one.
    is_form = str(request.headers.get("Content-Type", _FORM)).startswith(_FORM)
    left = _without(text, secrets) if is_form else _blanked(text, secrets)
    if left != text:
        request.body = left if isinstance(body, str) else left.encode("latin-1")
        request.prepare_content_length(request.body)


def _without(form: str, secrets: set[str]) -> str:
    """Return ``form``, as it was where it holds no secret, else without the members that do."""
    members = parse_qsl(form, keep_blank_values=True)
    left = [(name, value) for name, value in members if value not in secrets]
    return form if len(left) == len(members) else urlencode(left)


def _blanked(text: str, secrets: set[str]) -> str:
    for secret in secrets:
        if len(secret) >= _LONG_ENOUGH:
            text = text.replace(secret, "")
    return text


def _holds(value: str | bytes, secrets: set[str]) -> bool:
    text = value if isinstance(value, str) else value.decode("latin-1")
    return any(text == one or (one in text and len(one) >= _LONG_ENOUGH) for one in secrets)


def _read(entries: Iterable[str], endpoints: Iterable[str]) -> "AllowedHosts":
    from nb_oauth.allowed_hosts import AllowedHosts

    return AllowedHosts.read(entries, endpoints)


def _endpoints(provider: "Provider") -> list[str]:
    """Return the addresses that are the provider's own: its issuer and its endpoints."""
    from dataclasses import fields

    names = ["issuer", *(one.name for one in fields(provider) if one.name.endswith("_endpoint"))]
    named = (getattr(provider, name) for name in names)
    return [url for url in (*named, *provider.mtls_endpoint_aliases.values()) if url]


def _not_allowed(url: str, allowed: tuple[str, ...]) -> ConfigurationError:
    from nb_oauth.allowed_hosts import place_of

    host, _ = place_of(url) or ("a host with no name", None)
    return ConfigurationError(
        f"The token does not go to {host}: it is not among the allowed_hosts of this session "
        f"({', '.join(allowed) or 'none'}). If it belongs there, set session.allowed_hosts = "
        f"[{', '.join(map(repr, (*allowed, host)))}]. To ask without the token, pass "
        "withhold_token=True."
    )
