"""No public object shows a secret, whoever asks it what it is; no error does, nor a pickle."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
import requests
from oauthlib.oauth2 import OAuth2Error

import nb_oauth
from nb_oauth import Client, bridges, providers
from nb_oauth.surfaces import View
from tests.leaks.examples import EXAMPLES, Stage
from tests.leaks.places import PICKLES, REPRESENTATIONS, TRACEBACKS, WARNINGS
from tests.leaks.shown import pickles_of, text_of, ways_to_tell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judge.scene import Scene
    from tests.leaks.left_behind import LeftBehind

pytestmark = pytest.mark.provider

# What a person wrote, or took out of a session, is theirs to send; a session is not of these.
SENT_WHOLE = (Client, dict, requests.Response, View, OAuth2Error)


def test_every_public_name_has_an_example() -> None:
    modules = {"bridges": bridges, "providers": providers}
    inner = {f"{name}.{one}" for name, module in modules.items() for one in module.__all__}
    assert EXAMPLES.keys() == set(nb_oauth.__all__) | inner


SLOW = ("doctor",)  # which waits for whoever does not answer


@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=[pytest.mark.sweep] * (one in SLOW)) for one in EXAMPLES],
)
def test_what_is_shown_of_it(
    name: str, scene: Scene, left_behind: LeftBehind, tmp_path: Path
) -> None:
    stage = Stage(scene, tmp_path)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        things = EXAMPLES[name](stage)
        for thing in things:
            left_behind.leave(REPRESENTATIONS, text_of(thing), f"{name}: {type(thing).__name__}")
    for error in [one for one in [*things, *stage.errors] if isinstance(one, BaseException)]:
        for way, told in ways_to_tell(error):
            left_behind.leave(TRACEBACKS, told, f"{name}: {type(error).__name__} {way}")
    said = [warnings.formatwarning(*_parts(one)) for one in warned]
    left_behind.leave(WARNINGS, "\n".join(said), name)
    for thing in things:
        if not isinstance(thing, SENT_WHOLE):
            left_behind.leave(PICKLES, pickles_of(thing), f"{name}: {type(thing).__name__}")


def _parts(warned: warnings.WarningMessage) -> tuple[str | Warning, type[Warning], str, int]:
    return warned.message, warned.category, warned.filename, warned.lineno
