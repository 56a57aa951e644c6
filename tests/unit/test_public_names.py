"""The names people import: all there, all documented, none loaded before it is used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import nb_oauth

HEAVY = ("requests", "ipywidgets", "anywidget", "oauthlib", "cryptography", "keyring")


@pytest.mark.parametrize("name", nb_oauth.__all__)
def test_is_there_with_a_docstring(name: str) -> None:
    assert getattr(nb_oauth, name).__doc__


def test_all_is_what_is_lazily_there() -> None:
    assert sorted(nb_oauth.__all__) == sorted(nb_oauth._ROOMS)
    assert set(nb_oauth.__all__) <= set(dir(nb_oauth))


def test_no_public_name_equals_a_submodule() -> None:
    package = Path(nb_oauth.__file__).parent
    submodules = {path.stem for path in package.iterdir()}
    assert submodules.isdisjoint(nb_oauth.__all__)


def test_every_public_name_is_in_the_readme() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for name in nb_oauth.__all__:
        assert f"`{name}" in text, name


@pytest.mark.parametrize("name", ["bridges", "demo", "providers"])
def test_public_modules_are_reached_by_name(name: str) -> None:
    assert getattr(nb_oauth, name).__name__ == f"nb_oauth.{name}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = nb_oauth.no_such_name


def test_importing_loads_nothing_heavy() -> None:
    code = (
        f"import nb_oauth, sys, json; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    assert json.loads(out.stdout) == []


def test_importing_widgets_opens_no_window_and_no_socket() -> None:
    code = "import nb_oauth, threading; nb_oauth.login; print(threading.active_count())"
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    assert out.stdout.strip() == "1"
