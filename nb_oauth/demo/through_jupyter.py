"""The pages on a remote server, where a browser comes to them through jupyter-server-proxy.

That asks for the login of the Jupyter server, and passes on what it gets: with the ``Host`` that
the browser asked for, and beside it the path that it knows this server by. A page of another site
that has its own name resolve to 127.0.0.1 (DNS rebinding) can say the same. So who comes this way
sees what a person is shown, and nothing that an app is answered: no token, no data, no journal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nb_oauth.demo.messages import Call

__all__ = ["leads_back", "let_in"]

_CONTEXT_PATH = "x-proxycontextpath"  # as jupyter-server-proxy says it: /user/ada/proxy/50123
_PROXY = "/proxy/"
_PAGES = {"/", "/authorize", "/device", "/sign-in", "/decision"}
_STATIC = "/static/"
_CALLBACK = "/nb-oauth/callback"


def let_in(call: Call, port: int) -> Call | None:
    """Return what counts of a call under another ``Host``; None where it is for no page.

    Args:
        call: the request. The login of the Jupyter server comes with it, and is dropped.
        port: where this server listens.
    """
    is_for_a_page = call.path in _PAGES or call.path.startswith(_STATIC)
    came_through = call.headers.get(_CONTEXT_PATH, "").endswith(f"{_PROXY}{port}")
    if not (came_through and is_for_a_page):
        return None
    kept = {name: call.headers[name] for name in ("host", _CONTEXT_PATH) if name in call.headers}
    return replace(call, headers=kept)


def leads_back(redirect_uri: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a redirect URI is the callback page of the Jupyter server that a call came by.

    Nobody is sent to another host, nor to another path of this one.

    Args:
        redirect_uri: an absolute URI.
        headers: those of the authorization request.
    """
    before, proxy, _port = headers.get(_CONTEXT_PATH, "").rpartition(_PROXY)
    page = f"{headers.get('host', '')}{before}{_CALLBACK}"
    return bool(proxy) and redirect_uri in {f"http://{page}", f"https://{page}"}
