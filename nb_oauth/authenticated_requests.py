"""Which client asks: its credentials, its certificate, and where it goes with that (RFC 8705)."""

import contextlib
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from nb_oauth.authorization_requests import AuthorizationRequests
from nb_oauth.exceptions import ConfigurationError, TokenError, in_terms_of
from nb_oauth.token_responses import unreachable

if TYPE_CHECKING:
    from nb_oauth.certificates import Cert

# Where an app goes by itself: not the authorization endpoint, where people go.
_ENDPOINTS = (
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
)


class AuthenticatedRequests(AuthorizationRequests):
    """The part of a session that shows a provider which client asks."""

    # -- the certificate -------------------------------------------------------------------

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send ``request``, with the client's certificate where that belongs.

        A server learns from it who somebody is, so it goes where the credentials go: to the
        provider, and along with a token, for the resource that it may be bound to (RFC 8705 §3).
        Where a redirect leads to another host, requests drops the token, and this the certificate.

        Raises:
            ConfigurationError: the certificate cannot be read, or is not good now.
        """
        cert = kwargs.setdefault("cert", self.cert)
        mine = self._certificate
        if mine is not None and cert in (None, mine):
            cert = mine if self._may_show_certificate(request) else None
        if cert is not None and str(request.url).lower().startswith("https:"):
            from nb_oauth import certificates

            cert = certificates.as_cert(cert)
            certificates.require_usable(cert)
        kwargs["cert"] = cert
        return super().send(request, **kwargs)

    def merge_environment_settings(
        self,
        url: Any,
        proxies: Any,
        stream: Any,
        verify: Any,
        cert: Any,
    ) -> Any:
        """Let ``session.verify``, once it is set, outrank what the environment says to trust."""
        if self.provider is not None and verify is None and self.verify is not True:
            verify = self.verify
        return super().merge_environment_settings(url, proxies, stream, verify, cert)

    @property
    def _certificate(self) -> "Cert | None":
        return self._registered.cert if self._registered else None

    def _address(self, url: str) -> str:
        """Return where a client that shows a certificate goes instead of ``url`` (RFC 8705 §5)."""
        if self.provider is None or self._certificate is None:
            return url
        for name, alias in self.provider.mtls_endpoint_aliases.items():
            if getattr(self.provider, name, None) == url:
                return alias
        return url

    def _may_show_certificate(self, request: requests.PreparedRequest) -> bool:
        if "Authorization" in request.headers or self.provider is None:
            return True
        named = (getattr(self.provider, name) for name in _ENDPOINTS)
        aliases = self.provider.mtls_endpoint_aliases.values()
        hosts = {urlsplit(url).netloc for url in (*named, *aliases) if url}
        return urlsplit(str(request.url)).netloc in hosts

    def _shown(self, url: str, cert: "Cert | None") -> str:
        """Say which certificate was shown at ``url``, where one was."""
        cert = cert or self.cert or self._certificate
        if not cert or url[:6].lower() != "https:":
            return ""
        from nb_oauth.certificates import describe

        return describe(cert)

    # -- asking ----------------------------------------------------------------------------

    def _send(
        self,
        method: str,
        url: str,
        arguments: MutableMapping[str, Any],
        endpoint: str = "token endpoint",
    ) -> requests.Response:
        """Send what a client asks, without the token; ``endpoint`` is what an error calls it."""
        url = self._address(url)
        try:
            with _as_token_errors():
                return self.request(method=method, url=url, withhold_token=True, **arguments)
        except (requests.HTTPError, requests.exceptions.InvalidJSONError):
            raise  # there was an answer, and a hook of the caller's own refused it
        except requests.RequestException as error:
            if self.provider is None:
                raise
            certificate = self._shown(url, arguments.get("cert"))
            raise unreachable(error, url, certificate, endpoint) from None

    # -- the credentials -------------------------------------------------------------------

    def _own_authentication(self) -> tuple[AuthBase | None, bool | None, dict[str, str]]:
        """Return how the ``Client`` of an opened session authenticates (RFC 6749 §2.3).

        That is: for the header; whether the body has the ``client_id``; what else it has.
        """
        if self._registered is None or self.provider is None:
            return None, None, {}
        from nb_oauth.client_authentication import authenticate

        with _as_token_errors():
            mine = authenticate(self._registered, self.provider)
        parameters = dict(mine.parameters)
        return mine.auth, parameters.pop("client_id", None) is not None, parameters

    def _client_authentication(
        self, parameters: dict[str, Any]
    ) -> tuple[AuthBase | None, dict[str, Any]]:
        auth, in_body, further = self._own_authentication()
        named = {"client_id": self.client_id} if in_body else {}
        return auth, {**parameters, **named, **further}

    def _authentication(
        self, auth: Any, include_client_id: bool | None, client_secret: str | None
    ) -> tuple[Any, bool | None]:
        """Choose as requests-oauthlib does: ``auth``, else the body if told to, else Basic."""
        if auth is not None:
            return auth, bool(include_client_id)
        if include_client_id is not True and self.client_id:
            return HTTPBasicAuth(self.client_id, client_secret or ""), include_client_id
        return None, include_client_id


@contextlib.contextmanager
def _as_token_errors() -> Iterator[None]:
    """Let a key or certificate that will not do be a failure to get a token as well.

    So a renewal ahead of time that fails for it leaves the token that still lives in use.
    """
    try:
        yield
    except ConfigurationError as error:
        raise in_terms_of(TokenError, error, str(error)) from None
