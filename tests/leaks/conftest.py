"""The judge in front of real widgets, as its own tests have it."""

from __future__ import annotations

from tests.judge.conftest import scene  # noqa: F401 - a fixture
