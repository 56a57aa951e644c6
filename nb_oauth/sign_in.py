"""``login()``: whether to ask, and how.

A session that lives in this kernel, a token in the store, or JupyterHub's own where that is set
up, is used where it has the scope. Otherwise somebody is asked, with the widget of the best grant.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal, overload
from weakref import WeakKeyDictionary

from nb_oauth import app_registrations, forks, grant_choice, hub_token, place, tokens, unattended
from nb_oauth.allowed_hosts import checked_hosts
from nb_oauth.clients import Client
from nb_oauth.exceptions import OAuthError
from nb_oauth.grant_choice import OF_THE_APP, Choice
from nb_oauth.kernel_memory import KernelMemory
from nb_oauth.logins import (
    NOBODYS,
    ClientQuestion,
    Login,
    can_be_asked,
    loopback_uri_at,
    no_client,
    sent_back,
    words,
)
from nb_oauth.place import Place
from nb_oauth.providers import KnownProvider, Provider, known_provider
from nb_oauth.providers.known import is_address
from nb_oauth.session import OAuth2Session
from nb_oauth.sign_in_request import UNDECIDED, SignInRequest
from nb_oauth.stores import TokenStore, token_store
from nb_oauth.surfaces.output import Outputs, say
from nb_oauth.tokens import Scope
from nb_oauth.variables import CLIENT_ID, Variables
from nb_oauth.waiting import instead_of_waiting

_DEMO = "demo"

_memory = KernelMemory()
_memories: WeakKeyDictionary[object, KernelMemory] = WeakKeyDictionary()
forks.in_child(_memory.begin_anew)


@overload
def login(
    provider: Provider | str,
    *,
    client: Client | None = None,
    scope: Scope = None,
    extra: Mapping[str, str] | None = None,
    account: str | None = None,
    grant: str | None = None,
    store: TokenStore | str | None = None,
    allowed_hosts: Iterable[str] | None = None,
    timeout: float | None = None,
    wait: Literal[True] | None = None,
) -> OAuth2Session: ...


@overload
def login(
    provider: Provider | str,
    *,
    client: Client | None = None,
    scope: Scope = None,
    extra: Mapping[str, str] | None = None,
    account: str | None = None,
    grant: str | None = None,
    store: TokenStore | str | None = None,
    allowed_hosts: Iterable[str] | None = None,
    timeout: float | None = None,
    wait: Literal[False],
) -> Login: ...


def login(  # noqa: PLR0913 - each a thing the person may want to say
    provider: Provider | str,
    *,
    client: Client | None = None,
    scope: Scope = None,
    extra: Mapping[str, str] | None = None,
    account: str | None = None,
    grant: str | None = None,
    store: TokenStore | str | None = None,
    allowed_hosts: Iterable[str] | None = None,
    timeout: float | None = None,
    wait: bool | None = None,
) -> OAuth2Session | Login:
    """Sign in to ``provider``, and return a session that keeps itself signed in.

    A session that lives in this kernel already, and has the scope, is returned without asking.
    Otherwise the widget appears and the cell waits; "Run All" waits with it. Where nobody can be
    asked, what was stored on this machine is used, else ``NB_OAUTH_<NAME>_REFRESH_TOKEN`` or
    ``NB_OAUTH_<NAME>_ACCESS_TOKEN``. On a JupyterHub whose administrator has set
    ``NB_OAUTH_HUB_PROVIDER`` to this provider, the Hub's own token is used before all that.

    The best grant that the provider offers is used: the authorization code where the browser can
    bring it here, else a device code. Where nobody can sign in, an app with a secret acts as
    itself if the provider lets it (client credentials), with a warning.

    Args:
        provider: a :class:`Provider`; the issuer identifier of one that describes itself, such as
            ``"https://accounts.example/"`` (:meth:`Provider.discover`) or ``"tenant.auth0.com"``;
            or the name of one that is known, such as ``"github"`` or ``"demo"``
            (:func:`nb_oauth.providers.known_providers`).
        client: your app as registered with the provider. None takes what the environment says
            (``NB_OAUTH_<NAME>_CLIENT_ID``, ``NB_OAUTH_<NAME>_CLIENT_SECRET``), else
            ``clients.toml`` in your own configuration folder; else the widget asks once. The
            provider ``"demo"`` needs none.
        scope: what to ask for, one string or several.
        extra: further authorization parameters, such as ``{"access_type": "offline"}``. They
            matter only where somebody is asked: ``logout`` first to be asked again.
        account: a label, for who signs in to several accounts of one provider, or to another
            than JupyterHub's.
        grant: the grant to use instead of the best: ``"authorization_code"``, ``"device_code"``,
            ``"client_credentials"``, ``"implicit"`` or ``"password"``.
        store: where the token is kept, and looked for: a :class:`TokenStore`, ``"file"`` for a
            :class:`FileTokenStore` or ``"keyring"`` for a :class:`KeyringTokenStore`. None keeps
            it in this kernel.
        allowed_hosts: the only hosts that the token may go to, besides the provider's own
            endpoints, such as ``["api.example", "*.example.org"]``. None is the provider's own
            list, or any host where it has none; a session that is there already keeps its list.
        timeout: seconds to wait at most; None waits as long as it takes.
        wait: False shows the widget and returns at once: ``on_signed_in(function)`` of what it
            returns calls ``function(session)`` as soon as somebody has signed in. None waits,
            except where no cell can (Voilà, marimo) and nobody has signed in yet: a line says so
            there, and the widget is returned.

    Returns:
        The session. With ``wait=False`` the widget, one of the …Login classes: its ``session`` is
        the session, and once somebody has signed in the widget can be used as if it were that.

    Raises:
        ConfigurationError: an argument cannot work; the message says what to pass instead.
        LoginCancelled: the person pressed Cancel.
        LoginTimeout: nobody signed in within ``timeout``; run the cell again to go on.
        LoginRequired: nobody can be asked here; the message names the variables to set.
        LoginPending: this cell cannot wait, or this thread; the message says what to do instead.
        AuthorizationError: the provider refuses what is asked for, such as its scope.
        TokenError: the provider's token endpoint refused.
        OAuthError: the provider could not be reached for what it says of itself; the error is
            requests' as well.
    """
    words.check_kinds(provider, client, extra, wait)
    words.check_thread()
    request = _request(provider, client, scope, extra, account, grant, store, allowed_hosts)
    sources = (hub_token.session_for, _refused, unattended.session_for)
    found = _memory_here().find(request, *sources)
    if wait is False:
        return _shown(request, found, timeout)
    where = place.here()
    if isinstance(found, OAuth2Session):
        if where.shows_widgets:  # the cell's output was cleared: without a word it looks lost
            Outputs(request.provider.name).show_signed_in()
        return found
    if where.shows_widgets:
        found.display()
    elif request.grant == OF_THE_APP and request.why:
        warnings.warn(f"{request.why} Pass grant={OF_THE_APP!r} if so it is meant.", stacklevel=2)
    if wait is None and found.asks_a_person and not where.lets_cells_wait:
        found.prepare(request.settle)
        say(instead_of_waiting(where))
        return found
    session = found.wait(timeout)
    request.settle(session)  # the widget may have been there before any of that was asked for
    return session


def _shown(request: SignInRequest, found: OAuth2Session | Login, timeout: float | None) -> Login:
    """Return the widget, shown where it can be: nothing is waited for but what needs nobody."""
    if isinstance(found, OAuth2Session):
        found = _memory_here().login_with(request, found)
    else:
        found.prepare(request.settle)
    where = place.here()
    if where.shows_widgets or (where.is_attended and found.asks_a_person and not found.is_done):
        found.display()
    else:
        found.wait(timeout)
    return found


def _memory_here() -> KernelMemory:
    """Return what is remembered for the person who is served here."""
    audience = place.audience()
    return _memory if audience is None else _memories.setdefault(audience, KernelMemory())


def _request(  # noqa: PLR0913, PLR0917 - as login()
    provider: Provider | str,
    client: Client | None,
    scope: Scope,
    extra: Mapping[str, str] | None,
    account: str | None,
    grant: str | None = None,
    store: TokenStore | str | None = None,
    allowed_hosts: Iterable[str] | None = None,
) -> SignInRequest:
    known = KnownProvider(provider) if isinstance(provider, Provider) else known_provider(provider)
    asked = SignInRequest(
        known.provider,
        NOBODYS,
        tuple(tokens.scope_list(scope)),
        tuple(sorted((extra or {}).items())),
        account,
        grant or UNDECIDED,
        token_store(store),
        None if allowed_hosts is None else checked_hosts(allowed_hosts),
        variables=Variables.of(known),
    )
    where = place.here()  # where the person is, and not the thread that reads an answer
    by = partial(_request_by, asked, known, provider, grant, where)
    client = client or _own_client(known) or known.client
    try:
        return by(client) if client else replace(asked, question=_question(asked, known, where, by))
    except OAuthError as error:
        if not hub_token.may_be_for(asked.provider):
            raise
        return replace(asked, refusal=error)


def _refused(request: SignInRequest) -> None:
    """Raise what stands in the way of signing in, now that there is no session to be had.

    Raises:
        OAuthError: nobody can sign in by this.
    """
    if request.refusal is not None:
        raise request.refusal


def _request_by(  # noqa: PLR0913, PLR0917 - all that makes up a request
    asked: SignInRequest,
    known: KnownProvider,
    named: Provider | str,
    grant: str | None,
    where: Place,
    client: Client,
) -> SignInRequest:
    """Return what is asked for, with an app and the grant that is best with it."""
    choice = grant_choice.choose_at(known, client, grant, where)
    request = _request_with(asked, known, named, client, choice)
    other = None if grant else grant_choice.otherwise(choice, known, request.client, where)
    if other is None:
        return request
    return replace(request, otherwise=_request_with(asked, known, named, client, other))


def _request_with(
    asked: SignInRequest,
    known: KnownProvider,
    named: Provider | str,
    client: Client,
    choice: Choice,
) -> SignInRequest:
    extra = {**known.entry.use_of(choice.grant).extra, **dict(asked.extra)}
    return replace(
        asked,
        client=sent_back(known, client, choice.grant),
        loopback_uri=loopback_uri_at(known),
        extra=tuple(sorted(extra.items())),
        grant=choice.grant,
        why=choice.why,
        remark=_remark(choice, named, asked.store),
    )


def _own_client(known: KnownProvider) -> Client | None:
    """Return the person's own app there; the demo has one for each visitor, and takes no other."""
    if known.entry.module is not None:
        return None
    return app_registrations.client_for(known) or _memory_here().client_for(known.provider)


def _question(
    asked: SignInRequest, known: KnownProvider, where: Place, by: Callable[[Client], SignInRequest]
) -> ClientQuestion:
    """Return what to ask a person of an app that nothing names.

    Raises:
        ConfigurationError: nobody is asked that of this provider, or no app would do.
        LoginRequired: nobody can be asked anything here.
    """
    if where is Place.APP:
        raise no_client(known, asked.variables.called(CLIENT_ID))
    if not (where.is_attended and can_be_asked(known)):
        raise unattended.client_required(asked, known) or no_client(known)
    return ClientQuestion.of(known, lambda client: by(client).chosen())


def _remark(choice: Choice, provider: Provider | str, store: object) -> str:
    """Return what the widget says of this sign-in besides: nothing where all is as usual."""
    if store is not None and provider == _DEMO:
        return "The demo ends with the process that serves it, and what is in the store with it."
    discovered = isinstance(provider, str) and is_address(provider)
    return choice.why if discovered or choice.grant != "authorization_code" else ""
