"""What a login tells people, and refuses to be told."""

import warnings
from collections.abc import Mapping

from nb_oauth import certificates, place
from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError, LoginPending, LoginRequired
from nb_oauth.grants import Grant
from nb_oauth.place import Place
from nb_oauth.providers import Provider
from nb_oauth.quirks import PAGE_BESIDE_KERNEL
from nb_oauth.redirects.ways import ANY_LOOPBACK_PORT
from nb_oauth.session import OAuth2Session
from nb_oauth.session_token import not_granted
from nb_oauth.surfaces import nobody

_PROVIDERS = 'Provider("Name", …), an issuer such as "https://accounts.example", or "github"'


def name_of(provider: Provider, account: str | None) -> str:
    """Return what a sign-in is called: two of them at one provider differ by their label."""
    return f"{provider.name} ({account})" if account else provider.name


def redirect_uri_of(
    grant: Grant, client: Client, loopback_uri: str = ANY_LOOPBACK_PORT
) -> str | None:
    """Return where the provider is to send people back to; None where it does not.

    Args:
        grant: how somebody signs in.
        client: the app.
        loopback_uri: where to, if the app does not say and no page has been asked.
    """
    return (client.redirect_uri or loopback_uri) if grant.sends_back else None


def is_beside_kernel(provider: Provider) -> bool:
    """Tell whether the page that people sign in on is on the kernel's machine, as the demo's is."""
    return PAGE_BESIDE_KERNEL in provider.quirks


def remarks_on(grant: Grant, client: Client) -> tuple[str, ...]:
    """Return what the widget says of a way of signing in, a line each."""
    certificate = certificates.describe(client.cert) if client.cert else ""
    return tuple(line for line in (grant.advice, certificate) if line)


def interrupted_at(where: Place, go_on: str) -> KeyboardInterrupt:
    """Return what an interrupted wait ends with: it says what to do then."""
    if where is Place.TERMINAL:
        return KeyboardInterrupt("Signing in was cancelled.")
    return _Interrupted(f"The sign-in goes on: finish it, {go_on}")


class _Interrupted(KeyboardInterrupt):
    """A ``KeyboardInterrupt`` that a notebook shows as one line: no line of code is at fault."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


_Interrupted.__name__ = KeyboardInterrupt.__name__  # front ends show that as well


def check_timeout(timeout: object) -> None:
    """Refuse what is no number of seconds.

    Raises:
        ConfigurationError: ``timeout`` is neither that nor None.
    """
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not (is_number and timeout >= 0):  # type: ignore[operator]
        raise ConfigurationError(
            f"timeout={timeout!r} will not do: give the seconds to wait at most, or None."
        )


def check_kinds(provider: object, client: object, extra: object, wait: object) -> None:
    """Say what to pass instead, where something of another kind was passed.

    Raises:
        ConfigurationError: something was.
    """
    wanted = (
        (provider, (Provider, str), "provider", _PROVIDERS),
        (client, (Client, type(None)), "client", 'Client("my-client-id", …)'),
        (extra, (Mapping, type(None)), "extra", 'a mapping such as {"prompt": "consent"}'),
        (wait, (bool, type(None)), "wait", "True or False, or leave it out"),
    )
    for value, kinds, name, instead in wanted:
        if not isinstance(value, kinds):
            raise ConfigurationError(f"{name}={value!r} will not do: pass {instead}.")


def check_thread() -> None:
    """Refuse a thread that serves one of many visitors: what is found for it could be another's.

    Raises:
        LoginPending: this is one.
        LoginRequired: there are no threads at all.
    """
    check_place()
    if place.is_strangers_thread():
        raise LoginPending(
            "Call login() in a cell or in a marimo.Thread, and hand the session on: this thread "
            "does not know which visitor of the app it serves."
        )


def check_place() -> None:
    """Refuse where no sign-in can run.

    Raises:
        LoginRequired: this is Python in a browser.
    """
    if place.here() is Place.BROWSER:
        raise LoginRequired(nobody.IN_BROWSER)


def warn_of_missing_scope(session: OAuth2Session, stacklevel: int) -> None:
    """Warn of what was asked for and not granted: people may tick less on the consent page."""
    if session.missing_scope:
        warnings.warn(not_granted(session.missing_scope), stacklevel=stacklevel)
