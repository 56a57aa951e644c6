"""Which endpoints an app's secret goes to, and whether they are one server's."""

from urllib.parse import urlsplit

from nb_oauth.providers.metadata import Provider

# Where an app authenticates as it does there (RFC 8628 §3.1, RFC 7009 §2.1, RFC 7662 §2.1).
_BESIDE = ("device_authorization_endpoint", "revocation_endpoint", "introspection_endpoint")


def are_one_servers(provider: Provider) -> bool:
    """Tell whether every endpoint that an app's secret goes to is on the token endpoint's server.

    What a person has kept for a token endpoint may go there, and to no server that a notebook
    names beside it. Without a token endpoint there is nothing that it could be kept for.
    """
    if provider.token_endpoint is None:
        return False
    others = (getattr(provider, name) for name in _BESIDE)
    server = _server(provider.token_endpoint)
    return all(_server(one) == server for one in others if one is not None)


def _server(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.lower()
