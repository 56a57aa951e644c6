"""The callback page as an extension of a Jupyter server: installing the package enables it.

It runs in the environment of the server, which need not be the kernel's, and imports nothing else
of this package.
"""

from typing import Any

from nb_oauth.redirects import callback_page

try:
    from jupyter_server.auth.decorator import allow_unauthenticated
except ImportError:  # jupyter_server < 2.13 asks nobody who asks for this page

    def allow_unauthenticated(method: Any) -> Any:  # type: ignore[misc]  # noqa: ANN401 - as theirs
        """Return ``method`` as it is."""
        return method


FOLDER = "nb-oauth/"
"""Where the page is, below the base URL of the server."""


def _load_jupyter_server_extension(server: Any) -> None:  # noqa: ANN401 - no class of ours
    """Serve the page. jupyter_server calls it."""
    base_url: str = server.web_app.settings["base_url"]
    prefix = f"{base_url.rstrip('/')}/{FOLDER}"
    server.web_app.add_handlers(".*$", list(callback_page.rules(prefix, allow_unauthenticated)))
    server.log.info("nb_oauth takes the answers of sign-ins at %scallback", prefix)
