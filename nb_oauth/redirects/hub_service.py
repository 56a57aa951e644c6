"""The callback page as a service of a JupyterHub: one redirect URI for everybody.

In ``jupyterhub_config.py``, with nb_oauth installed beside the Hub::

    c.JupyterHub.services = [{
        "name": "nb-oauth",
        "url": "http://127.0.0.1:10101",
        "command": [sys.executable, "-m", "nb_oauth.redirects.hub_service"],
    }]

The page is then at ``https://hub.example/services/nb-oauth/callback``, wants no login, and passes
no server of anybody. Widgets look for it there, by that name, before they look for the page of the
server that they are in. It reaches notebooks of the same origin: not where everybody has a
subdomain.
"""

import asyncio
import contextlib
import os
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from nb_oauth.redirects import callback_page

_URL, _PREFIX = "JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_SERVICE_PREFIX"


def main() -> None:
    """Serve the page until ended, where the Hub says.

    Raises:
        SystemExit: no Hub has started this; the message says how one does.
    """
    url, prefix = os.environ.get(_URL), os.environ.get(_PREFIX)
    if not (url and prefix):
        raise SystemExit(
            f"{_URL} and {_PREFIX} are not both set: JupyterHub sets them for a service with a "
            "url=… and a command=…, as `python -m pydoc nb_oauth.redirects.hub_service` has it."
        )
    with contextlib.suppress(KeyboardInterrupt):  # by which a Hub ends it
        asyncio.run(_serve(url, prefix))


async def _serve(url: str, prefix: str) -> None:
    parts = urlsplit(url)
    rules = list(callback_page.rules(prefix))
    # Whoever asks for anything else could have an answer in the address: nothing is logged.
    server = HTTPServer(Application(rules, log_function=lambda _: None))
    listening = bind_sockets(parts.port or 0, parts.hostname)
    server.add_sockets(listening)
    port = listening[0].getsockname()[1]
    print(f"nb_oauth takes the answers of sign-ins at port {port}, {prefix}callback", flush=True)  # noqa: T201 - the Hub's log
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
