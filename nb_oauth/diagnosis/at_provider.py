"""What one provider needs: asked only where somebody names it."""

import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from nb_oauth import app_registrations
from nb_oauth.diagnosis.report import Check, Verdict
from nb_oauth.exceptions import ConfigurationError, OAuthError
from nb_oauth.providers import KnownProvider, Provider, known_provider
from nb_oauth.redirects import is_loopback_redirect
from nb_oauth.transport import DirectLoopback
from nb_oauth.variables import CLIENT_ID, Variables

_PATIENCE = (5.0, 10.0)  # seconds to connect, and to answer
_TOLERABLE = 30.0  # seconds between two clocks: more than the way of an answer takes
_MOST_ACCEPT = 300.0  # seconds; many providers take an assertion or a nonce for no longer


def checks(named: Provider | str) -> list[Check]:
    """Return the checks of the provider that was named, or passed."""
    if isinstance(named, Provider):
        return _checks(KnownProvider(named))
    try:
        known = known_provider(named)
    except (OAuthError, requests.RequestException) as error:
        return [Check(named, Verdict.WRONG, "it cannot be asked", str(error))]
    return _checks(known)


def _checks(known: KnownProvider) -> list[Check]:
    return [*_reach(known), the_app(known), the_redirect_uri(known)]


def _reach(known: KnownProvider) -> list[Check]:
    """Ask the token endpoint for its headers: no token, no secret, nothing of the person's."""
    name = known.provider.name
    endpoint = known.provider.token_endpoint or known.provider.authorization_endpoint
    if endpoint is None:
        return []
    host = urlsplit(endpoint).netloc
    try:
        with DirectLoopback() as http:
            asked_at = time.time()
            answer = http.head(endpoint, timeout=_PATIENCE, allow_redirects=False)
            taken = time.time() - asked_at
    except requests.RequestException as error:
        return [_out_of_reach(name, host, error)]
    reached = Check(name, Verdict.FINE, f"{host} answers in {taken * 1000:.0f} ms")
    return [reached, the_clocks(answer.headers.get("Date", ""), asked_at + taken / 2)]


def _out_of_reach(name: str, host: str, error: requests.RequestException) -> Check:
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.SSLError):
        advice = (
            "Its certificate is from nobody that is trusted here: set REQUESTS_CA_BUNDLE to the "
            "path of your company's certificate."
        )
    elif isinstance(error, requests.exceptions.ProxyError):
        advice = "The proxy that HTTPS_PROXY names does not let it through."
    else:
        advice = "Check the network, and whether a proxy is needed (HTTPS_PROXY)."
    return Check(name, Verdict.WRONG, f"{host} cannot be reached ({kind})", advice)


def the_clocks(date: str, now: float) -> Check:
    """Compare this clock with the provider's (RFC 9110 §6.6.1).

    Args:
        date: its ``Date`` header.
        now: this clock's seconds since the epoch when that was written.
    """
    name = "clock against the provider's"
    try:
        apart = now - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return Check(name, Verdict.UNKNOWN, "it does not say what time it is")
    which = "ahead" if apart > 0 else "behind"
    if abs(apart) <= _TOLERABLE:
        return Check(name, Verdict.FINE, f"{abs(apart):.0f} s apart")
    return Check(
        name,
        Verdict.WRONG if abs(apart) > _MOST_ACCEPT else Verdict.LOOK,
        f"this clock is {abs(apart):.0f} s {which}",
        "Set the clock of this machine: tokens would be renewed too late, and ID tokens refused.",
    )


def the_app(known: KnownProvider) -> Check:
    """Look whether an app is known for the provider: in the environment, or ``clients.toml``."""
    name = "your app"
    try:
        client = app_registrations.client_for(known) or known.client
    except ConfigurationError as error:
        return Check(name, Verdict.WRONG, "it cannot be used", str(error))
    if client is not None:
        kind = "with a secret" if client.is_confidential else "without a secret"
        return Check(name, Verdict.FINE, f"client ID {client.client_id}, {kind}")
    at = known.entry.register or "the provider's page for apps"
    variable = Variables.of(known).called(CLIENT_ID)
    return Check(
        name,
        Verdict.LOOK,
        "neither the environment nor clients.toml names one",
        f"Register one at {at}; set {variable}, or let login() ask once and keep it.",
    )


def the_redirect_uri(known: KnownProvider) -> Check:
    """Say which redirect URI has to be registered; only the provider knows which one is."""
    name, entry = "redirect URI to register", known.entry
    try:
        client = app_registrations.client_for(known)
    except ConfigurationError:  # told above
        client = None
    own = client.redirect_uri if client else None
    uri = own or entry.redirect_uri
    if uri is None and entry.loopback == "none":
        return Check(
            name,
            Verdict.LOOK,
            f"an https address of yours: {entry.name} sends nobody back to this machine",
            "Give it to Client(…, redirect_uri=…), and paste the address that the browser ends on.",
        )
    how = "exactly so" if entry.loopback == "exact" or own else "any port will do"
    if uri is None or (not own and is_loopback_redirect(uri)):
        how += "; from a browser on another machine, the address that the widget names"
    return Check(name, Verdict.FINE, f"{uri or 'http://127.0.0.1/callback'} ({how})")
