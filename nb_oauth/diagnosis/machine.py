"""What this process, this machine and its environment let a sign-in do."""

import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from nb_oauth import place
from nb_oauth.diagnosis.report import Check, Verdict
from nb_oauth.place import Place
from nb_oauth.surfaces import nobody

_PATIENCE = 2.0  # seconds that a connection to this very process may take
_ELSEWHERE = ("SSH_CONNECTION", "SSH_TTY", "JUPYTERHUB_API_URL", "BINDER_SERVICE_HOST")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_WHO = {
    Place.NOTEBOOK: "somebody in a notebook",
    Place.REACTIVE: "somebody in a marimo notebook, where no cell can wait",
    Place.APP: "whoever visits this page, where no cell can wait",
    Place.TERMINAL: "somebody at a terminal",
    Place.UNATTENDED: "nobody: the front end of this kernel takes no input",
    Place.BROWSER: "nobody: Python runs in the browser's page, without threads and sockets",
    Place.ELSEWHERE: "nobody: there is neither a kernel nor a terminal",
}


def who_can_be_asked() -> Check:
    """Look who could sign in here."""
    where = place.here()
    name, found = "who can be asked", _WHO[where]
    if where.is_attended:
        return Check(name, Verdict.FINE, found)
    if where is Place.BROWSER:
        return Check(name, Verdict.WRONG, found, nobody.IN_BROWSER.partition(". ")[2])
    return Check(
        name,
        Verdict.LOOK,
        found,
        "Sign in with what is stored (`nb-oauth login NAME` where you can), or with variables "
        "(`nb-oauth login NAME --for-ci FILE`).",
    )


def the_widget() -> Check:
    """Look whether this is a kernel, and what shows its widgets is beside it."""
    name = "widget"
    if not place.here().shows_widgets:
        return Check(name, Verdict.FINE, "not needed here: this is no notebook")
    if place.marimo_here() is not None:
        return Check(name, Verdict.FINE, "marimo shows it by itself")
    from importlib.util import find_spec

    from nb_oauth.surfaces.widget import LoginWidget

    if LoginWidget.any_has_appeared:
        return Check(name, Verdict.FINE, "one has appeared in the page")
    if find_spec("jupyterlab_widgets") is not None:
        return Check(name, Verdict.FINE, "jupyterlab_widgets is installed beside this kernel")
    return Check(
        name,
        Verdict.LOOK,
        "jupyterlab_widgets is not installed beside this kernel",
        "If Jupyter runs in this environment: pip install jupyterlab_widgets, and reload the page. "
        "If it runs in another, that is where it belongs. Signing in works without, as plain HTML.",
    )


def the_loopback_redirect() -> Check:
    """Listen on the loopback interface as a sign-in does, and connect."""
    name = "loopback redirect"
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            address = listening.getsockname()
            socket.create_connection(address, timeout=_PATIENCE).close()
    except OSError as error:
        return Check(
            name,
            Verdict.WRONG,
            f"this process cannot be reached on 127.0.0.1 ({error.strerror or error})",
            "Sign in by a device code (grant='device_code'), or paste the address that the "
            "browser ends on.",
        )
    found = "this process can be reached on 127.0.0.1"
    signs = [sign for sign in _ELSEWHERE if os.environ.get(sign)]
    if not signs:
        return Check(name, Verdict.FINE, found)
    return Check(
        name,
        Verdict.LOOK,
        f"{found}, but your browser seems to be on another machine ({', '.join(signs)})",
        "Its 127.0.0.1 is not this one: paste the address that the browser ends on, or sign in by "
        "a device code (grant='device_code').",
    )


def the_clock() -> Check:
    """Look whether this clock can be right: not before what is installed was written."""
    installed = Path(__file__).stat().st_mtime
    now = time.time()
    said = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now))
    if now >= installed - 1:
        return Check("clock", Verdict.FINE, said)
    return Check(
        "clock",
        Verdict.WRONG,
        f"{said}, which is before nb_oauth was installed",
        "Set the clock of this machine: tokens and certificates would seem to have ended, or not "
        "to have begun.",
    )


def the_proxies() -> Check:
    """Look which proxies requests go through; not who one signs in to them as."""
    found = {name: _variable(name) for name in _PROXIES}
    named = [f"{name} {_host_of(value)}" for name, value in found.items() if value]
    if not named:
        return Check("proxy", Verdict.FINE, "none in the environment")
    return Check("proxy", Verdict.FINE, f"{', '.join(named)}; never for this machine's loopback")


def the_authorities() -> Check:
    """Look whose certificates are trusted."""
    import ssl  # here: Pyodide may have none

    name = "https"
    for variable in _AUTHORITIES:
        path = os.environ.get(variable)
        if path and not Path(path).exists():
            return Check(
                name,
                Verdict.WRONG,
                f"{variable} names {path}, which is not there",
                f"Let {variable} be the path of your company's certificates, or unset it.",
            )
        if path:
            return Check(name, Verdict.FINE, f"{variable} says whom to trust: {path}")
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    if Path(DEFAULT_CA_BUNDLE_PATH).exists():
        return Check(name, Verdict.FINE, f"{ssl.OPENSSL_VERSION}, certifi's authorities")
    return Check(
        name,
        Verdict.WRONG,
        f"certifi's authorities are not at {DEFAULT_CA_BUNDLE_PATH}",
        f"{sys.executable} -m pip install --force-reinstall certifi",
    )


def _variable(name: str) -> str:
    return os.environ.get(name.lower(), "") or os.environ.get(name, "")


def _host_of(proxy: str) -> str:
    """Return host and port of a proxy: before them there may be a password."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(no address)"
    return f"{parts.hostname}{port}"
