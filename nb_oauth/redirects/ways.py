"""Which way the answer can come back to the kernel, by what the person's page says of itself."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from nb_oauth.prompts import Page
from nb_oauth.transport import is_secure

ANY_LOOPBACK_PORT = "http://127.0.0.1/callback"  # RFC 8252 §7.3
_CALLBACK = "/nb-oauth/callback"  # how the address of each callback page ends
_OF_A_HUB = (f"/services{_CALLBACK}", f"/hub/user-redirect{_CALLBACK}")


@dataclass(frozen=True)
class WayBack:
    """A redirect URI, and what to tell people of it.

    Args:
        redirect_uri: where the provider is to send people back to.
        comes_by_itself: whether nobody need copy anything.
        remark: one line for people on why it is this one.
    """

    redirect_uri: str
    comes_by_itself: bool
    remark: str


def is_callback_page(redirect_uri: str) -> bool:
    """Tell whether a Jupyter server, or a service of its Hub, is at ``redirect_uri``."""
    return urlsplit(redirect_uri).path.endswith(_CALLBACK)


def way_back(page: Page | None, loopback_uri: str = ANY_LOOPBACK_PORT) -> WayBack:
    """Pick the best way for an app that says nothing of where it is sent back to.

    Args:
        page: what the person's page can do; None where there is no page that could say.
        loopback_uri: which loopback address the provider takes.
    """
    if page is None:
        return WayBack(loopback_uri, comes_by_itself=True, remark="")
    if page.reaches_kernel:
        return WayBack(
            loopback_uri,
            comes_by_itself=True,
            remark="The answer comes back by itself: your browser and this kernel are on one "
            "machine.",
        )
    if page.callback is not None and is_secure(page.callback):
        return WayBack(
            page.callback,
            comes_by_itself=True,
            remark=f"The answer comes back by itself through {_server_of(page.callback)}, where "
            f"the app has {page.callback} among its registered redirect URIs.",
        )
    why = "this Jupyter server has no page to take it (pip install nb_oauth where it runs)"
    if page.callback is not None:
        why = "this Jupyter server is reached by plain http, where anybody could read it"
    return WayBack(
        loopback_uri,
        comes_by_itself=False,
        remark=f"The answer cannot come back by itself: your browser does not reach this kernel's "
        f"machine, and {why}.",
    )


def remark_on(redirect_uri: str, page: Page) -> str:
    """Say whether the answer comes back by itself to where an app says that it is sent back to.

    Args:
        redirect_uri: a callback page, or a loopback address that the page does not reach.
        page: what the person's page found of it: that very one, or another, or none.
    """
    if page.callback == redirect_uri:
        return f"The answer comes back by itself through {_server_of(redirect_uri)}."
    instead = f" To {page.callback} it would." if page.callback else ""
    return (
        "The answer cannot come back by itself: your notebook's page does not reach "
        f"{redirect_uri}, where the app is sent back to.{instead}"
    )


def _server_of(callback: str) -> str:
    is_shared = urlsplit(callback).path.endswith(_OF_A_HUB)
    return "this JupyterHub" if is_shared else "this Jupyter server"
