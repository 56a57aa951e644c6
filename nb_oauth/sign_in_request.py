"""What one call of ``login()`` asks for, and what is good for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nb_oauth import tokens
from nb_oauth.clients import Client
from nb_oauth.exceptions import OAuthError
from nb_oauth.grant_choice import OF_A_PERSON
from nb_oauth.logins import (
    AuthorizationCodeLogin,
    Chosen,
    ClientCredentialsLogin,
    ClientQuestion,
    DeviceLogin,
    ImplicitLogin,
    Login,
    PasswordLogin,
    words,
)
from nb_oauth.providers import Provider
from nb_oauth.redirects.ways import ANY_LOOPBACK_PORT
from nb_oauth.session import OAuth2Session
from nb_oauth.stores import TokenStore
from nb_oauth.tokens import TokenKey
from nb_oauth.variables import Variables

LOGINS: dict[str, type[Login]] = {
    "authorization_code": AuthorizationCodeLogin,
    "client_credentials": ClientCredentialsLogin,
    "device_code": DeviceLogin,
    "implicit": ImplicitLogin,
    "password": PasswordLogin,
}
"""The widget for each grant."""

UNDECIDED = "undecided"
"""The grant, where nobody named one, until it is known what the app can do."""

_WITH_TOKEN_EXTRA = {"client_credentials", "password"}


@dataclass(frozen=True)
class SignInRequest:
    """What one call of ``login()`` asks for."""

    provider: Provider
    client: Client
    scope: tuple[str, ...]
    extra: tuple[tuple[str, str], ...]
    account: str | None
    grant: str
    store: TokenStore | None = field(default=None, compare=False)
    allowed_hosts: tuple[str, ...] | None = field(default=None, compare=False)
    why: str = field(default="", compare=False)
    remark: str = field(default="", compare=False)
    variables: Variables = field(default=Variables("", has_endpoint=False), compare=False)
    question: ClientQuestion | None = field(default=None, compare=False)
    loopback_uri: str = field(default=ANY_LOOPBACK_PORT, compare=False)
    """Which loopback redirect URI the provider takes, for an app that does not say its own."""
    otherwise: "SignInRequest | None" = field(default=None, compare=False)
    """What to do instead where no browser can bring the answer back."""
    refusal: OAuthError | None = field(default=None, compare=False)
    """Why nobody can sign in by this; a session may be had without."""

    @property
    def key(self) -> TokenKey:
        """What the session that comes of it will be known by."""
        return self._key_by(self.grant)

    @property
    def keys(self) -> list[TokenKey]:
        """What a session may be known by: where nobody named a grant, a person's is as good."""
        grants = (*OF_A_PERSON, self.grant) if self.why else (self.grant,)
        return [self._key_by(grant) for grant in grants]

    @property
    def named_grant(self) -> str | None:
        """The grant that somebody named; None where the best was picked."""
        return None if self.why or self.grant == UNDECIDED else self.grant

    def settle(self, session: OAuth2Session, *, is_kept_elsewhere: bool = False) -> None:
        """Let a session that was there before be as this call has it, where it says so.

        Args:
            session: the session.
            is_kept_elsewhere: whether its source looks after its token, so that no store is given
                it.
        """
        if self.store is not None and not is_kept_elsewhere:
            session.keep_in(self.store)
        if self.allowed_hosts is not None:
            session.allowed_hosts = self.allowed_hosts

    def chosen(self) -> Chosen:
        """Return how to sign in by this.

        Raises:
            ConfigurationError: it cannot be done.
        """
        grant = LOGINS[self.grant].grant_for(self.provider, self.client, dict(self.extra))
        redirect_uri = words.redirect_uri_of(grant, self.client, self.loopback_uri)
        return Chosen(self.client, grant, self.remark, self, redirect_uri)

    def _key_by(self, grant: str) -> TokenKey:
        return TokenKey.of(self.provider, self.client, grant, self.account)


def is_good_for(request: SignInRequest, session: OAuth2Session) -> bool:
    """Tell whether a session lives, and has the scope that is asked for."""
    return session.is_alive and session.may_have(request.scope)


def stored_sessions(
    request: SignInRequest, store: TokenStore
) -> Iterator[tuple[TokenKey, OAuth2Session]]:
    """Yield each session of a token in ``store`` that is good for ``request``, and its key.

    One that the provider renews no longer is passed over, though its access token may live: the
    provider has most likely ended that too, and only signing in again brings another.
    """
    for key in request.keys:
        token = store.load(key)
        if token and not token.get(tokens.REFUSED):
            session = _open(request, key, store)
            if is_good_for(request, session):
                yield key, session


def _open(request: SignInRequest, key: TokenKey, store: TokenStore) -> OAuth2Session:
    return OAuth2Session.open(
        request.provider,
        request.client,
        scope=request.scope,
        store=store,
        account=request.account,
        grant=key.grant,
        extra=dict(request.extra) if key.grant in _WITH_TOKEN_EXTRA else None,
        allowed_hosts=request.allowed_hosts,
    )
