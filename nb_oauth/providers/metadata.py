"""A provider's metadata, under the names of RFC 8414 §2."""

from dataclasses import dataclass, fields

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.transport import is_secure


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
        jwks_uri: the provider's signing keys (RFC 7517).
        token_endpoint_auth_methods_supported: how a client may authenticate.
        authorization_response_iss_parameter_supported: whether every answer names its issuer
            (RFC 9207 §3); then one that does not is refused. It needs ``issuer``.

    Raises:
        ConfigurationError: an endpoint is neither https nor a loopback address, or answers are
            to name an issuer that is not given.
    """

    name: str
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    revocation_endpoint: str | None = None
    introspection_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    jwks_uri: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            is_address = field.name.endswith(("_endpoint", "_uri")) or field.name == "issuer"
            if is_address and value is not None and not is_secure(value):
                raise ConfigurationError(
                    f"Provider({self.name!r}): {field.name} must be an https address "
                    f"(or http on a loopback address), not {value!r}."
                )

        if self.authorization_response_iss_parameter_supported and self.issuer is None:
            raise ConfigurationError(
                f"Provider({self.name!r}): authorization_response_iss_parameter_supported=True "
                "needs issuer=…, to compare the issuer that an answer names with (RFC 9207 §2.4)."
            )

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
