"""Without what an extra brings: what to install is said, and nothing is fetched before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import requests
import tomlkit

from nb_oauth import ConfigurationError, data

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
NOWHERE = "http://127.0.0.1:9/"  # nobody listens there, and nobody is to be asked


@pytest.mark.parametrize("missing", data._NEEDED)
@pytest.mark.parametrize("name", data.__all__)
def test_each_name_says_which_extra_it_needs(
    monkeypatch: pytest.MonkeyPatch, name: str, missing: str
) -> None:
    monkeypatch.delitem(vars(data), name, raising=False)  # as where it was never used
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigurationError, match=rf"needs {missing}, .*nb_oauth\[data\]"):
        getattr(data, name)


def test_all_that_is_needed_is_in_the_extra() -> None:
    project = tomlkit.parse(PROJECT.read_text(encoding="utf-8")).unwrap()["project"]
    brought = project["optional-dependencies"]["data"]
    assert {one.replace("_", "-") for one in data._NEEDED} <= {
        one.partition(">")[0] for one in brought
    }


def test_polars_is_missed_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ConfigurationError, match=r"needs polars, .*nb_oauth\[polars\]"):
        data.table(requests.Session(), NOWHERE, to="polars")


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'fetches'"):
        _ = data.fetches  # type: ignore[attr-defined]
