"""Asking the person's page which way the answer can come back, and what is made of its answer."""

import time
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from nb_oauth import place
from nb_oauth.asking import AskFirst, Means
from nb_oauth.clients import Client
from nb_oauth.grants import Flow, Grant, GrantSession
from nb_oauth.place import Place
from nb_oauth.prompts import Answer, AskPage, Prompt
from nb_oauth.redirects.ways import WayBack, way_back

_PATIENCE = 3.0  # seconds that a widget may take to appear


def question_of_page(
    grant: Grant, client: Client, remarks: tuple[str, ...], loopback_uri: str
) -> Callable[[], AskFirst] | None:
    """Return what asks the page, None where the app says where it is sent back to, or none is.

    Args:
        grant: how somebody signs in.
        client: the app.
        remarks: what to say of this way of signing in, before the reason for the redirect URI.
        loopback_uri: which loopback address the provider takes.
    """
    if not (grant.sends_back and client.redirect_uri is None and has_page()):
        return None
    return partial(_ask_page, grant.flow, remarks, loopback_uri)


def has_page() -> bool:
    """Tell whether the person may sit before a page that can be asked."""
    return place.here() is Place.NOTEBOOK


def _ask_page(
    flow: Callable[[GrantSession], Flow], remarks: tuple[str, ...], loopback_uri: str
) -> AskFirst:
    way = yield from ask_way(loopback_uri)
    return Means(flow, way.redirect_uri, tuple(filter(None, (*remarks, way.remark))))


def ask_way(loopback_uri: str) -> Generator[Prompt, Answer[Any], WayBack]:
    """Ask the page, and return the best way by what it says."""
    page = (yield AskPage(time.monotonic() + _PATIENCE)).value
    return way_back(page, loopback_uri)
