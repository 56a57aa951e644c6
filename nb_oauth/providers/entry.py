"""What is known of one provider: the data of one file in ``entries/``, or of another package.

``entry.schema.json`` says what an entry may hold, and the tests hold ours to it. Here it is only
read, so that a mistake in another package's is told in words.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers.metadata import Provider
from nb_oauth.transport import is_secure

_GRANT_TYPES = {"device_code": "urn:ietf:params:oauth:grant-type:device_code"}
Loopback = Literal["any port", "exact", "none"]


@dataclass(frozen=True)
class GrantUse:
    """How a provider lets a grant be used.

    Args:
        secret: whether it gives a token to none but an app with a secret, PKCE or not.
        extra: what to send with the request that begins this grant, unless the caller says
            otherwise, such as ``{"access_type": "offline"}``.
        own_app: whether it is for apps of a kind that can use no other grant.
    """

    secret: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)
    own_app: bool = False


@dataclass(frozen=True)
class SharedClient:
    """A public client that a provider has registered for everybody, and the grant it is for."""

    client_id: str
    grant: str


@dataclass(frozen=True)
class ProviderEntry:
    """What is known of a provider.

    Args:
        name: what people call it, shown in the widget.
        aliases: further short names it is known by.
        metadata: arguments of its ``Provider``, under the names of RFC 8414 §2.
        addresses: its issuers, where one of them is passed instead of a name; ``*`` stands for
            what each tenant has of its own, and never for a ``/``.
        api_hosts: the hosts of its APIs; None where it cannot be said which.
        scopes: the scope values that people need, and what each lets an app do.
        grants: the grants that work, by their names in :func:`nb_oauth.login`.
        redirect_uri: what to register, and where to be sent back to unless the client says
            otherwise.
        lasting_tokens: whether its access tokens do not end by themselves, and it gives no refresh
            token.
        loopback: which ports it takes in a loopback redirect URI: ``"any port"``, ``"exact"``
            for the registered one, or ``"none"``.
        register: the page where an app is registered.
        documentation: the pages of its documentation that all this is taken from.
        notes: what to know besides, a sentence or two each.
        quirks: the rules of :mod:`nb_oauth.quirks` that it needs.
        client: a client that it has registered for everybody.
        module: the module of ours that makes its ``Provider``, in place of metadata.
    """

    name: str
    aliases: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    api_hosts: tuple[str, ...] | None = None
    scopes: Mapping[str, str] = field(default_factory=dict)
    grants: Mapping[str, GrantUse] = field(default_factory=dict)
    redirect_uri: str | None = None
    lasting_tokens: bool = False
    loopback: Loopback = "any port"
    register: str | None = None
    documentation: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()
    client: SharedClient | None = None
    module: str | None = None

    def provider(self) -> Provider:
        """Return the provider, where one entry is for one provider.

        Raises:
            ConfigurationError: each tenant has an address of its own, or the metadata will not do.
        """
        if not self.metadata:
            several = [repr(one.replace("*", "<yours>")) for one in self.addresses[:2]]
            which = " or ".join(several)
            raise ConfigurationError(
                f"{self.name} has an address for each tenant: pass yours, {which}, with or "
                "without the https:// before it."
            )
        grants = [_GRANT_TYPES.get(grant, grant) for grant in self.grants]
        return Provider(
            self.name,
            **{"grant_types_supported": grants or None, **self.metadata},
            api_hosts=self.api_hosts,
            quirks=self.quirks,
        )

    def use_of(self, grant: str) -> GrantUse:
        """Return how ``grant`` is used there."""
        return self.grants.get(grant, GrantUse())

    @property
    def with_secret(self) -> frozenset[str]:
        """The grants that no app without a secret gets a token by."""
        return frozenset(name for name, use in self.grants.items() if use.secret)


UNKNOWN = ProviderEntry("")
"""The entry of a provider of which nothing is known."""


def read_entry(members: object) -> ProviderEntry:
    """Return an entry made of ``members``, a mapping as it stands in a file.

    Raises:
        ConfigurationError: a member is unknown, missing or of another kind.
    """
    if not isinstance(members, Mapping):
        raise ConfigurationError(f"an entry is a mapping, not {type(members).__name__}")
    if unknown := sorted(str(one) for one in set(members) - set(_READERS)):
        raise ConfigurationError(f"no entry has {', '.join(unknown)}")
    read = {name: _read(name, value) for name, value in members.items()}
    if not read.get("name"):
        raise ConfigurationError("name is missing")
    if not (read.get("metadata") or read.get("addresses") or read.get("module")):
        raise ConfigurationError("it has neither metadata nor addresses")
    return ProviderEntry(**read)


def _read(name: str, value: object) -> Any:  # noqa: ANN401 - of each member's kind
    try:
        return _READERS[name](value)
    except ValueError as error:
        raise ConfigurationError(f"{name} must be {error}, not {value!r}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text")  # noqa: TRY004 - as every reader
    return value


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - any kind, as every reader
    several = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    if not several or not all(isinstance(one, str) for one in value):
        raise ValueError("several texts")
    return tuple(value)


def _address(value: object) -> str:
    if not isinstance(value, str) or not is_secure(value):
        raise ValueError("an https address (or http on a loopback address)")
    return value


def _addresses(value: object) -> tuple[str, ...]:
    return tuple(_address(one) for one in _texts(value))


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError("a mapping of names")
    return dict(value)


def _text_by_name(value: object) -> Mapping[str, str]:
    mapping = _mapping(value)
    if not all(isinstance(one, str) for one in mapping.values()):
        raise ValueError("a mapping of names to texts")
    return mapping


def _grants(value: object) -> Mapping[str, GrantUse]:
    return {name: _grant_use(use) for name, use in _mapping(value).items()}


def _grant_use(value: object) -> GrantUse:
    use = _mapping(value)
    said = {name: use.get(name, False) for name in ("secret", "own_app")}
    if set(use) - {*said, "extra"} or not all(isinstance(one, bool) for one in said.values()):
        raise ValueError("a mapping of grants to {'secret': …, 'extra': …, 'own_app': …}")
    return GrantUse(extra=_text_by_name(use.get("extra", {})), **said)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - as every reader
    return value


def _loopback(value: object) -> Loopback:
    if value == "any port" or value == "exact" or value == "none":  # noqa: PLR1714 - so types see it
        return value
    raise ValueError("'any port', 'exact' or 'none'")


def _shared_client(value: object) -> SharedClient:
    mapping = _text_by_name(value)
    if set(mapping) != {"client_id", "grant"}:
        raise ValueError("{'client_id': …, 'grant': …}")
    return SharedClient(**mapping)


_READERS: dict[str, Callable[[object], Any]] = {
    "name": _text,
    "aliases": _texts,
    "metadata": _mapping,
    "addresses": _addresses,
    "api_hosts": _texts,
    "scopes": _text_by_name,
    "grants": _grants,
    "redirect_uri": _address,
    "lasting_tokens": _truth,
    "loopback": _loopback,
    "register": _address,
    "documentation": _addresses,
    "notes": _texts,
    "quirks": _texts,
    "client": _shared_client,
    "module": _text,
}
