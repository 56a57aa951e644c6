"""The same token for other clients: one file a library, imported only when it is used.

Each asks the session for its token with every request, so that the one renewal of the session
serves them all. A token goes only over https, or to a loopback address, and only to the
``allowed_hosts`` of a session that has such a list; where a redirect leads to another host it is
dropped. :func:`storage_options` alone knows of neither, and says so.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nb_oauth.bridges.for_aiohttp import aiohttp_middleware
    from nb_oauth.bridges.for_google import google_credentials
    from nb_oauth.bridges.for_httpx import httpx_auth
    from nb_oauth.bridges.for_requests import requests_auth
    from nb_oauth.bridges.for_storage import open_url, storage_options

__all__ = [
    "aiohttp_middleware",
    "google_credentials",
    "httpx_auth",
    "open_url",
    "requests_auth",
    "storage_options",
]

_ROOMS = {
    "aiohttp_middleware": "for_aiohttp",
    "google_credentials": "for_google",
    "httpx_auth": "for_httpx",
    "open_url": "for_storage",
    "requests_auth": "for_requests",
    "storage_options": "for_storage",
}


def __getattr__(name: str) -> object:
    import importlib

    if name not in _ROOMS:
        raise AttributeError(f"module 'nb_oauth.bridges' has no attribute {name!r}")
    return getattr(importlib.import_module(f"nb_oauth.bridges.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
