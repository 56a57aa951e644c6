"""``doctor()``: what this set-up can do, and what to change.

Each check is a function that returns a :class:`Check`; to add one, write it and put it into a list.
"""

from collections.abc import Callable, Sequence
from functools import partial

from nb_oauth import place
from nb_oauth.diagnosis import at_provider, front_end, hub, machine, storage, versions
from nb_oauth.diagnosis.report import Check, Report, Verdict
from nb_oauth.providers import Provider

__all__ = ["Check", "Report", "Verdict", "doctor"]

ON_THIS_MACHINE: Sequence[Callable[[], Check]] = (
    machine.who_can_be_asked,
    machine.the_widget,
    machine.the_loopback_redirect,
    front_end.the_browser,
    front_end.the_callback_page,
    machine.the_clock,
    machine.the_proxies,
    machine.the_authorities,
    storage.the_token_files,
    storage.the_keyring,
    storage.the_apps,
    hub.the_hubs_token,
    versions.our_own,
    *(partial(versions.the_version_of, one) for one in versions.NEEDED),
)


def doctor(provider: Provider | str | None = None) -> Report:
    """Check what this set-up can do, and say what to change.

    Nothing leaves this machine, unless ``provider`` names whom to ask, or a JupyterHub that started
    this server lends its token (``NB_OAUTH_HUB_PROVIDER``); the Jupyter server of this kernel is
    asked for one page that is there for everybody.

    Args:
        provider: a provider to check as well: that it can be reached, that this clock and its
            agree, which redirect URI to register, and whether your app is known. As ``login``
            takes it: a short name such as ``"github"``, its address, or a :class:`Provider`.

    Returns:
        A row for each check; show it in a cell, or print it. It holds no secret.
    """
    if place.here() is place.Place.BROWSER:
        return Report([machine.who_can_be_asked()])  # there is nothing else to look at
    checks = [_made(check) for check in ON_THIS_MACHINE]
    if provider is not None:
        checks += at_provider.checks(provider)
    return Report(checks)


def _made(check: Callable[[], Check]) -> Check:
    """Return what came of a check; one that cannot be made says so, and stops no other."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a set-up may be broken in any way
        name = getattr(check, "__name__", "a version").replace("_", " ")
        # What it says may quote anything: of what kind it is will do.
        return Check(name, Verdict.UNKNOWN, f"could not be checked ({type(error).__name__})")
