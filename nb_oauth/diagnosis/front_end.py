"""What the browser can reach, and what is beside it: as far as a kernel can know that."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests

from nb_oauth import place
from nb_oauth.diagnosis.report import Check, Verdict
from nb_oauth.place import Place
from nb_oauth.redirects import loopback
from nb_oauth.transport import DirectLoopback

_PATIENCE = (2.0, 5.0)  # seconds to connect, and to answer
_PAGE = "nb-oauth/callback"
_POLICY = "default-src 'none'"  # a login page that a proxy puts before everything has another
_INSTEAD = "paste the address that the browser ends on, or sign in by a device code"
_WEB = ("http://", "https://")
_SERVER, _PARENT = "JUPYTER_SERVER_URL", "JPY_PARENT_PID"


def the_browser() -> Check:
    """Look whether a browser's loopback is this machine's, which only the browser knows."""
    name = "browser"
    if loopback.was_reached():
        return Check(name, Verdict.FINE, "it has brought an answer to 127.0.0.1 before")
    where = place.here()
    if where is Place.TERMINAL and place.browser() is None:
        return Check(
            name,
            Verdict.LOOK,
            "none can be opened from this terminal",
            "A link is shown instead, and a code where the provider has that.",
        )
    if where is Place.TERMINAL or not where.is_attended:
        there = "one can be opened from this terminal" if where.is_attended else "not needed here"
        return Check(name, Verdict.FINE, there)
    return Check(
        name,
        Verdict.UNKNOWN,
        "only it can tell whether it reaches 127.0.0.1 of this kernel's machine",
        'Try nb_oauth.login("demo"): if the page that opens is at http://127.0.0.1 and loads, '
        f"answers come back by themselves. Else {_INSTEAD} (grant='device_code').",
    )


def the_callback_page() -> Check:
    """Ask the Jupyter server of this kernel for the page that takes answers of any browser."""
    name, servers = "callback page", list(_servers())
    if not servers:
        return _no_server(name)
    found = {url: _answer_of(url) for url in servers}
    there = [url for url, answer in found.items() if answer is None]
    if there:
        return Check(name, Verdict.FINE, f"{', '.join(there)}{_PAGE}")
    url, answer = next(iter(found.items()))
    return Check(
        name,
        Verdict.LOOK,
        f"{url}{_PAGE} {answer}",
        "Where the browser is on the machine of this kernel, nothing is amiss. Else install "
        f"nb_oauth where Jupyter itself runs, and start that anew; or {_INSTEAD}.",
    )


def _no_server(name: str) -> Check:
    if place.here() is not Place.NOTEBOOK:
        return Check(name, Verdict.FINE, "not needed here: no Jupyter server is known")
    return Check(
        name,
        Verdict.UNKNOWN,
        "this kernel does not know its Jupyter server",
        f"Open {_PAGE} below that server's address, such as http://localhost:8888/{_PAGE}: if "
        f"nothing is there, {_INSTEAD} wherever the browser is on another machine.",
    )


def _answer_of(url: str) -> str | None:
    """Return None where the page is there, else what came in its place."""
    try:
        with DirectLoopback() as http:
            answer = http.get(f"{url}{_PAGE}", timeout=_PATIENCE, allow_redirects=False)
    except requests.RequestException as error:
        return f"cannot be asked ({type(error).__name__})"
    is_ours = _POLICY in answer.headers.get("Content-Security-Policy", "")
    if answer.status_code == requests.codes.ok and is_ours:
        return None
    return f"is not there (HTTP {answer.status_code})"


def _servers() -> Iterator[str]:
    """Yield the addresses of this kernel's server; of all that run here where it is not known."""
    named = os.environ.get(_SERVER)
    if named:
        yield _folder(named)
        return
    running = _running()
    parents = [one for one in running if str(one.get("pid")) == os.environ.get(_PARENT)]
    for server in parents or running:
        url = str(server.get("url", ""))
        if url.startswith(_WEB):  # else it listens on a socket of its own
            yield _folder(url)


def _running() -> list[dict[str, Any]]:
    with contextlib.suppress(ImportError, OSError):
        from jupyter_server.serverapp import list_running_servers

        return list(list_running_servers())
    return []


def _folder(url: str) -> str:
    """Return an address without what may be secret in it, and with a slash at its end."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(
        netloc=host, path=f"{parts.path.rstrip('/')}/", query="", fragment=""
    ).geturl()
