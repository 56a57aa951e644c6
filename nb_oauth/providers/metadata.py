"""A provider's metadata, under the names of RFC 8414 §2."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from nb_oauth import quirks
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers.members import EndpointAliases, reader


@dataclass(frozen=True)
class Provider:
    """An authorization server: who it is and where its endpoints are (RFC 8414 §2).

    Args:
        name: what people call it, shown in the widget.
        issuer: its issuer identifier. Where given, an answer that names another issuer is
            refused (RFC 9207).
        authorization_endpoint: where a person signs in and consents (RFC 6749 §3.1).
        token_endpoint: where a grant is exchanged for a token (RFC 6749 §3.2).
        device_authorization_endpoint: where a device code is asked for (RFC 8628 §3.1).
        revocation_endpoint: where a token is taken back (RFC 7009).
        introspection_endpoint: where a token is looked up (RFC 7662).
        userinfo_endpoint: where OpenID Connect tells who signed in.
        end_session_endpoint: where a person signs out (OpenID Connect RP-Initiated Logout §2.1).
        jwks_uri: the provider's signing keys (RFC 7517).
        grant_types_supported: the grants it offers. None where it does not say.
        response_types_supported: what its authorization endpoint may answer with.
        scopes_supported: scope values that may be asked for; there may be more.
        code_challenge_methods_supported: the PKCE methods it takes (RFC 7636 §4.3).
        id_token_signing_alg_values_supported: how it signs ID tokens (OpenID Connect Discovery
            §3).
        token_endpoint_auth_methods_supported: how a client may authenticate.
        token_endpoint_auth_signing_alg_values_supported: how a client may sign the JWT that
            authenticates it (RFC 7523).
        mtls_endpoint_aliases: where a client that shows a certificate goes instead, by the name
            of the endpoint (RFC 8705 §5).
        tls_client_certificate_bound_access_tokens: whether a token may be bound to the
            certificate that it was asked for with (RFC 8705 §3.3).
        authorization_response_iss_parameter_supported: whether every answer names its issuer
            (RFC 9207 §3); then one that does not is refused. It needs ``issuer``.
        api_hosts: the hosts of its APIs, such as ``"api.example"``, or ``"*.example"`` for every
            host below; of ours, in no document. Where given, tokens go to these and to the
            provider's own endpoints only.
        quirks: what it does otherwise than the standards say, by the names of the rules in
            :mod:`nb_oauth.quirks`; of ours, in no document.

    Raises:
        ConfigurationError: an endpoint is neither https nor a loopback address, a value is of
            another kind, or answers are to name an issuer that is not given.
    """

    name: str
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    revocation_endpoint: str | None = None
    introspection_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    jwks_uri: str | None = None
    grant_types_supported: tuple[str, ...] | None = None
    response_types_supported: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] | None = None
    mtls_endpoint_aliases: Mapping[str, str] = EndpointAliases()
    tls_client_certificate_bound_access_tokens: bool = False
    authorization_response_iss_parameter_supported: bool = False
    api_hosts: tuple[str, ...] | None = None
    quirks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.default is None:
                continue
            try:
                kept = reader(field.name, field.default)(value)
            except ValueError as error:
                raise ConfigurationError(
                    f"Provider({self.name!r}): {field.name} must be {error}, not {value!r}."
                ) from None
            object.__setattr__(self, field.name, kept)

        quirks.require_known(self.quirks)
        if self.authorization_response_iss_parameter_supported and self.issuer is None:
            raise ConfigurationError(
                f"Provider({self.name!r}): authorization_response_iss_parameter_supported=True "
                "needs issuer=…, to compare the issuer that an answer names with (RFC 9207 §2.4)."
            )

    @classmethod
    def discover(cls, issuer: str, *, name: str | None = None, refresh: bool = False) -> "Provider":
        """Ask a provider what it says of itself (RFC 8414, OpenID Connect Discovery).

        The answer counts for a day, in this kernel and the next. A redirect is followed within
        the provider's own host and port only.

        Args:
            issuer: the issuer identifier, such as ``"https://accounts.example/"``; or the address
                of a metadata document, such as
                ``"https://accounts.example/.well-known/openid-configuration"``.
            name: what people call the provider; None takes the host of the issuer.
            refresh: ask again, whatever was answered before.

        Raises:
            ConfigurationError: ``issuer`` is neither, publishes no metadata, or what it publishes
                cannot be used; the message says what to pass instead.
            OAuthError: the provider cannot be reached, or is out of order. The error is
                requests' as well, such as ``requests.ConnectTimeout``.
        """
        from nb_oauth.providers.discovery import discover

        return cls(**discover(issuer, name, METADATA, refresh=refresh))

    def require(self, endpoint: str) -> str:
        """Return the address of ``endpoint``, such as ``"token_endpoint"``.

        Raises:
            ConfigurationError: this provider has none.
        """
        address = getattr(self, endpoint)
        if address is None:
            raise ConfigurationError(
                f"Provider({self.name!r}) has no {endpoint}: give {endpoint}=… as the "
                "provider's documentation states it."
            )
        return str(address)


_OURS = {"name", "api_hosts", "quirks"}
METADATA = {field.name: field.default for field in fields(Provider) if field.name not in _OURS}
"""What a provider may state of itself (RFC 8414 §2), and what holds where it does not."""
