"""JupyterHub's own token, for who has signed in to the Hub by the provider that is asked for.

An administrator says so by ``NB_OAUTH_HUB_PROVIDER``: the short name of the provider that the Hub
signs people in by, or its issuer. Then ``login()`` to that provider takes the token that the Hub
keeps of the person (``auth_state``), and nobody is asked. It is the Hub that renews it, and the Hub
is asked for the next one; a refresh token never comes here, since one that two use ends the
sign-in.

The token goes to sessions of that very provider: with the endpoints and the API hosts that
nb_oauth knows of it, or that it publishes, whatever a notebook says of a provider of that name.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, replace
from functools import partial

from nb_oauth import callers, place, tokens
from nb_oauth.clients import Client
from nb_oauth.exceptions import OAuthError
from nb_oauth.grant_choice import OF_THE_APP
from nb_oauth.hub_token import hub_api
from nb_oauth.hub_token.lending import JupyterHub
from nb_oauth.masking import with_bare_errors
from nb_oauth.place import Place
from nb_oauth.providers import Provider, known_provider
from nb_oauth.providers.known import is_address
from nb_oauth.retrying import Patience, Pause
from nb_oauth.session import OAuth2Session
from nb_oauth.sign_in_request import SignInRequest
from nb_oauth.tokens import Token

_THE_HUBS_APP = Client("jupyterhub", token_endpoint_auth_method="none")  # noqa: S106 - no secret

_pause: Pause = time.sleep
_is_left_out: ContextVar[bool] = ContextVar("nb_oauth_hub_is_left_out", default=False)


@contextmanager
def left_out() -> Iterator[None]:
    """While entered, the Hub is not asked: somebody means to sign in."""
    reset = _is_left_out.set(True)
    try:
        yield
    finally:
        _is_left_out.reset(reset)


def may_be_for(provider: Provider) -> bool:
    """Tell whether an administrator says that the Hub has a token for ``provider``.

    In an app for visitors it has none: they are not whom the Hub knows.
    """
    return _is_set() and _named(provider) is not None


@with_bare_errors
def session_for(request: SignInRequest) -> OAuth2Session | None:
    """Return a session of the token that JupyterHub has of the person.

    Returns:
        None where no administrator has set it up for this provider; and, with a warning, where
        the Hub has no such token, or one that is not good for the scope: then somebody is to
        sign in.
    """
    if request.account is not None or not _is_set() or _is_of_an_app(request):
        return None
    provider = _named(request.provider)
    if provider is None:
        return None
    try:
        session = _open(request, replace(provider, name=request.provider.name))
    except OAuthError as error:
        callers.warn(str(error))
        return None
    if session.may_have(request.scope):
        return session
    granted = " ".join(session.account.scope) if session.token.get("scope") else "nothing it says"
    callers.warn(
        f"JupyterHub's token of {provider.name} is good for {granted}, and not for all of "
        f"{' '.join(request.scope)}. Whoever runs the Hub can ask for more (the scope of its "
        "authenticator); until then sign in for it."
    )
    return None


def _open(request: SignInRequest, provider: Provider) -> OAuth2Session:
    hub = JupyterHub(hub_api.whose())
    session = OAuth2Session.open(
        provider,
        _THE_HUBS_APP,
        scope=request.scope,
        token=_begun(hub),
        allowed_hosts=request.allowed_hosts,
    )
    session.lender = hub
    return session


def _begun(hub: JupyterHub) -> Token:
    """Return a token to begin with: one that has not ended, since nobody has seen it work."""
    token = hub.lend({})
    if tokens.has_ended(token, time.time()):
        again = partial(hub.lend, token, is_refused=True)
        token = Patience(pause=_pause).ask(again, may_be_repeated=True)
    return token


def _is_of_an_app(request: SignInRequest) -> bool:
    return request.grant == OF_THE_APP and not request.why  # who names it wants no person


# -- whose token it is -------------------------------------------------------------------------


def _is_set() -> bool:
    if place.here() is Place.APP:  # the token is the server's owner's, and not each visitor's
        return False
    return bool(hub_api.provider_setting()) and hub_api.is_here() and not _is_left_out.get()


def _named(asked: Provider) -> Provider | None:
    """Return the provider that the administrator has named, if it is the one asked for."""
    named = hub_api.provider_setting()
    try:
        if is_address(named) and not _is_issuer_of(asked, named):
            return None  # without asking that one what it publishes
        theirs = known_provider(named).provider
    except OAuthError as error:
        callers.warn(f"{hub_api.SETTING}={named!r} will not do: {error}")
        return None
    return theirs if _is_all_of(theirs, asked) else None


def _is_issuer_of(asked: Provider, address: str) -> bool:
    whole = address if address.lower().startswith("http") else f"https://{address}"
    return asked.issuer is not None and asked.issuer.rstrip("/") == whole.rstrip("/")


def _is_all_of(theirs: Provider, asked: Provider) -> bool:
    """Tell whether ``asked`` names no address that is not ``theirs``, and is not without any.

    Anybody can make a provider that borrows another's name or issuer.
    """
    names = ["issuer", *(one.name for one in fields(asked) if one.name.endswith("_endpoint"))]
    others = any(getattr(asked, name) not in {None, getattr(theirs, name)} for name in names)
    return asked.token_endpoint is not None and not others
