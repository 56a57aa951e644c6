"""Where the code runs, told from the kernel."""

import subprocess
import sys
from typing import Any

import pytest

from nb_oauth import place
from nb_oauth.place import Place


class Kernel:
    """A kernel whose front end said this with the running cell."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent

    def get_parent(self, channel: str) -> Any:
        assert channel == "shell"
        return self.parent


def be_in(monkeypatch: pytest.MonkeyPatch, kernel: object) -> None:
    monkeypatch.setattr(place, "kernel_of_this_process", lambda: kernel)


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        ({"content": {"allow_stdin": True}}, Place.NOTEBOOK),
        ({"content": {"allow_stdin": False}}, Place.UNATTENDED),
        ({"content": {}}, Place.NOTEBOOK),
        ({}, Place.NOTEBOOK),
        (None, Place.NOTEBOOK),
    ],
)
def test_a_kernel_is_attended_unless_its_front_end_takes_no_input(
    monkeypatch: pytest.MonkeyPatch, parent: Any, expected: Place
) -> None:
    be_in(monkeypatch, Kernel(parent))
    assert place.here() is expected


def test_a_kernel_that_tells_nothing_counts_as_attended(monkeypatch: pytest.MonkeyPatch) -> None:
    be_in(monkeypatch, object())
    assert place.here() is Place.NOTEBOOK


def test_no_kernel_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    be_in(monkeypatch, None)
    assert place.here() is Place.ELSEWHERE


@pytest.mark.parametrize("first", ["", "import IPython; "])
def test_a_script_has_no_kernel(first: str) -> None:
    code = first + "from nb_oauth import place; print(place.here().name)"
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    assert out.stdout.strip() == "ELSEWHERE"
